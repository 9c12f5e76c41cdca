"""Random numbers of any law by its survival function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from htstats.compat.powerlaw._data import Floats

__all__ = ["continuous_quantiles", "discrete_quantiles", "uniform"]

LogSurvival = Callable[[Floats], Floats]

# Halvings of an interval of log(x / xmin) that is at most 700 long, down to 2^-53 of itself.
HALVINGS = 64

# Integers beyond are not all floats.
LAST_INTEGER = 2.0**52


def uniform(shape: Any, rng: Any) -> Floats:
    """Uniform numbers in [0, 1), from numpy's global state where rng is None."""
    if rng is None:
        # powerlaw's users call np.random.seed, and find the same numbers here
        return np.asarray(np.random.random(shape))  # noqa: NPY002
    return np.asarray(np.random.default_rng(rng).random(shape))


def continuous_quantiles(logsf: LogSurvival, logs: Floats, xmin: float) -> Floats:
    """Where the log survival function falls to `logs`, by bisection of log(x / xmin)."""
    low, high = np.zeros(logs.shape), np.ones(logs.shape)
    while np.any(grow := (logsf(xmin * np.exp(high)) > logs) & (high < 512)):
        low, high = np.where(grow, high, low), np.where(grow, 2 * high, high)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        above = logsf(xmin * np.exp(middle)) > logs
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.asarray(xmin * np.exp((low + high) / 2))


def discrete_quantiles(logsf: LogSurvival, logs: Floats, xmin: float) -> Floats:
    """The least integers at which the log survival function, P(X > k), is below `logs`."""
    low, high = np.full(logs.shape, xmin - 1), np.full(logs.shape, xmin)
    while np.any(grow := (logsf(high) >= logs) & (high < LAST_INTEGER)):
        low, high = np.where(grow, high, low), np.where(grow, 2 * high, high)
    while np.any(high - low > 1):
        middle = np.floor((low + high) / 2)
        above = logsf(middle) >= logs
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return high
