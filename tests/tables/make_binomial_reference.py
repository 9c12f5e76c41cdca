"""Writes tests/tables/binomial.csv: log P(X >= k), log P(X <= k), log pmf, n KL to 25 digits.

Two methods that share no code with each other or with the library:

* series: P(X >= k) = pmf(k) sum of the ratios of successive terms, added while they count;
* fraction: the incomplete beta function's continued fraction of NIST 8.17.22, by Lentz's algorithm.

pmf is from loggamma. A point is kept only if both agree to 20 digits; the working precision grows
with -log2 p, -log2(1-p) and log2 n. Strata: every branch, and both sides of every seam. p is an
exact double (hex). `python tests/tables/make_binomial_reference.py` rewrites the table (a minute).
"""

from __future__ import annotations

import math
import random
from functools import partial
from pathlib import Path

import mpmath as mp
from strata import collect_rows, write_strata

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


class Strata:
    """Draw (n, k, p) for each stratum."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.draw_of = {
            **{f"terms {x:g}": partial(self.x_seam, x) for x in (0.0022, 0.019, 0.062, 0.14, 0.30)},
            "w .6": partial(self.w_seam, 0.6),
            "sigma 5": self.sigma_seam,
            "u .5": partial(self.w_seam, 0.45),
            "small n": self.small,
            "ends": self.ends,
            "tiny p": self.tiny_p,
            "Poisson": self.poisson,
            "tail": self.tail,
            "far": self.far,
            "large n": self.large,
            "n to 2^53": self.huge,
            "middle": self.middle,
        }

    def size(self, low: float, high: float) -> int:
        return int(10 ** self.rng.uniform(low, high))

    def chance(self, n: int, mean_low: float, mean_high: float) -> float:
        p = min(0.5, 10 ** self.rng.uniform(mean_low, mean_high) / n)
        return p if self.rng.random() < 0.5 else 1 - p

    def sign(self) -> int:
        return self.rng.choice((-1, 1))

    def near_one(self) -> float:
        return 1 + self.rng.uniform(-0.05, 0.05)

    def w_seam(self, w: float):
        n = self.size(2.3, 6.5)
        p = self.chance(n, 1.6, 6)
        here = w * self.sign() * self.near_one()
        return n, count_at(n, p, here), p

    def x_seam(self, x: float):
        # w + 2/sigma = x: half of it from each
        p = self.rng.choice((0.5, 0.1, 0.9, 0.01, 0.999))
        variance = (2 / (x * self.rng.uniform(0.4, 0.95))) ** 2
        n = min(2**50, int(variance / (p * (1 - p))))
        w = (x - 2 / math.sqrt(variance)) * self.near_one()
        return n, count_at(n, p, w * self.sign()), p

    def sigma_seam(self):
        n = self.size(2.1, 9)
        p = min(0.5, self.rng.uniform(22, 28) / n)
        return deviate(n, p if self.rng.random() < 0.5 else 1 - p, self.rng.uniform(-3.5, 3.5))

    def small(self):
        rng, n = self.rng, self.rng.randrange(1, 60)
        return n, rng.randrange(n + 1), rng.choice((rng.random(), 10 ** rng.uniform(-12, -0.31)))

    def ends(self):
        n = self.size(0, 15.9)
        p = 10 ** self.rng.uniform(-17, -0.31)
        p = p if self.rng.random() < 0.7 else 1 - max(p, 2**-53)
        return n, self.rng.choice((0, 1, 2, n - 2 if n > 1 else n, n - 1, n)), p

    def tiny_p(self):
        n = self.size(0, 15.9)
        return n, min(n, self.rng.randrange(1, 9)), 2.0 ** self.rng.uniform(-1073, -60)

    def poisson(self):
        n = self.size(5, 15.9)
        mean = 10 ** self.rng.uniform(-1, 1.4)
        p = mean / n
        k = max(0, round(mean + self.rng.uniform(-3, 8) * math.sqrt(mean)))
        return (n, k, p) if self.rng.random() < 0.5 else (n, n - k, max(0.5, 1 - p))

    def tail(self):
        n = self.size(2, 9)
        return deviate(n, self.chance(n, 0, 8), self.sign() * self.rng.uniform(8, 37))

    def far(self):
        rng, n = self.rng, self.size(1, 15.9)
        return n, rng.randrange(n + 1), rng.choice((rng.random(), 10 ** rng.uniform(-9, -1)))

    def large(self):
        n = self.size(6, 8.6)
        return deviate(n, self.chance(n, 2, 5.5), self.rng.uniform(-9, 9))

    def huge(self):
        n = self.size(9, 15.95)
        p = 10 ** self.rng.uniform(1.5, 5.5) / n
        return deviate(n, p if self.rng.random() < 0.6 else 1 - p, self.rng.uniform(-9, 9))

    def middle(self):
        n = self.size(1.5, 5)
        return deviate(n, self.rng.random(), self.rng.uniform(-6, 6))


def deviate(n: int, p: float, z: float) -> tuple[int, int, float]:
    """(n, k, p) with k about z standard deviations above the mean."""
    sigma = math.sqrt(n * p * (1 - p))
    return n, min(n, max(0, round(n * p + z * sigma))), p


def count_at(n: int, p: float, w: float) -> int:
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


def row_of(name: str, n: int, k: int, p: float) -> list[object] | None:
    """A row of the table; None if the point is outside the domain or not settled."""
    if not (0 < p < 1 and 0 <= k <= n <= 2**53):
        return None
    logs = reference(n, k, p)
    return None if logs is None else [name, n, k, p.hex(), *(mp.nstr(x, 22) for x in logs)]


def stratum(name: str) -> list[list[object]]:
    """The rows of one stratum, from a generator of its own."""
    draw = Strata(random.Random(f"20 {name}")).draw_of[name]
    return collect_rows(name, draw, row_of, FEWER.get(name, PER_STRATUM))


def main() -> None:
    write_strata(TABLE, COLUMNS, Strata(random.Random(0)).draw_of, stratum)


if __name__ == "__main__":
    main()
