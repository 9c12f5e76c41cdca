"""Figure 3 and Table 1 of the paper, on networks trained here and on checkpoints given."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from htstats.datasets import Split, digits
from htstats.partition import partition
from htstats.power_law import fit_power_law
from htstats.spectral import stable_rank
from htstats.torch._mixture import Mixture, select_mixture
from htstats.torch._training import one_thread, train
from htstats.torch.layers import Evaluation, evaluate, weight_matrices
from htstats.weights import open_weights

__all__ = ["figure3", "table1"]

KEEPS = ("upper", "abs", "centered")
NOISES = ("paper", "matched", "none")
TRIALS = 10

# Fewer elements than this give an exponent that says nothing.
FEWEST = 256

SUFFIXES = (".npy", ".npz", ".safetensors", ".pt", ".pth")


class Recipe(NamedTuple):
    """A network trained here: hidden widths and weight decay."""

    hidden: tuple[int, ...]
    weight_decay: float

    @property
    def name(self) -> str:
        sizes = "-".join(map(str, (64, *self.hidden, 10)))
        return f"digits {sizes} wd {self.weight_decay:g}"


RECIPES = tuple(
    Recipe(hidden, decay) for hidden in ((64, 32), (256,), (128, 64)) for decay in (0.0, 1e-3, 5e-3)
)
EPOCHS = 60


def figure3(out: Path, *, data: Path | None = None, seed: int = 0) -> list[Path]:
    """Fig. 3: stable rank against alpha, with a mixture of linear regressions by EM.

    Parameters
    ----------
    out : Path
        Folder to write to; made if it is missing.
    data : Path, optional
        Folder with checkpoints (`.npy`, `.npz`, `.safetensors`, `.pt`, `.pth`): every matrix in
        them of 256 elements or more is a point too.
    seed : int
        Of the training and of EM's starts.

    Returns
    -------
    list of Path
        figure3.png and figure3.csv.

    Raises
    ------
    ValueError
        If `data` is not a folder, or has no checkpoint.

    Notes
    -----
    The number of lines is the one of the smallest BIC among 1, 2 and 3. The paper plots final
    dense layers of nets whose weights it downloads; here every matrix of each network counts.

    References
    ----------
    .. [1] J. Y. Shin, Fig. 3 and Appendix D.
    """
    out = Path(out)
    files = _checkpoints(data)
    rows = [
        _point(name, matrix, weight.numpy())
        for name, _, model in _networks(digits(seed=seed), seed)
        for matrix, weight in weight_matrices(model).items()
        if weight.numel() >= FEWEST
    ]
    for file in files:
        rows += [
            _point(file.name, name, matrix.toarray())
            for name, matrix in open_weights(file).items()
            if np.prod(matrix.shape) >= FEWEST
        ]
    alpha = [float(row["alpha"]) for row in rows]
    rank = [float(row["stable_rank"]) for row in rows]
    mixture = select_mixture(alpha, rank, seed=seed)
    for row, k in zip(rows, mixture.responsibility.argmax(axis=0), strict=True):
        row["line"] = int(k)
    out.mkdir(parents=True, exist_ok=True)
    table = _write(out / "figure3.csv", rows)
    return [_draw(out / "figure3.png", alpha, rank, mixture), table]


def table1(out: Path, *, data: Path | None = None, seed: int = 0) -> list[Path]:
    """Table 1: accuracy before and after the last layer is compressed, 10 trials.

    Parameters
    ----------
    out : Path
        Folder to write to; made if it is missing.
    data : Path, optional
        Unused: the networks are trained here, on scikit-learn's digits.
    seed : int
        Of the training and of the noise.

    Returns
    -------
    list of Path
        table1.csv: a row for each network, reading of "elements above sigma" (upper: w > sigma;
        abs; centered) and noise (paper, matched, none).

    Notes
    -----
    What enters the last layer is computed once, so that a trial is one product of matrices.

    References
    ----------
    .. [1] J. Y. Shin, Table 1 and Appendix E.
    """
    out = Path(out)
    split = digits(seed=seed)
    rows = []
    for name, accuracy, model in _networks(split, seed):
        rows += _trials(name, accuracy, model, split, seed)
    out.mkdir(parents=True, exist_ok=True)
    return [_write(out / "table1.csv", rows)]


def _networks(data: Split, seed: int) -> Iterator[tuple[str, float, nn.Sequential]]:
    """(name, held-out accuracy, network) for each recipe."""
    test = [(torch.from_numpy(data.x_test), torch.from_numpy(data.y_test))]
    for recipe in RECIPES:
        with one_thread():
            model = train(
                data, recipe.hidden, seed=seed, epochs=EPOCHS, weight_decay=recipe.weight_decay
            )
        yield recipe.name, evaluate(model, test).accuracy, model


def _point(source: str, name: str, matrix: Any) -> dict[str, Any]:
    fit = fit_power_law(matrix.ravel(), side="abs")
    return {
        "source": source, "matrix": name, "rows": matrix.shape[0], "cols": matrix.shape[1],
        "alpha": fit.alpha, "tail_exponent": fit.tail_exponent, "xmin": fit.xmin,
        "distance": fit.distance, "n_tail": fit.n_tail, "stable_rank": stable_rank(matrix),
    }  # fmt: skip


def _trials(
    name: str, accuracy: float, model: nn.Sequential, data: Split, seed: int
) -> list[dict[str, Any]]:
    """Rows of Table 1 for one network."""
    head = model[-1]
    assert isinstance(head, nn.Linear)
    weight, bias = head.weight.detach().numpy(), head.bias.detach()
    with torch.no_grad():
        features = model[:-1](torch.from_numpy(data.x_test))
    labels = torch.from_numpy(data.y_test)
    fit = fit_power_law(weight.ravel(), side="abs")
    rows = []
    for keep in KEEPS:
        for noise in NOISES:
            values = []
            for trial in range(TRIALS):
                split = partition(weight, "std", keep=keep, noise=noise, seed=seed * 2**31 + trial)
                outputs = features @ torch.from_numpy(split.toarray()).T + bias
                errors = int((outputs.argmax(1) != labels).sum())
                values.append(Evaluation(len(labels), errors).accuracy)
            rows.append({
                "network": name, "alpha": fit.alpha, "n_tail": fit.n_tail, "original": accuracy,
                "keep": keep, "noise": noise, "kept": split.density, "mean": fmean(values),
                "std": stdev(values),
            })  # fmt: skip
    return rows


def _checkpoints(data: Path | None) -> list[Path]:
    if data is None:
        return []
    if not Path(data).is_dir():
        raise ValueError(f"data must be a folder with checkpoints, got {data}")
    files = sorted(path for path in Path(data).iterdir() if path.suffix in SUFFIXES)
    if not files:
        raise ValueError(f"data must have a checkpoint ({', '.join(SUFFIXES)}), got {data}")
    return files


def _write(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def _draw(path: Path, alpha: list[float], rank: list[float], mixture: Mixture) -> Path:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.4), layout="constrained")
    axes = figure.subplots()
    line = mixture.responsibility.argmax(axis=0)
    ends = np.array([min(alpha), max(alpha)])
    for k in range(len(mixture.weight)):
        chosen = line == k
        color = f"C{k}"
        axes.scatter(np.array(alpha)[chosen], np.array(rank)[chosen], s=18, color=color)
        axes.plot(
            ends, mixture.intercept[k] + mixture.slope[k] * ends, color=color,
            label=f"{mixture.intercept[k]:.2f} {mixture.slope[k]:+.2f} alpha",
        )  # fmt: skip
    axes.set_xlabel("alpha (density exponent of the fitted tail)")
    axes.set_ylabel("stable rank")
    axes.set_ylim(0, 1.1 * max(rank))
    axes.set_title(f"{len(alpha)} matrices, lines by BIC: {len(mixture.weight)}", fontsize=10)
    axes.legend(fontsize=8)
    figure.savefig(path, dpi=150)
    return path
