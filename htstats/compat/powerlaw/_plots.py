"""Plots of data and of fitted laws on logarithmic axes; each function returns its axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from htstats._common.arrays import Floats
from htstats._common.extras import name_missing_package
from htstats.compat.powerlaw._data import cdf, pdf

__all__ = ["Drawn", "Shown", "draw_line", "plot_ccdf", "plot_cdf", "plot_pdf"]

# powerlaw 2.0 draws three decades of a law that has neither an xmax nor data.
DECADES_DRAWN = 3

# Keywords that select the data and are not style options.
_DATA_WORDS = ("xmin", "xmax", "bins", "linear_bins", "survival", "original_data")


def draw_line(ax: Any, x: Floats, y: Floats, style: dict[str, Any], linear: bool = False) -> Any:
    """Draw y over x on `ax`, by default the current axes; unless `linear`, x is logarithmic too."""
    if ax is None:
        with name_missing_package("a plot of htstats.compat.powerlaw"):
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
    """Draw the histogram at the middles of its bins, without empty bins; returns the axes."""
    words = {word: kwargs[word] for word in ("xmin", "xmax", "bins") if word in kwargs}
    edges, density = pdf(data, linear_bins=linear_bins, **words)
    density = np.where(density == 0, np.nan, density)
    return draw_line(ax, (edges[1:] + edges[:-1]) / 2, density, kwargs)


class Drawn:
    """Mixin with the plots of a distribution."""

    def _drawing_points(self: Any, data: Any) -> Floats:
        """The distinct values of the data, or a grid on the support if there are no data."""
        if data is not None or self.parent_Fit is not None:
            return np.unique(self._trim(data))
        last = self.xmax if self.xmax is not None else self.xmin * 10.0**DECADES_DRAWN
        grid = np.geomspace(self.xmin, last, 1000)
        return np.unique(np.round(grid)) if self.discrete else np.clip(grid, self.xmin, last)

    def plot_pdf(self: Any, data: Any = None, ax: Any = None, **kwargs: Any) -> Any:
        """Draw the density at the distinct values of the data; returns the axes."""
        x = self._drawing_points(data)
        return draw_line(ax, x, self.pdf(x), kwargs)

    def plot_cdf(
        self: Any, data: Any = None, ax: Any = None, survival: bool = False, **kwargs: Any
    ) -> Any:
        """Draw the distribution function at the distinct values of the data; returns the axes."""
        x = self._drawing_points(data)
        return draw_line(ax, x, self.cdf(x, survival=survival), kwargs)

    def plot_ccdf(
        self: Any, data: Any = None, ax: Any = None, survival: bool = True, **kwargs: Any
    ) -> Any:
        """Draw the survival function at the distinct values of the data; returns the axes."""
        return self.plot_cdf(data, ax=ax, survival=survival, **kwargs)


class Shown:
    """Mixin with the empirical distributions of a fit, as numbers and as plots."""

    def _plot_data(self: Any, original_data: bool) -> tuple[Any, float | None, float | None]:
        if original_data:
            return self.data_original, None, None
        return self.data, self.xmin, self.xmax

    def cdf(self: Any, original_data: bool = False, survival: bool = False) -> Any:
        """Empirical distribution function of the tail, or of all the data."""
        data, xmin, xmax = self._plot_data(original_data)
        return cdf(data, xmin=xmin, xmax=xmax, survival=survival)

    def ccdf(self: Any, original_data: bool = False, survival: bool = True) -> Any:
        """Empirical survival function of the tail, or of all the data."""
        return self.cdf(original_data, survival)

    def pdf(
        self: Any, original_data: bool = False, linear_bins: bool = False, bins: Any = None
    ) -> Any:
        """Histogram of the tail, or of all the data."""
        data, xmin, xmax = self._plot_data(original_data)
        return pdf(data, xmin=xmin, xmax=xmax, linear_bins=linear_bins, bins=bins)

    def plot_cdf(
        self: Any,
        ax: Any = None,
        original_data: bool = False,
        survival: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Draw the empirical distribution function; returns the axes."""
        data, _, _ = self._plot_data(original_data)
        return plot_cdf(data, ax=ax, survival=survival, **kwargs)

    def plot_ccdf(
        self: Any, ax: Any = None, original_data: bool = False, survival: bool = True, **kwargs: Any
    ) -> Any:
        """Draw the empirical survival function; returns the axes."""
        return self.plot_cdf(ax, original_data, survival, **kwargs)

    def plot_pdf(
        self: Any,
        ax: Any = None,
        original_data: bool = False,
        linear_bins: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Draw the histogram; returns the axes."""
        data, _, _ = self._plot_data(original_data)
        return plot_pdf(data, ax=ax, linear_bins=linear_bins, **kwargs)
