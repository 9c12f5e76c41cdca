"""Table 1: accuracy before and after the last layer is compressed."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from htstats._common.files import atomic_write
from htstats.compression.matrix import NOISES
from htstats.compression.partition import partition
from htstats.power_law import fit_power_law
from htstats.reproduce._frame import Request, output
from htstats.reproduce._heads import Head, find_heads
from htstats.reproduce._places import save_picture, write_csv
from htstats.reproduce._pytorchcv import TABLE_1

__all__ = ["table1"]

# Readings of "elements above sigma": the literal reading of the paper's text, then two others.
READINGS = ("upper", "abs", "centered")


@output(".png", ".csv", ".md")
def table1(request: Request) -> list[Path]:
    """Table 1: accuracy before and after the last layer is compressed, 10 trials.

    Parameters
    ----------
    out, seed, report
        As in `htstats.reproduce`. The seed is that of the noise, of the tones, and of the training
        of missing networks; in [0, 2**32).
    data : Path, optional
        Folder with any of: the files of Fashion-MNIST; NAME.head.npz (weight, bias, features,
        labels, data) of any network; pytorchcv's ``NAME-*.pth`` with CIFAR-10's test_batch.bin and
        SVHN's test_32x32.mat for the paper's own twelve networks.

    Returns
    -------
    list of Path
        table1.csv (a row for each network, each reading of "elements above sigma" and each noise),
        table1.md (the same as a readable table) and table1.png (the loss of accuracy).

    Notes
    -----
    The readings are ``upper``: w > sigma, ``abs``: abs(w) > sigma, and ``centered``:
    abs(w - mean) > sigma. The noise is ``paper`` (mean and sigma of all weights), ``matched`` (mean
    and sigma of the replaced weights) or ``none`` (zeros). The standard deviation over trials has
    ddof = 1. alpha is fitted to abs(w). `alpha_positive` is fitted to the positive weights only,
    as the powerlaw package does for a matrix with both signs.

    References
    ----------
    .. [1] J. Y. Shin, Table 1 and Appendix E.
    """
    picture, table, text = request.paths
    rows = [
        row
        for head in find_heads(request)
        for row in _trials(head, request.seed, request.effort.trials)
    ]
    write_csv(table, rows)
    with atomic_write(text) as file:
        file.write(as_markdown(rows).encode())
    return [save_picture(_draw(rows), picture), table, text]


def _trials(head: Head, seed: int, trials: int) -> list[dict[str, Any]]:
    """Rows of Table 1 for one network."""
    fit = fit_power_law(head.weight.ravel(), side="abs")
    positive = fit_power_law(head.weight.ravel(), side="positive")
    classes, features = head.weight.shape
    rows = []
    for keep in READINGS:
        for noise in NOISES:
            values = []
            for trial in range(trials):
                split = partition(
                    head.weight, "std", keep=keep, noise=noise, seed=seed * 2**31 + trial
                )
                values.append(head.accuracy(split.toarray()))
            rows.append({
                "network": head.network, "data": head.data, "classes": classes,
                "features": features, "samples": len(head.labels), "alpha": fit.alpha,
                "n_tail": fit.n_tail, "alpha_positive": positive.alpha,
                "original": head.accuracy(), "keep": keep, "noise": noise,
                "kept": split.density, "mean": fmean(values), "std": stdev(values),
            })  # fmt: skip
    return rows


def as_markdown(rows: list[dict[str, Any]]) -> str:
    """A Markdown table with a line for each network and reading, and accuracies in percent."""
    header = [
        "network", "data", "head", "alpha", "alpha of w > 0", "original", "reading", "kept",
        *NOISES,
    ]  # fmt: skip
    lines = [f"| {' | '.join(header)} |", "|" + " --- |" * len(header)]
    for start in range(0, len(rows), len(NOISES)):
        first = rows[start]
        cells = [
            first["network"], first["data"], f"{first['classes']} x {first['features']}",
            f"{first['alpha']:.2f}", f"{first['alpha_positive']:.2f}",
            f"{100 * first['original']:.2f}", first["keep"], f"{100 * first['kept']:.1f} %",
        ]  # fmt: skip
        cells += [
            f"{100 * row['mean']:.2f} ± {100 * row['std']:.2f}"
            for row in rows[start : start + len(NOISES)]
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _draw(rows: list[dict[str, Any]]) -> Any:
    from matplotlib.figure import Figure

    names = list(dict.fromkeys(row["network"] for row in rows))
    figure = Figure(figsize=(9.6, 1.6 + 0.42 * len(names)), layout="constrained")
    panels = figure.subplots(1, len(READINGS), sharey=True, sharex=True)
    titles = {"upper": "w > sigma", "abs": "|w| > sigma", "centered": "|w - mean| > sigma"}
    for axes, keep in zip(panels, READINGS, strict=True):
        for number, noise in enumerate(NOISES):
            chosen = [row for row in rows if row["keep"] == keep and row["noise"] == noise]
            lost = [100 * (row["original"] - row["mean"]) for row in chosen]
            places = [names.index(row["network"]) + 0.22 * (number - 1) for row in chosen]
            axes.errorbar(
                lost, places, xerr=[100 * row["std"] for row in chosen], fmt="o", markersize=4,
                linewidth=1, color=f"C{number}", label=noise,
            )  # fmt: skip
        axes.axvline(0, color="0.7", linewidth=1, zorder=0)
        axes.set_xscale("symlog", linthresh=1)
        axes.set_xticks([0, 1, 10, 100], ["0", "1", "10", "100"])
        axes.set_xlim(-0.3, 130)
        axes.set_xlabel("points of accuracy lost")
        axes.set_title(titles[keep], fontsize=10)
        axes.grid(axis="x", color="0.92")
    worst = max(row.original - row.compressed for row in TABLE_1.values())
    for axes in panels:
        axes.axvspan(0, worst, color="0.93", zorder=-1)
    panels[0].set_yticks(range(len(names)), names)
    panels[0].invert_yaxis()
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(
        handles, [f"noise: {label}" for label in labels], fontsize=8, ncols=3, frameon=False,
        loc="outside lower center", title="grey: what the paper's networks lose",
        title_fontsize=8,
    )  # fmt: skip
    return figure
