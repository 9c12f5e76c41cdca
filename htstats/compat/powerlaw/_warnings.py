"""The warnings of profile "2.0": the same conditions as in powerlaw 2.0, all `UserWarning`."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

__all__ = ["EDGE", "is_near_edge", "warn_of_kind", "warn_of_power_law"]

# In powerlaw 2.0 an exponent from a search is invalid if it is this near to an end of its range.
EDGE = 1e-2
# The discrete shortcut is inaccurate if xmin is at most this.
SMALL_XMIN = 6
NOISY_ALPHA = 1.1


def warn_of_kind(data: Any, discrete: bool, level: int) -> None:
    """Warn of fractions if `discrete` is True, and of only integers if `discrete` is False."""
    x = np.asarray(data, np.float64)
    if x.size == 0:
        return
    with np.errstate(invalid="ignore"):
        whole = bool(np.all(x == np.floor(x)))
    if discrete and not whole:
        text = "discrete=True but data holds values that are not integers; they are rounded"
        warnings.warn(text, UserWarning, stacklevel=level + 1)
    elif whole and not discrete:
        text = "discrete=False but all of data are integers; consider discrete=True"
        warnings.warn(text, UserWarning, stacklevel=level + 1)


def warn_of_power_law(law: Any, alpha: float, shortcut: bool, level: int) -> None:
    """Warn of the shortcut at a small xmin, and of an alpha near 1 without an xmax."""
    if shortcut and law.xmin <= SMALL_XMIN:
        text = f"estimate_discrete=True is inaccurate at an xmin as small as {law.xmin:g}"
        warnings.warn(text, UserWarning, stacklevel=level + 1)
    if law.xmax is None and alpha <= NOISY_ALPHA:
        text = f"alpha = {alpha:.4g} is close to 1: without an xmax all is very noisy; give one"
        warnings.warn(text, UserWarning, stacklevel=level + 1)


def is_near_edge(law: Any) -> bool:
    """Whether a parameter is within `EDGE` of an end of its range."""
    for name, (low, high) in law.parameter_ranges.items():
        value = getattr(law, name, None)
        if value is None:  # a parameter of another distribution
            continue
        if (low is not None and value - EDGE < low) or (high is not None and value + EDGE > high):
            return True
    return False
