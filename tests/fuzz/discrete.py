"""Fit discrete power laws to random samples of every kind, and compare with mpmath.

    python tests/fuzz/discrete.py [--seconds 30] [--seed 0]

The answer must be the smallest xmin whose distance is within 1e-13 of the least over all
candidates, alpha right to 1e-12 relative, the distance to 1e-13. Tails in `check` are few values
wide, as the definition in mpmath takes a second for a hundred evaluations; of thousands of values
the answer is that of the curve of them all. Public fits of the same numbers, counted, weighted and
in blocks, are those of the scan to the bit.
"""

import math
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from fuzz_arguments import fuzz_arguments
from reference import discrete_twin as twin

from htstats import fit_power_law
from htstats._exact_fit.candidates import TOLERANCE
from htstats._exact_fit.discrete_scan import scan_integers

KINDS = ("zeta", "steep", "flat", "geometric", "wide", "huge", "pair", "binned")


def sample(kind, m, rng):
    """(values, counts), values distinct and ascending."""
    if kind == "zeta":
        x = np.floor(rng.integers(1, 30) * (1 - rng.random(4 * m)) ** (-1 / rng.uniform(0.3, 3)))
    elif kind == "steep":  # alpha in the hundreds and above
        x = 10 ** rng.integers(0, 7) + np.minimum(rng.geometric(0.7, 3 * m), m)
    elif kind == "flat":
        x = rng.integers(1, 2 * m, 3 * m)
    elif kind == "geometric":
        x = rng.geometric(rng.uniform(0.05, 0.9), 4 * m)
    elif kind == "wide":
        x = np.floor(np.exp(rng.uniform(0, 36, m)))
    elif kind == "huge":
        x = 2**53 - rng.integers(0, 2**40, m)
    elif kind == "pair":
        x = np.array([1, 2]) * rng.integers(1, 10**6)
    else:
        x = 2.0 ** rng.integers(0, 12, 3 * m)
    values, counts = np.unique(np.minimum(x.astype(float), 2.0**53), return_counts=True)
    few = np.sort(rng.permutation(values.size)[:m])
    values, counts = values[few], counts[few].astype(np.int64)
    if rng.random() < 0.3:
        counts *= rng.integers(1, 10 ** rng.integers(1, 9), counts.size)
    return values, counts


def check(values, counts, two_sided, xmax=math.inf):
    """AssertionError where the scan and its definition differ."""
    found = scan_integers(values, counts, two_sided=two_sided, xmax=xmax, curve=True)
    _, distances, alphas = found.curve
    exact = []
    for k, start in enumerate(alphas):
        if math.isnan(start):  # only a truncated law may have none
            assert xmax < math.inf
            # the zeta function has its pole at 1; an estimate may still lie within 1e-9 of it
            at = 1 + twin.mp.mpf(10) ** -9
            n = counts[k:].sum()
            logs = (int(c) * twin.mp.log(twin.mp.mpf(int(v)) / int(values[k]))
                    for v, c in zip(values[k:], counts[k:], strict=True))  # fmt: skip
            mean = sum(logs) / int(n)
            assert twin.mean_and_variance(at, int(values[k]), xmax)[0] <= mean, (k, mean)
            exact.append(math.inf)
            continue
        top = twin.mp.inf if math.isinf(xmax) else twin.mp.mpf(int(xmax))
        alpha, *both = twin.candidate(values, counts, k, start=start, top=top)
        # on a short range alpha hardly moves the mean: what the mean's rounding leaves of it
        room = 0.0 if math.isinf(xmax) else 1e-14 / math.log1p((xmax + 1 - values[k]) / values[k])
        assert abs(start - alpha) <= 1e-12 * abs(alpha) + room, (k, start, alpha)
        assert abs(distances[k] - both[two_sided]) <= 1e-13, (k, distances[k], both)
        exact.append(both[two_sided])
    least = min(exact)
    k = int(np.searchsorted(values, found.xmin))
    slack = 1e-14  # where the tie itself is a tie, either is right
    assert exact[k] <= least + TOLERANCE + slack
    assert all(d > least + TOLERANCE - slack for d in exact[:k]), (k, exact[: k + 1])
    assert found.alpha == alphas[k]
    assert found.distance == distances[k]
    check_roads(values, counts, found, "two-sided" if two_sided else "left", xmax)


def check_roads(values, counts, found, ks, xmax):
    """AssertionError where a public fit, counted or weighted, is not the scan to the bit."""
    if xmax < math.inf:  # where a fit takes any exponent from 0 on
        found = scan_integers(
            values, counts, two_sided=ks == "two-sided", xmax=xmax, alpha_low=0.0
        )  # fmt: skip
    options = {"discrete": True, "ks": ks, "xmax": None if math.isinf(xmax) else xmax}
    fits = [fit_power_law(values, weights=counts, **options)]
    if counts.sum() < 10**6:
        x = np.repeat(values, counts)[::-1]
        fits += [fit_power_law(data, **options) for data in (x, x.astype(np.int64), [x[:1], x[1:]])]
    for fit in fits:
        assert (fit.xmin, fit.distance, fit.alpha, fit.n_tail) == (
            found.xmin, found.distance, found.alpha, found.n_tail,
        ), (fit, found)  # fmt: skip
        assert fit.n == counts.sum()


def check_many(rng, two_sided):
    """AssertionError where the answer among many candidates is not that of their whole curve."""
    m = int(rng.integers(20, 4000))
    x = [
        lambda: np.ceil(rng.lognormal(rng.uniform(3, 25), rng.uniform(0.2, 3), m)),
        lambda: np.floor(rng.integers(1, 999) * (1 - rng.random(m)) ** (-1 / rng.uniform(0.3, 3))),
        lambda: np.cumsum(rng.integers(1, 100, m)),
        lambda: 10 ** rng.integers(0, 9) + rng.geometric(0.001, m),
        lambda: np.floor(np.exp(rng.uniform(0, 36, m))),
    ][rng.integers(5)]()
    values, counts = np.unique(np.minimum(np.asarray(x, float), 2.0**53), return_counts=True)
    found = scan_integers(values, counts, two_sided=two_sided, curve=True)
    candidates, distances, alphas = found.curve
    k = int(np.flatnonzero(distances <= distances.min() + TOLERANCE)[0])
    assert (found.xmin, found.distance, found.alpha) == (candidates[k], distances[k], alphas[k])
    check_roads(values, counts, found, "two-sided" if two_sided else "left", math.inf)


def main():
    args = fuzz_arguments(__doc__)
    end, case = time.monotonic() + args.seconds, 0
    while time.monotonic() < end:
        rng = np.random.default_rng([args.seed, case])
        kind = KINDS[case % len(KINDS)]
        values, counts = sample(kind, int(rng.integers(2, 9)), rng)
        xmax = float(values[-1] + rng.integers(0, 50)) if rng.random() < 0.3 else math.inf
        try:
            check_many(rng, bool(case % 2))
            if values.size > 1:
                check(
                    values, counts, bool(case % 2), min(xmax, 2.0**53) if xmax < math.inf else xmax
                )
        except ValueError as error:  # a truncated law may have no estimate at all
            if xmax == math.inf or "no candidate" not in str(error):
                raise
        except (AssertionError, ArithmeticError) as error:
            print(f"seed {args.seed}, case {case}, {kind}: {error!r}", file=sys.stderr)
            return 1
        case += 1
    print(f"fuzz/discrete.py: {case} samples, every candidate as mpmath has it")
    return 0


if __name__ == "__main__":
    sys.exit(main())
