"""Alpha-stable laws: density, tails and quantiles, right to eleven digits.

``pdf(x, alpha, beta, loc, scale)`` and its companions broadcast their arguments; numbers give a
float, arrays give an array. ``StableDistribution(alpha, beta, loc, scale)`` is one law with the
same functions as methods, and keeps a table that makes large arrays fast.

Every function takes ``parameterization="S0"`` (Nolan's, continuous in alpha; the default) or
``"S1"`` (the classical one, which SciPy uses by default). All logarithms are natural.

The C library evaluates one of three integrals (see htst_stable.h); docs/accuracy-stable.md lists
the measured errors.
"""

from htstats.stable._distribution import StableDistribution
from htstats.stable._functions import cdf, logcdf, logpdf, logsf, pdf, sf
from htstats.stable._quantiles import isf, log_isf, ppf

__all__ = [
    "StableDistribution",
    "cdf",
    "isf",
    "log_isf",
    "logcdf",
    "logpdf",
    "logsf",
    "pdf",
    "ppf",
    "sf",
]
