"""htstats.compat.powerlaw against powerlaw: Fit with its curves, and comparisons of laws.

igraph and powerlawrs fit the same data without the curves; neither compares distributions.
"""

import numpy as np
import pytest

import htstats.compat.powerlaw as ours


def pareto(n):
    return (1 - np.random.default_rng(42).random(n)) ** (-1 / 1.5)


@pytest.fixture
def profile_two():
    ours.use_profile("2.0")
    yield
    ours.use_profile("1.5")


@pytest.mark.parametrize("n", [10_000, 100_000])
@pytest.mark.usefixtures("profile_two")
def test_fit_against_powerlaw(race, quick, n):
    powerlaw = pytest.importorskip("powerlaw")
    igraph = pytest.importorskip("igraph")
    powerlawrs = pytest.importorskip("powerlawrs")
    x = pareto(500 if quick else n)
    values = x.tolist()
    race(
        "drop-in for powerlaw: Fit and the curves of its scan",
        f"Pareto 2.5, n = {n:.0e}",
        lambda: ours.Fit(x, verbose=0).xmin_fitting_results,
        {},
        once={
            f"powerlaw {powerlaw.__version__}": lambda: powerlaw.Fit(x, verbose=0),
            # the test of igraph cannot be turned off: its coarsest p-value costs one resample
            "igraph 1.0.0, xmin alone": lambda: igraph.power_law_fit(values, p_precision=0.5),
            "powerlawrs 0.0.15, xmin alone": lambda: powerlawrs.fit(values),
        },
        rounds=5,
    )


@pytest.mark.parametrize("other", ["lognormal", "exponential", "truncated_power_law"])
@pytest.mark.usefixtures("profile_two")
@pytest.mark.filterwarnings("ignore")
def test_comparison_against_powerlaw(race, quick, other):
    """The call includes the fits of both laws: a new Fit at one xmin has fitted no law."""
    powerlaw = pytest.importorskip("powerlaw")
    x = pareto(200 if quick else 10_000)

    def compared(module):
        fit = module.Fit(x, xmin=1.0, verbose=0)
        return fit.distribution_compare("power_law", other)

    race(
        "drop-in for powerlaw: distribution_compare of power_law, xmin given, n = 1e4",
        other,
        lambda: compared(ours),
        {},
        once={f"powerlaw {powerlaw.__version__}": lambda: compared(powerlaw)},
        rounds=5,
    )
