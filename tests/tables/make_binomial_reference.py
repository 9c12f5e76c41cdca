"""Writes tests/tables/binomial.csv: log P(X >= k), log P(X <= k), log pmf, n KL to 25 digits.

Two methods that share no code with each other or with the library:

* series: P(X >= k) = pmf(k) sum of the ratios of successive terms, added while they count;
* fraction: the incomplete beta function's continued fraction of NIST 8.17.22, by Lentz's algorithm.

pmf is from loggamma. A point is kept only if both agree to 20 digits; the working precision grows
with -log2 p, -log2(1-p) and log2 n. Strata: every branch, and both sides of every seam. p is an
exact double (hex). `python tests/tables/make_binomial_reference.py` rewrites the table (a minute).
"""

from __future__ import annotations

import csv
import math
import random
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import mpmath as mp

TABLE = Path(__file__).with_name("binomial.csv")
PER_STRATUM = 390
# where a sum runs over ten thousands of terms, seconds a point
FEWER = {"terms 0.0022": 24, "terms 0.019": 120, "large n": 150, "n to 2^53": 150}
MOST_TERMS = 30_000
COLUMNS = ("stratum", "n", "k", "p", "log_upper", "log_lower", "log_pmf", "kl")


def log_pmf(n: int, k: int, p: mp.mpf, q: mp.mpf) -> mp.mpf:
    choose = mp.loggamma(n + 1) - mp.loggamma(k + 1) - mp.loggamma(n - k + 1)
    return choose + (k * mp.log(p) if k else 0) + ((n - k) * mp.log(q) if n > k else 0)


def series(n: int, k: int, p: mp.mpf, q: mp.mpf) -> mp.mpf | None:
    """P(X >= k)/pmf(k)."""
    ratio, term, total = p / q, mp.mpf(1), mp.mpf(1)
    for j in range(k, min(n, k + MOST_TERMS)):
        term *= ratio * (n - j) / (j + 1)
        total += term
        if term < total * mp.mpf(10) ** -32:
            return total
    return total if n <= k + MOST_TERMS else None


def fraction(n: int, k: int, p: mp.mpf, q: mp.mpf) -> mp.mpf | None:
    """P(X >= k)/pmf(k) = q h, 1/h the fraction of NIST 8.17.22 with a = k, b = n-k+1."""
    a, b = k, n - k + 1
    tiny = mp.mpf(10) ** -400
    c, d = mp.mpf(1), 1 - (a + b) * p / (a + 1)
    d = 1 / (d if d else tiny)
    h = d
    for m in range(1, MOST_TERMS):
        even = m * (b - m) * p / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * p / ((a + 2 * m) * (a + 2 * m + 1))
        for step in (even, odd):
            d = 1 / ((1 + step * d) or tiny)
            c = (1 + step / c) or tiny
            h *= c * d
        if abs(c * d - 1) < mp.mpf(10) ** -32:
            return h * q
    return None


def reference(n: int, k: int, p_double: float) -> tuple[mp.mpf, ...] | None:
    """The four logs, or None where the two methods cannot settle the point."""
    tiny = min(p_double, 1 - p_double)
    mp.mp.dps = 60 + int(1.5 * math.log10(n + 1) + 2 * -math.log10(tiny or 1))
    p = mp.mpf(p_double)
    q = 1 - p
    upper_far = k > n * p
    # the tail on the far side, in a mirrored law for the lower one
    law = (n, k if upper_far else n - k, p if upper_far else q, q if upper_far else p)
    one, two = series(*law), fraction(*law)
    if one is None or two is None or abs(one / two - 1) > mp.mpf(10) ** -20:
        return None
    mass = log_pmf(n, k, p, q)
    near = mp.exp(mass + mp.log(one))  # P(X >= k) or P(X <= k), the far one
    other = 1 - near + mp.exp(mass)
    far_log = mass + mp.log(one)
    other_log = mp.log1p(mp.exp(mass) - near) if other > 0 else mp.mpf("-inf")
    x = mp.mpf(k) / n
    kl = n * ((x * mp.log(x / p) if k else 0) + ((1 - x) * mp.log((1 - x) / q) if k < n else 0))
    upper, lower = (far_log, other_log) if upper_far else (other_log, far_log)
    return upper, lower, mass, kl


def strata(rng: random.Random):
    """name -> a function that draws (n, k, p)."""

    def size(low: float, high: float) -> int:
        return int(10 ** rng.uniform(low, high))

    def chance(n: int, mean_low: float, mean_high: float) -> float:
        p = min(0.5, 10 ** rng.uniform(mean_low, mean_high) / n)
        return p if rng.random() < 0.5 else 1 - p

    def at(n: int, p: float, z: float) -> int:
        sigma = math.sqrt(n * p * (1 - p))
        return min(n, max(0, round(n * p + z * sigma)))

    def draw(n, p, z):
        return n, at(n, p, z), p

    def w_at(n: int, p: float, w: float) -> int:
        """k with w(k) = sqrt(2 A)/sigma near the given one, by halving."""
        sign = 1 if w > 0 else -1
        low, high = 0.0, n * (1 - p) if sign > 0 else n * p
        for _ in range(60):
            d = (low + high) / 2
            k = n * p + sign * d
            if not 0 < k < n:
                high = d
                continue
            a = k * math.log(k / (n * p)) + (n - k) * math.log((n - k) / (n - n * p))
            variance = k * (n - k) / n
            low, high = (d, high) if 2 * max(a, 0) < w * w * variance else (low, d)
        return min(n, max(0, round(n * p + sign * low)))

    def seam(w: float):
        def make():
            n = size(2.3, 6.5)
            p = chance(n, 1.6, 6)
            here = w * rng.choice((-1, 1)) * (1 + rng.uniform(-0.05, 0.05))
            return n, w_at(n, p, here), p

        return make

    def x_seam(x: float):
        # w + 2/sigma = x: half of it from each
        def make():
            p = rng.choice((0.5, 0.1, 0.9, 0.01, 0.999))
            variance = (2 / (x * rng.uniform(0.4, 0.95))) ** 2
            n = min(2**50, int(variance / (p * (1 - p))))
            w = (x - 2 / math.sqrt(variance)) * (1 + rng.uniform(-0.05, 0.05))
            return n, w_at(n, p, w * rng.choice((-1, 1))), p

        return make

    def sigma_seam():
        n = size(2.1, 9)
        p = min(0.5, rng.uniform(22, 28) / n)
        return draw(n, p if rng.random() < 0.5 else 1 - p, rng.uniform(-3.5, 3.5))

    def small():
        n = rng.randrange(1, 60)
        return n, rng.randrange(n + 1), rng.choice((rng.random(), 10 ** rng.uniform(-12, -0.31)))

    def ends():
        n = size(0, 15.9)
        p = 10 ** rng.uniform(-17, -0.31)
        p = p if rng.random() < 0.7 else 1 - max(p, 2**-53)
        return n, rng.choice((0, 1, 2, n - 2 if n > 1 else n, n - 1, n)), p

    def tiny_p():
        n = size(0, 15.9)
        return n, min(n, rng.randrange(1, 9)), 2.0 ** rng.uniform(-1073, -60)

    def poisson():
        n = size(5, 15.9)
        mean = 10 ** rng.uniform(-1, 1.4)
        p = mean / n
        k = max(0, round(mean + rng.uniform(-3, 8) * math.sqrt(mean)))
        return (n, k, p) if rng.random() < 0.5 else (n, n - k, max(0.5, 1 - p))

    def tail():
        n = size(2, 9)
        return draw(n, chance(n, 0, 8), rng.choice((-1, 1)) * rng.uniform(8, 37))

    def far():
        n = size(1, 15.9)
        return n, rng.randrange(n + 1), rng.choice((rng.random(), 10 ** rng.uniform(-9, -1)))

    def large():
        n = size(6, 8.6)
        return draw(n, chance(n, 2, 5.5), rng.uniform(-9, 9))

    def huge():
        n = size(9, 15.95)
        p = 10 ** rng.uniform(1.5, 5.5) / n
        return draw(n, p if rng.random() < 0.6 else 1 - p, rng.uniform(-9, 9))

    def middle():
        n = size(1.5, 5)
        return draw(n, rng.random(), rng.uniform(-6, 6))

    named = {f"terms {x:g}": x_seam(x) for x in (0.0022, 0.019, 0.062, 0.14, 0.30)}
    return named | {
        "w .6": seam(0.6),
        "sigma 5": sigma_seam,
        "u .5": seam(0.45),
        "small n": small,
        "ends": ends,
        "tiny p": tiny_p,
        "Poisson": poisson,
        "tail": tail,
        "far": far,
        "large n": large,
        "n to 2^53": huge,
        "middle": middle,
    }


def stratum(name: str) -> list[list[object]]:
    """The rows of one stratum, from a generator of its own."""
    make = strata(random.Random(f"20 {name}"))[name]
    wanted = FEWER.get(name, PER_STRATUM)
    rows: list[list[object]] = []
    for _ in range(3 * wanted):
        n, k, p = make()
        if not (0 < p < 1 and 0 <= k <= n <= 2**53):
            continue
        logs = reference(n, k, p)
        if logs is not None:
            rows.append([name, n, k, p.hex(), *(mp.nstr(x, 22) for x in logs)])
        if len(rows) == wanted:
            break
    print(f"{name}: {len(rows)}", file=sys.stderr, flush=True)
    return rows


def main() -> None:
    names = list(strata(random.Random(0)))
    with ProcessPoolExecutor(2) as pool:
        rows = [row for part in pool.map(stratum, names) for row in part]
    with TABLE.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows)
    print(f"{len(rows)} points", file=sys.stderr)


if __name__ == "__main__":
    main()
