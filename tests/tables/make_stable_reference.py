"""Writes tests/tables/stable_reference.csv: density and both tails of stable laws to 22 digits.

Two methods of three, which share no code with each other or with the library:

* series: the power series in x_S1, or that in x_S1^-alpha, whichever ends; one converges, the other
  is asymptotic. The working precision grows with the digits that cancel.
* angle: Nolan's integral (1997, theorem 1; for alpha = 1 its second part) as it is printed, by the
  trapezoid rule in the logit of the angle. The integrand is positive.
* contour, wherever a ray serves: Fourier's integral of exp(-i t x) phi(t) along a ray
  t = -i r exp(i gamma). The ray is the one on which the integrand stays smallest, and the working
  precision grows with the digits that still cancel.

Integrals halve their step until half of the digits stand still, which is quadratic convergence, or
if the methods then differ until 21 digits do. A point is kept only if both agree to 18 digits in
the density and in both tails. alpha, beta and x are exact doubles (hex), x in the stated
parameterization. `python tests/tables/make_stable_reference.py [processes]` adds what is missing
to the table, and takes hours without gmpy2; points are written as they are found.
"""

from __future__ import annotations

import csv
import signal
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import mpmath as mp
from stable_methods import STILL, Values, angle_values, contour_values, series_values
from stable_points import Point, points

TABLE = Path(__file__).with_name("stable_reference.csv")
COLUMNS = ("stratum", "alpha", "beta", "x", "parameterization", "pdf", "cdf", "sf")
AGREE = mp.mpf(10) ** -18
HALF_STILL = mp.mpf(10) ** -12
MOST_SECONDS = 100  # of processor time, for a point

# ---- points --------------------------------------------------------------------------------------


def closed_form(alpha: mp.mpf, beta: mp.mpf, x: mp.mpf) -> Values | None:
    if alpha == 2:
        density = mp.exp(-x * x / 4) / (2 * mp.sqrt(mp.pi))
        return density, mp.erfc(-x / 2) / 2, mp.erfc(x / 2) / 2
    if alpha == 1 and beta == 0:
        upper = mp.atan(1 / abs(x)) / mp.pi if x else mp.mpf(1) / 2
        tails = (1 - upper, upper) if x >= 0 else (upper, 1 - upper)
        return 1 / (mp.pi * (1 + x * x)), *tails
    return None


def outside(alpha: mp.mpf, beta: mp.mpf, x1: mp.mpf) -> bool:
    return alpha < 1 and ((beta == 1 and x1 <= 0) or (beta == -1 and x1 >= 0))


def two_methods(alpha: mp.mpf, beta: mp.mpf, x1: mp.mpf) -> Values | None:
    def long_series() -> Values | None:
        return series_values(alpha, beta, x1, digits=(680, 700), most_terms=9000)

    series = series_values(alpha, beta, x1)
    for still in (HALF_STILL, STILL):
        values = series or angle_values(alpha, beta, x1, still)
        if values is None:
            return None
        again = contour_values(alpha, beta, x1, values, still)
        if again is None:  # a light tail so small that no ray reaches it
            again = angle_values(alpha, beta, x1, still) if series else long_series()
        if again is not None and all(
            abs(p - q) <= AGREE * abs(p) for p, q in zip(values, again, strict=True)
        ):
            return values
    return None


def solve(point: Point) -> dict[str, str] | None:
    stratum, a, b, x, parameterization = point
    mp.mp.dps = 45
    alpha, beta, given = mp.mpf(a), mp.mpf(b), mp.mpf(x)
    values = closed_form(alpha, beta, given)
    if values is None:
        x1 = given
        if alpha != 1 and parameterization == "S0":
            with mp.workdps(400):
                x1 = given + beta * mp.tan(mp.pi * alpha / 2)
        if outside(alpha, beta, x1):
            return None
        values = two_methods(alpha, beta, x1)
        if values is None:
            return None
    texts = (mp.nstr(v, 22, strip_zeros=False, min_fixed=0, max_fixed=0) for v in values)
    return dict(
        zip(COLUMNS, (stratum, a.hex(), b.hex(), x.hex(), parameterization, *texts), strict=True)
    )


class TooLong(Exception):
    """A point took longer than MOST_SECONDS."""


def give_up(*_: object) -> None:
    raise TooLong


def solve_in_time(point: Point) -> dict[str, str] | None:
    signal.signal(signal.SIGVTALRM, give_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, MOST_SECONDS)
    try:
        return solve(point)
    except TooLong:
        return None
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def main(processes: int) -> None:
    known = set()
    if TABLE.exists():
        with TABLE.open() as file:
            known = {tuple(row[c] for c in COLUMNS[:5]) for row in csv.DictReader(file)}
    else:
        TABLE.write_text(",".join(COLUMNS) + "\n")
    left = [p for p in points() if (p[0], p[1].hex(), p[2].hex(), p[3].hex(), p[4]) not in known]
    left.sort(key=lambda p: abs(p[1] - 1) < 0.05)  # those with a series first: they are quick
    with ProcessPoolExecutor(processes) as pool, TABLE.open("a", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        for done in as_completed([pool.submit(solve_in_time, p) for p in left]):
            if row := done.result():
                writer.writerow(row)
                file.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
