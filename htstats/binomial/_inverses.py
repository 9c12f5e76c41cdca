"""Inverses of the binomial tails: the smallest k of a level, and confidence limits for p."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from htstats._common import checks
from htstats._common.broadcast import Result
from htstats.binomial import _arguments
from htstats.binomial._arguments import Floats

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
        log p and log(1 - p), also where p or 1 - p is outside the float range.
    """

    p: Result
    log_p: Result
    log1m_p: Result


@dataclass(frozen=True)
class ProportionInterval:
    """A two-sided Clopper-Pearson interval: `lower` and `upper` are `Limit`, at `confidence`."""

    lower: Limit
    upper: Limit
    confidence: float


def log_isf(level: Any, n: Any, p: Any, *, out: Floats | None = None, n_threads: int = 1) -> Any:
    """The smallest k with log P(X > k) <= level.

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
    From the normal deviate of the level and n KL = deviate^2/2, Newton's steps on `logsf` with the
    change of their slope, inside a bracket that only shrinks: a few evaluations. By
    `logsf` itself k is exact, to the last bit of the level.

    References
    ----------
    N. M. Temme, as in `logsf`, whose leading term gives the start: eq. (3.2).

    Examples
    --------
    >>> from htstats import binomial
    >>> binomial.log_isf(-1000.0, 10**6, 0.5)
    522304.0
    """
    return _arguments.log_isf(level, n, p, out, n_threads)


def upper_limit(k: Any, n: Any, log_level: Any, *, n_threads: int = 1) -> Limit:
    """The largest p with log P(X <= k) >= log_level: Clopper and Pearson's upper limit.

    Parameters
    ----------
    k : array_like
        Number of successes: whole, 0 <= k <= n.
    n : array_like
        Number of trials: whole, 0 <= n <= 2^53.
    log_level : array_like
        Log of the probability that the limit fails, in [-inf, 0].
    n_threads : int
        Threads for large arrays; the result does not depend on it.

    Returns
    -------
    Limit

    Raises
    ------
    TypeError
        If an argument is not real numbers.
    ValueError
        If an argument is NaN or outside its range.

    Notes
    -----
    Halley's method in logit p, where log P is concave; a few evaluations. Levels of -1e7
    and lower are meant: a code of L bits gives log_level = log(delta) - L log 2. p is right to
    1e-13, relative to min(p, 1-p); see docs/accuracy-binomial.md.

    References
    ----------
    C. J. Clopper and E. S. Pearson, Biometrika 26 (1934), eq. (1). J. Langford, "Tutorial on
    practical prediction theory for classification", JMLR 6 (2005), definition 3.1.

    Examples
    --------
    >>> from htstats import binomial
    >>> import math
    >>> round(binomial.upper_limit(72, 1437, math.log(0.05) - 800 * math.log(2)).p, 6)
    0.435447
    """
    return Limit(*_arguments.limits(True, k, n, log_level, n_threads))


def lower_limit(k: Any, n: Any, log_level: Any, *, n_threads: int = 1) -> Limit:
    """The smallest p with log P(X >= k) >= log_level: Clopper and Pearson's lower limit.

    Parameters
    ----------
    k, n, log_level, n_threads
        As in `upper_limit`.

    Returns
    -------
    Limit

    Raises
    ------
    TypeError, ValueError
        As in `upper_limit`.

    Notes
    -----
    The mirror image of `upper_limit`; p of 1e-300 and its log keep their digits.

    References
    ----------
    C. J. Clopper and E. S. Pearson, Biometrika 26 (1934), eq. (1).

    Examples
    --------
    >>> from htstats import binomial
    >>> binomial.lower_limit(0, 10, -3.0).p
    0.0
    """
    return Limit(*_arguments.limits(False, k, n, log_level, n_threads))


def proportion_interval(
    k: Any, n: Any, *, confidence: float = 0.95, n_threads: int = 1
) -> ProportionInterval:
    """The two-sided Clopper-Pearson interval for a proportion.

    Parameters
    ----------
    k, n : array_like
        Successes and trials, as in `upper_limit`.
    confidence : float
        Coverage is at least this, in (0, 1); each side fails with at most half the rest.
    n_threads : int
        As in `upper_limit`.

    Returns
    -------
    ProportionInterval

    Raises
    ------
    TypeError, ValueError
        As in `upper_limit`, or `confidence` outside (0, 1).

    Notes
    -----
    Never too short, whatever n and p; see `upper_limit` for method and accuracy.

    References
    ----------
    C. J. Clopper and E. S. Pearson, Biometrika 26 (1934), eq. (1).

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
