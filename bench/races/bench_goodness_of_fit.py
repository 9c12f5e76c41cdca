"""Goodness of fit against igraph and powerlawrs; a truncated power law."""

import numpy as np
import pytest

from htstats.alternatives import fit_alternative
from htstats.power_law import goodness_of_fit


def pareto(n):
    return (1 - np.random.default_rng(42).random(n)) ** (-1 / 1.5)


def test_goodness_of_fit_against_igraph(race, quick):
    igraph = pytest.importorskip("igraph")
    x = pareto(1000 if quick else 10_000)
    refits = 100 if quick else 2500
    race(
        "goodness of fit, 2,500 refits, n = 1e4, two threads",
        "Pareto 2.5",
        lambda: goodness_of_fit(x, refits, n_threads=2),
        {},
        reach={"igraph 1.0.0, default": "speedup >= 50"},
        once={
            "igraph 1.0.0, default": lambda: igraph.power_law_fit(x.tolist(), p_precision=0.01).p
        },
        rounds=3,
    )


def test_a_part_of_it(race, quick):
    """1/25 of the test above, for which powerlawrs would need most of an hour."""
    igraph = pytest.importorskip("igraph")
    powerlawrs = pytest.importorskip("powerlawrs")
    x = pareto(1000 if quick else 10_000)
    values = x.tolist()

    def by_powerlawrs():
        fit = powerlawrs.fit(values).ParetoFit
        # the precision eps of powerlawrs makes 1/(4 eps^2) = 100 resamples
        return powerlawrs.hypothesis.hypothesis_test(values, 0.05, fit.alpha, fit.x_min, fit.D)

    race(
        "goodness of fit, 100 refits, n = 1e4, two threads",
        "Pareto 2.5",
        lambda: goodness_of_fit(x, 100, n_threads=2),
        {},
        reach={"igraph 1.0.0, p_precision=.05": "speedup >= 50"},
        once={
            "igraph 1.0.0, p_precision=.05": lambda: (
                igraph.power_law_fit(values, p_precision=0.05).p
            ),
            "powerlawrs 0.0.15, 100 resamples": by_powerlawrs,
        },
        rounds=5,
    )


def test_truncated_power_law(fact, quick):
    import time

    x = pareto(10_000 if quick else 1_000_000)
    start = time.perf_counter()
    fit_alternative(x, "truncated_power_law", xmin=1.0)
    seconds = time.perf_counter() - start
    fact("alternatives", "truncated power law, n = 1e6", seconds, "s", reach="< 1")
