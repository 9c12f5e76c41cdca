"""Standard errors of fitted laws, from the curvature of the likelihood at its maximum."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from htstats._common.arrays import Floats
from htstats.alternatives._base import Alternative
from htstats.alternatives._compare import tail_of

__all__ = ["standard_errors"]

# Step of the finite differences, as a fraction of a standard error. Over this step the
# log-likelihood is nearly a parabola and falls by 1e-3, about a million times its rounding error.
PART = 0.05
POSITIVE = ("Lambda", "sigma", "beta")


def standard_errors(law: Alternative, x: npt.ArrayLike) -> dict[str, float]:
    """Estimate the standard errors of the parameters of a law that was fitted to `x`.

    Parameters
    ----------
    law : Alternative
        A law fitted to the values of `x` in [xmin, xmax] by `fit_alternative` or `compare`.
    x : array_like
        The data; values outside [xmin, xmax] are ignored.

    Returns
    -------
    dict
        Standard error of each parameter, in the units of the parameter; NaN if the estimate is on a
        bound (`law.note` says so) or the likelihood is flat.

    Raises
    ------
    ValueError
        If `x` has no value in [xmin, xmax], or contains NaN or infinity.

    Notes
    -----
    The standard errors are the square roots of the diagonal of the inverse observed information.
    The information comes from central differences of the log-likelihood over a twentieth of a
    standard error; xmin is treated as known. This is an approximation for large samples. For few
    values, and near a ridge, the likelihood is not a parabola.

    Examples
    --------
    >>> from htstats.alternatives import fit_alternative
    >>> law = fit_alternative([1.0, 2.0, 3.0, 2.0], "exponential", xmin=1.0)
    >>> round(standard_errors(law, [1.0, 2.0, 3.0, 2.0])["Lambda"], 3)  # Lambda / sqrt(n)
    0.5
    """
    values, counts = np.unique(tail_of(x, law.xmin, law.xmax), return_counts=True)
    if values.size == 0:
        raise ValueError(f"x must have a value in [{law.xmin:g}, {law.xmax:g}]")
    names = law.parameter_names
    if law.note:
        return dict.fromkeys(names, math.nan)
    centre = np.array([law.parameters[name] for name in names])

    def total(p: Floats) -> float:
        with np.errstate(all="ignore"):
            given: dict[str, Any] = dict(zip(names, map(float, p), strict=True))
            other = replace(law, **given)
            return float(counts @ other.logpdf(values))

    steps = [_step(total, centre, i, name in POSITIVE) for i, name in enumerate(names)]
    information = _information(total, centre, np.diag(steps))
    if not (np.isfinite(information).all() and np.linalg.eigvalsh(information).min() > 0):
        return dict.fromkeys(names, math.nan)
    variance = np.diag(np.linalg.inv(information))
    return dict(zip(names, map(float, np.sqrt(variance)), strict=True))


def _step(total: Callable[[Floats], float], centre: Floats, i: int, positive: bool) -> float:
    """A twentieth of the standard error that parameter i would have if the others were known."""
    most = 0.5 * centre[i] if positive else math.inf
    step = min(1e-3 * max(abs(float(centre[i])), 1e-3), most)
    for _ in range(3):
        h = np.zeros(centre.size)
        h[i] = step
        bend = (2 * total(centre) - total(centre + h) - total(centre - h)) / step**2
        if not (math.isfinite(bend) and bend > 0):
            break
        step = min(PART / math.sqrt(bend), most)
    return step


def _information(total: Callable[[Floats], float], centre: Floats, steps: Floats) -> Floats:
    """The observed information: minus the second derivatives of the log-likelihood."""
    size = centre.size
    here = total(centre)
    out = np.empty((size, size))
    for i in range(size):
        a, h = steps[i], steps[i, i]
        out[i, i] = (2 * here - total(centre + a) - total(centre - a)) / h**2
        for j in range(i):
            b = steps[j]
            corners = total(centre + a + b) - total(centre + a - b)
            corners += total(centre - a - b) - total(centre - a + b)
            out[i, j] = out[j, i] = -corners / (4 * h * steps[j, j])
    return out
