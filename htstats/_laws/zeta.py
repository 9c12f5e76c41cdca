"""The power law on the integers: the zeta distribution, up to an xmax or without an end."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from htstats._common.arrays import Floats, as_points
from htstats._core import discrete, zeta

__all__ = ["LARGEST", "ZetaLaw", "require_whole"]

# Above this, not every integer is a float64.
LARGEST = 2.0**53

# Quantiles below xmin + TABLE are looked up in a table of the survival function.
TABLE = 1024

# Number of values that are checked together, so that the temporary arrays fit in the cache.
PIECE = 1 << 14


def require_whole(name: str, values: Floats) -> Floats:
    """Return the values; raise ValueError if one is not an integer or is beyond 2^53."""
    pieces = [values[start : start + PIECE] for start in range(0, values.size, PIECE)]
    for piece in pieces:
        bad = piece != np.floor(piece)
        if bad.any():
            raise ValueError(
                f"{name} must hold whole numbers where discrete=True, got {float(piece[bad][0])!r}"
            )
    if any(piece.max() > LARGEST or piece.min() < -LARGEST for piece in pieces):
        raise ValueError(f"{name} must be at most 2**53 where discrete=True, got {values.max()!r}")
    return values


@dataclass(frozen=True)
class ZetaLaw:
    """P(K = k) = k^-alpha / sum_{j=xmin}^{xmax} j^-alpha on the integers from xmin to xmax.

    Attributes
    ----------
    alpha : float
        Exponent: above 1 or, if `xmax` is finite, 0 or above.
    xmin, xmax : float
        First and last integer; `xmax` may be infinite.

    Notes
    -----
    The sums come from htst_zeta. They are accurate to a few units in the last place for every alpha
    and xmin, without underflow or overflow.
    """

    alpha: float
    xmin: float
    xmax: float = math.inf

    @classmethod
    def fit(cls, x: Floats, xmin: float, xmax: float = math.inf) -> ZetaLaw:
        """Find the law with the largest likelihood for whole numbers `x` in [xmin, xmax].

        With a finite `xmax` alpha is at least 0. It is 0 if the mean of log(x) is at least that of
        the uniform law. The method raises ValueError if the likelihood has no maximum above the
        lower bound of alpha, which is 0, or 1 without an xmax.
        """
        values, counts = np.unique(np.asarray(x, np.float64), return_counts=True)
        if values[0] > xmin:
            values, counts = np.append(xmin, values), np.append(0, counts)
        first = np.zeros(len(counts) + 1, np.int64)
        np.cumsum(counts, out=first[1:])
        mean = np.empty(values.size)
        discrete.means(values, first, mean)
        if math.isinf(xmax):
            k, _, alpha = discrete.search(values, first, mean, False, 1.0, 0, 1, 0.0)
            if k < 0:
                raise ValueError("no alpha above 1 is the maximum of the likelihood")
            return cls(alpha, xmin)
        xmax = math.floor(xmax)
        ratios = np.log1p((values - xmin) / xmin)
        if float(counts @ ratios) / x.size >= -zeta.log_scaled_sum(0.0, xmin, xmax)[1]:
            return cls(0.0, xmin, xmax)
        alphas, norms = np.empty(1), np.empty(1)
        discrete.estimate(values, mean, 0, xmax, 0.0, alphas, norms)
        if math.isnan(alphas[0]):
            raise ValueError("no alpha above 0 is the maximum of the likelihood")
        return cls(float(alphas[0]), xmin, xmax)

    def logpmf(self, k: npt.ArrayLike) -> Floats:
        """Log probability of `k`; -inf outside [xmin, xmax], and if k is not an integer."""
        k = as_points(k, "k")
        inside = (k >= self.xmin) & (k <= self.xmax) & (k == np.floor(k))
        above = np.where(inside, k, self.xmin) - self.xmin
        value = -self.alpha * np.log1p(above / self.xmin) - self._log_norm()
        return np.where(np.isnan(k), np.nan, np.where(inside, value, -np.inf))

    def logsf(self, k: npt.ArrayLike) -> Floats:
        """Log of P(K > k) for any real k; 0 below xmin."""
        k = np.floor(as_points(k, "k"))
        inside = (k >= self.xmin) & (k < self.xmax)
        value = self._log_from(np.where(inside, k + 1, self.xmin))
        value = np.where(k >= self.xmax, -np.inf, np.where(inside, np.minimum(value, 0.0), 0.0))
        return np.where(np.isnan(k), np.nan, value)

    def logcdf(self, k: npt.ArrayLike) -> Floats:
        """Log of P(K <= k); -inf below xmin."""
        sf = self.logsf(k)
        with np.errstate(divide="ignore"):
            return np.where(sf > -math.log(2), np.log(-np.expm1(sf)), np.log1p(-np.exp(sf)))

    def isf(self, logq: npt.ArrayLike) -> Floats:
        """The smallest k with log P(K > k) <= logq; beyond 2^53, rounded to a float."""
        logq = as_points(logq, "logq")
        flat = logq.reshape(-1)
        size = min(max(flat.size, 16), TABLE, self.xmax - self.xmin + 1)
        first = self.xmin + np.arange(int(size), dtype=np.float64)
        table = self.logsf(first)
        place = np.searchsorted(-table, -flat)
        k = first[np.minimum(place, first.size - 1)]
        far = place == first.size
        if far.any():
            k[far] = self._isf_beyond(flat[far], first[-1], table[-1])
        k[np.isnan(flat)] = np.nan
        return np.asarray(k.reshape(logq.shape))

    def sample(self, size: int, rng: np.random.Generator) -> Floats:
        """`size` independent draws, by inversion."""
        return self.isf(np.log1p(-rng.random(size)))

    def information(self) -> float:
        """The Fisher information of one value about alpha: the variance of log K."""
        return zeta.log_scaled_sum(self.alpha, self.xmin, self.xmax)[2]

    def mean_loglikelihood(self) -> float:
        """The mean log-likelihood of the values to which alpha was fitted.

        The mean of log(K/xmin) over these values equals that of the law, so no data are needed.
        """
        log_z, slope, _ = zeta.log_scaled_sum(self.alpha, self.xmin, self.xmax)
        return self.alpha * slope - log_z

    def _log_norm(self) -> float:
        return zeta.log_scaled_sum(self.alpha, self.xmin, self.xmax)[0]

    def _log_from(self, k: Floats) -> Floats:
        """Log of P(K >= k) for integers from xmin to xmax."""
        flat = np.ascontiguousarray(k).reshape(-1)
        out = np.empty(flat.size)
        zeta.scaled_sums(self.alpha, flat, self.xmax, out)
        decay = self.alpha * np.log1p((flat - self.xmin) / self.xmin)
        return np.asarray(np.log(out) - decay - self._log_norm()).reshape(k.shape)

    def _isf_beyond(self, logq: Floats, last: float, log_last: float) -> Floats:
        """The result of `isf` beyond `last`, where log P(K > last) = log_last > logq.

        Bisection starts around the quantile of the continuous law.
        """
        rate, room = self.alpha - 1, math.log((self.xmax + 0.5) / (last + 0.5))
        if math.isinf(room):
            steps = (log_last - logq) / rate
        elif abs(rate * room) < 1e-8:
            steps = -np.expm1(logq - log_last) * room
        else:
            steps = -np.log1p(-np.expm1(logq - log_last) * math.expm1(-rate * room)) / rate
        with np.errstate(over="ignore"):
            guess = np.minimum((last + 0.5) * np.exp(steps) - 0.5, self.xmax)
        near = np.flatnonzero((guess < LARGEST / 2) | (self.xmax < math.inf))
        far = np.flatnonzero((guess >= LARGEST / 2) & np.isfinite(guess))
        found, target = guess.copy(), logq[near]
        if far.size and math.isinf(self.xmax):  # floats skip integers there: one Newton step
            found[far] *= np.exp((self.logsf(guess[far]) - logq[far]) / rate)
        low = np.maximum(np.floor(guess[near]) - 1, last)  # log P(K > low) > logq
        low[self.logsf(low) <= target] = last
        high, step = np.minimum(low + 2, self.xmax), 2.0
        while np.any(grow := self.logsf(high) > target):
            low = np.where(grow, high, low)
            step *= 2
            high = np.where(grow, np.minimum(high + step, self.xmax), high)
        while np.any(wide := high - low > 1):
            middle = np.where(wide, np.floor((low + high) / 2), high)
            enough = wide & (self.logsf(middle) <= target)
            low, high = np.where(wide & ~enough, middle, low), np.where(enough, middle, high)
        found[near] = high
        return found
