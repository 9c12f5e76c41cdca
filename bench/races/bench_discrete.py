"""Discrete fits with the zeta distribution for every candidate: other tools, sorting, growth.

powerlaw 2.0.0 and igraph fit the same integers in the same run, once each. The test of igraph
cannot be turned off: its coarsest p-value costs one resample. powerlaw approximates the estimate if
xmin is 10 or more.
"""

import time
import warnings

import numpy as np
import pytest

from htstats import fit_power_law

PEERS = "discrete fit beside other tools, zeta with alpha 2.5, one thread"
TABLE = "discrete fit of every candidate, one thread"


def zeta_like(n, seed=42):
    """Integers from 1 on whose tail falls as k^-2.5: a Pareto variable, rounded down."""
    return np.floor((1 - np.random.default_rng(seed).random(n)) ** (-1 / 1.5)).astype(np.int64)


def lognormal(n):
    """Integers of which nearly all are different."""
    return np.ceil(np.random.default_rng(1).lognormal(16, 2, n)).astype(np.int64)


def peer(name, x):
    if name == "igraph":
        igraph = pytest.importorskip("igraph")
        return lambda: igraph.power_law_fit(x.tolist(), method="discrete", p_precision=0.5)
    powerlaw = pytest.importorskip("powerlaw")

    def fit():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fitted = powerlaw.Fit(x, discrete=True, verbose=False)
            return fitted.xmin

    return fit


@pytest.mark.parametrize("name", ["powerlaw 2.0.0", "igraph"])
@pytest.mark.parametrize("n", [10_000, 100_000])
def test_peers(race, quick, n, name):
    x = zeta_like(500 if quick else n)
    race(
        PEERS,
        f"n = {len(x):.0e}, {len(np.unique(x))} distinct, {name}",
        lambda: fit_power_law(x, discrete=True),
        {},
        once={name: peer(name, x)},
        rounds=30,
    )


@pytest.mark.parametrize("make", [zeta_like, lognormal], ids=["zeta", "lognormal"])
@pytest.mark.parametrize("dtype", ["int64", "float64"])
def test_against_sort(race, quick, make, dtype):
    x = make(10**5 if quick else 10**7).astype(dtype)
    race(
        TABLE,
        f"{make.__name__}, n = {len(x):.0e}, {len(np.unique(x))} distinct, {dtype}",
        lambda: fit_power_law(x, discrete=True),
        {"np.sort": lambda: np.sort(x)},
        rounds=5,
    )


@pytest.mark.parametrize("make", [zeta_like, lognormal], ids=["zeta", "lognormal"])
def test_growth(fact, quick, make):
    sizes = [10**4, 10**5] if quick else [10**5, 10**6, 10**7]
    best = []
    for n in sizes:
        x = make(n)
        best.append(min(seconds(lambda: fit_power_law(x, discrete=True)) for _ in range(3)))  # noqa: B023
        fact(TABLE, f"{make.__name__}, n = {n:.0e}: values a second", n / best[-1] / 1e6, "million")
    slope = np.log(best[-1] / best[0]) / np.log(sizes[-1] / sizes[0])
    fact(
        TABLE, f"{make.__name__}, growth of time, n = {sizes[0]:.0e} to {sizes[-1]:.0e}",
        slope, "exponent", reach="<= 1.05",
    )  # fmt: skip


def test_growth_with_distinct_values(fact, quick):
    """All values are different: the candidates and the values of each candidate grow together."""
    sizes = [10**3, 10**4] if quick else [10**4, 10**5, 10**6, 10**7]
    best = []
    for m in sizes:
        x = np.cumsum(np.random.default_rng(3).integers(1, 100, m)).astype(np.float64)
        best.append(min(seconds(lambda: fit_power_law(x, discrete=True)) for _ in range(3)))  # noqa: B023
    slope = np.log(best[-1] / best[0]) / np.log(sizes[-1] / sizes[0])
    row = f"all values distinct, n = {sizes[0]:.0e} to {sizes[-1]:.0e}"
    fact(TABLE, row + ": growth of time", slope, "exponent", reach="<= 1.05")
    fact(TABLE, row + ": a candidate at the largest", best[-1] / sizes[-1] * 1e9, "ns")


def seconds(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
