"""Pictures of data and of fitted laws on logarithmic axes; each function returns its axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from htstats.compat.powerlaw._data import Floats, cdf, pdf

__all__ = ["draw_line", "plot_ccdf", "plot_cdf", "plot_pdf"]

# Keywords that say which data are drawn, and not how.
_DATA_WORDS = ("xmin", "xmax", "bins", "linear_bins", "survival", "original_data")


def draw_line(ax: Any, x: Floats, y: Floats, style: dict[str, Any], linear: bool = False) -> Any:
    """Draw y over x on `ax`, or on the current axes; both scales become logarithmic."""
    if ax is None:
        import matplotlib.pyplot as plt

        ax = plt.gca()
    ax.plot(x, y, **{k: v for k, v in style.items() if k not in _DATA_WORDS})
    if not linear:
        ax.set_xscale("log")
    ax.set_yscale("log")
    return ax


def plot_cdf(data: Any, ax: Any = None, survival: bool = False, **kwargs: Any) -> Any:
    """Draw the empirical distribution function; returns the axes."""
    words = {word: kwargs[word] for word in ("xmin", "xmax") if word in kwargs}
    return draw_line(ax, *cdf(data, survival=survival, **words), kwargs)


def plot_ccdf(data: Any, ax: Any = None, survival: bool = True, **kwargs: Any) -> Any:
    """Draw the empirical survival function; returns the axes."""
    return plot_cdf(data, ax=ax, survival=survival, **kwargs)


def plot_pdf(data: Any, ax: Any = None, linear_bins: bool = False, **kwargs: Any) -> Any:
    """Draw the histogram at the middles of its bins, empty ones left out; returns the axes."""
    words = {word: kwargs[word] for word in ("xmin", "xmax", "bins") if word in kwargs}
    edges, density = pdf(data, linear_bins=linear_bins, **words)
    density = np.where(density == 0, np.nan, density)
    return draw_line(ax, (edges[1:] + edges[:-1]) / 2, density, kwargs)
