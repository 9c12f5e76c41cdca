"""Writes htst_binomial_tables.h: every coefficient of the binomial tails and of htst_pair.h.

The h_m are exact rationals (no floating point before the last rounding); the rest is mpmath at 60
digits. `python tests/tables/make_binomial_tables.py` rewrites the file, and a test compares it.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import mpmath as mp

TERMS = 18
ERFCX_DEGREE = 27
ERFCX_CENTRE = 3.75
HEADER = Path(__file__).parents[2] / "csrc" / "binomial" / "htst_binomial_tables.h"

Poly = dict[int, Fraction]  # powers of lambda


def add(a: Poly, b: Poly, scale: Fraction = Fraction(1)) -> Poly:
    out = dict(a)
    for power, value in b.items():
        out[power] = out.get(power, Fraction(0)) + scale * value
    return {power: value for power, value in out.items() if value}


def times(a: Poly, b: Poly) -> Poly:
    out: Poly = {}
    for i, x in a.items():
        out = add(out, {i + j: x * y for j, y in b.items()})
    return out


def product(a: list[Poly], b: list[Poly], power: int) -> Poly:
    """The coefficient of omega^power in a product of two series."""
    total: Poly = {}
    for i in range(power + 1):
        if i < len(a) and power - i < len(b):
            total = add(total, times(a[i], b[power - i]))
    return total


def omega_over_tau(terms: int) -> list[Poly]:
    """h_0 ... h_terms of omega/tau = sum h_m omega^m, from
    omega (1 + lambda tau - (1 - lambda^2)/4 tau^2) = tau tau'.
    """
    one: Poly = {0: Fraction(1)}
    quarter: Poly = {0: Fraction(1, 4), 2: Fraction(-1, 4)}
    tau: list[Poly] = [{}, one]
    for m in range(2, terms + 2):
        # the coefficient of omega^m: on the right a_1 a_m (m + 1) plus what is known
        left = times({1: Fraction(1)}, tau[m - 1])
        left = add(left, times(quarter, product(tau, tau, m - 1)), Fraction(-1))
        known: Poly = {}
        for i in range(2, m):
            known = add(known, times(tau[i], tau[m + 1 - i]), Fraction(m + 1 - i))
        tau.append({p: v / (m + 1) for p, v in add(left, known, Fraction(-1)).items()})
    slope = tau[1:]  # tau / omega
    h: list[Poly] = [one]
    for m in range(1, terms + 1):
        total: Poly = {}
        for i in range(m):
            total = add(total, times(h[i], slope[m - i]), Fraction(-1))
        h.append(total)
    return h


def erfcx_coefficients() -> list[mp.mpf]:
    """(1 + 2 z) erfcx(z) as a polynomial in t = (z - c)/(z + c), by Chebyshev interpolation."""

    def f(t: mp.mpf) -> mp.mpf:
        z = ERFCX_CENTRE * (1 + t) / (1 - t)
        scaled = (
            mp.exp(z * z) * mp.erfc(z) if z < 30 else mp.hyperu(0.5, 0.5, z * z) / mp.sqrt(mp.pi)
        )
        return (1 + 2 * z) * scaled

    nodes = 64
    angles = [mp.pi * (i + mp.mpf(1) / 2) / nodes for i in range(nodes)]
    values = [f(mp.cos(a)) for a in angles]
    cheb = [
        2 * mp.fsum(v * mp.cos(j * a) for v, a in zip(values, angles, strict=True)) / nodes
        for j in range(ERFCX_DEGREE + 1)
    ]
    cheb[0] /= 2
    poly = [mp.mpf(0)] * (ERFCX_DEGREE + 1)
    before, now = [mp.mpf(1)], [mp.mpf(0), mp.mpf(1)]
    for j, c in enumerate(cheb):
        basis = before if j == 0 else now
        for i, v in enumerate(basis):
            poly[i] += c * v
        if j >= 1:
            following = [mp.mpf(0)] + [2 * v for v in now]
            for i, v in enumerate(before):
                following[i] -= v
            before, now = now, following
    return poly


def stirling_error(n: int) -> mp.mpf:
    if n == 0:
        return mp.mpf(0)
    return mp.loggamma(n + 1) - (n + mp.mpf(1) / 2) * mp.log(n) + n - mp.log(2 * mp.pi) / 2


def series_lines() -> list[str]:
    """A macro for each h_m: Horner's scheme in lambda^2."""
    h, lines = omega_over_tau(TERMS + 1), []
    for m in range(2, TERMS + 2):
        powers = range(m % 2, m + 1, 2)
        text = ""
        for power in reversed(powers):
            value = float(h[m].get(power, Fraction(0))).hex()
            text = f"htst_fma(s, {text}, {value})" if text else value
        factor = "(l) * " if m % 2 else ""
        lines.append(f"#define SERIES_H_{m - 1}(l, s) ({factor}{text})")
    return lines


def header() -> str:
    mp.mp.dps = 60
    lines = [
        "/* Written by tests/tables/make_binomial_tables.py: change that, not this. */",
        "/* clang-format off */",
        "#ifndef HTST_BINOMIAL_TABLES_H",
        "#define HTST_BINOMIAL_TABLES_H",
        "",
        f"#define ERFCX_DEGREE {ERFCX_DEGREE}",
        f"#define ERFCX_CENTRE {ERFCX_CENTRE}",
        "",
        "/* h_(M+1) of lambda = l, s = l^2 */",
        *series_lines(),
        "",
        "/* (1 + 2 z) erfcx(z) in powers of (z - ERFCX_CENTRE)/(z + ERFCX_CENTRE) */",
    ]
    lines.append("static const double ERFCX[ERFCX_DEGREE + 1] = {")
    lines += [f"    {float(c).hex()}," for c in erfcx_coefficients()]
    lines += [
        "};",
        "",
        "/* log n! - log(sqrt(2 pi n) (n/e)^n), n = 0 ... 15; 0 stands for n = 0 */",
    ]
    lines.append("static const double STIRLING_ERROR[16] = {")
    lines += [f"    {float(stirling_error(n)).hex()}," for n in range(16)]
    lines += [
        "};",
        "",
        "#endif",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    HEADER.write_text(header())
