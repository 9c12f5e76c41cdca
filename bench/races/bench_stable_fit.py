"""Random stable numbers against NumPy's normal ones; fits of stable laws against SciPy's."""

import numpy as np
from scipy.stats import levy_stable

from htstats.stable import fit_stable, sample

SAMPLES = "stable random numbers, one thread"
FITS = "fits of stable laws, one thread"


def test_sample(race, quick):
    out = np.empty(10**5 if quick else 10**7)
    rng = np.random.default_rng(0)
    for alpha, beta in ((1.5, 0.3), (1.0, 0.5), (0.4, 1.0)):
        race(
            SAMPLES,
            f"{out.size} numbers, alpha = {alpha}, beta = {beta}",
            lambda law=(alpha, beta): sample(out.size, *law, seed=0, out=out),
            {"Generator.standard_normal": lambda: rng.standard_normal(out=out)},
            reach={"Generator.standard_normal": "time <= 2"},
        )


def test_fit(race, fact, quick):
    for n, once in ((10**4, not quick), (10**5 if quick else 10**6, False)):
        x = sample(n, 1.7, 0.3, 1.0, 2.0, seed=0)
        for method in ("mle", "ecf", "quantile"):
            race(
                FITS,
                f"{n} values, {method}",
                lambda method=method, x=x: fit_stable(x, method),
                {"np.sort": lambda x=x: np.sort(x)},
            )
        if once:  # SciPy's fit to the first values: its time is that of each value
            few = x[:200]
            race(
                FITS,
                f"the first {few.size} values",
                lambda few=few: fit_stable(few),
                {},
                once={"levy_stable.fit": lambda few=few: levy_stable.fit(few)},
            )
