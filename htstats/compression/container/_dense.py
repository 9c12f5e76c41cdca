"""Dense checkpoints from compressed files, written in bounded memory.

This module has its own writers, because those of the libraries need whole tensors, and their output
may change between versions. A tensor that a format cannot store is refused before anything is
written. `refusal` gives the reason. `htstats compress` calls it too, so it accepts only tensors
that can be written again.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, BinaryIO

import numpy as np

from htstats._common.files import PathLike, atomic_write, require_apart, target_of
from htstats._common.float8 import to_float8
from htstats.compression.container._entries import StoredMatrix, StoredTensor
from htstats.compression.container._read import Container
from htstats.weights import ITEMSIZES

__all__ = [
    "SUFFIXES",
    "Entry",
    "Report",
    "dense_bytes",
    "dense_dtype",
    "header_item",
    "header_text",
    "piecewise",
    "refusal",
    "require_room",
    "write_dense",
    "write_safetensors",
]

Entry = StoredMatrix | StoredTensor
Report = Callable[[int], None]
Pieces = Callable[[Entry], Iterable[bytes]]

# Formats of a single file; `_shards` writes a folder of shards.
SUFFIXES = (".safetensors", ".npz", ".npy")

# The names of dtypes in safetensors files, by the names used here.
SAFETENSORS = {
    "float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16",
    "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2", "float8_e8m0fnu": "F8_E8M0",
    "float8_e4m3fnuz": "F8_E4M3FNUZ", "float8_e5m2fnuz": "F8_E5M2FNUZ",
    "int64": "I64", "int32": "I32", "int16": "I16", "int8": "I8", "uint64": "U64",
    "uint32": "U32", "uint16": "U16", "uint8": "U8", "bool": "BOOL", "complex64": "C64",
}  # fmt: skip

# The longest name of an array in a zip archive. The length has 16 bits, and 4 bytes are ".npy".
MOST_ZIP_NAME = 65_531

# The earliest date that a zip file can store. A fixed date keeps the bytes independent of the time.
ZIP_DATE = (1980, 1, 1, 0, 0, 0)


def write_dense(
    container: Container,
    path: PathLike,
    *,
    n_threads: int = 1,
    report: Report | None = None,
) -> int:
    """Write every tensor of a container densely; the suffix of `path` selects the format.

    Parameters
    ----------
    container : Container
        From `open_container`.
    path : path
        A .safetensors, .npz, or (for a single tensor) .npy file. It appears only when complete.
    n_threads : int
        Number of threads that generate the noise. The bytes do not depend on it.
    report : callable, optional
        Called with the number of bytes of each piece written.

    Returns
    -------
    int
        Bytes of the file.

    Raises
    ------
    ValueError
        If the suffix is none of these, if the format cannot store a tensor unchanged (because of
        its dtype or name), or if `path` is the container itself. Nothing is then written.
    OSError
        If the file cannot be written, or the disk has too little room.

    Notes
    -----
    Tied tensors are written once for each of their names, because these formats cannot express
    ties. The metadata of the checkpoint are written to .safetensors; the files of NumPy cannot
    store them. Matrices that were 8-bit floats are rounded from float16 to their original format.
    """
    require_apart([container.path], [path])
    suffix = Path(path).suffix
    if suffix not in SUFFIXES:
        raise ValueError(f"output must end in .safetensors, .npz or .npy, got {str(path)!r}")
    entries = container.entries
    if why := refusal(suffix, {name: dense_dtype(entry) for name, entry in entries.items()}):
        raise ValueError(f"{os.fspath(path)}: {why}")
    require_room(entries.values(), target_of(path).parent, path)
    pieces = piecewise(n_threads, report)
    with atomic_write(path) as file:
        if suffix == ".safetensors":
            write_safetensors(file, entries, pieces, container.metadata)
        elif suffix == ".npz":
            _write_npz(file, entries, pieces)
        else:
            (entry,) = entries.values()
            _write_array(file, entry, pieces)
        return file.tell()


def refusal(suffix: str, dtypes: Mapping[str, str]) -> str:
    """The reason why a format cannot store tensors of these names and dtypes; empty if it can."""
    if suffix == ".npy" and len(dtypes) != 1:
        return f".npy holds one tensor, got {len(dtypes)}: write .npz or .safetensors"
    known, whose = set(SAFETENSORS), ".safetensors files"
    if suffix != ".safetensors":
        known, whose = {name for name in ITEMSIZES if numpy_dtype(name)}, "NumPy's files"
    for name, dtype in dtypes.items():
        if dtype not in known:
            return f"{name!r} is {dtype}, which {whose} do not have"
        encoded = name.encode(errors="replace")
        if suffix != ".npy" and encoded.decode() != name:
            return f"{name!r} is no Unicode text, as names in {suffix} files must be"
        if suffix == ".safetensors" and name == "__metadata__":
            return "a tensor named '__metadata__' cannot be in .safetensors files"
        if suffix == ".npz" and ("\0" in name or len(encoded) > MOST_ZIP_NAME):
            return f"{name[:40]!r} cannot be a name in .npz files: it is too long or has a NUL"
    return ""


def require_room(entries: Iterable[Entry], folder: Path, path: PathLike) -> None:
    """Raise OSError if the disk has too little room for the output."""
    if sum(map(dense_bytes, entries)) > shutil.disk_usage(folder).free:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), os.fspath(path))


def dense_dtype(entry: Entry) -> str:
    """The dtype of a tensor in a dense checkpoint: its dtype before the compression."""
    if isinstance(entry, StoredTensor):
        return entry.dtype
    return entry.info.source_dtype or entry.info.dtype


def dense_bytes(entry: Entry) -> int:
    """Bytes of a tensor when it is dense."""
    if isinstance(entry, StoredTensor):
        return entry.nbytes
    rows, cols = entry.info.shape
    return rows * cols * ITEMSIZES[dense_dtype(entry)]


def dense_pieces(entry: Entry, n_threads: int = 1) -> Iterator[bytes]:
    """The bytes of a tensor, row-major and little-endian, in pieces."""
    if isinstance(entry, StoredTensor):
        yield from entry.chunks()
        return
    for block in entry.row_blocks(n_threads=n_threads):
        if entry.info.source_dtype is not None:
            yield to_float8(block, entry.info.source_dtype).tobytes()
        elif entry.info.dtype == "bfloat16":
            yield (block.view(np.uint32) >> 16).astype("<u2").tobytes()
        else:
            yield block.astype(block.dtype.newbyteorder("<"), copy=False).tobytes()


def piecewise(n_threads: int, report: Report | None) -> Pieces:
    """`dense_pieces` that reports the bytes of each piece."""

    def pieces(entry: Entry) -> Iterator[bytes]:
        for piece in dense_pieces(entry, n_threads):
            if report is not None:
                report(len(piece))
            yield piece

    return pieces


def write_safetensors(
    file: BinaryIO, entries: Mapping[str, Entry], pieces: Pieces, metadata: Mapping[str, str]
) -> None:
    """Write a .safetensors file with these tensors, in this order."""
    text = header_text(entries, metadata)
    file.write(len(text).to_bytes(8, "little") + text)
    for entry in entries.values():
        for piece in pieces(entry):
            file.write(piece)


def header_text(entries: Mapping[str, Entry], metadata: Mapping[str, str]) -> bytes:
    """The header, padded with spaces so that the data start at a multiple of 8."""
    header: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    at = 0
    for name, entry in entries.items():
        header[name] = header_item(entry, at)
        at += dense_bytes(entry)
    text = json.dumps(header, separators=(",", ":")).encode()
    return text + b" " * (-len(text) % 8)


def header_item(entry: Entry, at: int) -> dict[str, Any]:
    """The header's entry for a tensor whose bytes begin at `at`."""
    dtype, offsets = SAFETENSORS[dense_dtype(entry)], [at, at + dense_bytes(entry)]
    return {"dtype": dtype, "shape": list(_shape(entry)), "data_offsets": offsets}


def _write_npz(file: BinaryIO, entries: Mapping[str, Entry], pieces: Pieces) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        for name, entry in entries.items():
            info = zipfile.ZipInfo(f"{name}.npy", ZIP_DATE)
            with archive.open(info, "w", force_zip64=True) as member:
                _write_array(member, entry, pieces)


def _write_array(file: IO[bytes], entry: Entry, pieces: Pieces) -> None:
    descr = numpy_dtype(dense_dtype(entry))
    fields = {"descr": descr, "fortran_order": False, "shape": _shape(entry)}
    np.lib.format.write_array_header_1_0(file, fields)
    for piece in pieces(entry):
        file.write(piece)


def numpy_dtype(dtype: str) -> str:
    """The name of a dtype in NumPy's files; empty if they cannot hold it."""
    # by name: once ml_dtypes is imported NumPy knows "bfloat16", but its files do not
    if dtype not in ITEMSIZES or dtype.startswith(("bfloat", "float8")):
        return ""
    return np.dtype(dtype).newbyteorder("<").str


def _shape(entry: Entry) -> tuple[int, ...]:
    return entry.shape if isinstance(entry, StoredTensor) else entry.info.source_shape
