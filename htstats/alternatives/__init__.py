"""The distributions a power law is compared with, fitted to the tail xmin <= x <= xmax.

Each class fits by maximum likelihood and has `logpdf`, `logcdf`, `logsf` and `sample`; on the
integers (`discrete=True`) the power law, the exponential and the truncated power law are sums, the
others continuous laws from xmin - 1/2 to xmax + 1/2, rounded.

Four of the likelihoods are concave (exponential families), and that of the stretched exponential is
when all but beta is solved for: their maxima are roots, and no start can miss them. Up to an xmax a
stretched exponential may have two maxima; those that a grid of beta shows are compared. On the
integers the two rounded laws are searched, from the continuous estimate on.

Where the likelihood has no maximum, but rises to that of a power law (a ridge), the law is its
limit: `limit` is that power law, all functions are its own, and the parameters are those of the
limit (a lognormal's mu = -infinity and sigma = infinity, a stretched exponential's beta = 0, a
truncated power law's Lambda = 0). `_ridge` proves when this is so: for the first two if and only if
the coefficient of variation of log(x/xmin) is at least that of the power law, 1 without an xmax.
Two laws with one limit are compared as undecided, R = 0 and p = 1. Where a bound of the search is
reached instead, `is_held` is True and a comparison that such a law loses is undecided.

Accuracy against 40 digits (tests/test_alternatives_accuracy.py): log densities and log survival
functions to 2e-12 or to a few units in the last place, whichever is larger.
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
