"""Interpolate functions of a standardised x by piecewise polynomials in asinh(x).

Each panel has ten Chebyshev nodes. A panel is halved as long as the last coefficients of the first
function exceed `TOLERANCE`. Panels that stay rough (at the end of a support) are not used: the
functions are evaluated directly at points in them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from numpy.polynomial import chebyshev

from htstats._common.arrays import Floats

__all__ = ["Panels"]

# A callable that returns the values of some of its functions (a slice) at given points, of shape
# (functions, points).
Evaluate = Callable[[Floats, slice], Floats]
FIRST, OTHERS, ALL = slice(0, 1), slice(1, None), slice(None)

NODES = 10
# Errors of a log density up to this size move no estimate by 1e-4 of its standard error at n = 1e8.
TOLERANCE = 1e-7
HALVINGS = 10
# Ends of the first panels, in asinh(x), on each side of 0. Each panel beyond the last one ends half
# as far again from 0.
INNER = np.array([0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.75, 4.5, 5.5, 7.0, 9.0, 12.0])

ROOTS = np.cos(np.pi * (np.arange(NODES)[::-1] + 0.5) / NODES)
TO_CHEBYSHEV = np.linalg.inv(chebyshev.chebvander(ROOTS, NODES - 1))
TO_POWERS = np.stack(
    [np.pad(chebyshev.cheb2poly(row), (0, NODES))[:NODES] for row in np.eye(NODES)]
)


class Panels:
    """Interpolated functions between two points.

    Parameters
    ----------
    evaluate : callable
        Returns the functions in a slice at an array of points, of shape (functions, points).
    low, high : float
        The first and the last point that the caller needs.
    combine : array, optional
        Each row has the coefficients of a linear combination of the functions. Only these
        combinations are kept. By default, all functions are kept.
    """

    def __init__(
        self, evaluate: Evaluate, low: float, high: float, combine: Floats | None = None
    ) -> None:
        self._evaluate = evaluate
        self._combine = combine
        self.edges, values, self.is_rough = _adapt(evaluate, _first_edges(low, high))
        if combine is not None:
            values = np.einsum("cf,pfk->pck", combine, values)
        to_powers = TO_CHEBYSHEV.T @ TO_POWERS
        self._coefficients = np.where(self.is_rough[:, None, None], 0.0, values) @ to_powers

    def __call__(self, x: Floats) -> tuple[Floats, Floats]:
        """The functions at points, and the derivative of the first function."""
        t = np.arcsinh(x)
        at = np.clip(np.searchsorted(self.edges, t, side="right") - 1, 0, self.is_rough.size - 1)
        width = np.diff(self.edges)[at] / 2
        s = (t - (self.edges[at] + self.edges[at + 1]) / 2) / width
        values = [self._horner(row, at, s) for row in range(1, self._coefficients.shape[1])]
        first, slope = self._horner_with_slope(at, s)
        slope = slope / (width * np.hypot(1.0, x))
        out = np.stack([first, *values])
        if self.is_rough.any() and (rough := self.is_rough[at]).any():
            out[:, rough], slope[rough] = self._directly(x[rough])
        return out, slope

    def _horner(self, row: int, at: npt.NDArray[np.intp], s: Floats) -> Floats:
        table = np.ascontiguousarray(self._coefficients[:, row].T)
        total: Floats = table[-1][at]
        for coefficient in table[-2::-1]:
            total = total * s + coefficient[at]
        return total

    def _horner_with_slope(self, at: npt.NDArray[np.intp], s: Floats) -> tuple[Floats, Floats]:
        table = np.ascontiguousarray(self._coefficients[:, 0].T)
        total, slope = table[-1][at], np.zeros(s.size)
        for coefficient in table[-2::-1]:
            slope = slope * s + total
            total = total * s + coefficient[at]
        return total, slope

    def _directly(self, x: Floats) -> tuple[Floats, Floats]:
        step = 1e-5 * np.maximum(np.abs(x), 1e-3)
        here = self._evaluate(x, ALL)
        after, before = (self._evaluate(x + k * step, FIRST) for k in (1, -1))
        with np.errstate(invalid="ignore"):  # outside the support this is -inf - (-inf)
            slope = (after[0] - before[0]) / (2 * step)
            if self._combine is None:
                return here, np.nan_to_num(slope, posinf=0.0, neginf=0.0)
            kept = np.where(np.isfinite(here), here, 0.0)
            out = np.einsum("cf,fk->ck", self._combine, kept)
        out[0] = here[0]
        return out, np.nan_to_num(slope, posinf=0.0, neginf=0.0)


def _first_edges(low: float, high: float) -> Floats:
    ends = list(np.arcsinh([low, high]))
    side = list(INNER)
    while side[-1] < max(-ends[0], ends[1]):
        side.append(side[-1] * 1.5)
    edges = np.concatenate([-np.array(side[::-1]), [0.0], side])
    first = max(np.searchsorted(edges, ends[0], side="right") - 1, 0)
    last = min(np.searchsorted(edges, ends[1], side="left"), edges.size - 1)
    return edges[first : max(last, first + 1) + 1]


def _adapt(evaluate: Evaluate, edges: Floats) -> tuple[Floats, Floats, npt.NDArray[np.bool_]]:
    """Edges, values of shape (panels, functions, nodes), and which panels stay rough."""
    todo = np.stack([edges[:-1], edges[1:]], axis=1)
    done: list[tuple[Floats, Floats, npt.NDArray[np.bool_]]] = []
    for depth in range(HALVINGS + 1):
        centre, half = todo.mean(axis=1), (todo[:, 1] - todo[:, 0]) / 2
        x = np.sinh(centre[:, None] + half[:, None] * ROOTS)
        first = evaluate(x.reshape(-1), FIRST).reshape(len(todo), NODES)
        with np.errstate(invalid="ignore"):
            tail = np.abs(first @ TO_CHEBYSHEV.T)[:, -2:].max(axis=1)
        rough = np.asarray(~(tail <= TOLERANCE) | ~np.isfinite(first).all(axis=1))
        is_final = np.asarray(~np.isfinite(first).any(axis=1) | (depth == HALVINGS))
        # the other functions are needed only where the first one is smooth
        kept = np.flatnonzero(~rough | is_final)
        others = evaluate(x[kept].reshape(-1), OTHERS)
        others = others.reshape(len(others), kept.size, NODES)
        rough[kept] |= ~np.isfinite(others).all(axis=(0, 2))
        is_done = ~rough[kept] | is_final[kept]
        kept, others = kept[is_done], others[:, is_done]
        values = np.concatenate([first[None, kept], others]).transpose(1, 0, 2)
        done.append((todo[kept], values, rough[kept]))
        if kept.size == len(todo):
            break
        left = np.setdiff1d(np.arange(len(todo)), kept)
        ends, middle = todo[left], centre[left]
        halves = [np.stack([ends[:, 0], middle], axis=1), np.stack([middle, ends[:, 1]], axis=1)]
        todo = np.concatenate(halves)
    spans, values, rough = (np.concatenate(part) for part in zip(*done, strict=True))
    order = np.argsort(spans[:, 0])
    return np.append(spans[order, 0], spans[:, 1].max()), values[order], rough[order]
