"""Writes tests/tables/binomial_inverses.csv: Clopper-Pearson limits, their logs to 22 digits.

p solves log P(X <= k) = level. Two methods that share no code with the library, nor the tail:

* sums: the smaller tail term by term, away from k;
* beta: the regularised incomplete beta function by its hypergeometric form (mpmath's hyp2f1), for
  few successes among very many trials transformed into a finite sum at 420 digits;

each solved in logit p by halving, then by the Illinois method. A row is kept only if both agree to
20 digits of log p and log(1-p). log_isf needs no table: its answer is checked against the tail
itself. `python tests/tables/make_binomial_inverses.py` rewrites the table (minutes).
"""

from __future__ import annotations

import math
import random
from pathlib import Path

import mpmath as mp
from strata import collect_rows, write_strata

TABLE = Path(__file__).with_name("binomial_inverses.csv")
COLUMNS = ("stratum", "n", "k", "level", "log_p", "log1m_p")
PER_STRATUM = 60


def log_tail_sum(n: int, k: int, theta: mp.mpf, upper: bool) -> mp.mpf:
    """log P(X > k) or log P(X <= k) at logit p = theta, by adding terms away from k."""
    log_q = -mp.log1p(mp.exp(theta)) if theta < 0 else -theta - mp.log1p(mp.exp(-theta))
    log_p = log_q + theta
    first = k + 1 if upper else k
    choose = mp.loggamma(n + 1) - mp.loggamma(first + 1) - mp.loggamma(n - first + 1)
    odds, term, total = mp.exp(theta), mp.mpf(1), mp.mpf(1)
    for j in range(first, n) if upper else range(first, 0, -1):
        term *= odds * (n - j) / (j + 1) if upper else j / (odds * (n - j + 1))
        total += term
        if term < total * mp.mpf(10) ** -38:
            break
    return choose + first * log_p + (n - first) * log_q + mp.log(total)


def log_tail_beta(n: int, k: int, theta: mp.mpf, upper: bool) -> mp.mpf:
    """The same as I_x(a, b) = x^a (1-x)^b/(a B(a, b)) 2F1(a+b, 1; a+1; x)."""
    if not upper and k <= 30 and n > 10**7:
        return log_tail_few(n, k, theta)
    p, q = 1 / (1 + mp.exp(-theta)), 1 / (1 + mp.exp(theta))
    a, b, x, y = (k + 1, n - k, p, q) if upper else (n - k, k + 1, q, p)
    front = a * mp.log(x) + b * mp.log(y) - mp.log(a) - mp.log(mp.beta(a, b))
    return front + mp.log(mp.hyp2f1(a + b, 1, a + 1, x))


def log_tail_few(n: int, k: int, theta: mp.mpf) -> mp.mpf:
    """log P(X <= k) by Euler's transformation, (1-x)^b 2F1(a+b, 1; a+1; x) = 2F1(1-b, a; a+1; x):
    b = k + 1 terms that cancel to p^b.
    """
    with mp.workdps(420):
        q, a, b = 1 / (1 + mp.exp(theta)), n - k, k + 1
        terms = (mp.binomial(b - 1, i) * (-q) ** i * a / mp.mpf(a + i) for i in range(b))
        return a * mp.log(q) - mp.log(a) - mp.log(mp.beta(a, b)) + mp.log(mp.fsum(terms))


def solve(n: int, k: int, level: mp.mpf, tail) -> mp.mpf:
    """logit p, by halving."""
    upper = level > -0.69
    goal = mp.log(-mp.expm1(level)) if upper else level
    middle, rises = mp.log(mp.mpf(k + 1) / (n - k)), 1 if upper else -1
    low, high, step = middle - 1, middle + 1, 2
    while rises * (tail(n, k, low, upper) - goal) > 0:
        low, step = low - step, 2 * step
    while rises * (tail(n, k, high, upper) - goal) < 0:
        high, step = high + step, 2 * step
    for _ in range(12):
        middle = (low + high) / 2
        if rises * (tail(n, k, middle, upper) - goal) > 0:
            high = middle
        else:
            low = middle
    gap = mp.mpf(10) ** -60  # of the square, 30 digits of the level
    return mp.findroot(
        lambda theta: (tail(n, k, theta, upper) - goal) / goal,
        (low, high),
        solver="illinois",
        tol=gap,
    )


def strata(rng: random.Random):
    """name -> a function that draws (n, k, level)."""

    def counts(most: int) -> tuple[int, int]:
        n = rng.randrange(3, most)
        return n, rng.randrange(1, n - 1)

    def usual():
        return *counts(2000), math.log(rng.choice((0.5, 0.1, 0.05, 0.025, 0.01, 1e-3)))

    def codes():
        return *counts(3000), math.log(0.05) - 10 ** rng.uniform(1, 3.5) * math.log(2)

    def deep():
        return *counts(300), -(10 ** rng.uniform(3.5, 7))

    def near_one():
        return *counts(1000), -(10 ** rng.uniform(-300, -0.5))

    def few():
        level = rng.choice(
            (math.log(0.05), -(10 ** rng.uniform(1, 3)), -(10 ** rng.uniform(-30, -1)))
        )
        return int(10 ** rng.uniform(8, 9.5)), rng.randrange(1, 31), level

    return {"usual": usual, "codes": codes, "deep": deep, "near one": near_one, "few": few}


def solve_twice(n: int, k: int, level: float) -> tuple[mp.mpf, mp.mpf] | None:
    """log p and log(1-p), or None where the methods do not agree."""
    mp.mp.dps = 45
    answers = []
    for tail in (log_tail_sum, log_tail_beta):
        try:
            theta = solve(n, k, mp.mpf(level), tail)
        except (mp.libmp.NoConvergence, ValueError, ZeroDivisionError):
            return None
        answers.append((-mp.log1p(mp.exp(-theta)), -mp.log1p(mp.exp(theta))))
    one, two = answers
    close = all(abs(x / y - 1) < mp.mpf(10) ** -20 for x, y in zip(one, two, strict=True))
    return one if close else None


def row_of(name: str, n: int, k: int, level: float) -> list[object] | None:
    """A row of the table; None if the methods do not agree."""
    logs = solve_twice(n, k, level)
    return None if logs is None else [name, n, k, level.hex(), *(mp.nstr(x, 22) for x in logs)]


def stratum(name: str) -> list[list[object]]:
    """The rows of one stratum, from a generator of its own."""
    draw = strata(random.Random(f"21 {name}"))[name]
    return collect_rows(name, draw, row_of, PER_STRATUM)


def main() -> None:
    write_strata(TABLE, COLUMNS, strata(random.Random(0)), stratum)


if __name__ == "__main__":
    main()
