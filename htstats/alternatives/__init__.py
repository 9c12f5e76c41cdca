"""Alternatives to the power law, fitted to the tail xmin <= x <= xmax.

Each class fits by maximum likelihood and has `logpdf`, `logcdf`, `logsf` and `sample`. On the
integers (`discrete=True`), the power law, the exponential and the truncated power law are
normalised by a sum. The other laws are continuous laws from xmin - 1/2 to xmax + 1/2, rounded.

Four of the likelihoods are concave, because the laws are exponential families. The likelihood of
the stretched exponential is concave in beta after the other parameter is solved for. Root finding
locates these maxima, and the result does not depend on a starting point. With an xmax a stretched
exponential can have two maxima; a grid of beta finds them, and the higher one is used. On the
integers, a search for the two rounded laws starts from the continuous estimate.

If the likelihood has no maximum but rises to that of a power law (a ridge), the law becomes its
limit. `limit` is then that power law, all functions are those of `limit`, and the parameters are
the limits: mu = -infinity and sigma = infinity of a lognormal, beta = 0 of a stretched exponential,
Lambda = 0 of a truncated power law. `_ridge` proves when this happens. For the first two laws it
happens if and only if the coefficient of variation of log(x/xmin) is at least that of the power
law, which is 1 without an xmax. A comparison of two laws with the same limit is undecided: R = 0
and p = 1. If the search stops at a bound instead, `is_held` is True. A comparison that such a law
loses is undecided too.

Accuracy compared with 40 digits (tests/test_alternatives_accuracy.py): log densities and log
survival functions to 2e-12 or to a few units in the last place, whichever is larger.
"""

from __future__ import annotations

from htstats.alternatives._base import Alternative
from htstats.alternatives._compare import (
    ALTERNATIVES,
    Comparison,
    ComparisonTable,
    LikelihoodRatio,
    compare,
    compare_all,
    fit_alternative,
    likelihood_ratio,
)
from htstats.alternatives._errors import standard_errors
from htstats.alternatives._expint import log_expint
from htstats.alternatives._exponential import Exponential
from htstats.alternatives._lognormal import LOGNORMAL_RIDGE, Lognormal, LognormalPositive
from htstats.alternatives._power_law import PowerLaw
from htstats.alternatives._stretched_exponential import StretchedExponential
from htstats.alternatives._truncated_power_law import TruncatedPowerLaw

__all__ = [
    "ALTERNATIVES",
    "LOGNORMAL_RIDGE",
    "Alternative",
    "Comparison",
    "ComparisonTable",
    "Exponential",
    "LikelihoodRatio",
    "Lognormal",
    "LognormalPositive",
    "PowerLaw",
    "StretchedExponential",
    "TruncatedPowerLaw",
    "compare",
    "compare_all",
    "fit_alternative",
    "likelihood_ratio",
    "log_expint",
    "standard_errors",
]
