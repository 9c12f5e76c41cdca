"""Sections of docstrings that the functions of stable laws share."""

from __future__ import annotations

from htstats._common.documents import OUTPUT, RAISES_TYPE

__all__ = ["FUNCTION", "LOG_QUANTILE", "QUANTILE", "RAISES_RANGE"]

LAW = f"""\
alpha : array_like
    Stability index, in (0, 2]. 2 gives the normal law with variance 2 scale^2.
beta : array_like
    Skewness, in [-1, 1]. If it is 1, the heavy tail is on the right.
loc : array_like
    Location, in the unit of `x`. Its meaning depends on the parameterization.
scale : array_like
    Scale, above 0, in the unit of `x`.
parameterization : {{"S0", "S1"}}
    Nolan's parameterization, which defines `loc`. S0 is continuous in alpha at 1. S1 is the
    classical one: x_S1 = x_S0 + beta scale tan(pi alpha/2), and for alpha = 1
    x_S1 = x_S0 - (2/pi) beta scale log(scale).
{OUTPUT}"""
RAISES = f"""\
{RAISES_TYPE}
ValueError
    If alpha is outside (0, 2], beta is outside [-1, 1], scale is not above 0, loc is infinite,
    an argument is NaN, or the parameterization is unknown."""
# Of methods of a fit.
RAISES_RANGE = """\
ValueError
    If an argument is outside its range."""

REFERENCES = """\
J. P. Nolan, "Numerical calculation of stable densities and distribution functions", Commun.
Statist. Stochastic Models 13 (1997), theorem 1. V. M. Zolotarev, "One-dimensional stable
distributions" (1986), section 2.2."""

# Of functions of x.
FUNCTION = {
    "Parameters": f"""\
x : array_like
    The points. They have the unit of `loc` and `scale`. Infinite values give the limits.
{LAW}""",
    "Raises": RAISES,
    "Notes": """\
The relative error is below 1e-11 for alpha in [0.1, 2] and values above 1e-300.
docs/accuracy-stable.md has the measurements, also for smaller alpha. Heavy tails are computed
by Fourier's integral along the branch cut of the logarithm. In most of the body of laws with alpha
above 0.9, Fourier's integral along a ray is used. Nolan's integral gives everything else. One
number takes some 4 microseconds. If `x` has 1024 elements or more and the other arguments are
numbers, the table of the law gives the values, as in `StableDistribution`; its relative error is
also below 1e-11.""",
    "References": REFERENCES,
}

# Of functions of a probability.
QUANTILE = {
    "Parameters": f"""\
q : array_like
    Probability, in [0, 1].
{LAW}""",
    "Raises": f"""\
{RAISES}
    Also if `q` is outside its range.""",
    "Notes": """\
Newton's method on log(-log P) over asinh(x), where P is the tail below 1/2, takes some six
evaluations. The error is below 1e-11 of the larger of abs(x) and the scale; see
docs/accuracy-stable.md.""",
    "References": REFERENCES,
}

# Of functions of the logarithm of a probability.
LOG_QUANTILE = QUANTILE | {
    "Parameters": f"""\
level : array_like
    Log of a probability, in [-inf, 0].
{LAW}""",
    "Raises": f"""\
{RAISES}
    Also if `level` is outside its range.""",
}
