"""Figure 3: stable rank against alpha; and a table that shows which matrices are heavy-tailed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from htstats.power_law import PowerLawFit, fit_power_law
from htstats.reproduce._frame import Request, output
from htstats.reproduce._matrices import SourceMatrix, find_matrices
from htstats.reproduce._mixture import Mixture, select_mixture
from htstats.reproduce._places import save_picture, write_csv
from htstats.spectral import stable_rank

__all__ = ["figure3", "heavy_tails"]

# A marker is hollow if the exponent was fitted to fewer tail elements than this.
FEW = 50

MARKERS = {"checkpoint": "o", "trained here": "s", "pytorchcv": "^"}

# Laws to compare with the power law: the usual alternatives, and the power law with a cutoff.
ALTERNATIVES = ("lognormal", "exponential", "stretched_exponential", "truncated_power_law")

MOST_LINES = 5

# RESAMPLES resamples give a p-value to +-0.03. The bootstrap stops earlier if the p-value is surely
# above or below LEVEL. Large matrices get fewer resamples, which would otherwise take minutes.
RESAMPLES, FEWEST_RESAMPLES = 250, 20
ELEMENTS = 30_000_000
LEVEL = 0.1


@output(".png", ".csv")
def figure3(request: Request) -> list[Path]:
    """Fig. 3: stable rank against alpha, with a mixture of linear regressions by EM.

    Parameters
    ----------
    out, seed, report
        As in `htstats.reproduce`. The seed is that of the starts of EM, and of the training if
        there are no stored networks.
    data : Path, optional
        Folder with checkpoints (`.npy`, `.npz`, `.safetensors`, `.pt`, `.pth`). Every matrix in
        them with 256 elements or more becomes a point in the figure.

    Returns
    -------
    list of Path
        figure3.png and figure3.csv.

    Notes
    -----
    The points are the dense matrices of the networks trained here, of the checkpoints that
    `make paper` fetches and of the checkpoints in `data`, and the heads of those networks of
    Appendix D whose files are present. The number of lines, from 1 to 5, is the one with the
    smallest BIC. The paper plots only final dense layers. The table has further columns: kurtosis,
    the proportion of weights above sigma, and `gaussian_rank` (the stable rank of a matrix of the
    same shape with normal values). They are needed because the shape bounds the stable rank: a
    large alpha and a large matrix have similar effects.

    References
    ----------
    .. [1] J. Y. Shin, Fig. 3 and Appendix D.
    """
    picture, table = request.paths
    matrices = find_matrices(request)
    rows = [
        describe_matrix(dense, fit_power_law(dense.values.ravel(), side="abs"))
        for dense in matrices
    ]
    alpha = [float(row["alpha"]) for row in rows]
    rank = [float(row["stable_rank"]) for row in rows]
    mixture = select_mixture(alpha, rank, most=MOST_LINES, seed=request.seed)
    for row, k in zip(rows, mixture.responsibility.argmax(axis=0), strict=True):
        row["line"] = int(k)
    write_csv(table, rows)
    return [save_picture(_draw(rows, mixture), picture), table]


@output(".csv")
def heavy_tails(request: Request) -> list[Path]:
    """Test which matrices of Fig. 3 are heavy-tailed: goodness of fit and likelihood ratios.

    Parameters
    ----------
    out, data, seed, report
        As in `figure3`.

    Returns
    -------
    list of Path
        heavy_tails.csv. It contains for each matrix: the kurtosis (3 for normal values), the
        proportion of weights above sigma (0.317 for normal values), the fitted tail and its
        proportion of the elements, the bootstrap p-value (below 0.1, the power law is ruled out),
        and for each alternative whether it or the power law is favoured at level 0.1.

    Notes
    -----
    The p-value comes from at most 250 resamples, each with its own xmin. The bootstrap stops as
    soon as the p-value is surely on one side of 0.1. Matrices with more than 120,000 elements get
    fewer resamples, but at least 20.
    """
    (table,) = request.paths
    rows = []
    for dense in find_matrices(request):
        fit = fit_power_law(dense.values.ravel(), side="abs")
        row = describe_matrix(dense, fit)
        resamples = max(FEWEST_RESAMPLES, min(RESAMPLES, ELEMENTS // fit.n))
        found = fit.goodness_of_fit(resamples, seed=request.seed, stop_at=LEVEL)
        row["pvalue"], row["resamples"] = found.pvalue, found.n_resamples
        row |= {name: _favourite(fit, name) for name in ALTERNATIVES}
        row["verdict"] = verdict(row)
        request.report(f"{dense.source} {dense.name}: {row['verdict']}")
        rows.append(row)
    return [write_csv(table, rows)]


def describe_matrix(dense: SourceMatrix, fit: PowerLawFit) -> dict[str, Any]:
    """The columns for one matrix that both tables start with."""
    values = dense.values.astype(np.float64)
    centred = values - values.mean()
    variance = float(np.mean(centred**2))
    return {
        "group": dense.group, "source": dense.source, "matrix": dense.name,
        "rows": values.shape[0], "cols": values.shape[1],
        "alpha": fit.alpha, "tail_exponent": fit.tail_exponent, "xmin": fit.xmin,
        "distance": fit.distance, "n_tail": fit.n_tail, "tail_share": fit.n_tail / fit.n,
        "kurtosis": float(np.mean(centred**4)) / variance**2,
        "above_sigma": float(np.mean(np.abs(values) > variance**0.5)),
        "stable_rank": stable_rank(dense.values),
        "gaussian_rank": gaussian_rank(*values.shape),
    }  # fmt: skip


def gaussian_rank(rows: int, cols: int) -> float:
    """The asymptotic stable rank of a large matrix of independent normal values."""
    return rows * cols / (math.sqrt(rows) + math.sqrt(cols)) ** 2


def _favourite(fit: PowerLawFit, alternative: str) -> str:
    try:
        return fit.compare(alternative).better(LEVEL)
    except (ValueError, ArithmeticError):
        return "not fitted"


def verdict(row: dict[str, Any]) -> str:
    """The verdict from the p-value and the likelihood ratios."""
    if row["pvalue"] < LEVEL:
        return "no power law"
    better = [name for name in ALTERNATIVES if row[name] == name]
    if better:
        return f"{' and '.join(better).replace('_', ' ')} better"
    if row["exponential"] == "power_law":
        return "heavy-tailed"
    return "undecided"


def _draw(rows: Sequence[dict[str, Any]], mixture: Mixture) -> Any:
    from matplotlib.figure import Figure

    alpha, rank = (np.array([row[key] for row in rows]) for key in ("alpha", "stable_rank"))
    group = np.array([row["group"] for row in rows])
    few = np.array([row["n_tail"] < FEW for row in rows])
    line = np.array([row["line"] for row in rows])
    figure = Figure(figsize=(8.0, 5.0), layout="constrained")
    axes = figure.subplots()
    ends = np.array([alpha.min(), alpha.max()])
    for k in range(len(mixture.weight)):
        axes.plot(
            ends, mixture.intercept[k] + mixture.slope[k] * ends, color=f"C{k}", linewidth=1.2,
            label=f"{mixture.intercept[k]:.1f} {'-' if mixture.slope[k] < 0 else '+'} "
            f"{abs(mixture.slope[k]):.2f} alpha (weight {mixture.weight[k]:.2f})",
        )  # fmt: skip
        for name, marker in MARKERS.items():
            for hollow in (False, True):
                chosen = (line == k) & (group == name) & (few == hollow)
                axes.scatter(
                    alpha[chosen], rank[chosen], s=22, marker=marker, linewidth=1,
                    edgecolor=f"C{k}", facecolor="none" if hollow else f"C{k}",
                )  # fmt: skip
    for name, marker in MARKERS.items():
        if (group == name).any():
            axes.scatter([], [], s=22, marker=marker, color="0.4", label=name)
    if few.any():
        axes.scatter([], [], s=22, facecolor="none", edgecolor="0.4", label=f"tail below {FEW}")
    axes.set(xlabel="alpha (density exponent of the fitted tail)", ylabel="stable rank")
    axes.set_ylim(0, 1.08 * rank.max())
    axes.set_title(f"{len(rows)} dense matrices, lines by BIC: {len(mixture.weight)}", fontsize=10)
    axes.legend(fontsize=8)
    return figure
