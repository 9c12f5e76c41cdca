"""Threshold rules against sorted fractions and against their own definition."""

import math
from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest
from draws import draws
from hypothesis import strategies as st
from reference import partition as twin

from htstats import TailSketch, partition
from htstats.compression.thresholds import Resolver, resolve
from htstats.compression.thresholds._keys import Limits
from htstats.compression.thresholds.rules import parse_rule

DTYPES = {
    "float32": np.dtype(np.float32),
    "float64": np.dtype(np.float64),
    "float16": np.dtype(np.float16),
    "bfloat16": np.dtype(ml_dtypes.bfloat16),
}
KEEPS = ("abs", "upper", "centered")


@st.composite
def vectors(draw, dtype):
    """Ties, zeros, near neighbours and a wide range, both signs or one."""
    base = st.sampled_from([0.0, 1.0, -1.0, 1.0009765625, 0.5, -2.0, 3e-5])
    value = base | st.floats(-4, 4, width=16) | st.floats(1, 1.001)
    x = np.array(draw(st.lists(value, min_size=1, max_size=40))).astype(DTYPES[dtype])
    return abs(x) if draw(st.booleans()) else x


def exact_keys(x, keep):
    values = [Fraction(float(v)) for v in x]
    mean = Fraction(twin.exact_moments(x.astype(float).tolist())[0])
    if keep == "upper":
        return values
    return [abs(v - mean) if keep == "centered" else abs(v) for v in values]


def round_up(value):
    number = value.numerator / value.denominator
    return number if Fraction(number) >= value else math.nextafter(number, math.inf)


def bits(x):
    return x.view(np.uint16) if x.dtype.itemsize == 2 else x


@draws(100, dtype=DTYPES)
def test_quantiles_and_counts_against_sorted_fractions(dtype, data):
    x = data.draw(vectors(dtype))
    keep = data.draw(st.sampled_from(KEEPS))
    keys = exact_keys(x, keep)
    sketch = TailSketch(dtype).update(x)
    q = data.draw(st.sampled_from(["0", "1", "0.1", "0.9", "1/3", "0.5", "0.95"]))
    tau = resolve(f"quantile:{q}", bits(x), sketch, keep=keep)
    assert tau == round_up(twin.quantile(keys, q))
    k = data.draw(st.integers(0, len(x) - 1))
    tau = resolve(f"nnz:{k}", bits(x), sketch, keep=keep)
    assert tau == round_up(sorted(keys)[::-1][k])
    kept = partition(x.reshape(1, -1), f"nnz:{k}", keep=keep).nnz
    assert kept <= k
    assert kept == sum(key > Fraction(tau) for key in keys)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("keep", KEEPS)
def test_blocks_in_any_order_and_narrowing_passes_give_the_same(dtype, keep):
    rng = np.random.default_rng(5)
    # one bucket holds nearly everything, so that one pass cannot gather it
    x = (1 + rng.integers(0, 4000, 30_000) * 2.0**-23).astype(dtype)
    x[::50] = -rng.random(600)
    sketch = TailSketch(dtype).update(x)
    expected = resolve("quantile:0.4", x, sketch, keep=keep)
    assert expected == round_up(twin.quantile(exact_keys(x, keep), "0.4"))
    limits = Limits(values=200, parts=16, chunk=500)
    resolver = Resolver("quantile:0.4", sketch, keep=keep, limits=limits)
    passes = 0
    while resolver.tau is None:
        for block in np.array_split(rng.permutation(x), 7):
            resolver.update(block.reshape(1, -1))
        resolver.finish()
        passes += 1
        assert passes < 10
    assert passes > 1
    assert resolver.tau == expected


def test_more_than_there_is():
    x = np.float32([[1, -2, 3]])
    assert partition(x, "nnz:5").nnz == 3
    assert partition(x, "nnz:3", keep="upper").nnz == 3
    assert partition(x, "nnz:3", keep="centered").nnz == 3


def test_ties_keep_fewer_than_asked():
    x = np.float32([[1, 2, 2, 2, 3]])
    assert partition(x, "nnz:2").nnz == 1
    assert partition(x, "nnz:4").nnz == 4
    assert partition(x, "quantile:0.8").nnz == 1


def test_std_is_that_of_the_sketch():
    x = np.random.default_rng(0).standard_normal((30, 40)).astype(np.float32)
    split = partition(x, "std")
    assert split.threshold == split.std == twin.exact_moments(x.astype(float).ravel().tolist())[1]
    assert split.rule == "std"


def test_the_binary_fraction_of_a_decimal_q_does_not_matter():
    # ceil(0.7 * 10) is 7; 0.7 as float64 times 10 is 7.000000000000001 in some orders
    x = np.arange(1.0, 11.0)
    for tenth in range(1, 11):
        assert (
            resolve(
                f"quantile:0.{tenth}" if tenth < 10 else "quantile:1.0",
                x,
                TailSketch("float64").update(x),
            )
            == tenth
        )


def allowed(x, tau, *, keep, noise, support):
    """R^2/4 + t of C1 at a threshold, by its definition, in fractions."""
    values = [Fraction(float(v)) for v in x]
    tau, mean = Fraction(tau), Fraction(twin.exact_moments(x.astype(float).tolist())[0])
    low, high = {
        "abs": (-tau, tau),
        "upper": (min(values), tau),
        "centered": (mean - tau, mean + tau),
    }[keep]
    if keep == "abs" and min(values) >= 0:
        low = Fraction(0) if support == "full" else min(values)
    elif keep == "abs" and max(values) <= 0:
        high = Fraction(0) if support == "full" else max(values)
    if support == "full":
        low, high = min(low, Fraction(0)), max(high, Fraction(0))
    mask = twin.split([x.astype(float).tolist()], tau, keep, mean)
    std = twin.noise([x.astype(float).tolist()], mask, noise, support)[1]
    return max(high - low, Fraction(0)) ** 2 / 4 + Fraction(std) ** 2


@draws(150, noise=["paper", "matched", "none"])
def test_error_rule_gives_the_largest_threshold_that_meets_it(noise, data):
    x = data.draw(vectors("float64"))
    keep = data.draw(st.sampled_from(KEEPS))
    support = data.draw(st.sampled_from(["replaced", "full"]))
    eps = data.draw(st.sampled_from(["0.01", "0.5", "1", "2.5", "6", "20"]))
    budget = Fraction(float(eps) ** 2 / (2 * math.log(2 / 0.05)))
    sketch = TailSketch("float64").update(x)
    case = {"keep": keep, "noise": noise, "support": support}
    try:
        tau = resolve(f"error:{eps},0.05", x, sketch, **case)
    except ValueError:
        assert keep == "upper" or allowed(x, 0, **case) > budget * Fraction(1 - 2**-50)
        return
    # error_budget rounds its few operations: 2^-50 covers them
    keys = exact_keys(x, keep)
    if min(keys) <= tau:  # something is replaced
        assert allowed(x, tau, **case) <= budget * Fraction(1 + 2**-50)
    step = abs(tau) * 1e-12 + 1e-300  # past what rounding may have taken off
    for larger in [tau + step, tau + 1, *map(float, keys)]:
        if larger >= tau + step:
            assert allowed(x, larger, **case) > budget * Fraction(1 - 2**-40)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "threshold must be a number, 'std'"),
        ("sigma", "got 'sigma'"),
        ("std:1", "got 'std:1'"),
        ("quantile", "got 'quantile'"),
        ("quantile:", "got 'quantile:'"),
        ("quantile:x", "got 'quantile:x'"),
        ("quantile:nan", "got 'quantile:nan'"),
        ("quantile:1/0", "got 'quantile:1/0'"),
        ("quantile:0.5,0.5", "got 'quantile:0.5,0.5'"),
        ("quantile:1.5", r"needs Q in \[0, 1\], got 'quantile:1.5'"),
        ("nnz:-1", "needs an integer K of 0 or above, got 'nnz:-1'"),
        ("nnz:1.5", "needs an integer K"),
        ("error:1", "got 'error:1'"),
        ("error:0,0.5", "needs EPS > 0 and 0 < ETA < 1"),
        ("error:1,1", "needs EPS > 0 and 0 < ETA < 1"),
    ],
)
def test_bad_rules(text, message):
    with pytest.raises(ValueError, match=message):
        parse_rule(text)
    with pytest.raises(ValueError, match=message):
        partition(np.ones((2, 2)), text)


def test_what_a_sketch_cannot_say():
    sketch = TailSketch("float64").update([1.0, 2.0])
    with pytest.raises(ValueError, match="'xmin' does not follow from a sketch: the fit gives it"):
        Resolver("xmin", sketch)
    with pytest.raises(ValueError, match="it takes resolver_of"):
        Resolver("error:1,0.1", sketch, noise="matched")
    with pytest.raises(ValueError, match="'std' needs at least one element"):
        Resolver("std", TailSketch())
    with pytest.raises(ValueError, match="keep must be 'abs' or 'upper'"):
        partition(np.ones((2, 2)), "xmin", keep="centered")
    with pytest.raises(TypeError, match="block must be float64 as the sketch is, got float32"):
        Resolver("quantile:0.5", sketch).update(np.float32([1, 2]))
    with pytest.raises(ValueError, match=r"threshold 'error:0.1,0.1' cannot be met"):
        partition(np.float64([[1, -2, 3]]), "error:0.1,0.1")
