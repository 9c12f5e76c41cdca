"""The sort of the fits against np.sort, on data that are easy or hard for one of them.

Fits call the sort from C. A call from Python, as here, takes two buffers, which costs about 0.3
microseconds, as much as a hundred values. Smaller arrays are shown, but have no goal.
"""

import numpy as np
import pytest

from htstats._core import sort

TABLE = "sort of positive floats, one thread"
TOGETHER = 10**5  # elements sorted in one measurement, so that small sorts can be timed
SAMPLES = {
    "Pareto": lambda rng, n: (1 - rng.random(n)) ** (-1 / 1.5),
    "normal": lambda rng, n: np.abs(rng.standard_normal(n)),
    "of 100 values": lambda rng, n: rng.random(100)[rng.integers(0, 100, n)],
    "equal": lambda rng, n: np.full(n, 0.1),
    "in order": lambda rng, n: np.sort(rng.random(n)),
    "reversed": lambda rng, n: np.sort(rng.random(n))[::-1].copy(),
    "one far away": lambda rng, n: np.append(1 + rng.random(n - 1), 1e30),
    # on each level one part holds half of the elements
    "ever nearer to 1": lambda rng, n: 1 + rng.random(n) * 2.0 ** -rng.integers(0, 50, n),
}
REACH = {"np.sort": "time < 1"}
REACHED_FROM = 1000


def against_np_sort(race, name, n, dtype):
    rows = max(1, TOGETHER // n)
    x = SAMPLES[name](np.random.default_rng(1), n * rows).astype(dtype).reshape(rows, n)
    y, room = x.copy(), np.empty(n, dtype)
    arrange = sort.sort_f32 if dtype == "float32" else sort.sort_f64

    def ours():
        y[:] = x
        for row in y:
            arrange(row, room)

    def peer():
        y[:] = x
        for row in y:
            row.sort()

    race(
        TABLE,
        f"{name}, n = {n:.0e}, {dtype}",
        ours,
        {"np.sort": peer},
        # both only read equal values: that row depends on the contents of the caches
        reach=REACH if n >= REACHED_FROM and name != "equal" else {},
        rounds=15,
    )
    ours()
    np.testing.assert_array_equal(y, np.sort(x))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", [8, 100, 1000, 10**4, 10**5, 10**6, 10**7])
def test_sizes(race, quick, n, dtype):
    against_np_sort(race, "Pareto", min(n, 10**5) if quick else n, dtype)


@pytest.mark.parametrize("name", list(SAMPLES)[1:])
def test_data(race, quick, name):
    against_np_sort(race, name, 1000 if quick else 10**6, "float64")
