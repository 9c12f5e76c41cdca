"""Writes tests/tables/zeta.csv: log Z(s, q, top), and its two derivatives in s, to 22 digits.

Z(s, q, top) = sum of (k/q)^-s over k = q, q + 1, ..., top. Two methods that share no code with each
other or with the library's Euler-Maclaurin sum:

* mpmath's zeta, continued analytically and subtracted where top is finite, and its central
  differences in s; where few terms count, those terms, one by one;
* Abel and Plana's formula (DLMF 2.10.2): integral + half the ends + an integral along the
  imaginary axis of the same function at each end, by Gauss and Legendre.

A row is kept only if both agree to 17 digits. s is an exact double (hex).
`python tests/tables/make_zeta.py` rewrites the table (some minutes).
"""

from __future__ import annotations

import csv
import math
import random
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import mpmath as mp

TABLE = Path(__file__).with_name("zeta.csv")
COLUMNS = ("stratum", "s", "q", "top", "log_z", "d1", "d2")
FEW = 4000  # terms


def term(s: mp.mpf, q: mp.mpf, i: mp.mpc, n: int) -> mp.mpc:
    u = mp.log1p(i / q)
    return mp.exp(-s * u) * u**n


def terms(s: mp.mpf, q: mp.mpf, top: mp.mpf, n: int) -> mp.mpf | None:
    """The sum, or None where it is too long."""
    total = mp.mpf(0)
    for i in range(FEW):
        if q + i > top:
            return total
        new = term(s, q, mp.mpf(i), n)
        total += new
        rest = new * (q + i) / (s - 1) if s > 2 else mp.inf
        if i > 2 and rest < total * mp.mpf(10) ** -45:
            return total
    return None


def by_terms(s: mp.mpf, q: mp.mpf, top: mp.mpf) -> tuple[mp.mpf, ...] | None:
    sums = [terms(s, q, top, n) for n in range(3)]
    return None if None in sums else cumulants(sums)


def cumulants(sums: list[mp.mpf]) -> tuple[mp.mpf, ...]:
    mean = sums[1] / sums[0]
    return mp.log(sums[0]), -mean, sums[2] / sums[0] - mean**2


def known(s: mp.mpf, q: mp.mpf, top: mp.mpf) -> tuple[mp.mpf, ...] | None:
    """By mpmath's zeta, whose error is absolute (and whose derivatives have few digits)."""
    if (found := by_terms(s, q, top)) is not None or s > 100:
        return found
    with mp.workdps(mp.mp.dps + 40 + int(s * mp.log10(q))):
        h = mp.mpf(10) ** -25

        def log_z(at: mp.mpf) -> mp.mpf:
            total = mp.zeta(at, q) - (mp.zeta(at, top + 1) if mp.isfinite(top) else 0)
            return mp.log(total) + at * mp.log(q)

        left, middle, right = log_z(s - h), log_z(s), log_z(s + h)
        return middle, (right - left) / (2 * h), (right - 2 * middle + left) / h**2


def axis(s: mp.mpf, q: mp.mpf, at: mp.mpf, n: int) -> mp.mpf:
    """-2 int_0^inf Im f(at + i t) / (e^(2 pi t) - 1) dt."""

    def f(t: mp.mpf) -> mp.mpf:
        return mp.im(term(s, q, mp.mpc(at - q, t), n)) / mp.expm1(2 * mp.pi * t)

    scale = min(mp.mpf(1), at / (s + 1))
    edges = [0, *(scale * 2**j for j in range(-2, 8 + int(mp.ceil(mp.log(1 / scale, 2)))))]
    return -2 * mp.quad(f, edges, method="gauss-legendre")


def plana(s: mp.mpf, q: mp.mpf, top: mp.mpf, n: int) -> mp.mpf:
    start = term(s, q, mp.mpf(0), n) / 2 + axis(s, q, q, n)
    if not mp.isfinite(top):
        return q * mp.factorial(n) / (s - 1) ** (n + 1) + start
    length = mp.log(top / q)
    middle = mp.quad(lambda u: mp.exp((1 - s) * u) * u**n, mp.linspace(0, length, 9))
    return q * middle + start + term(s, q, top - q, n) / 2 - axis(s, q, top, n)


def row(job: tuple[str, float, int, float]) -> list[str] | None:
    stratum, s_double, q_int, top_double = job
    # what is left of Z - 1 decides how many digits the sum needs
    lost = s_double * math.log10(1 + 1 / q_int)
    if lost > 80:
        return None
    mp.mp.dps = 50 + int(2 * lost) + int(math.log10(q_int))
    s, q = mp.mpf(s_double), mp.mpf(q_int)
    top = mp.inf if math.isinf(top_double) else mp.mpf(int(top_double))
    one = known(s, q, top)
    if one is None:
        return None
    answers = one, cumulants([plana(s, q, top, n) for n in range(3)])
    for one, two in zip(*answers, strict=True):
        if abs(one - two) > abs(one) * mp.mpf(10) ** -17:
            return None
    texts = [mp.nstr(x, 22) for x in answers[0]]
    return [
        stratum,
        float(s_double).hex(),
        str(q_int),
        "inf" if top == mp.inf else str(int(top)),
        *texts,
    ]


def jobs(rng: random.Random) -> list[tuple[str, float, int, float]]:
    found = []

    def any_s() -> float:
        return 1 + 59 * rng.random() ** 3 if rng.random() < 0.8 else 1 + 10 ** rng.uniform(-6, 0)

    for _ in range(30):
        found.append(("q = 1", any_s(), 1, math.inf))
        found.append(("q small", any_s(), rng.randint(2, 80), math.inf))
        found.append(("q to 1e15", any_s(), int(10 ** rng.uniform(1, 15)), math.inf))
    for _ in range(12):
        q = rng.randint(12, 75)  # both sides of q = s + 12
        found.append(("seam", q - 12 + rng.choice([-1e-9, 0, 1e-9]), q, math.inf))
        q = int(10 ** rng.uniform(0, 5))
        found.append(("s large", q * 10 ** rng.uniform(-0.3, 1.3) + 60, q, math.inf))
    for _ in range(20):
        q = int(10 ** rng.uniform(0, 4))
        found.append(("truncated", rng.uniform(0, 6), q, q + int(10 ** rng.uniform(0, 3))))
        # below 1 mpmath's zeta takes memory for every one of q terms
        found.append(("long", rng.choice([rng.uniform(1, 3), 1 + 1e-9]), q, q * 10**5))
    return [job for job in found if job[1] > 1 or job[3] < math.inf]


def main() -> int:
    work = jobs(random.Random(25))
    with ProcessPoolExecutor(2) as pool:
        rows = list(pool.map(row, work))
    kept = [r for r in rows if r is not None]
    with TABLE.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(kept)
    print(f"{len(kept)} of {len(work)} rows kept")
    return 0


if __name__ == "__main__":
    sys.exit(main())
