"""Binomial tails in log space, exact far beyond the float range, and their inversions.

``logsf(k, n, p)`` is log P(X > k) for X ~ Bin(n, p), as in SciPy; argument order k, n, p. Arguments
broadcast; numbers give a float, arrays an array. k may be any real number (floored); n is a whole
number in [0, 2^53]; p is in [0, 1]. Everything is dimensionless, logarithms are natural.

The tail on the far side of the mean is computed by a uniform asymptotic series or a continued
fraction, the other from it (see csrc/htst_binomial.h); docs/accuracy-binomial.md has the measured
errors.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from htstats import _checks
from htstats._core import binomial as _core

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

_LARGEST_N = 2**53
_FUNCTIONS = {
    name: code
    for code, name in enumerate(
        ("logsf", "logcdf", "logpmf", "sf", "cdf", "pmf", "kl", "chernoff_logsf")
    )
}

Floats = npt.NDArray[np.float64]
Result = float | Floats


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


def logsf(k: Any, n: Any, p: Any, *, out: Floats | None = None, n_threads: int = 1) -> Any:
    """log P(X > k).

    Parameters
    ----------
    k : array_like
        Number of successes, any real number; floored. Outside the support P is exactly 0 or 1.
    n : array_like
        Number of trials: whole, 0 <= n <= 2^53.
    p : array_like
        Probability of success, in [0, 1].
    out : ndarray of float64, optional
        Where the result goes; it must have the broadcast shape.
    n_threads : int
        Threads for large arrays; the result does not depend on it.

    Returns
    -------
    float or ndarray
        log P(X > k), in [-inf, 0].

    Raises
    ------
    TypeError
        If an argument is not real numbers.
    ValueError
        If n is negative, fractional or above 2^53, p outside [0, 1], any argument NaN.

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
    return _evaluate("logsf", k, n, p, out, n_threads)


def logcdf(k: Any, n: Any, p: Any, *, out: Floats | None = None, n_threads: int = 1) -> Any:
    """log P(X <= k).

    Parameters
    ----------
    k : array_like
        Number of successes, any real number; floored. Outside the support P is exactly 0 or 1.
    n : array_like
        Number of trials: whole, 0 <= n <= 2^53.
    p : array_like
        Probability of success, in [0, 1].
    out : ndarray of float64, optional
        Where the result goes; it must have the broadcast shape.
    n_threads : int
        Threads for large arrays; the result does not depend on it.

    Returns
    -------
    float or ndarray
        log P(X <= k), in [-inf, 0].

    Raises
    ------
    TypeError
        If an argument is not real numbers.
    ValueError
        If n is negative, fractional or above 2^53, p outside [0, 1], any argument NaN.

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
    return _evaluate("logcdf", k, n, p, out, n_threads)


def logpmf(k: Any, n: Any, p: Any, *, out: Floats | None = None, n_threads: int = 1) -> Any:
    """log P(X = k).

    Parameters
    ----------
    k : array_like
        Number of successes, any real number; floored. P is 0 outside [0, n].
    n : array_like
        Number of trials: whole, 0 <= n <= 2^53.
    p : array_like
        Probability of success, in [0, 1].
    out : ndarray of float64, optional
        Where the result goes; it must have the broadcast shape.
    n_threads : int
        Threads for large arrays; the result does not depend on it.

    Returns
    -------
    float or ndarray
        log P(X = k), in [-inf, 0].

    Raises
    ------
    TypeError
        If an argument is not real numbers.
    ValueError
        If n is negative, fractional or above 2^53, p outside [0, 1], any argument NaN.

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
    return _evaluate("logpmf", k, n, p, out, n_threads)


def sf(k: Any, n: Any, p: Any, *, out: Floats | None = None, n_threads: int = 1) -> Any:
    """P(X > k), with full relative accuracy.

    Parameters
    ----------
    k : array_like
        Number of successes, any real number; floored. Outside the support P is exactly 0 or 1.
    n : array_like
        Number of trials: whole, 0 <= n <= 2^53.
    p : array_like
        Probability of success, in [0, 1].
    out : ndarray of float64, optional
        Where the result goes; it must have the broadcast shape.
    n_threads : int
        Threads for large arrays; the result does not depend on it.

    Returns
    -------
    float or ndarray
        P(X > k), in [0, 1].

    Raises
    ------
    TypeError
        If an argument is not real numbers.
    ValueError
        If n is negative, fractional or above 2^53, p outside [0, 1], any argument NaN.

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
    return _evaluate("sf", k, n, p, out, n_threads)


def cdf(k: Any, n: Any, p: Any, *, out: Floats | None = None, n_threads: int = 1) -> Any:
    """P(X <= k), with full relative accuracy.

    Parameters
    ----------
    k : array_like
        Number of successes, any real number; floored. Outside the support P is exactly 0 or 1.
    n : array_like
        Number of trials: whole, 0 <= n <= 2^53.
    p : array_like
        Probability of success, in [0, 1].
    out : ndarray of float64, optional
        Where the result goes; it must have the broadcast shape.
    n_threads : int
        Threads for large arrays; the result does not depend on it.

    Returns
    -------
    float or ndarray
        P(X <= k), in [0, 1].

    Raises
    ------
    TypeError
        If an argument is not real numbers.
    ValueError
        If n is negative, fractional or above 2^53, p outside [0, 1], any argument NaN.

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
    return _evaluate("cdf", k, n, p, out, n_threads)


def pmf(k: Any, n: Any, p: Any, *, out: Floats | None = None, n_threads: int = 1) -> Any:
    """P(X = k), with full relative accuracy.

    Parameters
    ----------
    k : array_like
        Number of successes, any real number; floored. P is 0 outside [0, n].
    n : array_like
        Number of trials: whole, 0 <= n <= 2^53.
    p : array_like
        Probability of success, in [0, 1].
    out : ndarray of float64, optional
        Where the result goes; it must have the broadcast shape.
    n_threads : int
        Threads for large arrays; the result does not depend on it.

    Returns
    -------
    float or ndarray
        P(X = k), in [0, 1].

    Raises
    ------
    TypeError
        If an argument is not real numbers.
    ValueError
        If n is negative, fractional or above 2^53, p outside [0, 1], any argument NaN.

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
    return _evaluate("pmf", k, n, p, out, n_threads)


def kl(k: Any, n: Any, p: Any, *, out: Floats | None = None, n_threads: int = 1) -> Any:
    """n KL(k/n || p), the exponent of Chernoff's bound.

    Parameters
    ----------
    k : array_like
        Number of successes: whole, 0 <= k <= n.
    n : array_like
        Number of trials: whole, 0 <= n <= 2^53.
    p : array_like
        Probability of success, in [0, 1].
    out : ndarray of float64, optional
        Where the result goes; it must have the broadcast shape.
    n_threads : int
        Threads for large arrays; the result does not depend on it.

    Returns
    -------
    float or ndarray
        n KL(k/n || p), in [0, inf]; 0 where n = 0.

    Raises
    ------
    TypeError
        If an argument is not real numbers.
    ValueError
        If n is negative, fractional or above 2^53, p outside [0, 1], any argument NaN,
        or k not whole in [0, n].

    Notes
    -----
    n times [x log(x/p) + (1-x) log((1-x)/(1-p))], x = k/n, as two terms that are never negative;
    relative error at most 2e-15.

    References
    ----------
    C. Loader, "Fast and accurate computation of binomial probabilities" (2000), eq. (2).

    Examples
    --------
    >>> from htstats import binomial
    >>> binomial.kl(5, 10, 0.5)
    0.0
    """
    return _evaluate("kl", k, n, p, out, n_threads)


def chernoff_logsf(k: Any, n: Any, p: Any, *, out: Floats | None = None, n_threads: int = 1) -> Any:
    """Chernoff's bound of log P(X > k).

    Parameters
    ----------
    k : array_like
        Number of successes, any real number; floored. Outside the support P is exactly 0 or 1.
    n : array_like
        Number of trials: whole, 0 <= n <= 2^53.
    p : array_like
        Probability of success, in [0, 1].
    out : ndarray of float64, optional
        Where the result goes; it must have the broadcast shape.
    n_threads : int
        Threads for large arrays; the result does not depend on it.

    Returns
    -------
    float or ndarray
        At least `logsf(k, n, p)`: -kl(k+1, n, p) where k + 1 > n p, else 0; -inf where k >= n.

    Raises
    ------
    TypeError
        If an argument is not real numbers.
    ValueError
        If n is negative, fractional or above 2^53, p outside [0, 1], any argument NaN.

    Notes
    -----
    The paper's (6), at k + 1.

    References
    ----------
    H. Chernoff, Ann. Math. Statist. 23 (1952), eq. (5).

    Examples
    --------
    >>> from htstats import binomial
    >>> binomial.chernoff_logsf(149, 10000, 0.01)
    -10.94624194423937
    """
    return _evaluate("chernoff_logsf", k, n, p, out, n_threads)


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
    Newton's method on `logsf` inside a bracket that only shrinks; a few evaluations. k is exact
    up to the accuracy of `logsf`.

    References
    ----------
    W. Hormann, "The generation of binomial random variates", J. Stat. Comput. Simul. 46 (1993).

    Examples
    --------
    >>> from htstats import binomial
    >>> binomial.log_isf(-1000.0, 10**6, 0.5)
    522304.0
    """
    inputs = [_numbers("level", level), _trials(n), _probabilities(p)]
    return _run(_core.log_isf, inputs, out, n_threads)


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
    Newton's method in logit p, where log P is concave. Levels of -1e7 and lower are meant: a code
    of L bits gives log_level = log(delta) - L log 2. p is right to 1e-13, relative to min(p, 1-p).

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
    return _limit(True, k, n, log_level, n_threads)


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
    return _limit(False, k, n, log_level, n_threads)


def proportion_interval(k: Any, n: Any, *, confidence: float = 0.95) -> ProportionInterval:
    """The two-sided Clopper-Pearson interval for a proportion.

    Parameters
    ----------
    k, n : array_like
        Successes and trials, as in `upper_limit`.
    confidence : float
        Coverage is at least this, in (0, 1); each side fails with at most half the rest.

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
    confidence = _checks.probability("confidence", confidence)
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be in (0, 1), got {confidence!r}")
    level = math.log((1 - confidence) / 2)
    return ProportionInterval(lower_limit(k, n, level), upper_limit(k, n, level), confidence)


def _evaluate(name: str, k: Any, n: Any, p: Any, out: Floats | None, n_threads: int) -> Result:
    inputs = [_floats("k", k), _floats("n", n), _floats("p", p)]
    if out is not None:  # nothing is written where an argument is bad
        _refuse_bad(name, *inputs)
    code = _FUNCTIONS[name]

    def kernel(a: Floats, b: Floats, c: Floats, into: Floats) -> None:
        _core.evaluate(code, a, b, c, into)

    result = _run(kernel, inputs, out, n_threads)
    # The kernels give NaN for bad arguments and for nothing else: one look at the result is much
    # faster than a dozen at the inputs. No result has both signs, so that a sum finds a NaN.
    if math.isnan(np.sum(result)):
        _refuse_bad(name, *inputs)
    return result


def _refuse_bad(name: str, k: Floats, n: Floats, p: Floats) -> None:
    """Raise for the first bad argument of a function of (k, n, p)."""
    _numbers("k", k)
    _trials(n)
    _probabilities(p)
    if name == "kl":
        _successes(k, n)


def _limit(upper: bool, k: Any, n: Any, log_level: Any, n_threads: int) -> Limit:
    counts, trials, level = _numbers("k", k), _trials(n), _numbers("log_level", log_level)
    _refuse(level > 0, level, "log_level must be 0 or below")
    _successes(counts, trials)

    def kernel(a: Floats, b: Floats, c: Floats, into: Floats) -> None:
        _core.limit(upper, a, b, c, into)

    shape = np.broadcast_shapes(counts.shape, trials.shape, level.shape)
    columns = np.empty((*shape, 3))
    _run_into(kernel, [counts, trials, level], columns.reshape(-1, 3), shape, n_threads)
    if shape == ():
        return Limit(*(float(x) for x in columns))
    return Limit(*(np.ascontiguousarray(columns[..., i]) for i in range(3)))


def _run(
    kernel: Callable[..., None], inputs: list[Floats], out: Floats | None, n_threads: int
) -> Result:
    shape = np.broadcast_shapes(*(x.shape for x in inputs))
    if out is None:
        result = np.empty(shape)
    else:
        if not isinstance(out, np.ndarray) or out.dtype != np.float64 or out.shape != shape:
            found = f"{out.dtype} {out.shape}" if isinstance(out, np.ndarray) else repr(out)
            raise ValueError(f"out must be a float64 array of shape {shape}, got {found}")
        result = out
        direct = out.flags.c_contiguous and not any(np.may_share_memory(out, x) for x in inputs)
        if not direct:
            result = np.empty(shape)
    _run_into(kernel, inputs, result.reshape(-1), shape, n_threads)
    if out is not None:
        if result is not out:
            out[...] = result
        return out
    return float(result) if shape == () else result


def _run_into(
    kernel: Callable[..., None],
    inputs: list[Floats],
    out: Floats,
    shape: tuple[int, ...],
    n_threads: int,
) -> None:
    """Broadcast, flatten and run; an input of one element stays one."""
    threads = _checks.count("n_threads", n_threads, at_least=1)
    flat = [_flat(x, shape) for x in inputs]
    count = out.shape[0]
    threads = min(threads, max(1, count // 1024))
    if threads == 1:
        kernel(*flat, out)
        return
    edges = [count * i // threads for i in range(threads + 1)]

    def part(i: int) -> None:
        rows = slice(edges[i], edges[i + 1])
        kernel(*(x if x.size == 1 else x[rows] for x in flat), out[rows])

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(part, range(threads)))


def _flat(x: Floats, shape: tuple[int, ...]) -> Floats:
    if x.size == 1:
        return x.reshape(1)
    return np.ascontiguousarray(np.broadcast_to(x, shape)).reshape(-1)


def _floats(name: str, x: Any) -> Floats:
    """float64, without a copy where it is; integers beyond any n stay beyond it."""
    array = np.asarray(x)
    if array.dtype.kind == "O" and all(isinstance(v, int) for v in array.flat):
        # Python integers beyond int64: all of them lie beyond any n
        array = np.asarray(np.clip(array, -_LARGEST_N - 2, _LARGEST_N + 2), dtype=np.int64)
    if array.dtype.kind in "iu" and array.dtype.itemsize == 8:
        # above 2^53 a float would round to a neighbour; both lie beyond any n
        array = np.where(array > _LARGEST_N, _LARGEST_N + 2, array)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must be real numbers, got {x!r}")
    return array.astype(np.float64, copy=False)


def _numbers(name: str, x: Any) -> Floats:
    """float64; NaN is refused."""
    numbers = _floats(name, x)
    _refuse(np.isnan(numbers), numbers, f"{name} must not be NaN")
    return numbers


def _trials(n: Any) -> Floats:
    trials = _numbers("n", n)
    _refuse(
        (trials < 0) | (trials > _LARGEST_N) | (np.floor(trials) != trials),
        trials,
        "n must be a whole number in [0, 2^53]",
    )
    return trials


def _probabilities(p: Any) -> Floats:
    chances = _numbers("p", p)
    _refuse(~((chances >= 0) & (chances <= 1)), chances, "p must be in [0, 1]")
    return chances


def _successes(k: Floats, n: Floats) -> None:
    bad = (k < 0) | (k > n) | (np.floor(k) != k)
    _refuse(bad, np.broadcast_to(k, bad.shape), "k must be a whole number in [0, n]")


def _refuse(bad: Any, values: Floats, rule: str) -> None:
    if np.any(bad):
        raise ValueError(f"{rule}, got {float(values[bad].flat[0])!r}")
