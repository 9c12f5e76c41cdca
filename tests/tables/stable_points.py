"""The points of tests/tables/stable_reference.csv: (stratum, alpha, beta, x, parameterization).

`grid_points` combines chosen parameters; `seam_points` are where the library changes its method,
on both sides of each change, and where faults have been found.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator

__all__ = ["Point", "points"]

Point = tuple[str, float, float, float, str]

ALPHAS = (
    *(0.1, 0.2, 0.3, 0.5, 0.75, 0.9, 0.99, 1 - 1e-3, 1 - 1e-6, 1 - 1e-9, 1.0, 1 + 1e-9, 1 + 1e-6),
    *(1.001, 1.01, 1.1, 1.25, 1.5, 1.75, 1.9, 1.99, 1.9999, 2 - 1e-9, 2.0),
)
BETAS = (-1.0, -1 + 1e-9, -0.99, -0.5, -1e-6, 0.0, 1e-3, 0.04, 0.06, 0.3, 0.7, 1 - 1e-6, 1.0)
XS = (0.0, 1e-8, 0.03, 0.3, 1.0, 2.0, 4.0, 7.0, 12.0, 30.0, 100.0, 700.0, 1e4, 1e8, 1e30, 1e300)
NEAR_ZETA = (0.0, 1e-300, 1e-100, 1e-20, 1e-8, 1e-3, 0.03, 0.2)
PER_PAIR = 11


def grid_points() -> list[Point]:
    rng = random.Random(16)
    found = []
    for alpha, beta in itertools.product(ALPHAS, BETAS):
        if alpha == 2 and beta != 0:
            continue
        name = f"alpha {alpha:.10g}"
        for _ in range(PER_PAIR):
            kind = rng.random()
            sign = rng.choice((-1.0, 1.0))
            if kind < 0.6 or alpha == 1:
                x = rng.choice(XS)
                found.append((name, alpha, beta, sign * x, "S0"))
            elif kind < 0.8:
                found.append((name, alpha, beta, sign * rng.choice(NEAR_ZETA), "S1"))
            else:
                found.append((name, alpha, beta, sign * 10 ** rng.uniform(-3, 4), "S0"))
    for _ in range(900):
        alpha = rng.choice((rng.uniform(0.1, 1), rng.uniform(1, 2), rng.uniform(1.5, 2)))
        beta = rng.choice((rng.uniform(-1, 1), -1.0, 1.0, 1 - 10 ** rng.uniform(-9, -1)))
        x = rng.choice((-1.0, 1.0)) * 10 ** rng.uniform(-4, 5)
        found.append(("random", alpha, beta, x, "S0"))
    for _ in range(300):
        alpha = 1 + rng.choice((-1.0, 1.0)) * 10 ** rng.uniform(-9, -1)
        beta = rng.choice((rng.uniform(-1, 1), rng.uniform(-0.1, 0.1)))
        x = rng.choice((-1.0, 1.0)) * 10 ** rng.uniform(-2, 3)
        found.append(("random near 1", alpha, beta, x, "S0"))
    rng.shuffle(found)
    return list(dict.fromkeys(found))


# ---- seams ---------------------------------------------------------------------------------------


class Seams:
    """One method for each stratum; a method draws one point."""

    def __init__(self) -> None:
        self.rng = random.Random(17)

    def sign(self) -> float:
        return self.rng.choice((-1.0, 1.0))

    def power(self, low: float, high: float) -> float:
        return 10.0 ** self.rng.uniform(low, high)

    def beside(self, value: float) -> float:
        """A number beside a seam: mostly very close to it, sometimes an eighth away from it."""
        return value * (1.0 + self.sign() * self.rng.choice((1e-12, 1e-4, 0.02, 0.12)))

    def skew(self) -> float:
        near = self.sign() * (1 - self.power(-9, -1))
        return self.rng.choice((self.rng.uniform(-1, 1), self.sign(), near, 0.0))

    def phase(self) -> tuple[float, float, float, str]:
        """Where the phase of Fourier's integral along the cut is 1, or where Re W rises by 1/2."""
        alpha = self.rng.choice((self.rng.uniform(0.1, 0.9), self.rng.uniform(1.1, 1.999)))
        beta = self.rng.uniform(-1, 1)
        half = math.pi * alpha / 2
        part = (1 + beta) * math.sin(half)
        rise = -2 * (math.cos(half) - beta * math.sin(half) * math.tan(half))
        size = rise if rise > part and alpha < 1 else part
        return alpha, beta, self.beside(size ** (1 / alpha)), "S1"

    def cosine(self) -> tuple[float, float, float, str]:
        """Where the coefficient of Re W is nearly 0: beta tan^2(pi alpha/2) = 1."""
        alpha = self.rng.choice((self.rng.uniform(0.5, 0.9), self.rng.uniform(1.1, 1.5)))
        beta = min(1.0, 1 / math.tan(math.pi * alpha / 2) ** 2)
        beta = min(1.0, self.beside(beta)) if beta < 1 else beta
        return alpha, beta, self.rng.uniform(0.3, 8.0), "S0"

    def near(self) -> tuple[float, float, float, str]:
        """abs(alpha - 1) beside .1 or .001, beta beside .05, x_S0 beside 12."""
        gap = self.beside(self.rng.choice((0.1, 1e-3)))
        beta = self.sign() * self.beside(0.05)
        beta = self.rng.choice((beta, beta, self.skew()))
        x = self.rng.choice((self.beside(12.0), self.power(-2, 1)))
        return 1 + self.sign() * gap, beta, self.sign() * x, "S0"

    def close(self) -> tuple[float, float, float, str]:
        """alpha close to 1."""
        alpha = 1 + self.sign() * self.power(-9, -1)
        return alpha, self.skew(), self.sign() * self.power(-3, 2), "S0"

    def zeta(self) -> tuple[float, float, float, str]:
        """x_S1 near 0."""
        alpha = self.rng.choice((self.rng.uniform(0.1, 2), 1 + self.sign() * self.power(-9, -1)))
        return alpha, self.skew(), self.sign() * self.power(-12, 0), "S1"

    def plateau(self) -> tuple[float, float, float, str]:
        """beta close to 1, where Nolan's integrand has a plateau."""
        alpha = self.rng.choice((self.rng.uniform(0.3, 0.99), self.rng.uniform(1.01, 1.9)))
        beta = self.sign() * (1 - self.power(-12, -0.5))
        return alpha, beta, self.sign() * self.rng.uniform(0.0, 14.0), "S0"

    def small(self) -> tuple[float, float, float, str]:
        """alpha from .1 to .2."""
        x = self.power(*self.rng.choice(((-3, 3), (-40, 60), (-12, -1))))
        return self.rng.uniform(0.1, 0.2), self.skew(), self.sign() * x, "S1"

    def normal(self) -> tuple[float, float, float, str]:
        """alpha close to 2."""
        return 2 - self.power(-12, -1), self.skew(), self.sign() * self.rng.uniform(0, 40), "S0"

    def light(self) -> tuple[float, float, float, str]:
        """In a light tail."""
        alpha = self.rng.choice((1.0, self.rng.uniform(1.01, 1.99)))
        beta = self.rng.choice((1.0, 1.0, 1 - self.power(-12, -6)))
        return alpha, beta, -self.rng.uniform(2.0, 30.0 if alpha > 1.4 else 7.0), "S0"

    def far(self) -> tuple[float, float, float, str]:
        """Far in a heavy tail."""
        alpha = self.rng.choice((self.rng.uniform(0.1, 2), 1 + self.sign() * self.power(-9, -1)))
        return alpha, self.skew(), self.sign() * self.power(2, 300), "S0"

    def edge(self) -> tuple[float, float, float, str]:
        """alpha from .1 to .2 with beta close to 1 or -1: the light tail at the edge, x_S1 tiny."""
        alpha = self.rng.choice((self.rng.uniform(0.1, 0.2), self.rng.uniform(0.1, 0.106)))
        beta = self.sign() * self.rng.choice((1.0, 1 - self.power(-12, -2)))
        factor = (1 - alpha) * (alpha**alpha / math.cos(math.pi * alpha / 2)) ** (1 / (1 - alpha))
        level = self.power(-0.5, 2.83)  # -log of the tail if beta is 1
        x = (level / factor) ** (1 - 1 / alpha)
        return alpha, beta, math.copysign(x, beta), "S1"


SEAMS = {
    "seam: phase": (Seams.phase, 130),
    "seam: cosine": (Seams.cosine, 130),
    "seam: near 1": (Seams.near, 150),
    "seam: close to 1": (Seams.close, 130),
    "seam: zeta": (Seams.zeta, 130),
    "seam: plateau": (Seams.plateau, 130),
    "seam: small alpha": (Seams.small, 110),
    "seam: near 2": (Seams.normal, 110),
    "seam: light tail": (Seams.light, 130),
    "seam: far": (Seams.far, 100),
    "seam: edge of small alpha": (Seams.edge, 60),
}

# Points at which a version of the library was wrong.
FAULTS: tuple[tuple[float, float, float, str], ...] = (
    (1.5, 1.0, 2.8815, "S0"),
    (1.2, 1.0, -9.052885269172192, "S0"),
    (0.40155764312019826, 0.9999999999639089, -0.6676801900444157, "S0"),
    (0.68305835118863079, 0.83837997847579637, 0.9575297854183378, "S0"),
    (0.10400528, 1.0, 7.9147e-27, "S1"),
)


def seam_points() -> Iterator[Point]:
    seams = Seams()
    for name, (draw, count) in SEAMS.items():
        for _ in range(count):
            yield name, *draw(seams)
    for fault in FAULTS:
        yield "faults", *fault


def points() -> list[Point]:
    return list(dict.fromkeys([*grid_points(), *seam_points()]))
