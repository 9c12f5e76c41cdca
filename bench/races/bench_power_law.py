"""The exact fit against sorting the same array, against other tools, and the growth of its time."""

import time
import tracemalloc

import numpy as np
import pytest

from htstats.power_law import fit_power_law, goodness_of_fit

TABLE = "exact fit of every candidate, one thread"
PEERS = "exact fit beside other tools, Pareto 2.5, one thread"
SAMPLES = {
    "normal": (lambda rng, n: rng.standard_normal(n), "time <= 0.5"),
    "Student t3": (lambda rng, n: rng.standard_t(3, n), "time <= 0.5"),
    "Laplace": (lambda rng, n: rng.laplace(size=n), "time <= 0.5"),
    "half normal, half Pareto from inside it": (
        lambda rng, n: np.where(
            rng.random(n) < 0.5, np.abs(rng.standard_normal(n)), 0.5 * (rng.pareto(2, n) + 1)
        ),
        "time <= 1",
    ),
    "pure Pareto": (lambda rng, n: rng.pareto(1.5, n) + 1, "time <= 2.5"),
}


def pareto(n, seed=42):
    return (1 - np.random.default_rng(seed).random(n)) ** (-1 / 1.5)


@pytest.mark.parametrize("name", list(SAMPLES))
def test_against_sort(race, quick, name):
    make, reach = SAMPLES[name]
    x = make(np.random.default_rng(1), 10**6 if quick else 10**7).astype("f4")
    race(
        TABLE,
        f"{name}, n = {len(x):.0e}, float32",
        lambda: fit_power_law(x, side="abs"),
        {"np.sort": lambda: np.sort(x)},
        reach={"np.sort": reach},
        rounds=15,
    )


def test_on_two_threads(race, quick):
    x = SAMPLES["pure Pareto"][0](np.random.default_rng(1), 10**6 if quick else 10**7).astype("f4")
    race(
        "exact fit of every candidate, two threads",
        f"pure Pareto, n = {len(x):.0e}, float32",
        lambda: fit_power_law(x, side="abs", n_threads=2),
        {"np.sort": lambda: np.sort(x), "one thread": lambda: fit_power_law(x, side="abs")},
        reach={"np.sort": "time <= 1.2"},
    )


def test_against_reading(race, quick):
    x = np.random.default_rng(1).standard_normal(10**6 if quick else 10**7).astype("f4")
    race(
        TABLE,
        f"normal, n = {len(x):.0e}, float32, against reading",
        lambda: fit_power_law(x, side="abs"),
        {"np.max": lambda: np.max(x)},
        reach={"np.max": "time <= 5"},
        rounds=15,
    )


def peers_of(x, names):
    """The calls of the peers that are installed."""
    calls = {}
    if "powerlaw 2.0.0" in names:
        powerlaw = pytest.importorskip("powerlaw")
        calls["powerlaw 2.0.0"] = lambda: powerlaw.Fit(x, verbose=False)
    if "igraph" in names:
        igraph = pytest.importorskip("igraph")
        # the test of igraph cannot be turned off: its coarsest p-value costs one resample
        calls["igraph"] = lambda: igraph.power_law_fit(x, method="continuous", p_precision=0.5)
    if "powerlawrs" in names:
        powerlawrs = pytest.importorskip("powerlawrs")
        calls["powerlawrs"] = lambda: powerlawrs.fit(x)
    if "WeightWatcher" in names:
        fits = pytest.importorskip("weightwatcher.WW_powerlaw")
        calls["WeightWatcher"] = lambda: fits.WWFit(x, xmin=None, distribution="power_law")
    return calls


@pytest.mark.parametrize(
    ("n", "rounds", "peer", "reach"),
    [
        (10_000, 200, "powerlaw 2.0.0", "speedup >= 2500"),
        (10_000, 200, "WeightWatcher", "speedup >= 600"),
        (10_000, 200, "powerlawrs", "speedup >= 1500"),
        (100_000, 100, "powerlaw 2.0.0", "speedup >= 40000"),
        (100_000, 100, "igraph", "speedup >= 1500"),
    ],
)
def test_against_peers(race, quick, n, rounds, peer, reach):
    x = pareto(1000 if quick else n)
    race(
        PEERS,
        f"n = {len(x):.0e}, {peer}",
        lambda: fit_power_law(x),
        {},
        once=peers_of(x, [peer]),
        reach={peer: reach},
        rounds=rounds,
    )


def test_small_fits(race, quick):
    """The peer makes 2,500 refits by default, and htstats as many: the ratio is that of one fit."""
    igraph = pytest.importorskip("igraph")
    x, refits = pareto(1000), 100 if quick else 2500
    race(
        PEERS,
        f"2,500 refits of n = {len(x):.0e}",
        lambda: goodness_of_fit(x, refits),
        {},
        once={"igraph, default": lambda: igraph.power_law_fit(x, method="continuous")},
        reach={"igraph, default": "speedup >= 10"},
        rounds=5,
    )


def test_fixed_cost(fact):
    x = pareto(8)
    best = min(_seconds(lambda: fit_power_law(x)) for _ in range(20_000))
    fact(PEERS, "fixed cost of a call: eight values", 1e6 * best, "microseconds", reach="< 40")


def test_memory(fact, quick):
    x = np.random.default_rng(2).standard_t(3, 10**6 if quick else 10**7).astype("f4")
    tracemalloc.start()  # NumPy reports its arrays to it
    fit_power_law(x, side="abs")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    fact(
        TABLE, f"extra memory, Student t3, n = {len(x):.0e}", 100 * peak / x.nbytes,
        "% of the input", reach="<= 25",
    )  # fmt: skip


def test_growth(fact, quick):
    sizes = [10**5, 10**6, 10**7] if quick else [10**5, 10**6, 10**7, 10**8]
    best = []
    for n in sizes:
        x = np.random.default_rng(2).standard_t(3, n).astype("f4")
        best.append(min(_seconds(lambda: fit_power_law(x, side="abs")) for _ in range(3)))  # noqa: B023
    slope = np.log(best[-1] / best[0]) / np.log(sizes[-1] / sizes[0])
    fact(TABLE, f"growth of time, n = 1e5 to {sizes[-1]:.0e}", slope, "exponent", reach="<= 1.05")


def _seconds(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
