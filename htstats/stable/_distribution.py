"""One stable law as an object, with a table for repeated use."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from htstats._common import checks
from htstats._common.arrays import Floats
from htstats._common.broadcast import numbers, run
from htstats.stable import _arguments, _moments, _numbers
from htstats.stable._arguments import first_argument
from htstats.stable._sample import sample
from htstats.stable._table import StableTable, table_of

__all__ = ["StableDistribution", "evaluate"]

# Arrays of at least this size are evaluated by the table, which takes about 5 ms to build.
TABLE_FROM = 1024


def _log_tails(q: Floats) -> tuple[Floats, Floats]:
    with np.errstate(divide="ignore"):
        return np.log(q), np.log1p(-q)


def _log_tails_of_level(level: Floats) -> tuple[Floats, Floats]:
    with np.errstate(divide="ignore"):
        near = np.log(-np.expm1(level))
        return np.where(level > -math.log(2), near, np.log1p(-np.exp(level))), level


# log P(X <= x) and log P(X > x) from the argument of each inverse function
_LOG_TAILS = {
    "ppf": _log_tails,
    "isf": lambda q: _log_tails(q)[::-1],
    "log_isf": _log_tails_of_level,
}


@dataclass(frozen=True)
class StableDistribution:
    """An alpha-stable law with fixed parameters.

    Parameters
    ----------
    alpha : float
        Stability index, in (0, 2].
    beta : float
        Skewness, in [-1, 1].
    loc, scale : float
        Location and scale, in the unit of the data; scale is above 0.
    parameterization : {"S0", "S1"}
        Nolan's parameterization, which defines `loc`; see `htstats.stable.pdf`.

    Raises
    ------
    TypeError, ValueError
        As in `htstats.stable.pdf`.

    Notes
    -----
    Numbers and arrays of fewer than 1024 elements are evaluated directly. Larger arrays use a
    table of the law, if alpha is at least 0.1. The table is built at the first use, and all objects
    and threads share it. At most 32 tables of 270 kB are kept. The relative error of the table is
    below 1e-11.

    References
    ----------
    J. P. Nolan, "Univariate stable distributions" (2020), definitions 1.3 and 1.4.

    Examples
    --------
    >>> from htstats.stable import StableDistribution
    >>> law = StableDistribution(1.5, 0.5)
    >>> law
    StableDistribution(alpha=1.5, beta=0.5, loc=0.0, scale=1.0, parameterization='S0')
    >>> round(law.sf(10.0), 12)
    0.010474156437
    """

    alpha: float
    beta: float
    loc: float = 0.0
    scale: float = 1.0
    parameterization: str = "S0"

    def __post_init__(self) -> None:
        _arguments.is_s1(self.parameterization)
        arrays = _arguments.check_law(self.alpha, self.beta, self.loc, self.scale)
        for name, array in zip(("alpha", "beta", "loc", "scale"), arrays, strict=True):
            if array.shape != ():
                raise TypeError(f"{name} must be a number, got shape {array.shape}")
            object.__setattr__(self, name, float(array))

    @property
    def args(self) -> tuple[float, float]:
        """(alpha, beta), by SciPy's name."""
        return self.alpha, self.beta

    @property
    def kwds(self) -> dict[str, float]:
        """``{"loc": loc, "scale": scale}``, by SciPy's name."""
        return {"loc": self.loc, "scale": self.scale}

    @property
    def table(self) -> StableTable:
        """The table of (alpha, beta). The first use builds it."""
        return table_of(self.alpha, self.beta)

    def _has_table(self, x: Any) -> bool:
        return is_large(x) and self.alpha >= _numbers.LEAST_TABLE_ALPHA

    def _evaluate(self, name: str, x: Any, out: Floats | None, n_threads: int) -> Any:
        if not self._has_table(x):
            law = (self.alpha, self.beta, self.loc, self.scale)
            return _arguments.evaluate(name, x, law, self.parameterization, out, n_threads)
        return self.table.evaluate(
            name,
            first_argument(name, x),
            self.loc,
            self.scale,
            s1=self.parameterization == "S1",
            out=out,
            n_threads=n_threads,
        )

    def pdf(self, x: Any, *, out: Floats | None = None, n_threads: int = 1) -> Any:
        """Density at `x`; see `htstats.stable.pdf`."""
        return self._evaluate("pdf", x, out, n_threads)

    def logpdf(self, x: Any, *, out: Floats | None = None, n_threads: int = 1) -> Any:
        """Log of the density at `x`; see `htstats.stable.logpdf`."""
        return self._evaluate("logpdf", x, out, n_threads)

    def cdf(self, x: Any, *, out: Floats | None = None, n_threads: int = 1) -> Any:
        """P(X <= x); see `htstats.stable.cdf`."""
        return self._evaluate("cdf", x, out, n_threads)

    def logcdf(self, x: Any, *, out: Floats | None = None, n_threads: int = 1) -> Any:
        """Log of P(X <= x); see `htstats.stable.logcdf`."""
        return self._evaluate("logcdf", x, out, n_threads)

    def sf(self, x: Any, *, out: Floats | None = None, n_threads: int = 1) -> Any:
        """P(X > x); see `htstats.stable.sf`."""
        return self._evaluate("sf", x, out, n_threads)

    def logsf(self, x: Any, *, out: Floats | None = None, n_threads: int = 1) -> Any:
        """Log of P(X > x); see `htstats.stable.logsf`."""
        return self._evaluate("logsf", x, out, n_threads)

    def ppf(self, q: Any, *, out: Floats | None = None, n_threads: int = 1) -> Any:
        """The x with P(X <= x) = q; see `htstats.stable.ppf`."""
        return self._invert("ppf", q, out, n_threads)

    def isf(self, q: Any, *, out: Floats | None = None, n_threads: int = 1) -> Any:
        """The x with P(X > x) = q; see `htstats.stable.isf`."""
        return self._invert("isf", q, out, n_threads)

    def log_isf(self, level: Any, *, out: Floats | None = None, n_threads: int = 1) -> Any:
        """The x with log P(X > x) = level; see `htstats.stable.log_isf`."""
        return self._invert("log_isf", level, out, n_threads)

    def _invert(self, name: str, q: Any, out: Floats | None, n_threads: int) -> Any:
        law = (self.alpha, self.beta, self.loc, self.scale)
        if not self._has_table(q):
            return _arguments.evaluate(name, q, law, self.parameterization, out, n_threads)
        inverse = self.table.inverse
        *_, s1 = self.table.range()
        move = _numbers.shift(self, s1=s1)

        def direct(part: Floats) -> Floats:
            kind = self.parameterization
            return np.asarray(_arguments.evaluate(name, part, law, kind, None, 1))

        def kernel(part: Floats, into: Floats) -> None:
            t = inverse.solve(*_LOG_TAILS[name](part))
            into[:] = self.loc + self.scale * (t + move)
            if (lost := np.isnan(t)).any():
                into[lost] = direct(part[lost])

        return run(kernel, "q", [first_argument(name, q)], out, n_threads)

    def sample(
        self,
        size: int | tuple[int, ...],
        *,
        seed: int,
        n_threads: int = 1,
        out: Floats | None = None,
    ) -> Floats:
        """Random numbers that are the same on every machine; see `htstats.stable.sample`."""
        law = (self.alpha, self.beta, self.loc, self.scale)
        kind = self.parameterization
        return sample(size, *law, seed=seed, parameterization=kind, n_threads=n_threads, out=out)

    def rvs(self, size: int | Sequence[int] | None = None, random_state: Any = None) -> Any:
        """Random numbers by SciPy's name: `sample` with a seed from `random_state`.

        `random_state` is None (a fresh seed), a seed or a generator of NumPy. Without a size, the
        result is a float.
        """
        shape = () if size is None else tuple(np.atleast_1d(size).tolist())
        found = self.sample(shape, seed=_moments.seed_of(random_state))
        return found if shape else float(found)

    # ---- moments and other numbers of the law ----------------------------------------------------

    def mean(self) -> float:
        """The mean. For alpha <= 1 there is no finite mean, and this is NaN or infinite."""
        return _numbers.mean(self)

    def var(self) -> float:
        """The variance: 2 scale^2 for alpha = 2, else infinite."""
        return 2.0 * self.scale * self.scale if self.alpha == 2 else math.inf

    def stats(self, moments: str = "mv") -> Any:
        """Mean, variance, skewness and excess kurtosis, as the letters of `moments` ask for."""
        return _moments.stats(self, moments)

    def moment(self, order: int) -> float:
        """E X^order. Infinite if it diverges to one side, NaN if it does not exist."""
        return _moments.moment(self, order)

    def expect(
        self,
        func: Callable[[float], float] | None = None,
        lb: float | None = None,
        ub: float | None = None,
        conditional: bool = False,
    ) -> float:
        """The integral of func(x) times the density from lb to ub, to 1e-9 if it converges fast.

        `func` is the identity and lb and ub are the ends of the support unless given. The result is
        divided by P(lb < X < ub) if `conditional` is true. An integral that diverges to one side
        is infinite. It is NaN if it diverges to both.
        """
        low, high = self.support()
        low = low if lb is None else max(low, float(numbers("lb", lb)))
        high = high if ub is None else min(high, float(numbers("ub", ub)))
        if not low < high:
            return 0.0
        total = _moments.expect(self.logpdf, self, self.median(), func, (low, high))
        return total / float(self.cdf(high) - self.cdf(low)) if conditional else total

    def std(self) -> float:
        """The standard deviation: sqrt(2) scale for alpha = 2, else infinite."""
        return math.sqrt(self.var())

    def median(self) -> float:
        """The median."""
        return float(self.ppf(0.5))

    def mode(self) -> float:
        """The point where the density is largest, accurate to 1e-9 of the scale."""
        return _numbers.mode(self)

    def entropy(self) -> float:
        """The differential entropy -E log f(X), in nats, accurate to 1e-9."""
        return _numbers.entropy(self)

    def support(self) -> tuple[float, float]:
        """The ends of the support: a half-line if alpha < 1 and abs(beta) = 1, else the line."""
        return float(self.ppf(0.0)), float(self.ppf(1.0))

    def interval(self, confidence: float) -> tuple[float, float]:
        """The central interval with probability `confidence`, in [0, 1]."""
        tail = (1.0 - checks.probability("confidence", confidence)) / 2
        return float(self.ppf(tail)), float(self.isf(tail))


def is_large(x: Any) -> bool:
    """Whether x has enough elements for a table. A float is known without a call of NumPy."""
    return not isinstance(x, float) and np.size(x) >= TABLE_FROM


def evaluate(
    name: str, x: Any, law: tuple[Any, Any, Any, Any], parameterization: str,
    out: Floats | None, n_threads: int,
) -> Any:  # fmt: skip
    """The function of this name: by the table of the law if all of a large array have one law."""
    if not is_large(x) or any(np.ndim(parameter) for parameter in law):
        return _arguments.evaluate(name, x, law, parameterization, out, n_threads)
    one = StableDistribution(*law, parameterization=parameterization)
    return getattr(one, name)(x, out=out, n_threads=n_threads)
