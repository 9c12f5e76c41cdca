"""Standard errors of fitted laws: against closed forms, the power law's own, and simulation."""

import math
from types import SimpleNamespace

import mpmath
import numpy as np
import pytest
from errors import largest_error
from scipy import stats
from test_alternatives_accuracy import kernel, tail

from htstats import fit_power_law
from htstats.alternatives import ALTERNATIVES, Lognormal, fit_alternative, standard_errors

RNG = np.random.default_rng(5)
PARETO = (1 - RNG.random(2000)) ** (-1 / 1.5)


def test_closed_forms():
    law = fit_alternative(PARETO, "power_law", xmin=1.0)
    found = standard_errors(law, PARETO)["alpha"]
    assert found == pytest.approx((law.alpha - 1) / math.sqrt(2000), rel=1e-5)
    law = fit_alternative(PARETO, "exponential", xmin=1.0)
    assert standard_errors(law, PARETO)["Lambda"] == pytest.approx(
        law.Lambda / math.sqrt(2000), rel=1e-5
    )
    x = np.exp(5 + 0.5 * RNG.standard_normal(3000))  # xmin cuts nothing
    law = fit_alternative(x, "lognormal", xmin=0.1)
    found = standard_errors(law, x)
    assert found["mu"] == pytest.approx(law.sigma / math.sqrt(3000), rel=1e-5)
    assert found["sigma"] == pytest.approx(law.sigma / math.sqrt(6000), rel=1e-3)


@pytest.mark.parametrize("xmax", [None, 50.0])
@pytest.mark.parametrize("discrete", [False, True])
def test_a_power_law_has_the_error_of_its_fit(discrete, xmax):
    x = np.ceil(PARETO) if discrete else PARETO
    fit = fit_power_law(x, xmin=2, xmax=xmax, discrete=discrete)
    law = fit_alternative(x, "power_law", xmin=2.0, xmax=xmax, discrete=discrete)
    assert standard_errors(law, x)["alpha"] == pytest.approx(fit.stderr, rel=1e-4)


TWO_PARAMETERS = [
    ("truncated_power_law", (1.5, 0.1)),
    ("stretched_exponential", (0.5, 0.8)),
    ("lognormal", (0.5, 1.0)),
]


@pytest.mark.parametrize(("name", "given"), TWO_PARAMETERS)
def test_they_are_those_of_the_observed_information(name, given):
    """The Hessian of the log-likelihood at 60 digits, by closed forms of density and tail."""
    law = ALTERNATIVES[name](1.0, *given)
    x = law.sample(300, 1)
    fitted = fit_alternative(x, name, xmin=1.0)
    first, second = fitted.parameter_names

    def height(a, b):
        law = SimpleNamespace(name=name, **{first: a, second: b})
        density = kernel(law)
        logs = mpmath.fsum(mpmath.log(density(mpmath.mpf(float(value)))) for value in x)
        return logs - len(x) * mpmath.log(tail(law)(mpmath.mpf(1)))

    with mpmath.workdps(60):
        at = [mpmath.mpf(getattr(fitted, word)) for word in (first, second)]
        h = mpmath.mpf(10) ** -15
        f = {(i, j): height(at[0] + i * h, at[1] + j * h) for i in (-1, 0, 1) for j in (-1, 0, 1)}
        aa = -(f[1, 0] - 2 * f[0, 0] + f[-1, 0]) / h**2
        bb = -(f[0, 1] - 2 * f[0, 0] + f[0, -1]) / h**2
        ab = -(f[1, 1] - f[1, -1] - f[-1, 1] + f[-1, -1]) / (4 * h**2)
        exact = [mpmath.sqrt(bb / (aa * bb - ab**2)), mpmath.sqrt(aa / (aa * bb - ab**2))]
    # the differences go over a twentieth of an error: the third derivatives cancel, the fourth
    # are worth a part of (1/20)^2 / 12 = 2e-4
    found = standard_errors(fitted, x)
    assert largest_error([found[first], found[second]], exact) < 2e-3


@pytest.mark.parametrize(("name", "given"), TWO_PARAMETERS)
def test_estimates_scatter_so_much(name, given):
    """Squared distances from the truth, in stated errors, are chi-square: to one in a million."""
    law = ALTERNATIVES[name](1.0, *given)
    samples = [law.sample(800, seed) for seed in range(40)]
    fits = [fit_alternative(x, name, xmin=1.0) for x in samples]
    errors = [standard_errors(fit, x) for fit, x in zip(fits, samples, strict=True)]
    for word, true in zip(law.parameter_names, given, strict=True):
        missed = [getattr(fit, word) - true for fit in fits]
        total = math.fsum((d / e[word]) ** 2 for d, e in zip(missed, errors, strict=True))
        assert stats.chi2.ppf(5e-7, 40) < total < stats.chi2.isf(5e-7, 40)


def test_on_a_bound_there_is_none():
    x = np.concatenate([PARETO, PARETO**3])
    law = fit_alternative(x, "lognormal", xmin=1.0)
    assert "ridge" in law.note
    assert all(math.isnan(v) for v in standard_errors(law, x).values())
    with pytest.raises(ValueError, match=r"x must have a value in \[10, inf\]"):
        standard_errors(Lognormal(10.0, 1.0, 1.0), [1.0, 2.0])
    with pytest.raises(ValueError, match="finite"):
        standard_errors(Lognormal(1.0, 1.0, 1.0), [1.0, math.nan])
