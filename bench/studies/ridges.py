"""Verdicts on samples of a power law: ridges.py [--sets 300] [--sizes 300 1000 5000].

Draws samples of a power law (alpha = 2.5, xmin = 1), compares the power law with the lognormal and
the stretched exponential, and counts the verdicts at 5 %: for the power law, for the other law,
none. It also counts the samples on the ridge, where the coefficient of variation of log x is 1 or
more and the laws cannot be distinguished. The power law is a limit of both families, so no verdict
can be for the power law; the exit code is 1 if one is. `--integers` rounds samples down from xmin =
5 on. There the limit is a rounded power law, and verdicts distinguish two ways to round; they are
only counted.
"""

import argparse
import math
import sys

import numpy as np

from htstats.alternatives import compare

LEVEL = 0.05
FAMILIES = ("lognormal", "stretched_exponential")


def count_verdicts(family: str, n: int, sets: int, xmax: float | None, whole: bool) -> list[int]:
    """Verdicts for the power law, for the family, none; ridges; verdicts from ridges."""
    counts = [0] * 5
    for seed in range(sets):
        x = (1 - np.random.default_rng([seed, n]).random(n)) ** (-1 / 1.5)
        x = x if xmax is None else x[x <= xmax]
        unit = 5.0 if whole else 1.0
        found = compare(
            np.floor(unit * x) if whole else x,
            "power_law", family, xmin=unit, xmax=None if xmax is None else unit * xmax,
            discrete=whole,
        )  # fmt: skip
        verdict = found.better(LEVEL)
        counts[0] += verdict == "power_law"
        counts[1] += verdict == family
        counts[2] += verdict == "undecided"
        counts[3] += bool(found.undecided)
        counts[4] += bool(found.undecided) and verdict != "undecided"
    return counts


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=int, default=300)
    parser.add_argument("--sizes", type=int, nargs="+", default=[300, 1000, 5000])
    parser.add_argument("--xmax", type=float, default=math.inf)
    parser.add_argument("--integers", action="store_true")
    args = parser.parse_args()
    xmax = None if math.isinf(args.xmax) else args.xmax
    wrong = 0
    print("family, n: for the power law, for the other, none; on the ridge; verdicts from ridges")
    for family in FAMILIES:
        for n in args.sizes:
            found = count_verdicts(family, n, args.sets, xmax, args.integers)
            print(f"{family}, {n}: {found[0]}, {found[1]}, {found[2]}; {found[3]}; {found[4]}")
            wrong += found[4] + (0 if args.integers else found[0])
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
