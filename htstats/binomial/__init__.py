"""Binomial tails in log space, exact far beyond the float range, and their inversions.

``logsf(k, n, p)`` is log P(X > k) for X ~ Bin(n, p), as in SciPy; argument order k, n, p. Arguments
broadcast; numbers give a float, arrays an array. k may be any real number (floored); n is a whole
number in [0, 2^53]; p is in [0, 1]. Everything is dimensionless, logarithms are natural.

The tail on the far side of the mean is computed by a uniform asymptotic series or a continued
fraction, the other from it (see htst_binomial.h); docs/accuracy-binomial.md has the measured
errors.
"""

from htstats.binomial._inverses import (
    Limit,
    ProportionInterval,
    log_isf,
    lower_limit,
    proportion_interval,
    upper_limit,
)
from htstats.binomial._tails import (
    cdf,
    chernoff_logsf,
    kl,
    logcdf,
    logpmf,
    logsf,
    pmf,
    sf,
)

__all__ = [
    "Limit",
    "ProportionInterval",
    "cdf",
    "chernoff_logsf",
    "kl",
    "log_isf",
    "logcdf",
    "logpmf",
    "logsf",
    "lower_limit",
    "pmf",
    "proportion_interval",
    "sf",
    "upper_limit",
]
