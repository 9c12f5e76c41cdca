"""Prop 1.2: golden values, Monte Carlo with an error rate of the comparison of about 1 in 150,000
(4.5 standard errors, fixed seeds), and the printed forms where they fail."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from htstats import fit_power_law, partition
from htstats.theory import (
    TailModel,
    exceedance_probability,
    nonzeros_tail,
    pattern_nats,
    predicted_nonzeros,
    smallest_k,
    sparsity_report,
)

SIGMAS = 4.5

GOLDEN = [
    (640, 0.0780206593063507, 60, 0.0819830742262, 0.35378468923),
    (10000, 0.01, 150, 1.65706019624e-6, 1.76241234429e-5),
    (79400, 0.017888543819998316, 1705, 7.8033148365e-14, 1.38068761094e-12),
]


def pareto(rng, shape, alpha, w_min=1.0):
    return w_min * rng.random(shape) ** (-1 / alpha)


# -- (5) ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", ["abs", "positive"])
def test_the_share_of_the_tail_is_of_all_elements(side):
    rng = np.random.default_rng(1)
    tail = pareto(rng, 20_000, 2.5)
    w = np.concatenate([tail, rng.uniform(0, 1, 60_000), np.zeros(20_000)])
    if side == "abs":
        w *= rng.choice([-1.0, 1.0], w.size)
    else:
        w = np.concatenate([w, -rng.uniform(0, 5, 100_000)])
    fit = fit_power_law(w, side=side, xmin=1.0)
    assert fit.n_excluded > 0
    for tau in (1.0, 1.5, 3.0):
        p = exceedance_probability(fit, tau)
        seen = np.mean((np.abs(w) if side == "abs" else w) > tau)
        # the fit's exponent has an error of its own, of relative size 1/sqrt(n_tail)
        slack = math.sqrt(p / w.size) + p * math.log(tau) * fit.tail_exponent / math.sqrt(2e4)
        assert seen == pytest.approx(p, abs=SIGMAS * slack)
        # the paper's is too large by n/n_tail
        printed = exceedance_probability(fit, tau, convention="paper")
        assert printed == pytest.approx(p * w.size / fit.n_tail, rel=1e-12)
        assert printed > 4 * seen


def test_5_by_the_formula_and_40_is_no_probability():
    assert TailModel(2.5, 2.0).probability(8.0) == pytest.approx(4.0**-2.5, rel=1e-15)
    alpha, tau = 0.5, 1.1
    assert tau**-alpha / alpha > 1
    # where it is below 1 it is not the frequency either
    w = pareto(np.random.default_rng(2), 100_000, 2.0)
    for tau in (1.2, 3.0):
        p, seen = TailModel(2.0, 1.0).probability(tau), np.mean(w > tau)
        assert seen == pytest.approx(p, abs=SIGMAS * math.sqrt(p / w.size))
        assert abs(seen - tau**-2.0 / 2.0) > 50 * math.sqrt(p / w.size)


def test_below_xmin_the_fit_says_nothing():
    model = TailModel(2.0, 1.0, 0.1)
    assert model.covers(1.0)
    assert not model.covers(0.99)
    with pytest.raises(ValueError, match=r"tau must be at least xmin = 1.0, got 0.99"):
        model.probability(0.99)
    found = predicted_nonzeros(model, 0.99, 5, (10, 10))
    assert found.below_xmin
    assert (found.p, found.expected, found.tail, found.chernoff, found.k) == (None,) * 5


# -- (6), (11), (15) ------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "p", "k", "exact", "chernoff"), GOLDEN)
def test_golden_values(n, p, k, exact, chernoff):
    assert nonzeros_tail(k, p, n).value == pytest.approx(exact, rel=5e-12)
    assert nonzeros_tail(k, p, n, method="chernoff").value == pytest.approx(chernoff, rel=5e-12)
    assert nonzeros_tail(k, p, n, convention="paper").value == pytest.approx(chernoff, rel=5e-12)
    assert nonzeros_tail(k, p, n).kind == "exact"
    assert nonzeros_tail(k, p, n, method="chernoff").kind == "bound"


@given(st.integers(1, 400), st.floats(1e-3, 0.999), st.integers(0, 401))
def test_chernoff_is_above_and_the_tail_is_a_beta_integral(n, p, k):
    exact = nonzeros_tail(k, p, n)
    bound = nonzeros_tail(k, p, n, method="chernoff")
    assert bound.log >= exact.log - 1e-12
    if k <= n * p:
        assert bound.value == 1
    if 1 <= k <= n:  # I_p(k, n - k + 1)
        with mpmath.workdps(30):
            want = mpmath.betainc(k, n - k + 1, 0, p, regularized=True)
            assert exact.log == pytest.approx(float(mpmath.log(want)), rel=1e-10, abs=1e-12)
    assert nonzeros_tail(n, p, n, method="chernoff").log == pytest.approx(n * math.log(p))


def test_6_as_printed_fails_below_the_mean():
    n, p = 64, 0.5
    printed = nonzeros_tail(20, p, n, convention="paper")
    assert printed.kind == "claim"
    counts = np.random.default_rng(3).binomial(n, p, 20_000)
    assert np.mean(counts >= 20) > 0.99
    assert printed.value < 0.02
    assert nonzeros_tail(20, p, n, method="chernoff").value == 1


def test_counts_of_matrices_and_rows():
    rng = np.random.default_rng(4)
    trials, shape, alpha, tau = 4000, (12, 30), 2.0, 3.0
    above = pareto(rng, (trials, *shape), alpha) > tau
    p = TailModel(alpha, 1.0).probability(tau)
    whole, rows = above.sum((1, 2)), above.sum(2)
    for k, per, seen in [
        (45, "matrix", whole >= 45),
        (6, "row", rows[:, 0] >= 6),
        (8, "any row", (rows >= 8).any(1)),
    ]:
        exact = nonzeros_tail(k, p, shape, per=per).value
        spread = SIGMAS * math.sqrt(exact * (1 - exact) / trials)
        assert 0.01 < exact < 0.99
        assert seen.mean() == pytest.approx(exact, abs=spread), per
        assert nonzeros_tail(k, p, shape, per=per, method="chernoff").value >= exact


@pytest.mark.parametrize("log", [-0.1, -5.0, -40.0, -800.0])
def test_the_union_over_rows(log):
    # one element a row: P(X >= 1) = p
    p = math.exp(max(log, -700.0))
    got = nonzeros_tail(1, p, (1000, 1), per="any row").log
    with mpmath.workdps(400):
        want = mpmath.log(1 - (1 - mpmath.mpf(p)) ** 1000)
        assert got == pytest.approx(float(want), rel=1e-12, abs=1e-40)


@given(
    st.integers(1, 500), st.floats(1e-4, 0.999), st.floats(1e-12, 0.999), st.sampled_from([1, 7])
)
def test_the_smallest_k_is_the_smallest(n, p, level, rows):
    for per in ("row", "any row"):
        for method in ("exact", "chernoff"):
            k = smallest_k(level, p, (rows, n), per=per, method=method)
            options = {"per": per, "method": method}
            assert nonzeros_tail(k, p, (rows, n), **options).value <= level * (1 + 1e-9)
            if k > 0:
                before = nonzeros_tail(k - 1, p, (rows, n), **options).value
                assert before > level * (1 - 1e-9)


def test_levels_below_the_float_range():
    k = smallest_k(0.5, 0.01, 10**6, log_level=-5000.0)
    assert nonzeros_tail(k, 0.01, 10**6).log <= -5000
    assert nonzeros_tail(k - 1, 0.01, 10**6).log > -5000
    fullest = smallest_k(0.5, 0.01, (10**6, 10**6), per="any row", log_level=-5000.0)
    for k, holds in ((fullest, True), (fullest - 1, False)):
        log = nonzeros_tail(k, 0.01, (10**6, 10**6), per="any row").log
        assert (log <= -5000) == holds
    # 1,000 rows of one level: the union decides between neighbouring k
    one = nonzeros_tail(700, 0.01, (1, 1000), per="row").log
    assert smallest_k(0.5, 0.01, (1000, 1000), per="any row", log_level=one + 1) > 700
    assert smallest_k(1e-6, 0.999, 3) == 4  # even all of them are likelier


def test_a_real_k_is_rounded_up():
    assert nonzeros_tail(3.2, 0.1, 20).value == nonzeros_tail(4, 0.1, 20).value
    printed = nonzeros_tail(3.2, 0.1, 20, convention="paper").value
    want = (20 * 0.1 / 3.2) ** 3.2 * (0.9 / (1 - 3.2 / 20)) ** (20 - 3.2)
    assert printed == pytest.approx(want, rel=1e-12)


@pytest.mark.parametrize(
    ("n", "k", "bits"), [(101632, 400, 3765.95137178), (2368, 100, 593.121424643)]
)
def test_golden_values_of_patterns(n, k, bits):
    assert pattern_nats(n, k) / math.log(2) == pytest.approx(bits, rel=2e-12)


@pytest.mark.parametrize("n", [2, 3, 23136, 10**6, 10**12, 2**53 - 1])
@pytest.mark.parametrize("missing", [0, 1, 2, 1000])
def test_patterns_are_symmetric(n, missing):
    if missing <= n:
        assert pattern_nats(n, n - missing) == pattern_nats(n, missing)


@given(st.integers(1, 10**12), st.floats(0, 1), st.booleans())
def test_patterns_against_mpmath(n, share, is_nearly_full):
    k = n - int(share**8 * n) if is_nearly_full else int(share * n)
    with mpmath.workdps(40):
        want = mpmath.log(mpmath.binomial(n, k)) if 0 < k < n else 0
    assert pattern_nats(n, k) == pytest.approx(float(want), rel=2e-15)


# -- predicted beside counted ---------------------------------------------------------------------


def test_the_report_on_independent_weights():
    rng = np.random.default_rng(5)
    w = rng.uniform(0, 1, (80, 120))
    heavy = rng.random(w.shape) < 0.2
    w = np.where(heavy, pareto(rng, w.shape, 2.5), w) * rng.choice([-1.0, 1.0], w.shape)
    report = sparsity_report(w, partition(w, 2.0), fit=fit_power_law(w.ravel(), side="abs", xmin=1))
    above = np.abs(w) > 2
    assert report.counted == above.sum()
    assert report.counted_row == above.sum(1).max()
    fitted = report.fitted
    n = w.size
    p = heavy.sum() / n * 2.0**-fitted.model.tail_exponent
    assert fitted.p == pytest.approx(p, rel=1e-12)
    assert fitted.tail.value == pytest.approx(stats.binom.sf(report.counted - 1, n, p), rel=1e-9)
    assert 1e-3 < fitted.tail.value < 0.999
    assert report.counted <= fitted.k
    assert report.counted_row <= fitted.k_row
    assert fitted.k == smallest_k(0.05, p, n)
    # the paper's reading predicts something else, and says whose it is
    assert report.paper.label == "paper"
    assert report.paper.model.share == 1
    assert report.paper.model.xmin == np.abs(w).min()


@pytest.mark.parametrize("keep", ["abs", "upper", "centered"])
def test_the_report_below_xmin(keep):
    w = np.random.default_rng(6).standard_normal((40, 50)) + 0.1
    report = sparsity_report(w, partition(w, "std", keep=keep))
    compared = {"abs": np.abs(w), "upper": w, "centered": np.abs(w - w.mean())}[keep]
    assert report.fitted.below_xmin
    assert report.fitted.model.xmin > report.tau
    assert not report.paper.below_xmin
    # two means of 2,000 values of about 1, in any order of their sums
    room = 1e-14 if keep == "centered" else 0
    assert report.paper.model.xmin == pytest.approx(compared[compared > 0].min(), rel=0, abs=room)
    assert report.counted == (compared > report.tau).sum()
    text = repr(report)
    assert "below xmin" in text
    assert "paper" in text
    assert str(report.counted) in text


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: TailModel(0.0, 1.0), "tail_exponent must be positive"),
        (lambda: TailModel(1.0, 1.0, 1.5), r"share must be in \[0, 1\], got 1.5"),
        (lambda: nonzeros_tail(1, 1.5, 10), "p must be in"),
        (lambda: nonzeros_tail(1, 0.5, 10, per="row"), "shape must be"),
        (lambda: nonzeros_tail(1, 0.5, 10, per="column"), "per"),
        (lambda: nonzeros_tail(math.nan, 0.5, 10), "k must be finite"),
        (lambda: smallest_k(0.0, 0.5, 10), r"level must be in \(0, 1\), got 0.0"),
        (lambda: smallest_k(0.1, 0.5, 10, log_level=0.0), "log_level"),
        (
            lambda: exceedance_probability(fit_power_law([1.0, 2, 3, 9], xmax=4.0, xmin=1.0), 2.0),
            "xmax",
        ),
        (lambda: sparsity_report(np.ones((2, 3)), partition(np.eye(2), 0.5)), "shape"),
    ],
)
def test_errors_name_the_argument(call, match):
    with pytest.raises(ValueError, match=match):
        call()
