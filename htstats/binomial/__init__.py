"""Binomial tails in log space, accurate far beyond the float range, and their inverses.

``logsf(k, n, p)`` is log P(X > k) for X ~ Bin(n, p), as in SciPy, with the argument order k, n, p.
Arguments broadcast; numbers give a float, arrays give an array. k may be any real number and is
rounded down; n is a whole number in [0, 2^53]; p is in [0, 1]. All quantities are dimensionless,
and logarithms are natural.

A uniform asymptotic series or a continued fraction gives the tail on the far side of the mean. The
other tail is computed from that one (see htst_binomial.h). docs/accuracy-binomial.md lists the
measured errors.
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
