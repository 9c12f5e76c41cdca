"""The exact fit against sorting the same array, and how its time grows."""

import time

import numpy as np
import pytest

from htstats.power_law import fit_power_law

TABLE = "exact fit of every candidate, one thread"
SAMPLES = {
    "normal": (lambda rng, n: rng.standard_normal(n), "time <= 0.5"),
    "Student t3": (lambda rng, n: rng.standard_t(3, n), "time <= 0.5"),
    "Laplace": (lambda rng, n: rng.laplace(size=n), "time <= 0.5"),
    "mixture": (
        lambda rng, n: np.where(rng.random(n) < 0.9, rng.random(n), rng.pareto(2, n) + 1),
        "time <= 1",
    ),
    "pure Pareto": (lambda rng, n: rng.pareto(1.7, n) + 1, "time <= 2.5"),
}


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
        rounds=3,
    )


def test_growth(fact, quick):
    sizes = [10**5, 10**6, 10**7] if quick else [10**5, 10**6, 10**7, 10**8]
    best = []
    for n in sizes:
        x = np.random.default_rng(2).standard_t(3, n).astype("f4")
        times = []
        for _ in range(3):
            start = time.perf_counter()
            fit_power_law(x, side="abs")
            times.append(time.perf_counter() - start)
        best.append(min(times))
    slope = np.log(best[-1] / best[0]) / np.log(sizes[-1] / sizes[0])
    fact(TABLE, f"growth of time, n = 1e5 to {sizes[-1]:.0e}", slope, "exponent", reach="<= 1.05")
