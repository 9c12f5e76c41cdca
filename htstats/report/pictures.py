"""The pictures of `htstats fit`: one file for each matrix."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from htstats._common.extras import name_missing_package

if TYPE_CHECKING:
    from htstats.report.matrix import Rule
    from htstats.weights import WeightMatrix
    from htstats.weights.columns import Column

__all__ = ["draw_all", "picture_folder", "picture_paths"]


@contextmanager
def picture_folder(given: str) -> Iterator[Path]:
    """Create the folder if it does not exist. If it was created and stays empty, remove it."""
    with name_missing_package("--plot"):
        import matplotlib.figure  # noqa: F401
    folder = Path(given)
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"--plot must be a folder, got the file {given}")
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield folder
    finally:
        for path in made:
            with suppress(OSError):  # it is not empty
                path.rmdir()


def picture_paths(folder: Path, inputs: Iterable[str], names: Iterable[str]) -> dict[str, Path]:
    """The path of the picture of each matrix.

    Raises
    ------
    ValueError
        If a picture would replace an input, a file with weights.
    """
    from htstats._common.files import require_apart

    taken: set[str] = set()
    paths = {name: folder / _free_name(name, taken) for name in names}
    require_apart(inputs, paths.values())
    return paths


def draw_all(
    paths: Mapping[str, Path],
    matrices: Mapping[str, WeightMatrix | Column],
    names: Iterable[str],
    side: str,
    rule: Rule,
    letter: str = "w",
) -> None:
    """Write NAME.png for each matrix: survival function, density, scan, tail of the spectrum.

    Each matrix is read and fitted in memory a second time, so that only one matrix is held at a
    time.
    """
    for name in names:
        _draw(paths[name], name, matrices[name].toarray(), side, rule, letter)


def _free_name(name: str, taken: set[str]) -> str:
    """A file name that no other matrix has, even on file systems that ignore case."""
    plain = re.sub(r"[^\w.+-]+", "_", name).strip(".")[:120] or "matrix"
    target, number = f"{plain}.png", 2
    while target.lower() in taken:
        target, number = f"{plain}-{number}.png", number + 1
    taken.add(target.lower())
    return target


def _draw(path: Path, name: str, values: Any, side: str, rule: Rule, letter: str) -> None:
    from matplotlib.figure import Figure

    from htstats._common.files import atomic_write
    from htstats.plot import plot_ccdf, plot_pdf, plot_scan
    from htstats.power_law import fit_power_law

    fit = fit_power_law(values.reshape(-1), side=side, **rule)
    figure = Figure(figsize=(14, 4.2), layout="constrained")
    axes = figure.subplots(1, 3)
    plot_ccdf(fit, axes[0])
    plot_pdf(fit, axes[1])
    plot_scan(fit, axes[2])
    symbol = {"abs": "|{}|", "positive": "{}", "negative": "-{}"}[side].format(letter)
    for ax in axes[:2]:
        ax.set_xlabel(symbol)
    figure.suptitle(name)
    with atomic_write(path) as file:
        figure.savefig(file, format="png", dpi=110)
