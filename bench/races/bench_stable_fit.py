"""Random stable numbers against NumPy's normal ones; fits of stable laws against sorting."""

import numpy as np
import pytest
from scipy.stats import levy_stable

from htstats.stable import fit_stable, sample

SAMPLES = "stable random numbers, one thread"
FITS = "fits of stable laws, one thread"


@pytest.mark.parametrize("law", [(1.5, 0.3), (1.0, 0.5), (0.4, 1.0)])
def test_sample(race, quick, law):
    out = np.empty(10**5 if quick else 10**7)
    rng = np.random.default_rng(0)
    race(
        SAMPLES,
        f"{out.size} numbers, alpha, beta = {law}",
        lambda: sample(out.size, *law, seed=0, out=out),
        {"Generator.standard_normal": lambda: rng.standard_normal(out=out)},
        reach={"Generator.standard_normal": "time <= 2"},
    )


@pytest.mark.parametrize("method", ["mle", "ecf", "quantile"])
@pytest.mark.parametrize("n", [10**4, 10**6])
def test_fit(race, quick, n, method):
    x = sample(n // 10 if quick else n, 1.7, 0.3, 1.0, 2.0, seed=0)
    race(
        FITS,
        f"{x.size} values, {method}",
        lambda: fit_stable(x, method),
        {"np.sort": lambda: np.sort(x)},
    )


def test_fit_of_scipy(race, quick):
    """The fit of SciPy takes minutes for a hundred values: one run, of few values."""
    x = sample(4 if quick else 100, 1.7, 0.3, 1.0, 2.0, seed=0)
    once = {"levy_stable.fit": lambda: levy_stable.fit(x)}
    race(FITS, f"{x.size} values", lambda: fit_stable(x), {}, once={} if quick else once)
