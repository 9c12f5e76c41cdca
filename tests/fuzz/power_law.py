"""Fits of random samples of every kind against the twin in long double, by every road.

    python tests/fuzz/power_law.py --seconds 60        # or --cases 100000, --seed 7

A sample is drawn with a convention and an upper end; the whole array, the array pruned, also with
its estimates made by blocks, its blocks and its distinct values with weights must give one result
to the bit, which is the twin's.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from reference import power_law_twin as twin
from ways import WAYS, fit_by

from htstats.power_law import fit_power_law


def neighbours(rng, n):
    """A few units in the last place apart: alpha is some 1e15."""
    start = np.float64(10.0 ** rng.uniform(-300, 300)).view(np.int64)
    return (start + rng.integers(0, 20 + n, n)).view(np.float64)


KINDS = {
    "pareto": lambda rng, n: (1 - rng.random(n)) ** (-1 / rng.uniform(0.2, 5)),
    "lognormal": lambda rng, n: rng.lognormal(0, rng.uniform(0.1, 5), n),
    "half-normal": lambda rng, n: rng.standard_normal(n),
    "laplace": lambda rng, n: rng.laplace(size=n),
    "student": lambda rng, n: rng.standard_t(rng.uniform(0.7, 5), n),
    "mixture": lambda rng, n: np.where(
        rng.random(n) < 0.5, np.abs(rng.standard_normal(n)), 0.5 * (rng.pareto(2, n) + 1)
    ),
    "ties": lambda rng, n: np.ceil(rng.pareto(1.2, n) * rng.integers(1, 9)),
    "few values": lambda rng, n: rng.choice(10.0 ** rng.uniform(-3, 3, 4), n),
    "denormals": lambda rng, n: rng.integers(1, 10 ** rng.integers(1, 12), n) * 5e-324,
    "1e-300 ... 1e300": lambda rng, n: 10.0 ** rng.uniform(-300, 300, n),
    "extremes": lambda rng, n: np.where(
        rng.random(n) < 0.5, 5e-324, 1.7e308 * rng.uniform(0.5, 1, n)
    ),
    "float16 grid": lambda rng, n: rng.standard_t(3, n).astype("f2").astype("f8"),
    "quantiles": lambda rng, n: (1 - (np.arange(n) + 0.5) / n) ** (-1 / rng.uniform(0.5, 3)),
    "geometric grid": lambda rng, n: np.repeat(
        2.0 ** np.arange(max(n // 4, 2)), rng.integers(1, 5)
    ),
    "halving counts": lambda rng, n: np.repeat(2.0 ** np.arange(9), 2 ** np.arange(9)[::-1]),
    "neighbours": neighbours,
    "neighbours and one far": lambda rng, n: np.append(
        neighbours(rng, n), 10.0 ** rng.uniform(-300, 300)
    ),
    "uniform": lambda rng, n: rng.random(n) + 1e-3,
}


def draw(rng):
    """(kind, values, options) of a case."""
    kind = list(KINDS)[rng.integers(len(KINDS))]
    # the last size has values between the places of a grid
    low, high = [(2, 40), (40, 300), (1000, 3000)][int(np.searchsorted([0.9, 0.99], rng.random()))]
    n = int(rng.integers(low, high))
    x = np.abs(KINDS[kind](rng, n)).astype(np.float64)
    if rng.random() < 0.3:
        with np.errstate(over="ignore", under="ignore"):
            x = x.astype(rng.choice(["f4", "f2"]))
    x = x[(x > 0) & np.isfinite(x)]
    options = {"ks": str(rng.choice(["left", "two-sided"]))}
    if rng.random() < 0.3 and x.size and float(x.max()) < 1e307:
        top = float(x.max())
        inside = np.quantile(x.astype("f8"), 0.8)
        options["xmax"] = float(rng.choice([top, top * rng.uniform(1, 3), inside]))
    return kind, x, options


def roads(x, options):
    """The fit by every road that takes the options."""
    rng = np.random.default_rng(0)
    yield fit_power_law(x, **options)
    cut = x.size // 3
    yield fit_power_law([x[cut:], x[:cut]], **options)
    values, counts = np.unique(x, return_counts=True)
    order = rng.permutation(values.size)
    yield fit_power_law(values[order], weights=counts[order], **options)
    for way in WAYS:
        yield fit_by(way, x, **options)
    yield fit_by("pruned", x, estimates_at_once=0, **options)
    if x.dtype == np.float32:
        yield fit_by("pruned", x.astype(np.float64), **options)


def check(x, options):
    """The first disagreement in words, or None."""
    kept = x[x.astype("f8") <= options.get("xmax", np.inf)]
    if np.unique(kept).size < 2:
        return None
    first, *others = roads(x, options)
    for number, other in enumerate(others):
        if other != first:
            return f"road {number + 1}: {other!r}, {other.distance!r} but {first.distance!r}"
    values, alphas, distances = twin.candidates(kept, **options)
    k, at = twin.answer(distances), int(np.searchsorted(values, first.xmin))
    if values[at] != first.xmin:
        return f"{first!r} has no candidate's xmin"
    if k != at and not twin.is_on_the_edge(distances, max(k, at)):
        return f"{first!r}: the twin has {float(values[k])!r}"
    if not abs(first.distance - distances[at]) <= 1e-13:
        return f"{first!r}: the distance is off by {float(first.distance - distances[at])}"
    # a truncated law's exponent is 1 plus a root that is known in units of 1 / length, and may be
    # near 0 itself: then it has the digits of the 1
    room = 1e-12 * abs(alphas[at])
    if "xmax" in options:
        length = float(twin.log_ratio(first.xmin, options["xmax"]))
        room += 1e-15 + (0 if length > 1 else 1e-13 / length)
    if not abs(first.alpha - alphas[at]) <= room:
        return f"{first!r}: alpha is off by {float(first.alpha - alphas[at])}"
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--cases", type=int)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    stop = time.monotonic() + options.seconds
    done = tried = 0
    while tried < options.cases if options.cases else time.monotonic() < stop:
        rng = np.random.default_rng([options.seed, tried])
        kind, x, chosen = draw(rng)
        if wrong := check(x, chosen):
            case = f"seed {options.seed}, case {tried}, {kind}, {x.size} {x.dtype}, {chosen}"
            sys.exit(f"{case}: {wrong}")
        tried += 1
        done += np.unique(x).size > 1
    print(f"fuzz/power_law.py: {done} samples, seed {options.seed}: all roads and the twin agree")


if __name__ == "__main__":
    main()
