"""Binomial tails beside SciPy: arrays in the bulk, far tails, single calls, inversions."""

from __future__ import annotations

import numpy as np
import scipy.stats

from htstats import binomial

TABLE = "binomial tails"


def bulk(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    n = np.floor(10 ** rng.uniform(4, 9, count))
    p = rng.uniform(0.05, 0.95, count)
    k = np.floor(n * p + rng.uniform(-6, 6, count) * np.sqrt(n * p * (1 - p)))
    return k, n, p


def test_logsf_bulk(race, fact, quick):
    count = 1000 if quick else 100_000
    k, n, p = bulk(count)
    seconds = race(
        TABLE,
        "logsf, array in the bulk",
        lambda: binomial.logsf(k, n, p),
        {"scipy": lambda: scipy.stats.binom.logsf(k, n, p)},
        reach={"scipy": "speedup >= 20"},
        rounds=3,
    )
    fact(TABLE, "logsf in the bulk", seconds["htstats"] / count * 1e9, "ns an element", "<= 20")


def test_logsf_far(race, quick):
    count = 1000 if quick else 100_000
    k, n, p = bulk(count)
    far = np.minimum(n, k + np.floor(0.5 * (n - k)))
    race(
        TABLE,
        "logsf, far tails (scipy: -inf there)",
        lambda: binomial.logsf(far, n, p),
        {"scipy": lambda: scipy.stats.binom.logsf(far, n, p)},
        reach={"scipy": "speedup >= 20"},
        rounds=3,
    )


def test_sf_bulk(race, quick):
    k, n, p = bulk(1000 if quick else 100_000)
    race(
        TABLE,
        "sf to full relative accuracy, array in the bulk",
        lambda: binomial.sf(k, n, p),
        {"scipy": lambda: scipy.stats.binom.sf(k, n, p)},
        rounds=3,
    )


def test_upper_limit(race, quick):
    k, n, _ = bulk(1000 if quick else 20_000)
    level = np.log(0.025)
    race(
        TABLE,
        "upper_limit, array",
        lambda: binomial.upper_limit(k, n, level),
        {"scipy beta.ppf": lambda: scipy.stats.beta.ppf(0.975, k + 1, n - k)},
        rounds=3,
    )


def test_log_isf(race, quick):
    _, n, p = bulk(1000 if quick else 20_000)
    level = -30.0
    race(
        TABLE,
        "log_isf, array",
        lambda: binomial.log_isf(level, n, p),
        {"scipy isf": lambda: scipy.stats.binom.isf(np.exp(level), n, p)},
        rounds=3,
    )
