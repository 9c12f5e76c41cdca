"""The functions of htstats that take a sample, a matrix or points, each with a call that works."""

import numpy as np

import htstats.compat.powerlaw as powerlaw
from htstats import (
    TailSketch,
    binomial,
    fit_power_law,
    partition,
    spectral_norm,
    stable,
    stable_rank,
)
from htstats.alternatives import compare, compare_all, fit_alternative, likelihood_ratio
from htstats.power_law import confidence_interval, goodness_of_fit
from htstats.spectral import fit_spectrum
from htstats.theory.brackets import bracket_probability, stable_tail_constant
from htstats.theory.generalization.margin import margins

X = np.random.default_rng(0).pareto(1.5, 200) + 1


SAMPLES = {
    "fit": fit_power_law,
    "fit of integers": lambda x: fit_power_law(x, discrete=True),
    "fit with weights": lambda x: fit_power_law(x, weights=np.ones(7, int)),
    "test": lambda x: goodness_of_fit(x, 20),
    "interval": lambda x: confidence_interval(x),
    "compare": lambda x: compare(x, "power_law", "lognormal", xmin=1.0),
    "compare_all": lambda x: compare_all(x, xmin=1.0),
    "alternative": lambda x: fit_alternative(x, "exponential", xmin=1.0),
    "sketch": lambda x: TailSketch("float64").update(x),
    "reread": lambda x: TailSketch("float64").update(X).fit(reread=x),
    "stable fit": lambda x: stable.fit_stable(x, "ecf"),
    "stable fit with weights": lambda x: stable.fit_stable(x, "quantile", weights=np.ones(7)),
    "drop-in": powerlaw.Fit,
    "drop-in of integers": lambda x: powerlaw.Fit(x, discrete=True),
    "drop-in law": lambda x: powerlaw.Power_Law(xmin=1.0, data=x),
    "drop-in cdf": powerlaw.cdf,
    "drop-in pdf": powerlaw.pdf,
}


MATRICES = {
    "partition": lambda W: partition(W, 1.0),
    "stable rank": stable_rank,
    "spectral norm": spectral_norm,
    "spectrum": fit_spectrum,
    "margins": lambda W: margins(W, [0, 1, 0]),
}


POINTS = {
    "weights": lambda x: fit_power_law(X[:3], weights=x),
    "stable weights": lambda x: stable.fit_stable(X[:3], "quantile", weights=x),
    "labels": lambda x: margins(np.eye(3), x),
    "logpdf": fit_power_law(X).logpdf,
    "logsf": fit_power_law(X).logsf,
    "ppf": fit_power_law(X).ppf,
    "zeta logpmf": fit_power_law(np.floor(4 * X), discrete=True).logpdf,
    "alternative logsf": fit_alternative(X, "lognormal", xmin=1.0).logsf,
    "likelihood ratio": lambda x: likelihood_ratio(x, np.ones(3)),
    "stable": lambda x: stable.sf(x, 1.5, 0.0),
    "constant": stable_tail_constant,
    "brackets": lambda x: bracket_probability(x, 1.5),
    "binomial k": lambda x: binomial.logsf(x, 10, 0.5),
    "binomial n": lambda x: binomial.logsf(3, x, 0.5),
    "binomial p": lambda x: binomial.sf(3, 10, x),
    "binomial level": lambda x: binomial.log_isf(x, 10, 0.5),
    "binomial limit": lambda x: binomial.upper_limit(x, 10, -3.0),
}
