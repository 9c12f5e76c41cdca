"""Inverses of the binomial tails: the smallest k for a level, and confidence limits for p."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from htstats._common import checks
from htstats._common.arrays import Floats
from htstats._common.broadcast import Result
from htstats._common.documents import add_sections
from htstats.binomial import _arguments

__all__ = [
    "Limit",
    "ProportionInterval",
    "log_isf",
    "lower_limit",
    "proportion_interval",
    "upper_limit",
]


@dataclass(frozen=True)
class Limit:
    """A confidence limit for a proportion.

    Attributes
    ----------
    p : float or ndarray
        The limit, in [0, 1].
    log_p, log1m_p : float or ndarray
        log p and log(1 - p), also if p or 1 - p is outside the float range.
    """

    p: Result
    log_p: Result
    log1m_p: Result


@dataclass(frozen=True)
class ProportionInterval:
    """A two-sided Clopper-Pearson interval.

    Attributes
    ----------
    lower, upper : Limit
        The two limits.
    confidence : float
        Lower bound of the coverage.
    """

    lower: Limit
    upper: Limit
    confidence: float


def log_isf(level: Any, n: Any, p: Any, *, out: Floats | None = None, n_threads: int = 1) -> Any:
    """Find the smallest k with log P(X > k) <= level.

    Parameters
    ----------
    level : array_like
        Log of a probability, any number down to -inf. A level of 0 or above gives -1.
    n, p, out, n_threads
        As in `logsf`.

    Returns
    -------
    float or ndarray
        Whole numbers in [-1, n].

    Raises
    ------
    TypeError, ValueError
        As in `logsf`.

    Notes
    -----
    The start is the k with n KL = deviate^2/2, where `deviate` is the normal deviate of the level.
    From there, Newton steps with a correction for the second derivative solve for `logsf`, inside a
    bracket that only shrinks. This takes a few evaluations. The result is the exact k for the
    computed `logsf`, to the last bit of the level.

    References
    ----------
    N. M. Temme, as in `logsf`, eq. (3.2): its leading term gives the start.

    Examples
    --------
    >>> from htstats import binomial
    >>> binomial.log_isf(-1000.0, 10**6, 0.5)
    522304.0
    """
    return _arguments.log_isf(level, n, p, out, n_threads)


CLOPPER = "C. J. Clopper and E. S. Pearson, Biometrika 26 (1934), eq. (1)."
OF_A_LIMIT = {
    "Parameters": """\
k : array_like
    Number of successes: whole, 0 <= k <= n.
n : array_like
    Number of trials: whole, 0 <= n <= 2^53.
log_level : array_like
    Log of the probability that the limit fails, in [-inf, 0].
n_threads : int
    Number of threads for large arrays; the result does not depend on it.""",
    "Returns": """\
Limit
    The limit, with its logarithms.""",
    "Raises": """\
TypeError
    If an argument does not consist of real numbers.
ValueError
    If an argument is NaN or outside its range.""",
    "References": CLOPPER,
}


@add_sections(**OF_A_LIMIT)
def upper_limit(k: Any, n: Any, log_level: Any, *, n_threads: int = 1) -> Limit:
    """Find the largest p with log P(X <= k) >= log_level: Clopper and Pearson's upper limit.

    Notes
    -----
    Halley's method in logit p, in which log P is concave, needs a few evaluations. The function is
    made for levels down to -1e7 and lower: a code of L bits gives
    log_level = log(delta) - L log 2. The error of p is at most 1e-13, relative to min(p, 1-p); see
    docs/accuracy-binomial.md.

    References
    ----------
    C. J. Clopper and E. S. Pearson, Biometrika 26 (1934), eq. (1).
    J. Langford, "Tutorial on practical prediction theory for classification", JMLR 6 (2005),
    definition 3.1.

    Examples
    --------
    >>> from htstats import binomial
    >>> import math
    >>> round(binomial.upper_limit(72, 1437, math.log(0.05) - 800 * math.log(2)).p, 6)
    0.435447
    """
    return Limit(*_arguments.limits(True, k, n, log_level, n_threads))


@add_sections(**OF_A_LIMIT)
def lower_limit(k: Any, n: Any, log_level: Any, *, n_threads: int = 1) -> Limit:
    """Find the smallest p with log P(X >= k) >= log_level: Clopper and Pearson's lower limit.

    Notes
    -----
    This is the mirror image of `upper_limit`. A p as small as 1e-300, and its log, have full
    relative accuracy.

    Examples
    --------
    >>> from htstats import binomial
    >>> binomial.lower_limit(0, 10, -3.0).p
    0.0
    """
    return Limit(*_arguments.limits(False, k, n, log_level, n_threads))


@add_sections(References=CLOPPER)
def proportion_interval(
    k: Any, n: Any, *, confidence: float = 0.95, n_threads: int = 1
) -> ProportionInterval:
    """Compute the two-sided Clopper-Pearson interval for a proportion.

    Parameters
    ----------
    k, n : array_like
        Successes and trials, as in `upper_limit`.
    confidence : float
        Lower bound of the coverage, in (0, 1). Each limit fails with a probability of at most
        (1 - confidence)/2.
    n_threads : int
        As in `upper_limit`.

    Returns
    -------
    ProportionInterval
        The lower and the upper limit.

    Raises
    ------
    TypeError, ValueError
        As in `upper_limit`, or if `confidence` is outside (0, 1).

    Notes
    -----
    The interval is never too short, for any n and p. See `upper_limit` for the method and the
    accuracy.

    Examples
    --------
    >>> from htstats import binomial
    >>> interval = binomial.proportion_interval(8, 40)
    >>> round(interval.lower.p, 4), round(interval.upper.p, 4)
    (0.0905, 0.3565)
    """
    confidence = checks.open_probability("confidence", confidence)
    level = math.log((1 - confidence) / 2)
    lower = lower_limit(k, n, level, n_threads=n_threads)
    upper = upper_limit(k, n, level, n_threads=n_threads)
    return ProportionInterval(lower, upper, confidence)
