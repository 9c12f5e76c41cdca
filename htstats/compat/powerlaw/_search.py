"""Search for parameters in a range, under constraints, or with the smallest distance."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy import optimize

from htstats._common.arrays import Floats

__all__ = ["constraints_of", "search_parameters"]

# Cost of invalid parameters. No likelihood or distance is this large, so the search avoids them.
FORBIDDEN = 1e300


def search_parameters(law: Any, x: Floats) -> None:
    """Search, from the closed-form estimate, for the best parameters in range and constraints."""
    values, counts = np.unique(x, return_counts=True)

    def cost(p: Floats) -> float:
        with np.errstate(all="ignore"):
            law.set_parameters(p)
            if not law.in_range():
                return FORBIDDEN
            if law.fit_method.lower() == "ks":
                return float(law.KS(x))
            total = -float(counts @ law._logpdf(values)) / x.size
        return total if math.isfinite(total) else FORBIDDEN

    closed = np.array([getattr(law, name) for name in law.parameter_names])
    if not np.all(np.isfinite(closed)):
        closed = law._start_near_ridge(x)
    start = _inner_start(law, closed)
    if law._constraints:
        start = _under_constraints(law, x, start)
    options = {"xatol": 1e-10, "fatol": 1e-14, "maxiter": 4000}
    best = optimize.minimize(cost, start, method="Nelder-Mead", options=options)
    # Search again from the result, because a simplex can collapse in a valley.
    best = optimize.minimize(cost, best.x, method="Nelder-Mead", options=options)
    law.set_parameters(best.x if best.fun < FORBIDDEN else closed)


def _inner_start(law: Any, closed: Floats) -> Floats:
    """The initial parameters, by default the closed-form estimate, moved into the range."""
    start = closed.copy()
    if law._start is not None:
        given = law._start
        names = law.parameter_names
        if isinstance(given, Mapping):
            given = [given.get(name, start[i]) for i, name in enumerate(names)]
        start = np.atleast_1d(np.asarray(given, dtype=np.float64)).copy()
    if callable(law._range):
        return start
    for i, name in enumerate(law.parameter_names):
        low, high = law.parameter_ranges[name]
        room = 1.0 if low is None or high is None else high - low
        if low is not None and start[i] <= low:
            start[i] = low + 1e-3 * min(room, max(1.0, abs(low)))
        if high is not None and start[i] >= high:
            start[i] = high - 1e-3 * min(room, max(1.0, abs(high)))
    return start


def _under_constraints(law: Any, x: Floats, start: Floats) -> Floats:
    """Search by sequential quadratic programming (SLSQP), as in powerlaw 2.0."""
    values, counts = np.unique(x, return_counts=True)

    def cost(p: Floats) -> float:
        law.set_parameters(p)
        with np.errstate(all="ignore"):
            total = -float(counts @ law._logpdf(values)) / x.size
        return total if math.isfinite(total) else 1e10

    def value_function(f: Callable[[Any], float]) -> Callable[[Floats], float]:
        def value(p: Floats) -> float:
            law.set_parameters(p)
            return float(f(law))

        return value

    best = optimize.minimize(
        cost,
        start,
        method="SLSQP",
        bounds=[law.parameter_ranges[name] for name in law.parameter_names],
        constraints=[{"type": kind, "fun": value_function(f)} for kind, f in law._constraints],
    )
    return np.asarray(best.x)


def constraints_of(name: str, given: Any) -> list[tuple[str, Callable[[Any], float]]]:
    """Type and function of the constraints that apply to the distribution `name`."""
    found = []
    for constraint in [given] if isinstance(given, Mapping) else list(given or []):
        if not isinstance(constraint, Mapping) or not {"type", "fun"} <= set(constraint):
            raise ValueError(
                f"parameter_constraints must be dicts with 'type' and 'fun', got {constraint!r}"
            )
        if constraint["type"] not in ("eq", "ineq"):
            raise ValueError(f"type must be 'eq' or 'ineq', got {constraint['type']!r}")
        if name in constraint.get("dists", (name,)):
            found.append((str(constraint["type"]), constraint["fun"]))
    return found
