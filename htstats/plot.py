"""Pictures of a fit, the tail scaled to the whole data; every function returns its axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from htstats.power_law import PowerLawFit

__all__ = ["plot_ccdf", "plot_scan"]


def plot_ccdf(fit: PowerLawFit, ax: Any = None, *, alternatives: tuple[str, ...] = ()) -> Any:
    """The data's survival function, the fitted tail and alternatives, on logarithmic axes.

    Parameters
    ----------
    fit : PowerLawFit
        Made from an array.
    ax : matplotlib axes, optional
        Where to draw; default: new ones.
    alternatives : tuple of str
        Names of `htstats.alternatives.ALTERNATIVES` to draw beside it.
    """
    ax = _axes(ax)
    x = fit.usable()
    values, first = np.unique(x, return_index=True)
    ax.loglog(values, 1 - first / x.size, drawstyle="steps-pre", color="0.4", label="data")
    share = fit.n_tail / x.size  # the tail is this part of all
    grid = np.geomspace(fit.xmin, values[-1], 200)
    label = f"power law, alpha = {fit.alpha:.3g}"
    ax.loglog(grid, share * np.exp(fit.logsf(grid)), "--", label=label)
    for name in alternatives:
        law = fit.compare(name).second
        ax.loglog(grid, share * np.exp(law.logsf(grid)), ":", label=name.replace("_", " "))
    ax.axvline(fit.xmin, color="0.8", linewidth=1, zorder=0)
    ax.set_ylim(0.5 / x.size, 2)
    ax.set(xlabel="x", ylabel="P(X >= x)")
    ax.legend()
    return ax


def plot_scan(fit: PowerLawFit, ax: Any = None) -> Any:
    """Distance (left axis) and alpha (right axis) of every candidate xmin."""
    from htstats._scan import candidates_of

    ax = _axes(ax)
    found = candidates_of(fit.usable())
    last = found.values.size - 1
    plus, minus = found.curve(0, last)
    xmins, alphas = found.values[:last], found.alpha[:last]
    ax.semilogx(xmins, np.maximum(plus, minus), color="C0")
    ax.axvline(fit.xmin, color="0.8", linewidth=1, zorder=0)
    ax.set(xlabel="xmin", ylabel="distance D")
    ax.yaxis.label.set_color("C0")
    right = ax.twinx()
    # the last few candidates rest on a handful of values, and their alpha would set the scale
    steady = found.first[1:] <= found.n - min(10, found.n // 2)
    right.semilogx(xmins[steady[:last]], alphas[steady[:last]], color="C1")
    right.set_ylabel("alpha", color="C1")
    return ax


def _axes(ax: Any) -> Any:
    if ax is None:
        import matplotlib.pyplot as plt

        _, ax = plt.subplots(layout="constrained")
    return ax
