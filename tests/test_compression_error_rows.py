"""The threshold of an error with matched noise, from bounded memory: its definition, to the bit."""

import os

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.error_rule import largest_tau
from reference.watched_matrix import Matrix
from resident import split_in_a_process

from htstats.compression.container import ContainerWriter
from htstats.compression.partition import compress_rows, partition
from htstats.compression.partition._rows import RowSplit
from htstats.compression.partition.plan import SplitOptions
from htstats.compression.thresholds import resolver_of
from htstats.compression.thresholds._keys import LIMITS, Limits
from htstats.sketch import TailSketch

DTYPES = {
    "float64": np.float64,
    "float32": np.float32,
    "float16": np.float16,
    "bfloat16": ml_dtypes.bfloat16,
}
KEEPS, SUPPORTS = ("abs", "upper", "centered"), ("replaced", "full")


def found(eps, eta, x, keep, support, *, parts=1, most=30, limits=LIMITS):
    """(tau or None, number of readings)."""
    data = x.view(np.uint16) if x.dtype.itemsize == 2 else x
    sketch = TailSketch(str(x.dtype)).update(x)
    readings = 0
    try:
        resolver = resolver_of(
            f"error:{eps},{eta}", sketch, keep=keep, noise="matched", support=support,
            limits=limits,
        )  # fmt: skip
        while resolver.tau is None:
            pieces = [resolver.fresh() for _ in range(parts)]
            for piece, block in zip(pieces, np.array_split(data, parts), strict=True):
                piece.update(block)
            resolver = pieces[0].fresh()
            for piece in pieces:
                resolver.merge(piece)
            resolver.finish()
            readings += 1
            assert readings <= most
    except ValueError as error:
        if "cannot be met" not in str(error):
            raise
        return None, readings
    return resolver.tau, readings


def samples(n, rng):
    yield "normal", rng.standard_normal(n)
    yield "student", rng.standard_t(2, n)
    yield "shifted", rng.standard_t(3, n) * 1e-3 + 5
    yield "ties", np.round(rng.standard_t(2, n) * 2) / 2
    yield "positive", rng.pareto(1.5, n) + 0.3
    yield "zeros", rng.standard_normal(n) * (rng.random(n) < 0.3)
    yield "two heaps", np.where(rng.random(n) < 0.5, -1, 1) + 1e-3 * rng.standard_normal(n)
    yield "far below", np.where(rng.random(n) < 0.02, -10.0, rng.random(n))
    yield "one value", np.full(n, 1.5)
    yield "wide", np.exp(rng.normal(size=n) * 3) * rng.choice([-1, 1], n)
    yield "neighbours", 1 + rng.integers(0, 99, n) * 2.0**-23


def tolerances(x):
    """From nothing is replaced to all of it."""
    size = float(np.std(x.astype(float))) + float(np.abs(x.astype(float)).min())
    return [f"{size * factor:.3g}" for factor in (0.1, 1.5, 3, 7, 30)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("room", [1 << 20, 60])
def test_it_is_the_largest_that_meets_the_rule(dtype, room):
    """With little room the keys are told apart in several readings."""
    limits = Limits(values=room, parts=32 if room < 100 else LIMITS.parts, chunk=100)
    met = set()
    for name, x in samples(400, np.random.default_rng(1)):
        x = x.astype(DTYPES[dtype])
        for keep in KEEPS:
            for support in SUPPORTS:
                for eps in tolerances(x):
                    tau, readings = found(eps, "0.1", x, keep, support, parts=3, limits=limits)
                    expected = largest_tau(eps, "0.1", x, keep, support)
                    assert tau == expected, (name, keep, support, eps)
                    met.add(readings)
    assert met == {0} if dtype.endswith("16") else max(met) <= (1 if room > 100 else 30)


@st.composite
def vectors(draw):
    value = st.sampled_from([0.0, 1.0, -1.0, 1 + 2**-23, 0.5, -2.0, 3e-5, 1e6]) | st.floats(
        -4, 4, width=16
    )
    x = np.array(draw(st.lists(value, min_size=1, max_size=60)))
    return abs(x) if draw(st.booleans()) else x


@given(
    vectors(), st.sampled_from(["float64", "float32"]), st.sampled_from(KEEPS),
    st.sampled_from(SUPPORTS), st.sampled_from(["0.01", "0.5", "1", "2.5", "6", "20", "3e6"]),
    st.integers(2, 12),
)  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_any_values(x, dtype, keep, support, eps, room):
    x = x.astype(dtype)
    limits = Limits(values=room, parts=4)
    tau, _ = found(eps, "0.05", x, keep, support, most=200, limits=limits)
    assert tau == largest_tau(eps, "0.05", x, keep, support)
    assert tau == found(eps, "0.05", x, keep, support)[0]


def test_keys_that_all_round_alike():
    """Many values of one key would not fit into the memory budget; their sums are enough."""
    x = np.append(np.random.default_rng(2).random(500) * 1e-30, [3.0] * 501)
    for eps in ("1", "4", "8"):
        for support in SUPPORTS:
            tau, _ = found(eps, "0.1", x, "centered", support, limits=Limits(values=50))
            assert tau == largest_tau(eps, "0.1", x, "centered", support)


@pytest.mark.parametrize("scale", [1e-300, 1e-150, 1e150, 1e200])
def test_squares_beyond_the_range_of_floats(scale):
    x = np.random.default_rng(3).standard_normal(50) * scale
    for keep in KEEPS:
        for eps in ("1", f"{min(max(scale, 1e-150), 1e150):g}", "1e153"):
            tau, _ = found(eps, "0.1", x, keep, "replaced")
            assert tau == largest_tau(eps, "0.1", x, keep, "replaced")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("keep", KEEPS)
def test_rows_are_read_three_times(dtype, keep):
    x = np.maximum(np.random.default_rng(4).standard_t(3, (80, 50)), -4)
    W = x.astype(DTYPES[dtype])
    rows = Matrix("w", W.view(np.uint16) if dtype == "bfloat16" else W, dtype)
    options = {"keep": keep, "noise": "matched", "support": "full"}
    got = RowSplit(rows, SplitOptions("error:9,.5", **options), block_bytes=1000).matrix()
    expected = partition(W, "error:9,.5", **options)
    assert (got.threshold, got.std, got.nnz) == (expected.threshold, expected.std, expected.nnz)
    assert 0 < got.nnz < W.size
    assert rows.passes == (2 if dtype.endswith("16") else 3)
    assert rows.largest <= 1000


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs Linux's /proc")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_resident_memory_stays_in_the_budget(tmp_path, dtype):
    """A file of two or four times the budget; in memory the rule would take ten times it."""
    rows, piece = 32 << 10, np.random.default_rng(5).standard_t(3, (2048, 2048)).astype(dtype)
    fields = {"descr": piece.dtype.str, "fortran_order": False, "shape": (rows, 2048)}
    with open(tmp_path / "w.npy", "wb") as file:
        np.lib.format.write_array_header_1_0(file, fields)
        for k in range(rows // 2048):
            file.write(np.roll(piece, k))
    how = {"noise": "matched", "max_memory": 128 << 20, "n_threads": 2}
    kib, tau = split_in_a_process(tmp_path / "w.npy", "error:3,.1", **how)
    assert 1024 < kib < 128 << 10
    expected = partition(piece, "error:3,.1", noise="matched")  # the same values, fewer times
    assert tau == expected.threshold


def test_a_matrix_with_nothing_in_it_has_no_threshold(tmp_path):
    for shape in ((0, 5), (5, 0)):
        with ContainerWriter(tmp_path / "a.htz") as writer:
            with pytest.raises(ValueError, match="needs at least one element"):
                compress_rows(writer, "w", Matrix("w", np.empty(shape)), "error:1,.1",
                              noise="matched")  # fmt: skip
