"""`FittedTail`, the result of the engine: the numbers of a fit, and the law that they describe."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from htstats._common.arrays import Floats, as_points
from htstats._common.documents import add_sections
from htstats._laws import pareto
from htstats._laws.zeta import ZetaLaw

__all__ = ["ATTRIBUTES", "Curve", "FittedTail"]

NOTHING_EXCLUDED: Mapping[str, int] = MappingProxyType({})


class Curve(NamedTuple):
    """All candidates, as three arrays: xmin in units of the data, alpha, and distance."""

    xmins: Floats
    alphas: Floats
    distances: Floats


ATTRIBUTES = """\
alpha : float
    Density exponent; above 1, or any real number if there is an `xmax`.
xmin : float
    Lower end of the tail, in units of the data: one of the values, or the given xmin.
distance : float
    Kolmogorov-Smirnov distance of the tail, in [0, 1]; see `ks` of `fit_power_law`.
n : int
    Number of fitted values: those on the side that are not 0, not masked and not above `xmax`.
n_tail : int
    Number of fitted values at or above `xmin`.
excluded : mapping of str to int
    Number of elements left out, by reason: "zero", "negative", "positive", "above xmax",
    "masked".
side, ks : str
    As in `fit_power_law`; `side` is "positive" if none was given.
discrete : bool
    Whether the law is the zeta distribution on the integers.
xmax : float or None
    Upper end of the law, in units of the data; None if the law has no upper end.
curve : Curve or None
    (xmins, alphas, distances) of all candidates, if requested."""


@add_sections(Attributes=ATTRIBUTES)
@dataclass(frozen=True, init=False)
class FittedTail:
    """A fitted tail: density proportional to x^-alpha from `xmin` on, and up to `xmax` if given."""

    alpha: float
    xmin: float
    distance: float
    n: int
    n_tail: int
    excluded: Mapping[str, int]
    side: str
    discrete: bool
    ks: str
    xmax: float | None
    curve: Curve | None = field(repr=False, compare=False)

    # The default __init__ of a frozen dataclass sets each field by a separate call. That would take
    # a fifth of the time of a fit of eight values.
    def __init__(
        self,
        alpha: float,
        xmin: float,
        distance: float,
        n: int,
        n_tail: int,
        excluded: Mapping[str, int] = NOTHING_EXCLUDED,
        side: str = "positive",
        discrete: bool = False,
        ks: str = "left",
        xmax: float | None = None,
        curve: Curve | None = None,
    ) -> None:
        self.__dict__.update(
            alpha=alpha, xmin=xmin, distance=distance, n=n, n_tail=n_tail, excluded=excluded,
            side=side, discrete=discrete, ks=ks, xmax=xmax, curve=curve,
        )  # fmt: skip

    @property
    def tail_exponent(self) -> float:
        """alpha - 1: without an xmax, P(X > x) is proportional to x^-(alpha - 1)."""
        return self.alpha - 1

    @property
    def stderr(self) -> float:
        """Standard error of alpha for the chosen xmin, from the Fisher information of the law.

        Without an xmax it is (alpha - 1) / sqrt(n_tail). For a discrete law, the information of one
        value is the variance of log K.
        """
        if self.discrete:
            return 1 / math.sqrt(self.n_tail * self._zeta.information())
        return pareto.stderr(self.alpha - 1, self._length, self.n_tail)

    @property
    def n_excluded(self) -> int:
        """The number of all elements left out; `excluded` has the reasons."""
        return sum(self.excluded.values())

    @property
    def loglikelihood(self) -> float:
        """Log-likelihood of the tail at its maximum.

        At the maximum, the data and the law have the same mean of log(x / xmin)."""
        if self.discrete:
            return self.n_tail * self._zeta.mean_loglikelihood()
        rate, length = self.alpha - 1, self._length
        at_xmin = pareto.log_density_at_xmin(rate, length) - math.log(self.xmin)
        return self.n_tail * (at_xmin - self.alpha * pareto.mean(rate, length))

    def logpdf(self, x: npt.ArrayLike) -> Any:
        """Log density of the tail at `x`; minus infinity outside [xmin, xmax].

        For a discrete fit it is the log probability, and minus infinity between the integers.
        """
        if self.discrete:
            return self._zeta.logpmf(x)[()]
        t = self._log_ratio(x)
        at_xmin = pareto.log_density_at_xmin(self.alpha - 1, self._length) - math.log(self.xmin)
        inside = (t >= 0) & self._is_below_xmax(x)
        with np.errstate(invalid="ignore"):
            return np.where(inside, at_xmin - self.alpha * t, -np.inf)[()]

    def logsf(self, x: npt.ArrayLike) -> Any:
        """Log of P(X > x) for X in the tail; 0 below `xmin`, minus infinity at and above `xmax`."""
        if self.discrete:
            return self._zeta.logsf(x)[()]
        t = np.clip(self._log_ratio(x), 0.0, self._length)
        return np.asarray(pareto.log_survival(t, self.alpha - 1, self._length))[()]

    def logcdf(self, x: npt.ArrayLike) -> Any:
        """Log of P(X <= x) for X in the tail; minus infinity up to `xmin`, 0 at and above `xmax`.

        For a discrete law, the value at `xmin` itself is the log probability of xmin.
        """
        if self.discrete:
            return self._zeta.logcdf(x)[()]
        t = np.clip(self._log_ratio(x), 0.0, self._length)
        return np.asarray(pareto.log_cdf(t, self.alpha - 1, self._length))[()]

    def ppf(self, q: npt.ArrayLike) -> Any:
        """Quantiles of the tail for `q` in [0, 1]; NaN for any other q."""
        q = as_points(q, "q")
        inside = (q >= 0) & (q <= 1)
        if self.discrete:
            with np.errstate(divide="ignore"):
                levels = np.log1p(-np.where(inside, q, np.nan))
            return self._zeta.isf(levels)[()]
        t = pareto.quantile(np.where(inside, q, 0.0), self.alpha - 1, self._length)
        t = np.clip(t, 0.0, self._length)
        with np.errstate(over="ignore"):
            values = self.xmin * np.exp(t)
        if self.xmax is not None:
            values = np.minimum(values, self.xmax)
        return np.where(inside, values, np.nan)[()]

    def sample(
        self, size: int | tuple[int, ...], rng: np.random.Generator | int | None = None
    ) -> Floats:
        """Draw `size` values of the tail.

        `rng` is a generator or a seed for `default_rng`; None gives different values each time."""
        drawn: Floats
        rng = np.random.default_rng(rng)
        if self.discrete:
            drawn = self._zeta.isf(np.log1p(-rng.random(size)))
        elif self.xmax is None:
            with np.errstate(over="ignore"):
                drawn = self.xmin * np.exp(rng.standard_exponential(size) / (self.alpha - 1))
        else:
            drawn = self.ppf(rng.random(size))
        return drawn

    @property
    def _length(self) -> float:
        """log(xmax / xmin)."""
        return math.inf if self.xmax is None else _log_ratio(self.xmin, self.xmax)

    @property
    def _zeta(self) -> ZetaLaw:
        """The law of a discrete fit."""
        return ZetaLaw(
            self.alpha, self.xmin, math.inf if self.xmax is None else math.floor(self.xmax)
        )

    def _log_ratio(self, x: npt.ArrayLike) -> Floats:
        """log(x / xmin); minus infinity for x <= 0."""
        x = as_points(x)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            z = (x - self.xmin) / self.xmin
            # near xmin the difference is exact; far from xmin the ratio may overflow
            logs = np.where(z < 2.0**1000, np.log1p(z), np.log(x) - math.log(self.xmin))
        return np.where(x <= 0, -np.inf, logs)

    def _is_below_xmax(self, x: npt.ArrayLike) -> Any:
        return True if self.xmax is None else as_points(x) <= self.xmax

    def __repr__(self) -> str:
        end = "" if self.xmax is None else f" to xmax={self.xmax:.6g}"
        return (
            f"{type(self).__name__}(alpha={self.alpha:.4g} +- {self.stderr:.3g} "
            f"from xmin={self.xmin:.6g}{end}, KS {self.distance:.3g}, "
            f"tail {self.n_tail} of {self.n})"
        )

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "excluded": dict(self.excluded)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, excluded=MappingProxyType(state["excluded"]))


def _log_ratio(low: float, high: float) -> float:
    """log(high / low): exact for near numbers, and without overflow for distant ones."""
    z = (high - low) / low
    return math.log1p(z) if z < 2.0**1000 else math.log(high) - math.log(low)
