"""Where networks, checkpoints and cached outputs lie, and how tables and pictures are kept."""

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

# Names of the files to which figures and tables are written; they are never read.
WRITTEN = (".png", ".csv", ".md")

# Cached inputs of a last layer, written by bench/paper/magika_outputs.py for one.
HEAD_SUFFIX = ".head.npz"


class Places:
    """The folders to look into: the user's, then those that `make paper` fills.

    Parameters
    ----------
    data : Path, optional
        The user's folder.

    Raises
    ------
    ValueError
        If `data` is given and is no folder.
    """

    def __init__(self, data: Path | None = None) -> None:
        if data is not None and not Path(data).is_dir():
            raise ValueError(f"data must be a folder, got {data}")
        self.data = None if data is None else Path(data)
        self.cache = Path.home() / ".cache" / "htstats" / "paper"
        # beside the package in a checkout; an installed package has none
        self.trained = Path(_version.__file__).parents[1] / "bench" / "paper" / "weights"

    @property
    def folders(self) -> list[Path]:
        """The folders that exist, the user's first."""
        found = [self.data, self.trained, self.cache]
        return [folder for folder in found if folder is not None and folder.is_dir()]

    def file(self, name: str) -> Path | None:
        """A file of that name in the first folder that has one."""
        paths = (folder / name for folder in self.folders)
        return next((path for path in paths if path.is_file()), None)

    def checkpoints(self) -> list[Path]:
        """Every checkpoint in the user's folder and in the cache, by name."""
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
    """The files that a figure or table is written to, in `out`, which need not be there yet.

    Raises
    ------
    ValueError
        If one of them is, by a link, a file of the folders that are read, or another of them.
    IsADirectoryError
        If one of them is a folder.
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
        # a table of an earlier run in the user's folder is no input
        if path.is_file() and path.suffix not in WRITTEN and path.absolute() not in own
    ]
    require_apart(inputs, paths)
    return paths


def write_csv(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    """A table whose columns are the keys of its first row; the folder is made if it is missing."""
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as file:
        file.write(text.getvalue().encode())
    return path


def save_picture(figure: Any, path: Path) -> Path:
    """Write a figure as PNG; the file appears when it is complete, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as file:
        figure.savefig(file, format="png", dpi=150)
    return path
