"""Measure how often intervals contain the true alpha, and test p-values of true models.

    python bench/studies/coverage.py [--data-sets 400] [PART ...]

Parts: `scanned` (xmin found again, the docstring's figures: asymptotic and bootstrap), `fixed`
(xmin given: plain, up to an xmax, and of integers, asymptotic and bootstrap) and `pvalues` (the
same three: the largest distance of the p-values from the uniform law, and 1.36/sqrt(data sets),
which one in twenty exceeds). Samples of 500 values (scanned) or 100; alpha is 2.5.
"""

import argparse

import numpy as np
from scipy import stats

from htstats import fit_power_law
from htstats.power_law import confidence_interval

ALPHA = 2.5
XMAX = 20.0


def pareto(n, seed, xmax=np.inf):
    u = np.random.default_rng(seed).random(n)
    return (1 - u * (1 - xmax ** (1 - ALPHA))) ** (1 / (1 - ALPHA))


def whole(n, seed):
    from htstats.alternatives import PowerLaw

    return PowerLaw(2.0, ALPHA, discrete=True).sample(n, seed)


CASES = {
    "plain": lambda n, seed: fit_power_law(pareto(n, seed), xmin=1.0),
    "up to xmax": lambda n, seed: fit_power_law(pareto(n, seed, XMAX), xmin=1.0, xmax=XMAX),
    "integers": lambda n, seed: fit_power_law(whole(n, seed), xmin=2, discrete=True),
}


def scanned(data_sets):
    for method in ("asymptotic", "bootstrap"):
        hits = 0
        for seed in range(data_sets):
            x = pareto(500, seed)
            low, high = confidence_interval(x, 0.95, method, n_resamples=200, seed=seed).alpha
            hits += low <= ALPHA <= high
        print(f"scanned xmin, {method}: {hits / data_sets:.3f}")


def fixed(data_sets):
    for name, fit in CASES.items():
        for method in ("asymptotic", "bootstrap"):
            hits = 0
            for seed in range(data_sets):
                found = fit(100, seed).confidence_interval(0.95, method, n_resamples=200, seed=seed)
                hits += found.alpha[0] <= ALPHA <= found.alpha[1]
            print(f"fixed xmin, {name}, {method}: {hits / data_sets:.3f}")


def pvalues(data_sets):
    for name, fit in CASES.items():
        p = [fit(100, s).goodness_of_fit(100, seed=s).pvalue for s in range(data_sets)]
        distance = stats.kstest(p, "uniform").statistic
        small = np.mean(np.array(p) <= 0.1)
        print(
            f"p-values, {name}: distance {distance:.3f} ({1.36 / data_sets**0.5:.3f}), "
            f"{small:.3f} are at most .1"
        )


PARTS = {"scanned": scanned, "fixed": fixed, "pvalues": pvalues}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], default=list(PARTS))
    parser.add_argument("--data-sets", type=int, default=400)
    args = parser.parse_args()
    for part in args.parts:
        PARTS[part](args.data_sets)
