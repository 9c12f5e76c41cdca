"""Moments and expectations of a stable law, with the conventions of SciPy's distributions."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import integrate

from htstats._common import checks
from htstats.stable import _numbers
from htstats.stable._numbers import Law

__all__ = ["check_letters", "expect", "moment", "seed_of", "stats"]

# The integral over s = asinh((x - centre)/scale) goes to the smaller of LAST_S, where x is near
# 1e260, and LEAST_LOG/alpha, where the log of density times x is near -LEAST_LOG.
LAST_S = 600.0
LEAST_LOG = 690.0
PANELS = 1.5


def moment(law: Law, order: int) -> float:
    """E X^order. Infinite if it diverges to one side, NaN if it does not exist."""
    n = checks.count("order", order)
    if n == 0:
        return 1.0
    if law.alpha == 2:  # the recurrence of the moments of a normal law with variance 2 scale^2
        before, here = 1.0, law.loc
        for k in range(1, n):
            before, here = here, law.loc * here + k * 2 * (law.scale * law.scale) * before
        return here
    if n == 1:
        return _numbers.mean(law)
    if n % 2 == 0:
        return math.inf
    return math.copysign(math.inf, law.beta) if abs(law.beta) == 1 else math.nan


def stats(law: Law, moments: str) -> Any:
    """The numbers that `moments` asks for: mean, variance, skewness and excess kurtosis."""
    check_letters(moments)
    is_normal = law.alpha == 2
    numbers = {
        "m": _numbers.mean(law),
        "v": 2 * (law.scale * law.scale) if is_normal else math.inf,
        "s": 0.0 if is_normal else math.nan,
        "k": 0.0 if is_normal else math.nan,
    }
    found = tuple(numbers[letter] for letter in "mvsk" if letter in moments)
    return found[0] if len(found) == 1 else found


def check_letters(moments: str) -> None:
    """ValueError if `moments` is empty or has other letters than m, v, s and k."""
    if not moments or set(moments) - set("mvsk"):
        raise ValueError(f"moments must consist of the letters m, v, s and k, got {moments!r}")


def expect(
    logpdf: Callable[[float], float],
    law: Law,
    centre: float,
    func: Callable[[float], float] | None,
    ends: tuple[float, float],
) -> float:
    """The integral of func times the density between two ends, panel by panel in asinh.

    `func` is not called where the density is 0. An integral that diverges to one side is infinite.
    It is NaN if it diverges to both.
    """
    last = min(LAST_S, LEAST_LOG / law.alpha)
    low, high = (
        max(-last, min(last, math.asinh((x - centre) / law.scale) if math.isfinite(x) else x))
        for x in ends
    )

    def integrand(s: float) -> float:
        x = np.float64(centre + law.scale * math.sinh(s))
        density = math.exp(logpdf(x) + math.log(law.scale * math.cosh(s)))
        if density == 0:
            return 0.0
        return float(x if func is None else func(x)) * density

    inner = [k * PANELS for k in range(math.ceil(low / PANELS), math.floor(high / PANELS) + 1)]
    edges = sorted({low, high, *inner})
    panels = [(a, b) for a, b in itertools.pairwise(edges) if b > a]
    with np.errstate(over="ignore"):  # powers of x may be infinite
        sizes = [integrand((a + b) / 2) * (b - a) for a, b in panels]
        infinite = [
            math.copysign(math.inf, parts[0])
            for end, parts in ((low, sizes), (high, sizes[::-1]))
            if abs(end) == last and _diverges(parts)
        ]
        if infinite:
            return sum(infinite)  # inf - inf is NaN
        # panels that are negligible need no digits of their own
        least = 1e-13 * math.fsum(map(abs, sizes))
        options = {"epsabs": least, "epsrel": 1e-10, "limit": 100}
        return math.fsum(integrate.quad(integrand, *panel, **options)[0] for panel in panels)


def _diverges(sizes: list[float]) -> bool:
    """Whether the panels of an integral, from infinity inwards, show that it diverges.

    If it converges, the sizes fall towards infinity, and the first one is negligible.
    """
    # the panel at infinity can be narrower than the others
    outer, inner = (abs(size) for size in (*sizes[1:3], 0.0, 0.0)[:2])
    total = sum(map(abs, sizes))
    return outer > 0 and outer >= 1e-6 * total and outer >= inner * (1 - 1e-9)


def seed_of(random_state: Any) -> int:
    """A seed of `sample` from what SciPy calls random_state."""
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1, np.uint64)[0])
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**64, dtype=np.uint64))
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**63, dtype=np.int64))
    return checks.count("random_state", random_state, below=2**64)
