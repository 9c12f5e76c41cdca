"""Find networks, checkpoints and cached outputs; write tables and pictures."""

from __future__ import annotations

import csv
import errno
import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from htstats import _version
from htstats._common.files import atomic_write, require_apart

__all__ = ["HEAD_SUFFIX", "Places", "output_paths", "save_picture", "write_csv"]

# Suffixes of files that `open_weights` reads.
SUFFIXES = (".npy", ".npz", ".safetensors", ".pt", ".pth")

# Suffixes of the files with figures and tables; such files are never read.
WRITTEN = (".png", ".csv", ".md")

# Suffix of files with the cached inputs of a last layer, written for example by
# bench/paper/magika_outputs.py.
HEAD_SUFFIX = ".head.npz"


class Places:
    """The folders to search: the user's folder first, then those that `make paper` fills.

    Parameters
    ----------
    data : Path, optional
        The user's folder.

    Raises
    ------
    ValueError
        If `data` is given and is not a folder.
    """

    def __init__(self, data: Path | None = None) -> None:
        if data is not None and not Path(data).is_dir():
            raise ValueError(f"data must be a folder, got {data}")
        self.data = None if data is None else Path(data)
        self.cache = Path.home() / ".cache" / "htstats" / "paper"
        # next to the package in a checkout; an installed package does not have this folder
        self.trained = Path(_version.__file__).parents[1] / "bench" / "paper" / "weights"

    @property
    def folders(self) -> list[Path]:
        """The folders that exist, with the user's folder first."""
        found = [self.data, self.trained, self.cache]
        return [folder for folder in found if folder is not None and folder.is_dir()]

    def file(self, name: str) -> Path | None:
        """The file of that name from the first folder that has one; None if there is none."""
        paths = (folder / name for folder in self.folders)
        return next((path for path in paths if path.is_file()), None)

    def checkpoints(self) -> list[Path]:
        """Every checkpoint in the user's folder and in the cache, sorted by name."""
        folders = [folder for folder in (self.data, self.cache) if folder and folder.is_dir()]
        return [
            path
            for folder in folders
            for path in sorted(folder.iterdir())
            if path.suffix in SUFFIXES and not path.name.endswith(HEAD_SUFFIX)
        ]

    def heads(self) -> list[Path]:
        """Every file with the cached inputs of a last layer."""
        folders = [folder for folder in (self.data, self.cache) if folder and folder.is_dir()]
        return [path for folder in folders for path in sorted(folder.glob(f"*{HEAD_SUFFIX}"))]


def output_paths(out: Path, name: str, suffixes: Sequence[str], data: Path | None) -> list[Path]:
    """The output files of a figure or table in the folder `out`, which need not exist yet.

    Raises
    ------
    ValueError
        If an output file is, through a link, the same file as an input file or another output.
    IsADirectoryError
        If an output file is a folder.
    """
    paths = [Path(out) / f"{name}{suffix}" for suffix in suffixes]
    for path in paths:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    own = {path.absolute() for path in paths if not path.is_symlink()}
    inputs = [
        path
        for folder in Places(data).folders
        for path in sorted(folder.rglob("*"))
        # a table that an earlier run wrote to the user's folder is not an input
        if path.is_file() and path.suffix not in WRITTEN and path.absolute() not in own
    ]
    require_apart(inputs, paths)
    return paths


def write_csv(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    """Write a table with the keys of its first row as columns; create the folder if needed."""
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as file:
        file.write(text.getvalue().encode())
    return path


def save_picture(figure: Any, path: Path) -> Path:
    """Write a figure as PNG; the file appears only when it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as file:
        figure.savefig(file, format="png", dpi=150)
    return path
