"""The threshold rule "error:EPS,ETA": the largest tau that meets an error budget.

C1 of the theory: R(tau)^2/4 + t <= EPS^2/(2 log(2/ETA)). R(tau) is the length of the interval that
contains the replaced elements, and t is the variance of the noise.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from htstats._common.arrays import Floats
from htstats.compression.thresholds.rules import Rule
from htstats.sketch import TailSketch
from htstats.sketch.exact_sums import round_fraction

__all__ = [
    "Interval",
    "budget_of",
    "error_threshold",
    "rigorous_budget",
    "round_up",
    "unmet_error",
]


def round_up(value: Fraction) -> float:
    """The smallest float64 that is not below `value`."""
    number = round_fraction(value)
    return number if Fraction(number) >= value else math.nextafter(number, math.inf)


def _round_down(value: Fraction) -> float:
    return -round_up(-value)


class Interval(NamedTuple):
    """The length of the interval that contains the replaced elements, as a function of tau.

    The length is the larger of two lines slope * tau + start.
    """

    lines: tuple[tuple[int, Fraction], ...]

    @classmethod
    def of(cls, sketch: TailSketch, keep: str, support: str) -> Interval:
        """With ``support="full"`` the interval contains the zeros that take the kept positions."""
        smallest, largest = Fraction(sketch.min), Fraction(sketch.max)
        full, none = support == "full", Fraction(0)
        if keep == "upper":
            start = min(smallest, none) if full else smallest
            return cls(((1, -start), (0, -start if full else none)))
        if keep == "abs" and (smallest >= 0 or largest <= 0):
            nearest = none if full else min(abs(smallest), abs(largest))
            return cls(((1, -nearest), (0, none)))
        centre = abs(Fraction(sketch.mean)) if full and keep == "centered" else none
        return cls(((2, none), (1, centre)))

    def lengths(self, tau: Floats) -> Floats:
        """The length for each threshold, rounded."""
        lines = (slope * tau + float(start) for slope, start in self.lines)
        return np.maximum(*lines)

    def largest_tau(self, room: Fraction, keep: str) -> float | None:
        """The largest float64 tau with length(tau)^2 / 4 <= room; None if there is none."""
        if room < 0:
            return None
        longest = 2 * _root_below(room)
        if any(slope == 0 and start > longest for slope, start in self.lines):
            return None
        bounds = ((longest - start) / slope for slope, start in self.lines if slope)
        tau = _round_down(min(bounds))
        return tau if tau >= 0 or keep == "upper" else None


def _root_below(value: Fraction) -> Fraction:
    """A fraction at or below the square root, with 128 correct bits or more."""
    p, q = value.numerator, value.denominator
    shift = max(0, 128 + (q.bit_length() - p.bit_length()) // 2)
    return Fraction(math.isqrt((p << 2 * shift) // q), 1 << shift)


def rigorous_budget(eps: float, eta: float) -> float:
    """The largest R^2/4 + t that fails with probability at most eta, by C1 of the theory."""
    return eps**2 / (2 * math.log(2 / eta))


def budget_of(rule: Rule) -> Fraction:
    """EPS^2/(2 log(2/ETA)) of a rule."""
    eps, eta = rule.numbers
    return Fraction(rigorous_budget(float(eps), float(eta)))


def unmet_error(rule: Rule, t: float, budget: Fraction) -> ValueError:
    """The error for a rule that no threshold meets."""
    eps, eta = (float(number) for number in rule.numbers)
    return ValueError(
        f"threshold 'error:{eps:g},{eta:g}' cannot be met: EPS^2/(2 log(2/ETA)) is "
        f"{float(budget):.6g}, which R^2/4 exceeds at every threshold when the noise's variance "
        f"{t:.6g} is added; noise 'matched' or 'none' may leave room"
    )


def error_threshold(rule: Rule, sketch: TailSketch, keep: str, support: str, std: float) -> float:
    """The threshold if the standard deviation of the noise is known beforehand."""
    interval, budget, t = Interval.of(sketch, keep, support), budget_of(rule), Fraction(std) ** 2
    tau = interval.largest_tau(budget - t, keep)
    if tau is None:
        raise unmet_error(rule, float(t), budget)
    return tau
