"""Slow twins of the fit and the stable rank, for commands that print them."""

import math
from types import SimpleNamespace

import numpy as np


def fit(x, *, side=None):
    """Every candidate xmin in turn, the left-limit distance by its definition."""
    x = np.abs(np.asarray(x, np.float64)) if side == "abs" else np.asarray(x, np.float64)
    x = -x if side == "negative" else x
    if not np.isfinite(x).all():
        raise ValueError("x must be finite")
    kept = np.sort(x[x > 0])
    candidates = np.unique(kept)[:-1]
    if not candidates.size:
        raise ValueError("x must have two different positive values")
    best = None
    for xmin in candidates:
        tail = kept[kept >= xmin]
        alpha = 1 + len(tail) / math.fsum(np.log(tail / xmin))
        values = np.unique(tail)
        model = 1 - (values / xmin) ** (1 - alpha)
        distance = np.abs(np.searchsorted(tail, values) / len(tail) - model).max()
        if best is None or distance < best[0]:
            best = distance, alpha, xmin, len(tail)
    distance, alpha, xmin, n_tail = best
    return SimpleNamespace(
        alpha=alpha, tail_exponent=alpha - 1, xmin=xmin, distance=distance, n_tail=n_tail,
        stderr=(alpha - 1) / n_tail**0.5, n=len(kept), n_excluded=len(x) - len(kept),
        excluded={"zero": int((x == 0).sum())},
    )  # fmt: skip


def stable_rank(matrix, *, rtol):
    assert 0 < rtol < 1e-6
    singular = np.linalg.svd(np.asarray(matrix, np.float64), compute_uv=False)
    return (singular**2).sum() / singular[0] ** 2


def stand_in(monkeypatch):
    """Put the twins where the modules are imported from."""
    monkeypatch.setattr("htstats.power_law.fit_power_law", fit)
    monkeypatch.setattr("htstats.spectral.stable_rank", stable_rank)
