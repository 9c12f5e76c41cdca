"""Random numbers of the alpha-stable laws from the formula of Chambers, Mallows and Stuck."""

from mpmath import atan, cos, inf, log, mp, mpf, pi, power, sin, tan
from reference.normal_twin import MASK, philox4x32


def uniforms(seed, i):
    """q in (-1/2, 1/2) and u in (0, 1) of number i."""
    x = philox4x32([i & MASK, i >> 32, 0, 1], [seed & MASK, seed >> 32])
    first, second = ((((x[k] + (x[k + 1] << 32)) >> 12) + mpf(1) / 2) / 2**52 for k in (0, 2))
    return first - mpf(1) / 2, second


def number(seed, i, alpha, beta, parameterization="S0"):
    """Number i at scale 1 and location 0, in the working precision of mpmath."""
    q, u = uniforms(seed, i)
    a, b, v, w = mpf(alpha), mpf(beta), pi * q, -log(u)
    if a == 1:
        slope = pi / 2 + b * v
        return 2 / pi * (slope * tan(v) - b * log(pi / 2 * w * cos(v) / slope))
    zeta = b * tan(pi * a / 2) if a != 2 else mpf(0)
    angle = atan(zeta)  # alpha theta0
    ratio = power(cos(angle - (1 - a) * v) / w, (1 - a) / a)
    x = sin(angle + a * v) / power(cos(angle) * cos(v), 1 / a) * ratio
    return x - zeta if parameterization == "S0" else x


__all__ = ["inf", "mp", "number", "uniforms"]
