"""Three methods for stable laws in high precision: angle, contour and series.

`make_stable_reference.py` says what they are, and uses two of them for each point.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import mpmath as mp

STILL = mp.mpf(10) ** -21
MOST_NODES = 9_000
Values = tuple[mp.mpf, mp.mpf, mp.mpf]

# ---- Nolan's integral ----------------------------------------------------------------------------


class Angle:
    """log g and the weights of Nolan's integral at y = logit of the share of the angle."""

    def __init__(self, alpha: mp.mpf, beta: mp.mpf, z: mp.mpf) -> None:
        """z is x_S1, positive; for alpha = 1 it is x, and beta is positive."""
        self.alpha, self.beta, self.z = alpha, beta, z
        self.theta0 = mp.pi / 2 if alpha == 1 else mp.atan(beta * mp.tan(mp.pi * alpha / 2)) / alpha
        self.length = self.theta0 + mp.pi / 2
        # where g is small
        self.falls = 1 if alpha > 1 else -1

    def angles(self, y: mp.mpf) -> tuple[mp.mpf, mp.mpf]:
        e = mp.exp(-abs(y))
        big, small = self.length / (1 + e), self.length * e / (1 + e)
        return (big, small) if y > 0 else (small, big)

    def log_g(self, y: mp.mpf) -> mp.mpf:
        phi, omega = self.angles(y)
        a, b = self.alpha, self.beta
        if a == 1:
            theta = mp.pi / 2 - omega if omega < phi else phi - mp.pi / 2
            tangent = mp.cos(omega) / mp.sin(omega)
            inner = mp.pi / 2 + b * theta
            log_v = mp.log(2 / mp.pi * inner / mp.sin(omega)) + inner * tangent / b
            return log_v - mp.pi * self.z / (2 * b)
        p = a / (a - 1)
        theta = phi - self.theta0
        cosine = mp.sin(omega)
        value = p * mp.log(self.z * cosine / mp.sin(a * phi))
        value += mp.log(mp.cos(a * self.theta0)) / (a - 1)
        return value + mp.log(mp.cos(a * self.theta0 + (a - 1) * theta) / cosine)

    def slope(self, y: mp.mpf) -> mp.mpf:
        """abs(d log g/d theta) times phi omega/length."""
        phi, omega = self.angles(y)
        a, b = self.alpha, self.beta
        theta = phi - self.theta0
        cot = mp.cos(omega) / mp.sin(omega)
        if a == 1:
            inner = mp.pi / 2 + b * theta
            value = b / inner + 2 * cot + inner / b / mp.sin(omega) ** 2
        else:
            p = a / (a - 1)
            value = -p * (cot + a / mp.tan(a * phi)) + cot
            value -= (a - 1) * mp.tan(a * self.theta0 + (a - 1) * theta)
        return abs(value) * phi * omega / self.length


def height(t: Angle, y: mp.mpf) -> mp.mpf:
    log_g = t.log_g(y)
    phi, omega = t.angles(y)
    return log_g - mp.exp(log_g) + mp.log(phi * omega)


def window(t: Angle, far: int) -> tuple[mp.mpf, mp.mpf, mp.mpf] | None:
    """An interval of y outside which the integrand is below exp(-58) of its peak, and its peak."""
    least = mp.exp(t.log_g(mp.mpf(far * t.falls))) if t.beta in (1, -1) else mp.mpf(0)
    target = mp.log(least + 200)
    a, b = mp.mpf(-far * t.falls), mp.mpf(far * t.falls)  # g falls from a to b
    for _ in range(120):
        middle = (a + b) / 2
        if t.log_g(middle) > target:
            a = middle
        else:
            b = middle
    y, step, first = a, mp.mpf(10) ** -14, height(t, a)
    top, below = first, 0
    while below < 5:
        y = a + t.falls * step
        if abs(y) > far:
            return None
        value = height(t, y)
        top = max(top, value)
        below = below + 1 if value < top - 58 and top > first + 100 else 0
        step *= mp.mpf("1.08")
    return min(a, y), max(a, y), top


def by_angle(alpha: mp.mpf, beta: mp.mpf, z: mp.mpf, still: mp.mpf) -> Values | None:
    far = 350
    with mp.workdps(60 + far // 2):
        found = window(Angle(+alpha, +beta, z), far)
    if found is None:
        return None
    low, high, top = found
    with mp.workdps(50 + int(max(abs(low), abs(high)) / 2)):
        return angle_sums(Angle(alpha, beta, z), low, high, top, still)


def angle_sums(t: Angle, low: mp.mpf, high: mp.mpf, top: mp.mpf, still: mp.mpf) -> Values | None:
    alpha, beta, z = t.alpha, t.beta, t.z
    sums, count, before = [mp.mpf(0)] * 4, 32, None
    while count < MOST_NODES:
        step = (high - low) / count
        places = range(count + 1) if before is None else range(1, count, 2)
        for i in places:
            y = low + i * step
            log_g = t.log_g(y)
            term = mp.exp(log_g - mp.exp(log_g) - top)
            phi, omega = t.angles(y)
            mass = term * t.slope(y)
            parts = (term * phi * omega / t.length, mass * omega, mass * (mp.pi - omega), mass)
            sums = [s + part for s, part in zip(sums, parts, strict=True)]
        now = [s * step for s in sums]
        if before is not None and count > 64:
            if all(abs(a - b) <= still * abs(b) for a, b in zip(before, now, strict=True)):
                break
        before = now
        count *= 2
    else:
        return None
    density, upper, lower, mass = (v * mp.exp(top) for v in now)
    factor = 1 / (2 * abs(beta)) if alpha == 1 else alpha / (mp.pi * abs(alpha - 1) * z)
    upper, lower = upper / mp.pi, lower / mp.pi
    if alpha < 1:  # the mass where g has no smaller value
        upper += 1 - mass if beta == 1 else 0
    elif alpha > 1:
        lower += 1 - mass if beta == -1 else 0
    elif beta == 1:
        upper += 1 - mass
    return density * factor, lower, upper


def angle_values(alpha: mp.mpf, beta: mp.mpf, x1: mp.mpf, still: mp.mpf) -> Values | None:
    if alpha == 1:
        if beta == 0:
            return None
        if beta < 0:
            mirrored = by_angle(alpha, -beta, -x1, still)
            return mirrored and (mirrored[0], mirrored[2], mirrored[1])
        return by_angle(alpha, beta, x1, still)
    if x1 < 0:
        mirrored = by_angle(alpha, -beta, -x1, still)
        return mirrored and (mirrored[0], mirrored[2], mirrored[1])
    if x1 == 0:
        theta0 = mp.atan(beta * mp.tan(mp.pi * alpha / 2)) / alpha
        density = mp.gamma(1 + 1 / alpha) * mp.cos(theta0) / mp.pi
        density *= mp.cos(alpha * theta0) ** (1 / alpha)
        return density, (mp.pi / 2 - theta0) / mp.pi, (mp.pi / 2 + theta0) / mp.pi
    return by_angle(alpha, beta, x1, still)


# ---- Fourier's integral --------------------------------------------------------------------------


class Contour:
    """The exponent W on the ray s = r exp(i gamma), t = -i s."""

    def __init__(self, alpha: mp.mpf, beta: mp.mpf, x1: mp.mpf, gamma: mp.mpf) -> None:
        self.alpha, self.beta, self.x = alpha, beta, x1
        self.unit = mp.expj(gamma)
        self.turn = -1j * self.unit
        if alpha == 1:
            self.log_turn = 1j * (gamma - mp.pi / 2)
        else:
            skew = 1 - 1j * beta * mp.tan(mp.pi * alpha / 2)
            self.factor = mp.expj(alpha * (gamma - mp.pi / 2)) * skew

    def height(self, u: float) -> float:
        """The real part of the exponent, in floats."""
        unit, x, alpha = complex(self.unit), float(self.x), float(self.alpha)
        log_size = u + math.log(abs(x)) if x else -math.inf
        first = -math.copysign(math.exp(min(log_size, 700.0)), x) * unit.real
        if alpha == 1:
            turn = complex(self.turn)
            log_t = u + complex(self.log_turn)
            r = math.exp(min(u, 700.0))
            return first - (r * turn * (1 + 2j * float(self.beta) / math.pi * log_t)).real
        return first - math.exp(min(alpha * u, 700.0)) * complex(self.factor).real

    def exponent(self, u: mp.mpf) -> mp.mpc:
        r = mp.exp(u)
        if self.alpha == 1:
            log_t = u + self.log_turn
            return -r * self.unit * self.x - r * self.turn * (1 + 2j * self.beta / mp.pi * log_t)
        return -r * self.unit * self.x - mp.exp(self.alpha * u) * self.factor


ANGLES = 8


def best_ray(alpha: mp.mpf, beta: mp.mpf, x1: mp.mpf) -> tuple[int, float] | None:
    """The angle on which the largest abs(exp(W) s) is smallest, and its log; floats are enough."""
    best = None
    scale = -float(mp.log(abs(x1) + 1))
    end = min(45 / float(alpha) + abs(scale), 600.0)
    steps = [scale - 45 + (45 + end) * i / 69 for i in range(70)]
    for k in range(ANGLES + 1):
        contour = Contour(alpha, beta, x1, mp.pi / 2 * k / ANGLES)
        heights = [contour.height(u) + min(u - scale, 0.0) for u in steps]
        if not heights[-1] < -100 or heights[-2] < heights[-1]:
            continue
        top = max(heights)
        if best is None or top < best[1] - 0.1:
            best = k, top
    return best


def by_contour(
    alpha: mp.mpf, beta: mp.mpf, x1: mp.mpf, given: Values, ray: int, top: float, still: mp.mpf
) -> Values | None:
    smallest = mp.log(min(v for v in given if v > 0))
    lost = int((max(top, 0.0) - smallest) / mp.log(10)) + 8
    if lost > 700:
        return None
    with mp.workdps(mp.mp.dps + lost):
        contour = Contour(alpha, beta, x1, mp.pi / 2 * ray / ANGLES)
        return trapezoid(contour, mp.log(abs(x1) + 1), lost, given, still)


def trapezoid(
    contour: Contour, log_size: mp.mpf, lost: int, given: Values, still: mp.mpf
) -> Values | None:
    stretch = 1 / min(contour.alpha, mp.mpf(1))
    gamma = mp.arg(contour.unit)
    negligible = mp.mpf(10) ** -(lost + 28)
    sums, step, before = [mp.mpf(0), mp.mpf(0)], mp.mpf(1) / 4, None
    used = 0

    def node(v: mp.mpf) -> mp.mpf:
        """Adds a node; returns the size of its terms."""
        grow = mp.exp(-v)
        u = v - log_size + (1 - grow) * stretch
        w = mp.exp(contour.exponent(u))
        width = 1 + grow * stretch
        one, two = (w * contour.unit).imag * mp.exp(u) * width, w.imag * width
        sums[0] += one
        sums[1] += two
        return max(abs(w) * mp.exp(u), abs(w.imag)) * width

    while used < MOST_NODES:
        for sign in (1, -1):
            k = 0 if sign > 0 else 1
            quiet = 0
            while quiet < 6:
                index = sign * k
                k += 1
                if before is not None and index % 2 == 0:
                    continue
                used += 1
                size = node(index * step)
                quiet = quiet + 1 if size < negligible * max(1, abs(sums[1])) else 0
                if used > MOST_NODES:
                    return None
        upper = (gamma + sums[1] * step) / mp.pi
        now = [sums[0] * step / mp.pi, 1 - upper, upper]
        if before is not None and all(
            abs(a - b) < still * abs(g) for a, b, g in zip(before, now, given, strict=True)
        ):
            return now[0], now[1], now[2]
        before = now
        step /= 2
    return None


def contour_values(
    alpha: mp.mpf, beta: mp.mpf, x1: mp.mpf, given: Values, still: mp.mpf
) -> Values | None:
    """Compute from the right or from the left, whichever has less cancellation."""
    sides = []
    for sign in (1, -1):
        found = best_ray(alpha, sign * beta, sign * x1)
        if found is not None:
            sides.append((found[1], sign, found[0]))
    for top, sign, ray in sorted(sides):
        ordered = given if sign > 0 else (given[0], given[2], given[1])
        values = by_contour(alpha, sign * beta, sign * x1, ordered, ray, top, still)
        if values is not None:
            return values if sign > 0 else (values[0], values[2], values[1])
    return None


# ---- series --------------------------------------------------------------------------------------


Term = Callable[[int], tuple[mp.mpf, mp.mpf]]


def add_series(term: Term, converges: bool, most_terms: int) -> tuple[mp.mpf, mp.mpf] | None:
    """Both sums over n; None if terms grow before they are negligible."""
    sums, top, quiet, least = [mp.mpf(0), mp.mpf(0)], mp.mpf(0), 0, mp.inf
    for n in range(most_terms):
        parts = term(n)
        sums = [s + part for s, part in zip(sums, parts, strict=True)]
        size = max(map(abs, parts))
        top = max(top, size)
        quiet = quiet + 1 if size < top * mp.eps * 8 else 0
        if quiet > 12:
            return sums[0], sums[1]
        least = min(least, size) if size else least
        if not converges and size > least * mp.mpf(10) ** 20:
            return None
    return None


def outer_series(alpha: mp.mpf, beta: mp.mpf, z: mp.mpf, most_terms: int) -> Values | None:
    a = mp.pi * alpha / 2
    k = mp.expj(-a) * (1 - 1j * beta * mp.tan(a))
    q = -k * z**-alpha

    def term(n: int) -> tuple[mp.mpf, mp.mpf]:
        if n == 0:
            return mp.mpf(0), mp.mpf(0)
        part = (q**n).imag / mp.factorial(n)
        return part * mp.gamma(n * alpha + 1), part * mp.gamma(n * alpha)

    return outer_sums(term, alpha < 1, z, most_terms)


def outer_sums(term: Term, converges: bool, z: mp.mpf, most_terms: int) -> Values | None:
    found = add_series(term, converges, most_terms)
    if found is None:
        return None
    upper = found[1] / mp.pi
    return found[0] / (mp.pi * z), 1 - upper, upper


def inner_series(alpha: mp.mpf, beta: mp.mpf, z: mp.mpf, most_terms: int) -> Values | None:
    w = 1 - 1j * beta * mp.tan(mp.pi * alpha / 2)

    def term(n: int) -> tuple[mp.mpf, mp.mpf]:
        part = (-1j * z) ** n / mp.factorial(n) * w ** (-(n + 1) / alpha)
        value = part.real * mp.gamma((n + 1) / alpha)
        return value, value * z / (n + 1)

    found = add_series(term, alpha > 1, most_terms)
    if found is None:
        return None
    theta0 = mp.atan(beta * mp.tan(mp.pi * alpha / 2)) / alpha
    lower = (mp.pi / 2 - theta0) / mp.pi + found[1] / (mp.pi * alpha)
    return found[0] / (mp.pi * alpha), lower, 1 - lower


def series_values(
    alpha: mp.mpf, beta: mp.mpf, x1: mp.mpf, *, digits: tuple[int, ...] = (70, 160, 400),
    most_terms: int = 1200,
) -> Values | None:  # fmt: skip
    """The series at two precisions that agree; None if there is none."""
    if alpha == 1 or abs(alpha - 1) < 0.05:
        return None
    sign = 1 if x1 >= 0 else -1
    for series in (outer_series, inner_series):
        before = None
        for precision in digits:
            with mp.workdps(precision):
                if x1 == 0 and series is outer_series:
                    break
                found = series(alpha, sign * beta, abs(x1), most_terms)
            if found is None:
                break
            if before is not None and all(
                abs(a - b) <= STILL * abs(b) for a, b in zip(before, found, strict=True)
            ):
                return found if sign > 0 else (found[0], found[2], found[1])
            before = found
    return None
