"""The sketch and the exact moments against reading, sorting and NumPy's two-pass moments."""

import ml_dtypes
import numpy as np
import pytest

from htstats import TailSketch
from htstats.sketch.exact_sums import ExactSums

TABLE = "sketch, one thread, normal weights, n = 67 M"
DTYPES = {
    "float32": np.float32,
    "float64": np.float64,
    "float16": np.float16,
    "bfloat16": ml_dtypes.bfloat16,
}


def weights(dtype, quick):
    n = 2**20 if quick else 2**26
    x = np.random.default_rng(0).standard_normal(n, dtype=np.float32) * np.float32(0.02)
    return x.astype(DTYPES[dtype])


@pytest.mark.parametrize("dtype", DTYPES)
def test_sketch(race, fact, quick, dtype):
    x = weights(dtype, quick)
    bits = x.view(f"u{x.itemsize}")
    seconds = race(
        TABLE,
        f"{dtype}: TailSketch.update",
        lambda: TailSketch(dtype).update(x),
        {"reading it (np.max of the bits)": lambda: bits.max()},
        rounds=5,
    )
    reach = {"bfloat16": ">= 0.8", "float32": ">= 0.33"}.get(dtype, "")
    rate = len(x) / seconds["htstats"] / 1e9
    fact(TABLE, f"{dtype}: rate", rate, "1e9 elements/s", reach)


def test_sketch_of_mostly_zeros(race, quick):
    x = weights("bfloat16", quick)
    x[np.random.default_rng(1).random(len(x)) < 0.9] = 0
    bits = x.view(np.uint16)
    race(
        TABLE,
        "bfloat16, 90 % zeros: TailSketch.update",
        lambda: TailSketch("bfloat16").update(x),
        {"reading it (np.max of the bits)": lambda: bits.max()},
        rounds=5,
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_exact_moments(race, quick, dtype):
    x = weights(dtype, quick)
    race(
        "exact mean and standard deviation, one thread, n = 67 M",
        dtype,
        lambda: ExactSums(dtype).update(x).moments(),
        {"np.mean and np.std (rounded)": lambda: (x.mean(), x.std())},
        rounds=5,
    )


def test_merge(race, quick):
    x = weights("float32", quick)
    whole, half = TailSketch().update(x), TailSketch().update(x[::2])
    data = half.to_bytes()
    race(
        "sketch: merge and byte form",
        "float32: from_bytes and merge",
        lambda: TailSketch.from_bytes(data).merge(half),
        {"sketching the elements again": lambda: TailSketch().update(x)},
        rounds=5,
    )
    assert whole.n == len(x)
