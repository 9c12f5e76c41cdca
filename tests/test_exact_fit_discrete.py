"""Discrete power laws: the scan against mpmath, the law against sums, published answers."""

import math

import numpy as np
import pytest
from fuzz.discrete import KINDS, check, sample
from hypothesis import given, settings
from hypothesis import strategies as st

from htstats import fit_power_law
from htstats._exact_fit.discrete_sample import as_integers, count_integers
from htstats._exact_fit.discrete_scan import scan_integers
from htstats._exact_fit.sample import take_sample
from htstats._exact_fit.source import as_source
from htstats._laws.zeta import LARGEST, ZetaLaw, require_whole

LAWS = [
    ZetaLaw(2.5, 1.0),
    ZetaLaw(1.3, 4.0),
    ZetaLaw(9.0, 100.0),
    ZetaLaw(1.5, 3.0, 40.0),
    ZetaLaw(0.0, 3.0, 9.0),
]


@given(st.sampled_from(KINDS), st.integers(2, 6), st.integers(0, 2**32), st.booleans())
@settings(max_examples=25, deadline=None)
def test_every_candidate_and_the_choice(kind, m, seed, two_sided):
    values, counts = sample(kind, m, np.random.default_rng(seed))
    if values.size > 1:
        check(values, counts, two_sided)


@given(st.integers(2, 5), st.integers(0, 2**32), st.integers(0, 20))
@settings(max_examples=15, deadline=None)
def test_truncated(m, seed, room):
    values, counts = sample("zeta", m, np.random.default_rng(seed))
    top = float(values[-1] + room)
    # the mean of log(K/x[0]) at alpha = 1: where the sample's is below it there is an estimate
    k = np.arange(values[0], min(top, values[0] + 1e6) + 1)
    mean = np.sum(np.log(k / values[0]) / k) / np.sum(1 / k)
    if values.size > 1 and counts @ np.log(values / values[0]) < mean * counts.sum():
        check(values, counts, False, top)


def test_many_candidates_are_those_of_the_curve():
    """Pruning finds what computing every distance finds."""
    for two_sided in (False, True):
        x = ZetaLaw(2.0, 3.0).sample(20_000, np.random.default_rng(5))
        values, counts = np.unique(x[x < 1e6], return_counts=True)
        found = scan_integers(values, counts, two_sided=two_sided, curve=True)
        candidates, distances, alphas = found.curve
        k = int(np.flatnonzero(distances <= distances.min() + 1e-13)[0])
        assert (found.xmin, found.distance, found.alpha) == (
            candidates[k],
            distances[k],
            alphas[k],
        )
        assert found.n_tail == int(np.sum(x[x < 1e6] >= found.xmin))


MANY = {
    "lognormal": lambda rng, m: np.ceil(rng.lognormal(rng.uniform(3, 25), rng.uniform(0.2, 3), m)),
    "pareto": lambda rng, m: np.floor(99 * (1 - rng.random(m)) ** (-1 / rng.uniform(0.3, 3))),
    "uniform": lambda rng, m: np.cumsum(rng.integers(1, 100, m)),
    "far": lambda rng, m: 10 ** rng.integers(0, 9) + rng.geometric(0.001, m),
    "wide": lambda rng, m: np.floor(np.exp(rng.uniform(0, 36, m))),
    "quantiles": lambda rng, m: np.floor(
        50 * (1 - (np.arange(m) + 0.5) / m) ** (-1 / rng.uniform(0.3, 2))
    ),
}


@given(st.sampled_from(list(MANY)), st.booleans(), st.integers(20, 3000), st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_ranges_of_candidates_that_are_left_out_hold_no_answer(kind, two_sided, m, seed):
    rng = np.random.default_rng(seed)
    x = np.minimum(np.asarray(MANY[kind](rng, m), np.float64), LARGEST)
    values, counts = np.unique(x, return_counts=True)
    begin = int(rng.integers(0, values.size - 1)) if rng.random() < 0.3 else 0
    found = scan_integers(values, counts, begin=begin, two_sided=two_sided, curve=True)
    candidates, distances, alphas = found.curve
    k = int(np.flatnonzero(distances <= distances.min() + 1e-13)[0])
    answer = candidates[k], distances[k], alphas[k]
    assert (found.xmin, found.distance, found.alpha) == answer  # to the bit
    fit = fit_power_law(
        rng.permutation(x).astype(np.int64),
        discrete=True,
        ks="two-sided" if two_sided else "left",
        xmin=None if begin == 0 else (values[begin], values[-1]),
    )
    assert (fit.xmin, fit.distance, fit.alpha) == answer


@pytest.mark.parametrize("gap", [1.0, 0.6], ids=["no gap", "gap"])
@pytest.mark.parametrize("two_sided", [False, True])
def test_the_answer_may_have_the_heaviest_or_the_lightest_tail_of_its_range(gap, two_sided):
    """A crowd of values below the quantiles of a Pareto law, with half of all the mass or more.

    Right below them it draws the mean of log(x/xmin) down, so that where the law begins, the
    answer, it is the largest of its range. Far below them it lifts it, and there it is the
    smallest. A range is bounded by both: let either of them stand for the other, and the answer
    is excluded. In smooth samples the means of a range are too close for that to show.
    """
    for seed in range(10):
        rng = np.random.default_rng(seed)
        n, start, crowd = 300 + 100 * seed, 10 ** rng.uniform(3, 4), int(rng.integers(20, 40))
        law = np.ceil(start * (1 - (np.arange(n) + 0.5) / n) ** -rng.uniform(0.3, 1.5))
        values, counts = np.unique(law, return_counts=True)
        below = np.floor(start * gap) - np.arange(crowd, 0, -1)
        weight = math.ceil(n * rng.uniform(0.5, 0.9) / crowd)
        values, counts = np.append(below, values), np.append(np.full(crowd, weight), counts)
        found = scan_integers(values, counts, two_sided=two_sided, curve=True)
        candidates, distances, alphas = found.curve
        k = int(np.flatnonzero(distances <= distances.min() + 1e-13)[0])
        assert k >= crowd
        assert (found.xmin, found.distance, found.alpha) == (candidates[k], distances[k], alphas[k])


@pytest.mark.parametrize("two_sided", [False, True])
def test_distances_are_those_of_every_place(two_sided):
    """Segments that are passed over hide nothing, wherever the jumps are."""
    for seed in range(20):
        rng = np.random.default_rng(seed)
        values = np.cumsum(rng.integers(1, 4, 150)).astype(float)
        counts = np.where(rng.random(150) < 0.1, rng.integers(1, 2000, 150), 1)
        candidates, distances, alphas = scan_integers(
            values, counts, two_sided=two_sided, curve=True
        ).curve
        for k in range(0, candidates.size, 7):
            law, share = ZetaLaw(alphas[k], candidates[k]), counts[k:] / counts[k:].sum()
            upto = np.cumsum(share)
            below = np.append(0, upto[:-1])
            want = np.abs(np.exp(law.logcdf(values[k:] - 1)) - below).max()
            if two_sided:
                want = max(want, np.abs(np.exp(law.logcdf(values[k:])) - upto).max())
            assert distances[k] == pytest.approx(want, abs=1e-13)


def test_the_law_is_recovered_with_its_error():
    x = ZetaLaw(2.2, 7.0).sample(50_000, np.random.default_rng(3))
    x = x[x <= LARGEST]
    fit = fit_power_law(x, discrete=True, xmin=7)
    assert abs(fit.alpha - 2.2) < 4 * fit.stderr
    # Fisher's information is the curvature of the likelihood
    h = 1e-4
    near = [math.fsum(ZetaLaw(fit.alpha + d, 7.0).logpmf(x)) for d in (-h, 0, h)]
    assert near[1] == pytest.approx(fit.loglikelihood, rel=1e-12)
    assert near[1] > max(near[0], near[2])
    curvature = -(near[0] - 2 * near[1] + near[2]) / h**2
    assert 1 / math.sqrt(curvature) == pytest.approx(fit.stderr, rel=1e-3)


def test_fit_power_law_is_the_scan():
    rng = np.random.default_rng(8)
    x = rng.permutation(np.floor(5 * (1 - rng.random(3000)) ** -0.8))
    values, counts = np.unique(x, return_counts=True)
    for ks in ("left", "two-sided"):
        found = scan_integers(values, counts, two_sided=ks == "two-sided")
        fit = fit_power_law(x, discrete=True, ks=ks, curve=True)
        assert (fit.alpha, fit.xmin, fit.distance, fit.n_tail) == (
            found.alpha,
            found.xmin,
            found.distance,
            found.n_tail,
        )
        assert fit.curve.xmins.size == values.size - 1
        best = fit.curve.xmins == fit.xmin
        assert (fit.curve.alphas[best], fit.curve.distances[best]) == (fit.alpha, fit.distance)
        # weights, 64-bit integers and a range that leaves the answer in change nothing
        same = fit_power_law(values, weights=counts, discrete=True, ks=ks)
        assert (same.alpha, same.xmin, same.n) == (fit.alpha, fit.xmin, 3000)
        same = fit_power_law(
            x.astype(np.int64), discrete=True, ks=ks, xmin=(fit.xmin, fit.xmin + 1)
        )
        assert (same.alpha, same.xmin) == (fit.alpha, fit.xmin)
    with pytest.raises(ValueError, match="at least two distinct"):
        fit_power_law([4, 4, 4], discrete=True)
    few = fit_power_law(x, discrete=True, min_tail=1500)
    assert few.n_tail >= 1500


@pytest.mark.parametrize("side", ["abs", "positive", "negative", None])
@pytest.mark.parametrize("dtype", ["int64", "int32", "uint16", "float64", "float32"])
def test_what_is_tallied_is_what_is_usable(dtype, side):
    """Small and large integers of both signs, in pieces, of every type, cut or not."""
    rng = np.random.default_rng(6)
    x = np.floor((1 - rng.random(200_001)) ** -1.1) * rng.integers(-1, 2, 200_001)
    x = np.append(np.minimum(np.abs(x), 1e6) * np.sign(x), [65535, 65536, 65537])
    if dtype == "uint16":
        x = np.abs(x) % 65536
    elif side is None:
        with pytest.raises(ValueError, match="negative values: side must be"):
            count_integers(as_integers(x.astype(dtype)), None, None)
        x = np.abs(x)
    x = x.astype(dtype)
    for xmax in (None, 7.0, 70_000.5):
        for data in (x, x.reshape(4, -1)[:, ::2], [x[:5], x[5:]]):
            found = count_integers(as_integers(data), side, xmax)
            want = take_sample(as_source(data), side, xmax, None)
            np.testing.assert_array_equal(found.values, want.values)
            np.testing.assert_array_equal(found.first, want.first)
            assert found.selection == want.selection


def test_bad_integers_are_named():
    for bad, message in [
        ([1, 2, 3.5], "whole numbers where discrete=True, got 3.5"),
        ([1, 2, 0.5], "whole numbers where discrete=True, got 0.5"),
        ([1, 2, 1e5 + 0.5], "whole numbers where discrete=True, got 100000.5"),
        ([1, 2, math.nan], "x must be finite, got 1"),
        ([1, 2, -math.inf], "x must be finite, got 1"),
        ([1, 2, 2.0**54], "at most 2\\*\\*53"),
        ([-1, 2, 3], "x has 1 negative values: side must be"),
        ([], "two distinct"),
        ([0, 0], "two distinct"),
    ]:
        with pytest.raises(ValueError, match=message):
            fit_power_law(np.array(bad, float), discrete=True)


def test_fit_below_the_data_and_its_law():
    fit = fit_power_law([5, 5, 6, 9, 40], discrete=True, xmin=3)
    assert (fit.xmin, fit.n_tail, fit.n) == (3.0, 5, 5)
    law = ZetaLaw(fit.alpha, 3.0)
    x = np.array([2.0, 3.0, 4.5, 9.0])
    np.testing.assert_array_equal(fit.logpdf(x), law.logpmf(x))
    np.testing.assert_array_equal(fit.logsf(x), law.logsf(x))
    np.testing.assert_array_equal(fit.logcdf(x), law.logcdf(x))
    q = np.array([0.0, 0.3, 0.99, 1.0, 1.5])
    k = fit.ppf(q)
    assert k[0] == 3
    assert np.all(np.exp(law.logcdf(k[1:3])) >= q[1:3])
    assert np.all(np.exp(law.logcdf(k[1:3] - 1)) < q[1:3])
    assert math.isinf(k[3])
    assert math.isnan(k[4])
    drawn = fit.sample((50, 4), np.random.default_rng(0))
    assert drawn.shape == (50, 4)
    assert np.all(drawn == np.floor(drawn))
    assert drawn.min() >= 3


def test_truncated_fit():
    x = ZetaLaw(0.7, 2.0, 60.0).sample(20_000, np.random.default_rng(2))
    fit = fit_power_law(np.append(x, [61, 70]), discrete=True, xmin=2, xmax=60.5)
    assert fit.excluded["above xmax"] == 2
    assert abs(fit.alpha - 0.7) < 4 * fit.stderr
    assert fit.logsf(60) == -math.inf
    assert fit.ppf(1.0) == 60
    total = math.fsum(np.exp(fit.logpdf(np.arange(2, 61))))
    assert total == pytest.approx(1, abs=1e-14)


def test_a_truncated_law_of_integers_does_not_grow():
    """Where the values crowd at xmax the continuous law has an alpha below 0, the zeta law none."""
    x = np.repeat(np.arange(5.0, 11.0), [9, 9, 10, 10, 11, 12])
    assert fit_power_law(x, xmin=5, xmax=10).alpha < 0
    with pytest.raises(ValueError, match="no candidate xmin has an estimate of alpha above 0"):
        fit_power_law(x, xmin=5, xmax=10, discrete=True)
    # in front of them it falls again
    fit = fit_power_law(np.append(x, np.repeat([1.0, 2.0], [60, 30])), xmax=10, discrete=True)
    assert fit.xmin < 5
    assert fit.alpha > 0


@pytest.mark.parametrize("low", [1, 2, 10, 100, 2371, 10**6])
@pytest.mark.parametrize("count", [2, 3, 7, 50])
def test_uniform_integers_have_no_exponent_above_zero(low, count):
    x = np.repeat(np.arange(low, low + count), 139).astype(float)
    for xmin in (None, float(low)):
        with pytest.raises(ValueError, match="no candidate xmin has an estimate of alpha above 0"):
            fit_power_law(x, discrete=True, xmin=xmin, xmax=float(x[-1]))


def test_goodness_of_fit_of_integers():
    x = ZetaLaw(2.5, 2.0).sample(400, np.random.default_rng(4))
    fit = fit_power_law(x, discrete=True, xmin=2)
    assert fit.goodness_of_fit(60, seed=1).pvalue > 0.02
    geometric = np.random.default_rng(4).geometric(0.3, 400) + 1.0
    poor = fit_power_law(geometric, discrete=True, xmin=2)
    assert poor.goodness_of_fit(60, seed=1).pvalue < 0.05


def test_what_is_no_integer_is_named():
    with pytest.raises(ValueError, match=r"x must hold whole numbers .* got 2\.5"):
        fit_power_law([1, 2.5, 3], discrete=True)
    with pytest.raises(ValueError, match=r"xmin must hold whole numbers .* got 1\.5"):
        fit_power_law([1, 2, 3], discrete=True, xmin=1.5)
    with pytest.raises(ValueError, match=r"x has 1 negative"):
        fit_power_law([-1, 2, 3], discrete=True)
    assert fit_power_law([0, 1, 1, 2], discrete=True).excluded == {"zero": 1}
    assert fit_power_law([-3, -1, -1, 2], discrete=True, side="negative").n == 3


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_probabilities_sum_to_the_survival(law):
    k = np.arange(law.xmin, min(law.xmax, law.xmin + 300) + 1)
    total = np.cumsum(np.exp(law.logpmf(k)))
    # 300 roundings of a sum near 1
    assert np.max(np.abs(total - np.exp(law.logcdf(k)))) < 1e-13
    assert np.max(np.abs(np.exp(law.logsf(k)) + total - 1)) < 1e-13
    assert law.logsf(law.xmin - 1) == 0
    assert law.logcdf(law.xmin - 0.5) == -math.inf
    assert law.logsf(law.xmin + 0.5) == law.logsf(law.xmin)
    assert law.logpmf([law.xmin - 1, law.xmin + 0.5, law.xmax + 1]).tolist() == [-math.inf] * 3
    assert np.isnan(law.logpmf(math.nan))
    if law.xmax < math.inf:
        assert law.logsf(law.xmax) == -math.inf


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_samples_invert_the_survival(law):
    u = np.log1p(-np.random.default_rng(1).random(5000))
    x = law.sample(5000, np.random.default_rng(1))
    near = x < 2.0**52
    assert np.all(law.logsf(x[near]) <= u[near])
    assert np.all((x[near] == law.xmin) | (law.logsf(x[near] - 1) > u[near]))
    assert np.all(x >= law.xmin)
    assert np.all(x <= law.xmax)
    assert law.isf(0.0) == law.xmin
    assert np.isnan(law.isf(math.nan))


def test_an_integer_for_xmin_is_that_number():
    levels = [-0.1, -3.0, math.nan, -50.0]
    np.testing.assert_array_equal(ZetaLaw(2.5, 3).isf(levels), ZetaLaw(2.5, 3.0).isf(levels))
    np.testing.assert_array_equal(
        ZetaLaw(2, 3, 40).isf(levels), ZetaLaw(2.0, 3.0, 40.0).isf(levels)
    )


def test_beyond_the_integers_a_quantile_is_the_continuous_one():
    law = ZetaLaw(1.05, 1.0)
    x = float(law.isf(-10.0))
    assert x > 2.0**53
    assert law.logsf(x) == pytest.approx(-10, abs=1e-12)


def test_bad_input_names_the_value():
    with pytest.raises(ValueError, match=r"whole numbers where discrete=True, got 2\.5"):
        require_whole("x", np.array([1.0, 2.5]))
    with pytest.raises(ValueError, match=r"at most 2\*\*53"):
        require_whole("x", np.array([1.0, 2.0**54]))
    with pytest.raises(ValueError, match="no candidate xmin"):
        scan_integers(np.array([3.0]), np.array([5]))
    with pytest.raises(ValueError, match="got 0"):
        scan_integers(np.array([]), np.array([], dtype=np.int64))
    with pytest.raises(ValueError, match="HTST_ERR_BAD_ARG"):
        scan_integers(np.array([0.0, 1.0]), np.array([1, 1]))
