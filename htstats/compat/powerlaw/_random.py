"""The source of random numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from htstats._common.arrays import Floats

__all__ = ["uniform"]


def uniform(shape: Any, rng: Any) -> Floats:
    """Uniform numbers in [0, 1), from numpy's global state if rng is None."""
    if rng is None:
        # Users of powerlaw call np.random.seed. The same seed must give the same numbers here.
        return np.asarray(np.random.random(shape))  # noqa: NPY002
    return np.asarray(np.random.default_rng(rng).random(shape))
