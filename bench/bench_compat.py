"""The drop-in for powerlaw beside powerlaw itself: Fit of all candidates, with its curves."""

import numpy as np
import pytest

import htstats.compat.powerlaw as ours


@pytest.mark.parametrize("n", [10_000, 100_000])
def test_fit_against_powerlaw(race, quick, n):
    powerlaw = pytest.importorskip("powerlaw")
    x = (1 - np.random.default_rng(42).random(500 if quick else n)) ** (-1 / 1.5)
    ours.use_profile("2.0")
    race(
        "drop-in for powerlaw: Fit and the curves of its scan",
        f"Pareto 2.5, n = {n:.0e}",
        lambda: ours.Fit(x, verbose=0).xmin_fitting_results,
        {},
        once={f"powerlaw {powerlaw.__version__}": lambda: powerlaw.Fit(x, verbose=0)},
        rounds=5,
    )
    ours.use_profile("1.5")
