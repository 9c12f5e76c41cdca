"""Binomial tails and probabilities, and Chernoff's bound of the upper tail."""

from __future__ import annotations

from typing import Any

from htstats.binomial import _arguments
from htstats.binomial._arguments import Floats

__all__ = ["cdf", "chernoff_logsf", "kl", "logcdf", "logpmf", "logsf", "pmf", "sf"]


def logsf(k: Any, n: Any, p: Any, *, out: Floats | None = None, n_threads: int = 1) -> Any:
    """Log of P(X > k).

    Parameters
    ----------
    k : array_like
        Number of successes: any real number, rounded down. Outside the support P is exactly 0 or 1.
    n : array_like
        Number of trials: whole, 0 <= n <= 2^53.
    p : array_like
        Probability of success, in [0, 1].
    out : ndarray of float64, optional
        Array for the result; it must have the broadcast shape.
    n_threads : int
        Number of threads for large arrays; the result does not depend on it.

    Returns
    -------
    float or ndarray
        log P(X > k), in [-inf, 0].

    Raises
    ------
    TypeError
        If an argument does not consist of real numbers.
    ValueError
        If n is negative, fractional or above 2^53, p is outside [0, 1], or any argument is NaN.

    Notes
    -----
    Relative error at most 4e-15, times max(1, abs(log(1 - P))) where P is near 1; see
    docs/accuracy-binomial.md.

    References
    ----------
    N. M. Temme, "The uniform asymptotic expansion of a class of integrals related to cumulative
    distribution functions", SIAM J. Math. Anal. 13 (1982), eq. (3.2).
    A. R. Didonato and A. H. Morris, "Algorithm 708", ACM TOMS 18 (1992), eq. (9).

    Examples
    --------
    >>> from htstats import binomial
    >>> round(binomial.logsf(60000, 100000, 0.5), 10)
    -2018.8203534353
    """
    return _arguments.evaluate("logsf", k, n, p, out, n_threads)


def logcdf(k: Any, n: Any, p: Any, *, out: Floats | None = None, n_threads: int = 1) -> Any:
    """Log of P(X <= k).

    Parameters
    ----------
    k, n, p, out, n_threads
        As in `logsf`.

    Returns
    -------
    float or ndarray
        log P(X <= k), in [-inf, 0].

    Raises
    ------
    TypeError, ValueError
        As in `logsf`.

    Notes
    -----
    Relative error at most 4e-15, times max(1, abs(log(1 - P))) where P is near 1; see
    docs/accuracy-binomial.md.

    References
    ----------
    N. M. Temme, "The uniform asymptotic expansion of a class of integrals related to cumulative
    distribution functions", SIAM J. Math. Anal. 13 (1982), eq. (3.2).
    A. R. Didonato and A. H. Morris, "Algorithm 708", ACM TOMS 18 (1992), eq. (9).

    Examples
    --------
    >>> from htstats import binomial
    >>> binomial.logcdf(5, 10**6, 1e-3)
    -970.739053923099
    """
    return _arguments.evaluate("logcdf", k, n, p, out, n_threads)


def logpmf(k: Any, n: Any, p: Any, *, out: Floats | None = None, n_threads: int = 1) -> Any:
    """Log of P(X = k).

    Parameters
    ----------
    k, n, p, out, n_threads
        As in `logsf`.

    Returns
    -------
    float or ndarray
        log P(X = k), in [-inf, 0].

    Raises
    ------
    TypeError, ValueError
        As in `logsf`.

    Notes
    -----
    Relative error at most 4e-15.

    References
    ----------
    C. Loader, "Fast and accurate computation of binomial probabilities" (2000), eq. (2).

    Examples
    --------
    >>> from htstats import binomial
    >>> binomial.logpmf([0, 1], 1, 0.25)
    array([-0.28768207, -1.38629436])
    """
    return _arguments.evaluate("logpmf", k, n, p, out, n_threads)


def sf(k: Any, n: Any, p: Any, *, out: Floats | None = None, n_threads: int = 1) -> Any:
    """P(X > k), with full relative accuracy.

    Parameters
    ----------
    k, n, p, out, n_threads
        As in `logsf`.

    Returns
    -------
    float or ndarray
        P(X > k), in [0, 1].

    Raises
    ------
    TypeError, ValueError
        As in `logsf`.

    Notes
    -----
    Relative error at most 4e-15 down to 1e-300: the exponent is carried in two doubles.

    References
    ----------
    N. M. Temme, "The uniform asymptotic expansion of a class of integrals related to cumulative
    distribution functions", SIAM J. Math. Anal. 13 (1982), eq. (3.2).
    A. R. Didonato and A. H. Morris, "Algorithm 708", ACM TOMS 18 (1992), eq. (9).

    Examples
    --------
    >>> from htstats import binomial
    >>> binomial.sf(149, 10000, 0.01)
    1.6570601962380385e-06
    """
    return _arguments.evaluate("sf", k, n, p, out, n_threads)


def cdf(k: Any, n: Any, p: Any, *, out: Floats | None = None, n_threads: int = 1) -> Any:
    """P(X <= k), with full relative accuracy.

    Parameters
    ----------
    k, n, p, out, n_threads
        As in `logsf`.

    Returns
    -------
    float or ndarray
        P(X <= k), in [0, 1].

    Raises
    ------
    TypeError, ValueError
        As in `logsf`.

    Notes
    -----
    Relative error at most 4e-15 down to 1e-300: the exponent is carried in two doubles.

    References
    ----------
    N. M. Temme, "The uniform asymptotic expansion of a class of integrals related to cumulative
    distribution functions", SIAM J. Math. Anal. 13 (1982), eq. (3.2).
    A. R. Didonato and A. H. Morris, "Algorithm 708", ACM TOMS 18 (1992), eq. (9).

    Examples
    --------
    >>> from htstats import binomial
    >>> binomial.cdf(0, 2, 0.5)
    0.25
    """
    return _arguments.evaluate("cdf", k, n, p, out, n_threads)


def pmf(k: Any, n: Any, p: Any, *, out: Floats | None = None, n_threads: int = 1) -> Any:
    """P(X = k), with full relative accuracy.

    Parameters
    ----------
    k, n, p, out, n_threads
        As in `logsf`.

    Returns
    -------
    float or ndarray
        P(X = k), in [0, 1].

    Raises
    ------
    TypeError, ValueError
        As in `logsf`.

    Notes
    -----
    Relative error at most 4e-15 down to 1e-300: the exponent is carried in two doubles.

    References
    ----------
    C. Loader, "Fast and accurate computation of binomial probabilities" (2000), eq. (2).

    Examples
    --------
    >>> from htstats import binomial
    >>> binomial.pmf(0, 2, 0.5)
    0.25
    """
    return _arguments.evaluate("pmf", k, n, p, out, n_threads)


def kl(k: Any, n: Any, p: Any, *, out: Floats | None = None, n_threads: int = 1) -> Any:
    """Compute n KL(k/n || p), the exponent of Chernoff's bound.

    Parameters
    ----------
    k : array_like
        Number of successes: whole, 0 <= k <= n.
    n, p, out, n_threads
        As in `logsf`.

    Returns
    -------
    float or ndarray
        n KL(k/n || p), in [0, inf]; 0 if n = 0.

    Raises
    ------
    TypeError, ValueError
        As in `logsf`, or if k is not a whole number in [0, n].

    Notes
    -----
    The value is n times [x log(x/p) + (1-x) log((1-x)/(1-p))], x = k/n, computed as the sum of two
    terms that are never negative. The relative error is at most 1e-15.

    References
    ----------
    C. Loader, "Fast and accurate computation of binomial probabilities" (2000), eq. (2).

    Examples
    --------
    >>> from htstats import binomial
    >>> binomial.kl(5, 10, 0.5)
    0.0
    """
    return _arguments.evaluate("kl", k, n, p, out, n_threads)


def chernoff_logsf(k: Any, n: Any, p: Any, *, out: Floats | None = None, n_threads: int = 1) -> Any:
    """Chernoff's bound of log P(X > k).

    Parameters
    ----------
    k, n, p, out, n_threads
        As in `logsf`.

    Returns
    -------
    float or ndarray
        An upper bound of `logsf(k, n, p)`: -kl(k+1, n, p) if k + 1 > n p, otherwise 0; -inf if
        k >= n.

    Raises
    ------
    TypeError, ValueError
        As in `logsf`.

    Notes
    -----
    This is equation (6) of J. Y. Shin's paper (see docs/theory.md), at k + 1.

    References
    ----------
    H. Chernoff, Ann. Math. Statist. 23 (1952), eq. (5).

    Examples
    --------
    >>> from htstats import binomial
    >>> binomial.chernoff_logsf(149, 10000, 0.01)
    -10.94624194423937
    """
    return _arguments.evaluate("chernoff_logsf", k, n, p, out, n_threads)
