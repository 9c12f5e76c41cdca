"""Binomial tails and probabilities, and Chernoff's bound of the upper tail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from htstats._common.arrays import Floats
from htstats._common.documents import OUTPUT, RAISES_TYPE, add_sections, entry
from htstats.binomial._arguments import evaluate

__all__ = ["cdf", "chernoff_logsf", "kl", "logcdf", "logpmf", "logsf", "pmf", "sf"]

F = TypeVar("F", bound=Callable[..., Any])

ANY_K = "any real number, rounded down. Outside the support P is exactly 0 or 1."
WHOLE_K = "whole, 0 <= k <= n."
PARAMETERS = f"""\
k : array_like
    Number of successes: {{k}}
n : array_like
    Number of trials: whole, 0 <= n <= 2^53.
p : array_like
    Probability of success, in [0, 1].
{OUTPUT}"""
RAISES = f"""\
{RAISES_TYPE}
ValueError
    If n is negative, fractional or above 2^53, p is outside [0, 1], or any argument is NaN."""
RAISES_BY_K = f"""{RAISES}
    Also if k is not a whole number in [0, n]."""

OF_LOGS = """\
Relative error at most 4e-15, times max(1, abs(log(1 - P))) where P is near 1; see
docs/accuracy-binomial.md."""
OF_MASS = "Relative error at most 4e-15."
OF_NUMBERS = "Relative error at most 4e-15 down to 1e-300: the exponent is carried in two doubles."
OF_KL = """\
The value is n times [x log(x/p) + (1-x) log((1-x)/(1-p))], x = k/n, computed as the sum of two
terms that are never negative. The relative error is at most 1e-15."""
OF_CHERNOFF = "This is equation (6) of J. Y. Shin's paper (see docs/theory.md), at k + 1."

TEMME = """\
N. M. Temme, "The uniform asymptotic expansion of a class of integrals related to cumulative
distribution functions", SIAM J. Math. Anal. 13 (1982), eq. (3.2).
A. R. Didonato and A. H. Morris, "Algorithm 708", ACM TOMS 18 (1992), eq. (9)."""
LOADER = """\
C. Loader, "Fast and accurate computation of binomial probabilities" (2000), eq. (2)."""
CHERNOFF = "H. Chernoff, Ann. Math. Statist. 23 (1952), eq. (5)."
BOUND = """\
An upper bound of `logsf(k, n, p)`: -kl(k+1, n, p) if k + 1 > n p, otherwise 0; -inf if k >= n."""


def _describe(
    result: str, notes: str, source: str, *, k: str = ANY_K, errors: str = RAISES
) -> Callable[[F], F]:
    """Add the sections shared by functions of (k, n, p), and the given parts, to a docstring."""
    return add_sections(
        Parameters=PARAMETERS.format(k=k),
        Returns=entry("float or ndarray", result),
        Raises=errors,
        Notes=notes,
        References=source,
    )


@_describe("log P(X > k), in [-inf, 0].", OF_LOGS, TEMME)
def logsf(k: Any, n: Any, p: Any, *, out: Floats | None = None, n_threads: int = 1) -> Any:
    """Log of P(X > k).

    Examples
    --------
    >>> round(logsf(60000, 100000, 0.5), 10)
    -2018.8203534353
    """
    return evaluate("logsf", k, n, p, out, n_threads)


@_describe("log P(X <= k), in [-inf, 0].", OF_LOGS, TEMME)
def logcdf(k: Any, n: Any, p: Any, *, out: Floats | None = None, n_threads: int = 1) -> Any:
    """Log of P(X <= k).

    Examples
    --------
    >>> logcdf(5, 10**6, 1e-3)
    -970.739053923099
    """
    return evaluate("logcdf", k, n, p, out, n_threads)


@_describe("log P(X = k), in [-inf, 0].", OF_MASS, LOADER)
def logpmf(k: Any, n: Any, p: Any, *, out: Floats | None = None, n_threads: int = 1) -> Any:
    """Log of P(X = k).

    Examples
    --------
    >>> logpmf([0, 1], 1, 0.25)
    array([-0.28768207, -1.38629436])
    """
    return evaluate("logpmf", k, n, p, out, n_threads)


@_describe("P(X > k), in [0, 1].", OF_NUMBERS, TEMME)
def sf(k: Any, n: Any, p: Any, *, out: Floats | None = None, n_threads: int = 1) -> Any:
    """P(X > k), with full relative accuracy.

    Examples
    --------
    >>> sf(149, 10000, 0.01)
    1.6570601962380385e-06
    """
    return evaluate("sf", k, n, p, out, n_threads)


@_describe("P(X <= k), in [0, 1].", OF_NUMBERS, TEMME)
def cdf(k: Any, n: Any, p: Any, *, out: Floats | None = None, n_threads: int = 1) -> Any:
    """P(X <= k), with full relative accuracy.

    Examples
    --------
    >>> cdf(0, 2, 0.5)
    0.25
    """
    return evaluate("cdf", k, n, p, out, n_threads)


@_describe("P(X = k), in [0, 1].", OF_NUMBERS, LOADER)
def pmf(k: Any, n: Any, p: Any, *, out: Floats | None = None, n_threads: int = 1) -> Any:
    """P(X = k), with full relative accuracy.

    Examples
    --------
    >>> pmf(0, 2, 0.5)
    0.25
    """
    return evaluate("pmf", k, n, p, out, n_threads)


@_describe("n KL(k/n || p), in [0, inf]; 0 if n = 0.", OF_KL, LOADER, k=WHOLE_K, errors=RAISES_BY_K)
def kl(k: Any, n: Any, p: Any, *, out: Floats | None = None, n_threads: int = 1) -> Any:
    """Compute n KL(k/n || p), the exponent of Chernoff's bound.

    Examples
    --------
    >>> kl(5, 10, 0.5)
    0.0
    """
    return evaluate("kl", k, n, p, out, n_threads)


@_describe(BOUND, OF_CHERNOFF, CHERNOFF)
def chernoff_logsf(k: Any, n: Any, p: Any, *, out: Floats | None = None, n_threads: int = 1) -> Any:
    """Chernoff's bound of log P(X > k).

    Examples
    --------
    >>> chernoff_logsf(149, 10000, 0.01)
    -10.94624194423937
    """
    return evaluate("chernoff_logsf", k, n, p, out, n_threads)
