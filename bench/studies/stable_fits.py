"""Measure the bias of stable fits, and how often their intervals contain the true parameters.

    python bench/studies/stable_fits.py [--data-sets 500] [--n 1000] [--quick] [PART ...]

Parts: `estimates` (each method on a grid of laws: the mean error of each parameter in units of its
standard error over the root of the data sets, the spread of the estimates in units of the mean
standard error, and how often the 95 % asymptotic intervals contain the true value), `bootstrap`
(how often the percentile intervals of 100 resamples do) and `pvalues` (p-values of stable data, by
one-step resamples: how many are at most .1, and the largest distance from the uniform law).

A data set whose estimate is at a bound has no interval for that parameter, and is counted
separately. --quick runs 40 data sets on three laws.
"""

import argparse

import numpy as np
from scipy import stats

from htstats.stable import fit_stable, sample

METHODS = ("mle", "ecf", "quantile")
NAMES = ("alpha", "beta", "loc", "scale")
LAWS = [
    (alpha, beta)
    for alpha in (0.6, 0.8, 1.0, 1.2, 1.5, 1.7, 1.9)
    for beta in (0.0, 0.5, 0.9)
]  # fmt: skip
QUICK = [(0.8, 0.5), (1.2, 0.0), (1.7, 0.5)]
SEEDS = 1_000_000  # seeds other than those of the tests


def fits_of(law, args, method):
    for k in range(args.data_sets):
        yield fit_stable(sample(args.n, *law, seed=SEEDS + k), method)


def estimates(args):
    print("law, method: for alpha, beta, loc, scale: bias, spread, coverage; at a bound")
    for law in QUICK if args.quick else LAWS:
        truth = np.array([*law, 0.0, 1.0])
        for method in METHODS:
            found = list(fits_of(law, args, method))
            values = np.array([fit.estimate for fit in found])
            errors = np.array([fit.stderr for fit in found])
            cells = []
            for k in range(4):
                kept = np.isfinite(errors[:, k])
                off = values[kept, k] - truth[k]
                error = np.sqrt(np.mean(errors[kept, k] ** 2))
                bias = off.mean() / error * np.sqrt(kept.sum())
                held = np.mean(np.abs(off) <= stats.norm.ppf(0.975) * errors[kept, k])
                cells.append(f"{bias:+5.1f} {off.std() / error:4.2f} {held:5.3f}")
            bound = np.mean(~np.isfinite(errors).all(axis=1))
            print(f"{law}, {method:8}: {' | '.join(cells)} | {bound:.2f}", flush=True)


def bootstrap(args):
    for law in QUICK[1:]:
        hits = np.zeros(4)
        sets = max(args.data_sets // 8, 10)
        for k in range(sets):
            fit = fit_stable(sample(args.n, *law, seed=SEEDS + k))
            ends = fit.confidence_interval(0.95, "bootstrap", n_resamples=100, seed=k)
            truth = zip(ends, (*law, 0.0, 1.0), strict=True)
            hits += [low <= true <= high for (low, high), true in truth]
        print(f"{law}, bootstrap of {sets}: {dict(zip(NAMES, hits / sets, strict=True))}")


def pvalues(args):
    for law in QUICK:
        for statistic in ("ks", "ad"):
            p = [
                fit.goodness_of_fit(statistic, n_resamples=199, seed=k).pvalue
                for k, fit in enumerate(fits_of(law, args, "mle"))
            ]
            distance = stats.kstest(p, "uniform").statistic
            small = np.mean(np.array(p) <= 0.1)
            print(
                f"{law}, {statistic}: {small:.3f} are at most .1; distance {distance:.3f} "
                f"({1.36 / args.data_sets**0.5:.3f})",
                flush=True,
            )


PARTS = {"estimates": estimates, "bootstrap": bootstrap, "pvalues": pvalues}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], default=list(PARTS))
    parser.add_argument("--data-sets", type=int, default=500)
    parser.add_argument("--n", type=int, default=1000)
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    if given.quick:
        given.data_sets = min(given.data_sets, 40)
    for part in given.parts:
        PARTS[part](given)
