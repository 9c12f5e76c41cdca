"""Dense checkpoints from compressed files, written in bounded memory.

The writers are our own because the libraries' want whole tensors, and their bytes may change with
their versions.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, BinaryIO

import numpy as np

from htstats._files import atomic_write, target_of
from htstats.container import Container, StoredMatrix, StoredTensor

__all__ = ["dense_bytes", "write_dense"]

Entry = StoredMatrix | StoredTensor
Report = Callable[[int], None]

# safetensors' words for dtypes, by the names used here
SAFETENSORS = {
    "float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16",
    "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2", "int64": "I64", "int32": "I32",
    "int16": "I16", "int8": "I8", "uint64": "U64", "uint32": "U32", "uint16": "U16",
    "uint8": "U8", "bool": "BOOL", "complex64": "C64",
}  # fmt: skip

# The earliest a zip file can say: its bytes must not depend on when it is written.
ZIP_DATE = (1980, 1, 1, 0, 0, 0)


def write_dense(
    container: Container,
    path: str | os.PathLike[str],
    *,
    n_threads: int = 1,
    report: Report | None = None,
) -> int:
    """Write every tensor of a container densely; the suffix of `path` says how.

    Parameters
    ----------
    container : Container
        From `open_container`.
    path : path
        A .safetensors, .npz, or (for a single tensor) .npy file; it appears whole or not at all.
    n_threads : int
        Threads that replay the noise; the bytes do not depend on it.
    report : callable, optional
        Called with the bytes of each piece written.

    Returns
    -------
    int
        Bytes of the file.

    Raises
    ------
    ValueError
        If the suffix is none of these, or the format has no such dtype.
    OSError
        If the file cannot be written, or the disk has too little room.
    """
    path = Path(path)
    writers = {".safetensors": _write_safetensors, ".npz": _write_npz, ".npy": _write_npy}
    if path.suffix not in writers:
        raise ValueError(f"output must end in .safetensors, .npz or .npy, got {str(path)!r}")
    needed = sum(map(dense_bytes, container.entries.values()))
    if needed > shutil.disk_usage(target_of(path).parent).free:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    def pieces(entry: Entry) -> Iterator[bytes]:
        for piece in dense_pieces(entry, n_threads):
            if report is not None:
                report(len(piece))
            yield piece

    with atomic_write(path) as file:
        writers[path.suffix](file, container.entries, pieces)
        return file.tell()


def dense_bytes(entry: Entry) -> int:
    """Bytes of a tensor when it is dense."""
    if isinstance(entry, StoredTensor):
        return entry.nbytes
    rows, cols = entry.info.shape
    return rows * cols * {"float64": 8, "float32": 4}.get(entry.info.dtype, 2)


def dense_pieces(entry: Entry, n_threads: int = 1) -> Iterator[bytes]:
    """The bytes of a tensor, row-major and little-endian, in pieces."""
    if isinstance(entry, StoredTensor):
        yield from entry.chunks()
        return
    for block in entry.row_blocks(n_threads=n_threads):
        if entry.info.dtype == "bfloat16":
            yield (block.view(np.uint32) >> 16).astype("<u2").tobytes()
        else:
            yield block.astype(block.dtype.newbyteorder("<"), copy=False).tobytes()


Pieces = Callable[[Entry], Iterable[bytes]]


def _write_safetensors(file: BinaryIO, entries: dict[str, Entry], pieces: Pieces) -> None:
    header, at = {}, 0
    for name, entry in entries.items():
        dtype, end = _dtype(entry), at + dense_bytes(entry)
        if dtype not in SAFETENSORS:
            raise ValueError(f"{name!r} is {dtype}, which .safetensors files do not have")
        header[name] = {
            "dtype": SAFETENSORS[dtype], "shape": list(_shape(entry)), "data_offsets": [at, end]
        }  # fmt: skip
        at = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # data begin at a multiple of 8, as the format asks
    file.write(len(text).to_bytes(8, "little") + text)
    for entry in entries.values():
        for piece in pieces(entry):
            file.write(piece)


def _write_npz(file: BinaryIO, entries: dict[str, Entry], pieces: Pieces) -> None:
    for name, entry in entries.items():
        _npy_dtype(name, entry)
    with zipfile.ZipFile(file, "w") as archive:
        for name, entry in entries.items():
            info = zipfile.ZipInfo(f"{name}.npy", ZIP_DATE)
            with archive.open(info, "w", force_zip64=True) as member:
                _write_array(member, name, entry, pieces)


def _write_npy(file: BinaryIO, entries: dict[str, Entry], pieces: Pieces) -> None:
    if len(entries) != 1:
        raise ValueError(f".npy holds one tensor, got {len(entries)}: write .npz or .safetensors")
    for name, entry in entries.items():
        _write_array(file, name, entry, pieces)


def _write_array(file: IO[bytes], name: str, entry: Entry, pieces: Pieces) -> None:
    fields = {"descr": _npy_dtype(name, entry), "fortran_order": False, "shape": _shape(entry)}
    np.lib.format.write_array_header_1_0(file, fields)
    for piece in pieces(entry):
        file.write(piece)


def _npy_dtype(name: str, entry: Entry) -> str:
    dtype = _dtype(entry)
    # by name: once ml_dtypes is imported NumPy knows "bfloat16", but its files do not
    if dtype not in SAFETENSORS or dtype.startswith(("bfloat", "float8")):
        raise ValueError(f"{name!r} is {dtype}, which NumPy's files do not have")
    return np.dtype(dtype).newbyteorder("<").str


def _dtype(entry: Entry) -> str:
    return entry.dtype if isinstance(entry, StoredTensor) else entry.info.dtype


def _shape(entry: Entry) -> tuple[int, ...]:
    return entry.shape if isinstance(entry, StoredTensor) else entry.info.source_shape
