"""Maximum likelihood with the arguments and the result of SciPy's ``fit``.

Any of alpha, beta, loc and scale can be known, and the location is that of S0 or S1. The likelihood
is that of `fit_stable`. Its search works in S0. A known location of S1 is not a known location of
S0, unless beta is 0 or the other parameters are known, too. It needs a search of its own, by the
method of Nelder and Mead.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from htstats._common import checks
from htstats._common.arrays import Floats
from htstats.stable import _numbers
from htstats.stable._arguments import is_s1
from htstats.stable._distribution import StableDistribution
from htstats.stable._fit_mle import fit_normal, loglikelihood, maximize
from htstats.stable._fit_quantile import LOWEST_ALPHA, Estimate, Given
from htstats.stable._points import Points, read_points

__all__ = ["fit"]

Known = dict[str, float | None]  # alpha, beta, loc and scale; None for an unknown one

# SciPy's keywords for a known parameter.
KEYWORDS = {
    "alpha": ("f0", "falpha", "fix_alpha"),
    "beta": ("f1", "fbeta", "fix_beta"),
    "loc": ("floc",),
    "scale": ("fscale",),
}
# Nelder and Mead's search ends when its simplex has this size in the coordinates of `_coordinate`,
# and this spread in log-likelihood.
OPTIONS = {"xatol": 1e-6, "fatol": 1e-6, "maxiter": 2000, "maxfev": 2000}
FARTHEST = 700.0  # largest size of these coordinates: exp is then finite
SEARCHES = 2  # from the most likely first guesses


def fit(
    data: Any, guesses: tuple[Any, ...], keywords: dict[str, Any], parameterization: str
) -> Estimate:
    """See `LevyStable.fit`."""
    known = _known(keywords)
    _check_others(guesses, keywords)
    if None not in known.values():
        raise ValueError("all parameters are fixed: leave out one of f0, f1, floc and fscale")
    points = read_points(data)
    alpha, beta, loc, scale = known.values()
    s1 = is_s1(parameterization)
    if s1 and loc is not None and beta != 0 and alpha != 2:
        return _search_with_s1_location(points, loc, known)
    found = maximize(points, Given(beta, loc, scale, alpha)).estimate
    return _with_s1_location(found) if s1 and loc is None else found


def _known(keywords: dict[str, Any]) -> Known:
    """The known parameters, None for the others. Their keywords are removed from `keywords`."""
    known: Known = {}
    for name, spellings in KEYWORDS.items():
        values = {key: keywords.pop(key) for key in spellings if key in keywords}
        given = [key for key, value in values.items() if value is not None]
        if len(given) > 1:
            raise ValueError(f"{name} must be fixed once, got {' and '.join(given)}")
        known[name] = _check(name, given[0], values[given[0]]) if given else None
    return known


def _check(parameter: str, keyword: str, value: Any) -> float:
    number = checks.finite(keyword, value)
    if parameter == "alpha" and not 0 < number <= 2:
        raise ValueError(f"{keyword} (alpha) must be in (0, 2], got {value!r}")
    if parameter == "beta" and not abs(number) <= 1:
        raise ValueError(f"{keyword} (beta) must be in [-1, 1], got {value!r}")
    return checks.positive(keyword, value) if parameter == "scale" else number


def _check_others(guesses: tuple[Any, ...], keywords: dict[str, Any]) -> None:
    """Check first guesses and the method; TypeError for an unknown argument."""
    if len(guesses) > 2:
        raise TypeError(f"fit takes guesses of alpha and beta, got {len(guesses)} guesses")
    for name, value in (*zip(("alpha", "beta"), guesses, strict=False), *keywords.items()):
        if name in KEYWORDS:
            checks.finite(name, value)
        elif name == "method":
            if str(value).upper() != "MLE":
                raise ValueError(f"method must be 'MLE', got {value!r}: stable laws lack moments")
        else:
            raise TypeError(f"fit has no argument {name!r}")


def _with_s1_location(found: Estimate) -> Estimate:
    """The parameters of a law, of which loc is the location of S0, with that of S1."""
    alpha, beta, loc, scale = found
    law = StableDistribution(alpha, beta, 0.0, scale, "S1")
    return alpha, beta, loc - scale * _numbers.shift(law, s1=False), scale


def _in_s0(found: Estimate) -> Estimate:
    """The parameters of a law, of which loc is the location of S1, with that of S0."""
    alpha, beta, loc, scale = found
    law = StableDistribution(alpha, beta, loc, scale, "S1")
    return alpha, beta, _numbers.standard(law, 0.0), scale


def _search_with_s1_location(points: Points, loc: float, known: Known) -> Estimate:
    """The most likely law whose location in S1 is `loc`."""
    from scipy import optimize  # imported here: it loads more slowly than all other functions here

    free = [name for name, value in known.items() if value is None]

    def law_at(coordinates: Floats) -> Estimate:
        moved = dict(zip(free, np.clip(coordinates, -FARTHEST, FARTHEST).tolist(), strict=True))
        values = known | {name: _parameter(name, value) for name, value in moved.items()}
        return values["alpha"] or 0.0, values["beta"] or 0.0, loc, values["scale"] or 0.0

    def loss(coordinates: Floats) -> float:
        return -loglikelihood(points, _in_s0(law_at(coordinates)))

    guesses = [np.array([_coordinate(k, law[k]) for k in free]) for law in _guesses(points, known)]
    searches = [
        optimize.minimize(loss, guess, method="Nelder-Mead", options=OPTIONS)
        for guess in sorted(guesses, key=loss)[:SEARCHES]
    ]
    best = min(searches, key=lambda search: float(search.fun))
    if known["alpha"] is None:
        normal = fit_normal(points, Given(known["beta"], loc, known["scale"]))
        if normal.loglikelihood >= -best.fun:
            return normal.estimate
    return law_at(best.x)


def _guesses(points: Points, known: Known) -> list[dict[str, float]]:
    """First guesses: the most likely law with any location, symmetric laws, and skew laws."""
    given = Given(known["beta"], None, known["scale"], known["alpha"])
    alpha, beta, _, scale = maximize(points, given).estimate
    found = [{"alpha": alpha, "beta": beta, "scale": scale}]
    return found + [
        {"alpha": a, "beta": b, "scale": scale} for a in (0.7, 1.3, 1.7) for b in (0.0, -0.9, 0.9)
    ]


def _coordinate(name: str, value: float) -> float:
    """A coordinate of alpha, beta or scale that has no bounds."""
    if name == "alpha":
        alpha = min(max(value, LOWEST_ALPHA + 0.01), 1.98)
        return math.log((alpha - LOWEST_ALPHA) / (2 - alpha))
    return math.atanh(min(max(value, -0.95), 0.95)) if name == "beta" else math.log(value)


def _parameter(name: str, coordinate: float) -> float:
    """The inverse of `_coordinate`."""
    if name == "alpha":
        return LOWEST_ALPHA + (2 - LOWEST_ALPHA) / (1 + math.exp(-coordinate))
    return math.tanh(coordinate) if name == "beta" else math.exp(coordinate)
