"""Choose the reader of a file by its first bytes or, if they are inconclusive, by its suffix."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module
from typing import IO, Any, cast

from htstats._common.messages import quote_text
from htstats.weights._sources import OpenFile
from htstats.weights._tensors import Weights

__all__ = ["INDEX", "PICKLE_SUFFIXES", "is_index", "open_file", "read_with", "require_file"]

INDEX = ".index.json"

# Suffix -> module and function of the reader. A reader is imported only when it is needed.
READERS = {
    ".npy": ("_numpy", "open_npy"),
    ".npz": ("_numpy", "open_npz"),
    ".safetensors": ("_safetensors", "open_safetensors"),
    INDEX: ("_folders", "open_index"),
    ".pt": ("_torch", "open_torch"),
    ".pth": ("_torch", "open_torch"),
    ".pth.tar": ("_torch", "open_torch"),
    ".bin": ("_torch", "open_torch"),
    ".ckpt": ("_torch", "open_torch"),
}

# Suffixes of torch's checkpoints.
PICKLE_SUFFIXES = (".bin", ".pt", ".pth", ".ckpt", ".pth.tar")

# First bytes of known formats that are not supported, and advice to the user.
OTHERS = {
    b"GGUF": "a GGUF file, which is not read; use the checkpoint that it was made from",
    b"\x89HDF": "an HDF5 file, which is not read; save its arrays as .npz or .safetensors",
    b"\x1f\x8b": "compressed by gzip: decompress it first (gunzip)",
    b"\x28\xb5\x2f\xfd": "compressed by zstd: decompress it first (unzstd)",
    b"\xfd7zXZ": "compressed by xz: decompress it first (unxz)",
    b"BZh": "compressed by bzip2: decompress it first (bunzip2)",
    b"version https://git-lfs": "a pointer of Git LFS, not the file itself: run git lfs pull",
}


def open_file(path: str) -> Weights:
    """Open the tensors of one file.

    Raises
    ------
    ValueError
        If the format of the file is not supported, or the file is damaged.
    """
    reader = _guess_by_content(path) or _guess_by_suffix(path)
    if reader is None:
        known = ", ".join(READERS)
        raise ValueError(f"{path}: the suffix must be one of {known}")
    return read_with(reader, path)


def read_with(reader: tuple[str, str], source: Any) -> Weights:
    """Import the module of a reader and call the reader on a source."""
    module, name = reader
    function = getattr(import_module(f"htstats.weights.{module}"), name)
    return cast("Callable[[Any], Weights]", function)(source)


def is_index(path: str) -> bool:
    """Whether a file is an index of shards, judged by its name."""
    return path.lower().endswith(INDEX)


def _guess_by_suffix(path: str) -> tuple[str, str] | None:
    found = [suffix for suffix in READERS if path.lower().endswith(suffix)]
    return READERS[max(found, key=len)] if found else None


def _guess_by_content(path: str) -> tuple[str, str] | None:
    """The reader for the first bytes of a file; None if they match no known format."""
    if is_index(path):
        return None
    file = OpenFile(path)
    start = file.take(0, min(file.size, 512))
    for magic, meaning in OTHERS.items():
        if start.startswith(magic):
            raise ValueError(f"{path}: {meaning}")
    if start[257:262] == b"ustar":
        raise ValueError(f"{path}: a tar archive: unpack it first (tar -xf)")
    if start.startswith(b"\x93NUMPY"):
        return READERS[".npy"]
    if start.startswith(b"PK\3\4"):
        return _guess_archive(file)
    if start.startswith(b"\x80") and not start.startswith(b"\x80\0\0\0\0\0\0\0"):
        length = int.from_bytes(start[:8], "little")
        if not (length <= file.size - 8 and start[8:9] == b"{"):
            return READERS[".pt"]
    if len(start) > 8 and start[8:9] == b"{":
        length = int.from_bytes(start[:8], "little")
        return READERS[".safetensors"] if length <= file.size - 8 else None
    return None


def _guess_archive(file: OpenFile) -> tuple[str, str] | None:
    import zipfile

    stream: IO[bytes] = file.stream()
    try:
        names = zipfile.ZipFile(stream).namelist()
    except Exception:  # the reader for the suffix reports the error
        return None
    if any(name.endswith("/data.pkl") for name in names):
        return READERS[".pt"]
    return READERS[".npz"] if any(name.endswith(".npy") for name in names) else None


def require_file(path: str) -> None:
    """Raise an error with a one-line message if a path is not that of a regular file."""
    if os.path.islink(path) and not os.path.exists(path):
        target = quote_text(os.readlink(path))
        raise ValueError(f"{path}: a link to {target}, which is not there: download it again")
