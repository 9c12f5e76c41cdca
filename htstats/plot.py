"""Plots of a fit; the tail is scaled to the whole data. Each function returns its axes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from htstats._common.arrays import Floats
from htstats._common.documents import add_sections
from htstats._common.extras import name_missing_package
from htstats._exact_fit.options import FitOptions
from htstats.power_law import PowerLawFit

__all__ = ["plot_ccdf", "plot_compare", "plot_pdf", "plot_scan"]

# Largest number of points drawn. A plot has fewer pixels than this.
DRAWN = 3000

# Number of bins per decade of a density. `powerlaw` uses the same number.
BINS_A_DECADE = 10

LAW = {"color": "C3", "linewidth": 1.5}
OTHER = {"linewidth": 2}
ALTERNATIVES = ("lognormal", "exponential", "stretched_exponential", "truncated_power_law")


FIT_AND_AXES = """\
fit : PowerLawFit
    A fit of an array.
ax : matplotlib axes, optional
    Axes to draw on; by default, new axes."""
FIT_AND_LAWS = f"""\
{FIT_AND_AXES}
alternatives : sequence of str
    Names of `htstats.alternatives.ALTERNATIVES` to draw."""
DATA_AND_LAWS = {
    "Parameters": FIT_AND_LAWS,
    "Returns": """\
matplotlib axes
    Its lines are the data, the power law and the alternatives.""",
    "Raises": """\
ValueError
    If the fit was made from a sketch, or a name is unknown.""",
}


@add_sections(**DATA_AND_LAWS)
def plot_ccdf(fit: PowerLawFit, ax: Any = None, *, alternatives: Sequence[str] = ()) -> Any:
    """Draw the survival function of the data, the fitted tail and alternatives, on log-log axes.

    Notes
    -----
    The laws are multiplied by the proportion of the data in the tail, so that they meet the data at
    xmin. The x axis begins at the first percentile of the data, or at a third of xmin if that is
    lower.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> from htstats import fit_power_law
    >>> fit = fit_power_law(np.random.default_rng(0).pareto(1.5, 500) + 1)
    >>> [line.get_label() for line in plot_ccdf(fit).lines][0]
    'data'
    """
    ax = _axes(ax)
    x = fit.usable()
    grid = _draw_data_and_fit(ax, fit, x)
    for i, name in enumerate(alternatives):
        law = fit.compare(name).second
        label = name.replace("_", " ")
        ax.plot(
            grid, _survival(law, grid, fit, x), ":", color=f"C{_colour(i)}", label=label, **OTHER
        )
    _mark_xmin(ax, fit)
    _finish_ccdf(ax, fit, x)
    return ax


@add_sections(Parameters=FIT_AND_LAWS)
def plot_compare(
    fit: PowerLawFit, ax: Any = None, *, alternatives: Sequence[str] = ALTERNATIVES
) -> Any:
    """Draw the tail, the power law and every alternative, with their likelihood ratios.

    Returns
    -------
    matplotlib axes
        The legend lists R and p of each alternative. If R is above 0, the power law is more likely.

    Raises
    ------
    ValueError
        If the fit was made from a sketch, or a name is unknown.

    Notes
    -----
    The plot shows only the tail. The x axis runs from xmin to the largest value. The y axis ends at
    the proportion of the data in the tail.
    """
    ax = _axes(ax)
    x = fit.usable()
    grid = _draw_data_and_fit(ax, fit, x)
    styles = (":", "-.", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)))
    for i, name in enumerate(alternatives):
        ratio = fit.compare(name)
        label = f"{name.replace('_', ' ')}: R = {ratio.R:.3g}, p = {ratio.pvalue:.2g}"
        style = {"linestyle": styles[i % len(styles)], "color": f"C{_colour(i)}"}
        ax.plot(grid, _survival(ratio.second, grid, fit, x), label=label, **style)
    _finish_ccdf(ax, fit, x)
    ax.set_xlim(fit.xmin / 1.05, 1.3 * x[-1])
    ax.set_ylim(0.5 / x.size, 2 * fit.n_tail / x.size)
    _quiet_ticks(ax)
    return ax


@add_sections(**DATA_AND_LAWS)
def plot_pdf(fit: PowerLawFit, ax: Any = None, *, alternatives: Sequence[str] = ()) -> Any:
    """Draw the density of the data in logarithmic bins, the fitted tail and alternatives.

    Notes
    -----
    There are ten bins per decade. Each is drawn at its geometric middle; empty bins are left out.
    If the data are discrete, each bin contains at least one integer.
    """
    ax = _axes(ax)
    x = fit.usable()
    edges = _edges(fit, x)
    counts, _ = np.histogram(x, edges)
    kept = counts > 0
    middle = np.sqrt(edges[1:] * edges[:-1])
    density = counts / (x.size * np.diff(edges))
    ax.loglog(middle[kept], density[kept], "o", color="0.45", markersize=4, label="data")
    grid = _grid(fit, x)
    share = fit.n_tail / x.size
    label = f"power law, $\\alpha$ = {fit.alpha:.3g}"
    ax.plot(grid, share * np.exp(fit.logpdf(grid)), "--", label=label, **LAW)
    for i, name in enumerate(alternatives):
        law = fit.compare(name).second
        label = name.replace("_", " ")
        ax.plot(
            grid,
            share * np.exp(law.logpdf(grid)),
            ":",
            color=f"C{_colour(i)}",
            label=label,
            **OTHER,
        )
    _mark_xmin(ax, fit)
    ax.set_xlim(_left_end(fit, x), 1.3 * x[-1])
    visible = density[kept & (middle >= _left_end(fit, x))]
    ax.set_ylim(visible.min() / 4, visible.max() * 4)
    ax.set(xlabel="x", ylabel="density")
    ax.legend(fontsize="small", edgecolor="none", framealpha=0.85)
    _quiet_ticks(ax)
    return ax


@add_sections(Parameters=FIT_AND_AXES)
def plot_scan(fit: PowerLawFit, ax: Any = None) -> Any:
    """Draw the distance (left axis) and alpha (right axis) of every candidate xmin.

    Returns
    -------
    matplotlib axes
        The axes of the distance. The axes of alpha are a twin of these.

    Raises
    ------
    ValueError
        If the fit was made from a sketch.

    Notes
    -----
    Alphas of tails with fewer than ten values are not drawn, because they would dominate the scale.
    If there are more than 20,000 candidates, about a thousand are drawn, including the chosen one.
    """
    ax = _axes(ax)
    x = fit.usable()
    xmins, distances, alphas = _candidates(fit, x)
    ax.semilogx(xmins, distances, color="C0", linewidth=1)
    ax.plot([fit.xmin], [fit.distance], "o", color="C0", markersize=5)
    ax.annotate(
        f"xmin = {fit.xmin:.4g}\nD = {fit.distance:.3g}, $\\alpha$ = {fit.alpha:.3g}",
        (0.03, 0.97),
        xycoords="axes fraction",
        verticalalignment="top",
        fontsize="small",
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85},
    )
    _mark_xmin(ax, fit)
    ax.set_xlabel("xmin")
    ax.set_ylabel("distance D", color="C0")
    ax.set_ylim(0, 1.25 * np.max(distances))
    ax.set_xlim(_left_end(fit, x), 1.1 * x[-1])
    _quiet_ticks(ax)
    right = ax.twinx()
    steady = x.size - np.searchsorted(x, xmins) >= min(10, x.size // 2)
    right.plot(xmins[steady], alphas[steady], color="C1", linewidth=1)  # shares the log x axis
    right.set_ylabel(r"$\alpha$", color="C1")
    shown = alphas[steady & (xmins >= _left_end(fit, x))]
    if shown.size:
        right.set_ylim(
            np.min(shown) - 0.1 * np.ptp(shown) - 0.1, np.max(shown) + 0.3 * np.ptp(shown) + 0.1
        )
    return ax


def _candidates(fit: PowerLawFit, x: Floats) -> tuple[Floats, Floats, Floats]:
    """Return xmin, distance and alpha of the candidates to draw."""
    if fit.curve is not None:
        return fit.curve.xmins, fit.curve.distances, fit.curve.alphas

    def choose(values: Floats) -> npt.NDArray[np.int64]:
        few = values.size <= 20_000
        return np.arange(values.size) if few else spread_indices(values.size, DRAWN // 2)

    return scan_candidates(x, fit.options, fit.xmin, choose)


def scan_candidates(
    x: Floats, rule: FitOptions, xmin: float, choose: Callable[[Floats], npt.NDArray[np.int64]]
) -> tuple[Floats, Floats, Floats]:
    """Return xmin, distance and alpha of chosen candidates of a scan.

    Parameters
    ----------
    x : ndarray
        The fitted values, ascending.
    rule : FitOptions
        The options of the fit.
    xmin : float
        The candidate that the fit found; it is always among those that are returned.
    choose : callable
        Takes the candidates, ascending, and returns the indices of those to return.
    """
    from htstats._exact_fit.candidates import candidates_of
    from htstats._exact_fit.dispatch import fit_tail

    plain = rule.ks == "left" and not rule.discrete and rule.xmax is None
    if not plain or isinstance(rule.xmin, tuple):
        curve = fit_tail(x, None, rule._replace(curve=True))[0].curve
        assert curve is not None
        numbers = _with_xmin(choose(curve.xmins), curve.xmins, xmin)
        return curve.xmins[numbers], curve.distances[numbers], curve.alphas[numbers]
    found = candidates_of(x)
    last = found.values.size - 1
    numbers = _with_xmin(choose(found.values[:last]), found.values[:last], xmin)
    if numbers.size == last:
        plus, minus = found.curve(0, last)
        return found.values[:last], np.maximum(plus, minus), found.alpha[:last]
    # One distance costs about the square root of the tail's size, independent of the others.
    pairs = [found.curve(int(k), int(k) + 1) for k in numbers]
    plus, minus = np.array(pairs).reshape(-1, 2).T
    return found.values[numbers], np.maximum(plus, minus), found.alpha[numbers]


def _with_xmin(
    numbers: npt.NDArray[np.int64], values: Floats, xmin: float
) -> npt.NDArray[np.int64]:
    """The indices, and that of the candidate that the fit found."""
    here = min(int(np.searchsorted(values, xmin)), values.size - 1)
    return np.union1d(numbers, [here])


def _draw_data_and_fit(ax: Any, fit: PowerLawFit, x: Floats) -> Floats:
    """Draw the survival function of the data and that of the fit; return the grid of the fit."""
    values, first = np.unique(x, return_index=True)
    kept = spread_indices(values.size, DRAWN)
    ax.loglog(values[kept], 1 - first[kept] / x.size, color="0.45", linewidth=1.8, label="data")
    if not fit.discrete and values.size < 500:
        ax.lines[-1].set_drawstyle("steps-pre")
    grid = _grid(fit, x)
    label = f"power law, $\\alpha$ = {fit.alpha:.3g}"
    ax.plot(grid, _survival(fit, grid, fit, x), "--", label=label, **LAW)
    return grid


def _survival(law: Any, grid: Floats, fit: PowerLawFit, x: Floats) -> Floats:
    """P(X >= x) for each x of the grid, of a law of the tail, scaled to the whole data."""
    at = grid - 1 if fit.discrete else grid
    return np.asarray(fit.n_tail / x.size * np.exp(law.logsf(at)))


def _grid(fit: PowerLawFit, x: Floats) -> Floats:
    grid = np.geomspace(fit.xmin, x[-1], 200)
    return np.unique(np.round(grid)) if fit.discrete else np.clip(grid, fit.xmin, x[-1])


def _edges(fit: PowerLawFit, x: Floats) -> Floats:
    decades = np.log10(x[-1] / x[0])
    edges = np.geomspace(
        x[0], x[-1] * (1 + 1e-12), max(2, int(np.ceil(BINS_A_DECADE * decades)) + 1)
    )
    if fit.discrete:
        return np.unique(np.append(np.floor(edges[:-1]), np.floor(x[-1]) + 1)) - 0.5
    return edges


def spread_indices(size: int, most: int) -> npt.NDArray[np.int64]:
    """At most `most` of `size` indices: a third evenly spaced, the others denser near the end."""
    if size <= most:
        return np.arange(size)
    even = np.linspace(0, size - 1, most // 3)
    close = size - np.geomspace(1, size, most - most // 3)
    return np.unique(np.append(even, close).astype(np.int64))


def _left_end(fit: PowerLawFit, x: Floats) -> float:
    """The left end of the x axis; it hides small values that would push the tail into a corner."""
    return max(float(x[0]), min(float(np.quantile(x, 0.01)), fit.xmin / 3)) / 1.1


def _finish_ccdf(ax: Any, fit: PowerLawFit, x: Floats) -> None:
    ax.set_xlim(_left_end(fit, x), 1.3 * x[-1])
    ax.set_ylim(0.5 / x.size, 2)
    ax.set(xlabel="x", ylabel=r"P(X $\geq$ x)")
    ax.legend(loc="lower left", fontsize="small", edgecolor="none", framealpha=0.85)
    _quiet_ticks(ax)


def _quiet_ticks(ax: Any) -> None:
    """Label only decades, or 1, 2 and 5 on an axis of less than two decades, to avoid overlaps."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    low, high = ax.get_xlim()
    ax.xaxis.set_minor_formatter(NullFormatter())
    if high < 100 * low:
        ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _mark_xmin(ax: Any, fit: PowerLawFit) -> None:
    ax.axvline(fit.xmin, color="0.8", linewidth=1, zorder=0)


def _colour(i: int) -> int:
    return (0, 2, 4, 5, 1, 6, 7, 8, 9)[i % 9]  # not C3, the colour of the power law


def _axes(ax: Any) -> Any:
    if ax is None:
        with name_missing_package("htstats.plot"):
            import matplotlib.pyplot as plt
        _, ax = plt.subplots(layout="constrained")
    return ax
