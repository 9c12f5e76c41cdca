"""Alpha-stable laws against SciPy and, if it is installed, levy-stable 2.0.0: a density at many
points of one law, a single point of a new law, the table of a law, and tails."""

from __future__ import annotations

import time
import warnings

import numpy as np
import scipy.stats

from htstats import stable
from htstats.stable import StableDistribution
from htstats.stable._table import StableTable

TABLE = "stable laws"
ALPHA, BETA = 1.5, 0.5


def points(count: int) -> np.ndarray:
    """Quantiles of Student's t with alpha degrees of freedom, a law with the same tails."""
    return scipy.stats.t.rvs(ALPHA, size=count, random_state=0)


def test_density_of_one_law(fact, fastest, quick):
    """SciPy and levy-stable compute a subsample; their times are scaled to all points."""
    count, sample = (2_000, 20) if quick else (100_000, 200)
    x = points(count)
    law = StableDistribution(ALPHA, BETA, parameterization="S1")
    law.pdf(x)
    seconds = fastest(lambda: law.pdf(x), 3 if quick else 50)
    fact(TABLE, "pdf of one law, with its table", seconds / count * 1e9, "ns a point", "<= 15")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scipy_s = fastest(lambda: scipy.stats.levy_stable.pdf(x[:sample], ALPHA, BETA), 2)
    ratio = scipy_s / sample / (seconds / count)
    fact(TABLE, "pdf of one law: scipy, a subsample", ratio, "times our time", ">= 20000")
    try:
        import levy
    except ImportError:
        return
    levy_s = fastest(lambda: levy.pdf(x, alpha=ALPHA, beta=BETA), 3)
    fact(TABLE, "pdf of one law: levy-stable 2.0.0", levy_s / seconds, "times our time", ">= 40")


def test_tails_of_one_law(fact, fastest, quick):
    x = points(2_000 if quick else 100_000)
    law = StableDistribution(ALPHA, BETA)
    law.pdf(x)
    times = dict.fromkeys(("pdf", "cdf", "sf"), float("inf"))
    for _ in range(3 if quick else 50):  # in turn, so that a busy machine slows all of them
        for name in times:
            call = getattr(law, name)
            times[name] = min(times[name], fastest(lambda call=call: call(x), 1))
    for name in ("cdf", "sf"):
        fact(TABLE, f"{name} of one law", times[name] / times["pdf"], "times that of pdf", "<= 1.5")


# Ranges of alpha of which each has its own mixture of methods.
RANGES = [(0.1, 0.4), (0.4, 0.8), (0.8, 0.9), (0.9, 1.1), (1.1, 1.4), (1.4, 1.8), (1.8, 2.0)]


def draw_laws(low: float, high: float) -> list[tuple[float, float, float]]:
    """500 times alpha, beta and a point."""
    rng = np.random.default_rng(0)
    parts = rng.uniform(low, high, 500), rng.uniform(-1, 1, 500), rng.standard_cauchy(500)
    return list(zip(*(part.tolist() for part in parts), strict=True))


def seconds_of_a_point(laws: list[tuple[float, float, float]], rounds: int) -> float:
    """Seconds of the processor for one call. Other processes that run at the same time slow a call
    less than they delay the clock."""
    best = float("inf")
    for _ in range(rounds):
        start = time.process_time()
        for alpha, beta, x in laws:
            stable.pdf(x, alpha, beta)
        best = min(best, time.process_time() - start)
    return best / len(laws)


def test_one_point_of_a_new_law(fact, fastest, quick):
    rounds = 1 if quick else 20
    laws = draw_laws(0.3, 2)
    seconds = seconds_of_a_point(laws, rounds)
    fact(TABLE, "pdf at one point of a new law", seconds * 1e6, "us", "<= 5")
    seconds, (low, high) = max((seconds_of_a_point(draw_laws(*r), rounds), r) for r in RANGES)
    row, unit = "pdf, slowest of seven ranges of alpha", f"us (alpha from {low} to {high})"
    fact(TABLE, row, seconds * 1e6, unit, "<= 5")
    seconds = fastest(lambda: [StableTable(a, b) for a, b, _ in laws[:20]], 3) / 20
    fact(TABLE, "the table of a law", seconds * 1e3, "ms", "<= 10")
