"""The curves of a page: counts above thresholds, the scan, alternatives, the spectrum.

Rules for the thinning of curves, which the page repeats:

* Counts are exact. They are taken at the lower ends of buckets of a `TailSketch`, whose relative
  width is 2^-11 (for 16-bit floats, each value has its own bucket), so that a matrix of any size
  gives its curve in one pass. At most `MOST` thresholds are kept: two thirds evenly spaced in
  log(threshold) from xmin to the largest value, one third from the first percentile to xmin.
* A scan keeps at most `MOST` candidates, evenly spaced in log(xmin) from the first percentile to
  the last with ten values in its tail, and the chosen one. In memory, each distance is exact. If
  the matrix is read in blocks, distances are computed from the counts of the buckets, at one value
  per bucket.
* A page that would be too large keeps fewer points of each curve (`thin_curve`), the first and the
  last always among them.
* Numbers of curves have five significant digits. Numbers of tables have all their digits.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from htstats._common.arrays import Floats

if TYPE_CHECKING:
    from htstats._exact_fit.fitted_tail import FittedTail
    from htstats._exact_fit.options import FitOptions
    from htstats.sketch import Buckets

__all__ = [
    "MOST",
    "Counts",
    "alternative_curves",
    "count_values",
    "exact_scan",
    "predict_counts",
    "scan_buckets",
    "spectrum_curve",
    "tail_curve",
    "thin_curve",
]

# Largest number of points of a curve.
MOST = 64

# Number of points of an alternative.
POINTS_OF_A_LAW = 24

# Candidates of a scan with fewer values in their tails are not drawn: their alphas say nothing.
FEWEST = 10

# The smallest positive float.
SMALLEST = float(np.finfo(np.float64).smallest_subnormal)

# Nominal coverage of the interval of a predicted count.
LEVEL = 0.95


class Counts(NamedTuple):
    """Thresholds, ascending, and the exact number of values at or above each of them."""

    x: Floats
    at_least: npt.NDArray[np.int64]


def round_number(value: float) -> float | None:
    """A number with five significant digits; None if it is not finite."""
    return float(f"{value:.5g}") if math.isfinite(value) else None


def round_all(values: Iterable[Any]) -> list[float | None]:
    """The numbers with five significant digits; whole numbers stay whole."""
    return [v if isinstance(v, int) else round_number(float(v)) for v in values]


def count_values(buckets: Buckets) -> Counts:
    """The exact number of values at or above the lower end of each bucket.

    The first bucket may begin at 0; the smallest positive float, which no value is below, stands
    for its lower end."""
    return Counts(
        np.maximum(buckets.lower, SMALLEST), np.cumsum(buckets.count[::-1])[::-1].astype(np.int64)
    )


def tail_curve(counts: Counts, xmin: float, n_tail: int, above: int = 0) -> Counts:
    """At most `MOST` of the thresholds, and xmin with its exact count.

    `above` is the number of values above the xmax of a fit, which the fit left out.
    """
    below, beyond = counts.x < xmin, counts.x > xmin
    first = max(int(np.searchsorted(-counts.at_least, -0.99 * counts.at_least[0])), 0)
    start = counts.x[min(first, counts.x.size - 1)]
    low = pick_points(counts.x[below], start, xmin, MOST // 3)
    high = pick_points(counts.x[beyond], xmin, counts.x[-1], MOST - MOST // 3 - 1)
    chosen = np.concatenate([np.flatnonzero(below)[low], np.flatnonzero(beyond)[high]])
    x = np.concatenate([counts.x[chosen], [xmin]])
    n = np.concatenate([counts.at_least[chosen] - above, [n_tail]])
    order = np.argsort(x, kind="stable")
    x, n = x[order], n[order]
    kept = n > 0
    return Counts(x[kept], n[kept])


def pick_points(x: Floats, low: float, high: float, most: int) -> npt.NDArray[np.int64]:
    """The indices of at most `most` ascending positive values, evenly spaced in log(x)."""
    inside: npt.NDArray[np.int64] = np.flatnonzero((x >= low) & (x <= high))
    if inside.size <= most:
        return inside
    targets = np.exp(np.linspace(math.log(x[inside[0]]), math.log(x[inside[-1]]), most))
    near = np.searchsorted(x[inside], targets).clip(0, inside.size - 1)
    chosen: npt.NDArray[np.int64] = inside[np.unique(near)]
    return chosen


def predict_counts(fit: FittedTail, curve: Counts, size: int) -> dict[str, list[float | None]]:
    """Expected and counted numbers at the thresholds of the tail, with a 95 % interval.

    The interval is that of a binomial count of `size` independent elements.
    """
    from htstats import binomial

    inside = curve.x >= fit.xmin
    x, counted = curve.x[inside], curve.at_least[inside]
    survival = np.exp(fit.logsf(x - 1 if fit.discrete else x))
    p = np.clip(fit.n_tail / size * survival, 0.0, 1.0)
    tails = math.log((1 - LEVEL) / 2), math.log((1 + LEVEL) / 2)
    high, low = (np.asarray(binomial.log_isf(level, size, p)) for level in tails)
    return {
        "x": round_all(x),
        "counted": [int(n) for n in counted],
        "expected": round_all(size * p),
        "low": [int(n) for n in low],
        "high": [int(n) for n in high],
    }


def exact_scan(x: Floats, rule: FitOptions, xmin: float) -> dict[str, list[float | None]]:
    """Distance and alpha of candidates; `x` has the fitted values, ascending."""
    from htstats.plot import scan_candidates

    def choose(values: Floats) -> npt.NDArray[np.int64]:
        high = max(values[0], x[-min(FEWEST, x.size)])
        return pick_points(values, max(values[0], x[x.size // 100]), high, MOST - 1)

    return scan_points(*scan_candidates(x, rule, xmin, choose))


def scan_points(xmins: Floats, distances: Floats, alphas: Floats) -> dict[str, list[float | None]]:
    return {"x": round_all(xmins), "D": round_all(distances), "alpha": round_all(alphas)}


def scan_buckets(buckets: Buckets, xmin: float) -> dict[str, list[float | None]]:
    """Distance and alpha at lower ends of buckets, with all values of a bucket at its mean.

    The error of a logarithm is at most 2^-12, and the error of a distance about alpha times that.
    """
    lower, count = np.maximum(buckets.lower, SMALLEST), buckets.count
    # a sum of huge values may be infinite
    means = np.where(np.isfinite(buckets.total), buckets.total / count, lower)
    logs, at_least = np.log(means), np.cumsum(count[::-1])[::-1]
    sums = np.cumsum(np.asarray(count * logs, np.float64)[::-1])[::-1]
    last = int(np.searchsorted(-at_least, -FEWEST, side="right"))
    first = max(int(np.searchsorted(-at_least, -0.99 * at_least[0])) - 1, 0)
    chosen = pick_points(lower[:last], lower[first], lower[max(last - 1, 0)], MOST - 1)
    chosen = np.union1d(chosen, [min(int(np.searchsorted(lower, xmin)), lower.size - 2)])
    found = [_distance_at(int(k), lower, at_least, sums) for k in chosen]
    alphas, distances = np.array(found).reshape(-1, 2).T
    return scan_points(lower[chosen], distances, alphas)


def _distance_at(
    k: int, lower: Floats, at_least: npt.NDArray[Any], sums: Floats
) -> tuple[float, float]:
    """Alpha and distance of the tail from bucket k on."""
    rate = at_least[k] / max(sums[k] - at_least[k] * math.log(lower[k]), 1e-300)
    survival = at_least[k:] / at_least[k]
    law = (lower[k:] / lower[k]) ** -rate
    return 1 + rate, float(np.max(np.abs(survival - law)))


def alternative_curves(
    laws: Mapping[str, Any], fit: FittedTail, largest: float
) -> dict[str, dict[str, list[float | None]]]:
    """P(X >= x) within the tail, for each law on one grid from xmin to the largest value."""
    grid = np.geomspace(fit.xmin, largest, POINTS_OF_A_LAW)
    if fit.discrete:
        grid = np.unique(np.round(grid))
    at = grid - 1 if fit.discrete else np.clip(grid, fit.xmin, largest)
    return {
        name: {"x": round_all(grid), "sf": round_all(np.exp(law.logsf(at)))}
        for name, law in laws.items()
    }


def spectrum_curve(eigenvalues: Floats) -> dict[str, list[float | None]]:
    """The number of eigenvalues at or above each of at most `MOST` of them; `x` ascends."""
    from htstats.plot import spread_indices

    x = eigenvalues
    chosen = spread_indices(x.size, MOST)
    return {"x": round_all(x[chosen]), "n": [int(x.size - k) for k in chosen]}


def thin_curve(curve: Mapping[str, Any], most: int) -> dict[str, Any]:
    """The curve with at most `most` points, evenly spaced by number; curves within it likewise."""
    thinned: dict[str, Any] = {}
    for key, values in curve.items():
        if isinstance(values, Mapping):
            thinned[key] = thin_curve(values, most)
        elif isinstance(values, list) and len(values) > most:
            kept = np.unique(np.linspace(0, len(values) - 1, most).round().astype(int))
            thinned[key] = [values[k] for k in kept]
        else:
            thinned[key] = values
    return thinned
