"""Compare a fitted stable law with the normal law, Student's t, and the tail of a power law."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy import special

from htstats._common import checks
from htstats._common.arrays import Floats
from htstats.stable._distribution import StableDistribution
from htstats.stable._fit_mle import fit_normal
from htstats.stable._fitted import FittedStable
from htstats.stable._points import Points

__all__ = ["OTHERS", "StableComparison", "compare", "compare_tail"]

OTHERS = ("normal", "student_t")


class StableComparison(NamedTuple):
    """The comparison of a stable law with another law, both fitted by maximum likelihood.

    `R` is the log-likelihood ratio. It is above 0 if the stable law fits better. `normalized` is R
    divided by its standard deviation. `pvalue` is the probability of an R this far from 0 if both
    laws fit equally well. `parameters` has the parameters of the other law. `n` is the number of
    values on which the laws are compared.
    """

    other: str
    R: float
    normalized: float
    pvalue: float
    parameters: dict[str, float]
    n: float

    def better(self, level: float = 0.1) -> str:
        """ "stable", the other's name, or "undecided" if pvalue > level."""
        if self.pvalue > level or self.R == 0:
            return "undecided"
        return "stable" if self.R > 0 else self.other


def compare(fit: FittedStable, other: str) -> StableComparison:
    """See `StableFit.compare`."""
    checks.one_of("other", other, OTHERS)
    points = fit.points
    mine = np.asarray(StableDistribution(*fit.estimate).logpdf(points.x))
    if other == "normal":
        _, _, loc, scale = fit_normal(points).estimate
        theirs = -(((points.x - loc) / (2 * scale)) ** 2) - math.log(2 * scale * math.sqrt(math.pi))
        parameters = {"mean": loc, "std": math.sqrt(2) * scale}
    else:
        df, loc, scale = fit_student(points)
        theirs = _student((points.x - loc) / scale, df) - math.log(scale)
        parameters = {"df": df, "loc": loc, "scale": scale}
    return _ratio(other, mine - theirs, points.weight, parameters, nested=other == "normal")


def compare_tail(fit: FittedStable, xmin: float) -> StableComparison:
    """See `StableFit.compare_tail`."""
    xmin = checks.positive("xmin", xmin)
    size = np.abs(fit.points.x)
    kept = size >= xmin
    x, weight = size[kept], fit.points.weight[kept]
    if x.size == 0 or x.max() == xmin:
        raise ValueError(f"x must have values beyond xmin in size, got none beyond {xmin!r}")
    law = StableDistribution(*fit.estimate)
    ends = np.asarray([law.logsf(xmin), law.logcdf(-xmin)])
    mine = np.logaddexp(law.logpdf(x), law.logpdf(-x)) - np.logaddexp(*ends)
    logs = np.log(x / xmin)
    alpha = 1 + math.fsum(weight) / math.fsum(weight * logs)
    theirs = math.log((alpha - 1) / xmin) - alpha * logs
    parameters = {"xmin": xmin, "alpha": alpha, "tail_exponent": alpha - 1}
    return _ratio("power_law", np.asarray(mine) - theirs, weight, parameters, nested=False)


def _ratio(
    other: str, difference: Floats, weight: Floats, parameters: dict[str, float], *, nested: bool
) -> StableComparison:
    """Vuong's test on weighted points; nested laws by chi-squared(1)."""
    n = math.fsum(weight)
    total = math.fsum(weight * difference)
    spread = math.sqrt(math.fsum(weight * (difference - total / n) ** 2))
    normalized = total / spread if spread > 0 else 0.0
    if nested:
        pvalue = float(special.chdtrc(1, 2 * max(total, 0.0)))
    else:
        pvalue = float(special.erfc(abs(normalized) / math.sqrt(2)))
    return StableComparison(other, total, normalized, pvalue, parameters, n)


def fit_student(points: Points) -> tuple[float, float, float]:
    """Degrees of freedom, location and scale of Student's t by maximum likelihood.

    For given degrees of freedom, iteratively reweighted means give location and scale. Brent's
    method finds the degrees of freedom.
    """
    from scipy import optimize  # imported here: it loads more slowly than all other functions here

    q25, q50, q75 = points.quantile(np.array([0.25, 0.5, 0.75])).tolist()
    place = [q50, (q75 - q25) / 2 or 1.0]

    def loss(log_df: float) -> float:
        df = math.exp(log_df)
        for _ in range(60):
            z = (points.x - place[0]) / place[1]
            pull = points.weight * (df + 1) / (df + z * z)
            loc = math.fsum(pull * points.x) / math.fsum(pull)
            scale = math.sqrt(math.fsum(pull * (points.x - loc) ** 2) / points.n)
            moved = abs(loc - place[0]) / scale + abs(scale / place[1] - 1)
            place[:] = loc, scale
            if moved < 1e-9:
                break
        z = (points.x - place[0]) / place[1]
        return -points.total(_student(z, df)) + points.n * math.log(place[1])

    found = optimize.minimize_scalar(loss, bounds=(-1.5, 9.0), method="bounded")
    loss(found.x)
    return math.exp(found.x), place[0], place[1]


def _student(z: Floats, df: float) -> Floats:
    constant = special.gammaln((df + 1) / 2) - special.gammaln(df / 2) - math.log(df * math.pi) / 2
    return np.asarray(constant - (df + 1) / 2 * np.log1p(z * z / df))
