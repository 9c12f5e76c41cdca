"""Densities, tails and normalisers of the alternatives against mpmath, by other formulas."""

import math

import mpmath
import numpy as np
import pytest
from errors import relative_error

from htstats.alternatives import (
    Exponential,
    Lognormal,
    PowerLaw,
    StretchedExponential,
    TruncatedPowerLaw,
    log_expint,
)
from htstats.alternatives.integrals import cutoff_sum, integral

mpf = mpmath.mpf
INF = math.inf

# closed forms at 120 digits: what cancels in a difference of two tails is still there
DIGITS = 120


def kernel(law):
    """The density in x at high precision, but for a constant."""
    if law.name == "power_law":
        return lambda x: x ** -mpf(law.alpha)
    if law.name == "exponential":
        return lambda x: mpmath.exp(-mpf(law.Lambda) * x)
    if law.name == "stretched_exponential":
        rate, beta = mpf(law.Lambda), mpf(law.beta)
        return lambda x: beta * rate * (rate * x) ** (beta - 1) * mpmath.exp(-((rate * x) ** beta))
    if law.name == "truncated_power_law":
        return lambda x: x ** -mpf(law.alpha) * mpmath.exp(-mpf(law.Lambda) * x)
    mu, sigma = mpf(law.mu), mpf(law.sigma)
    return lambda x: mpmath.exp(-(((mpmath.log(x) - mu) / sigma) ** 2) / 2) / x


def tail(law):
    """The kernel's integral from x on; any antiderivative where it has no limit."""
    if law.name == "power_law":
        rate = mpf(law.alpha) - 1
        return lambda x: -mpmath.log(x) if rate == 0 else x**-rate / rate
    if law.name == "exponential":
        rate = mpf(law.Lambda)
        return lambda x: -x if rate == 0 else mpmath.exp(-rate * x) / rate
    if law.name == "stretched_exponential":
        return lambda x: mpmath.exp(-((mpf(law.Lambda) * x) ** mpf(law.beta)))
    if law.name == "truncated_power_law":
        a, rate = mpf(law.alpha), mpf(law.Lambda)
        return lambda x: mpmath.gammainc(1 - a, rate * x) * rate ** (a - 1)
    mu, sigma = mpf(law.mu), mpf(law.sigma)
    scale = sigma * mpmath.sqrt(mpmath.pi / 2)
    return lambda x: mpmath.erfc((mpmath.log(x) - mu) / (sigma * mpmath.sqrt(2))) * scale


def laws(xmin, xmax):
    unit, log = 1 / xmin, math.log(xmin)
    bounded = xmax < INF
    rows = [
        PowerLaw(xmin, a) for a in ([2.5, 1.0, -3.0, 1 + 1e-12] if bounded else [2.5, 1.01, 80])
    ]
    rows += [Exponential(xmin, r * unit) for r in ([0.0] if bounded else []) + [1e-6, 0.7, 1e3]]
    pairs = [(0.8, 0.6), (1e-3, 0.3), (5.0, 2.0), (1e-6, 0.05), (0.01, 20.0)]
    rows += [StretchedExponential(xmin, r * unit, b) for r, b in pairs]
    pairs = [(0.3, 1.2), (-8.0, 2.0), (-60.0, 2.0), (0.0, 30.0), (-300.0, 10.0)]
    rows += [Lognormal(xmin, log + m, s) for m, s in pairs]
    pairs = [(2.2, 0.05), (1.0, 2.0), (0.5, 1e-9), (-3.0, 0.2), (2.0, 1e-7), (60.0, 0.01)]
    pairs += [(1.0000001, 1e-5), (-90.0, 12.0)]
    rows += [TruncatedPowerLaw(xmin, a, r * unit) for a, r in pairs]
    return rows


def bounded_copy(law, xmax):
    from dataclasses import replace

    return replace(law, xmax=xmax)


# an error of 2e-12 in a probability, or the rounding of log(xmin) or of a long exponent
def close(found, exact, slack=0.0):
    return relative_error(found, exact, grain=2e-12) <= 4e-15 + slack


@pytest.mark.parametrize("ratio", [INF, 1.01, 30.0])
@pytest.mark.parametrize("xmin", [1e-300, 0.03, 1.5, 1e300])
def test_continuous_laws(xmin, ratio):
    xmax = xmin * ratio
    with mpmath.workdps(DIGITS):
        for law in (bounded_copy(law, xmax) for law in laws(xmin, xmax)):
            density, beyond = kernel(law), tail(law)
            end = beyond(mpf(xmax)) if ratio < INF else mpf(0)
            total = beyond(mpf(xmin)) - end
            assert total > 0, law
            # an exponent (Lambda x)^beta is beta log(Lambda x) first, and that is rounded
            slack = 1e-15 * (10 + abs(math.log(xmin))) * getattr(law, "beta", 1.0)
            for factor in (1.0, 1.0005, 1.9, 7.0, 1e4):
                x = xmin * factor
                if x >= xmax:
                    continue
                at = mpf(x)
                exact = float(mpmath.log(density(at) / total))
                assert close(float(law.logpdf(x)), exact, slack), (law, factor)
                exact = float(mpmath.log((beyond(at) - end) / total))
                assert close(float(law.logsf(x)), exact, slack), (law, factor)
                if factor > 1:
                    exact = float(mpmath.log((total - beyond(at) + end) / total))
                    assert close(float(law.logcdf(x)), exact, slack), (law, factor)


WHOLE = [
    PowerLaw(3.0, 2.5),
    PowerLaw(1.0, 60.0),
    Exponential(2.0, 0.03),
    StretchedExponential(1.0, 0.8, 0.6),
    StretchedExponential(5.0, 0.05, 3.0),
    Lognormal(1.0, 0.5, 1.3),
    Lognormal(4.0, -40.0, 3.0),
    TruncatedPowerLaw(1.0, 1.7, 0.05),
    TruncatedPowerLaw(7.0, 0.3, 0.1),
    TruncatedPowerLaw(2.0, -5.0, 0.4),
    TruncatedPowerLaw(1.0, 30.0, 1e-3),
]


@pytest.mark.parametrize("last", [INF, 400])
@pytest.mark.parametrize("law", WHOLE, ids=str)
def test_laws_of_integers(law, last):
    """Sums, or masses of the cells k - 1/2 ... k + 1/2, at 60 digits."""
    from dataclasses import replace

    law = replace(law, discrete=True, xmax=float(last))
    with mpmath.workdps(60):
        if law.name in ("stretched_exponential", "lognormal"):
            beyond = tail(law)

            def from_(k):
                return beyond(mpf(k) - mpf(1) / 2)

            def cell(k):
                return from_(k) - from_(k + 1)
        else:
            cell = kernel(law)

            # terms fall by exp(-Lambda) or like k^-30: the terms left out are below e^-130
            steps = int(140 / law.Lambda) if law.name != "power_law" and law.Lambda > 1e-2 else 2000

            def from_(k):
                if law.name == "power_law":
                    return mpmath.zeta(mpf(law.alpha), k)
                return mpmath.fsum(cell(mpf(j)) for j in range(int(k), int(k) + 200 + steps))

        first = int(law.xmin)
        cut = from_(last + 1) if last < INF else mpf(0)
        total = from_(first) - cut
        for k in (first, first + 1, first + 30, 300):
            exact = float(mpmath.log(cell(mpf(k)) / total))
            assert close(float(law.logpdf(k)), exact), k
            exact = float(mpmath.log((from_(k + 1) - cut) / total))
            assert close(float(law.logsf(k)), exact), k
        below = 1 - (from_(first + 1) - cut) / total
        assert close(float(law.logcdf(first)), float(mpmath.log(below)))


@pytest.mark.parametrize("a", [-100.0, -60.3, 40.0, 1000.0])
@pytest.mark.parametrize("z", [1e-9, 0.5, 3.0, 60.0, 90.0, 110.0])
def test_log_expint_far_out(a, z):
    with mpmath.workdps(60):
        exact = float(mpmath.log(mpmath.expint(mpf(a), mpf(z))))
    assert relative_error(log_expint(a, z), exact, grain=1e-12) <= 4e-16


@pytest.mark.parametrize("theta", [-40.0, -1.5, -0.2, 0.9, 60.0])
@pytest.mark.parametrize("phi", [1e-200, 1e-9, 0.3, 70.0])
def test_moments_of_the_cutoff(theta, phi):
    """That of t as a derivative of the log of the incomplete gamma function."""
    found = integral(theta, phi, 0.0, INF)
    with mpmath.workdps(60):

        def log_total(a, z):  # of exp(theta t - phi expm1(t))
            return mpmath.log(mpmath.gammainc(a, z)) - a * mpmath.log(z) + z

        a, z = mpf(theta), mpf(phi)
        lifted = mpmath.gammainc(a + 1, z) / (z * mpmath.gammainc(a, z)) - 1
        assert found.s == pytest.approx(float(lifted), rel=1e-11)
        assert close(found.log_total, float(log_total(a, z)))
        step = mpf(10) ** -20
        mean = (log_total(a + step, z) - log_total(a - step, z)) / (2 * step)
        assert found.t == pytest.approx(float(mean), rel=1e-12)


def test_moments_of_a_cutoff_sum():
    for alpha, rate, first in [(1.4, 0.01, 1), (2.7, 1e-5, 3), (-4.0, 0.3, 2), (0.0, 0.15, 1)]:
        found = cutoff_sum(alpha, rate, float(first), float(first), INF)
        last = first + int(60 / rate) if rate > 1e-3 else 6_000_000
        k = np.arange(first, last, dtype=np.float64)
        terms = (k / first) ** -alpha * np.exp(-rate * (k - first))
        total = math.fsum(terms)
        assert found.log_total == pytest.approx(math.log(total), abs=1e-13)
        logs = math.fsum(terms * np.log(k / first)) / total
        assert found.t == pytest.approx(logs, rel=1e-12)
        assert found.s == pytest.approx(math.fsum(terms * (k / first - 1)) / total, rel=1e-12)
