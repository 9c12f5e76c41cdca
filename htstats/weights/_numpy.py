"""Read the files of NumPy: .npy, and .npz with stored or deflated members."""

from __future__ import annotations

import io
import math
import os
import zipfile
from typing import Any

import numpy as np
import numpy.lib.format as npy_format
import numpy.typing as npt

from htstats._common.messages import quote_text
from htstats.weights._archives import archive_member, open_archive
from htstats.weights._raw import ITEMSIZES, RawTensor
from htstats.weights._sources import (
    OpenFile,
    Source,
    StridedSource,
    SwappedSource,
    Window,
)
from htstats.weights._tensors import Weights

__all__ = ["open_npy", "open_npz", "read_arrays"]

# Largest size of a header in bytes. Headers of numeric arrays are shorter.
MOST_HEADER = 1 << 16


class NotNumbers(ValueError):
    """Raised for an array whose elements are not numbers; such arrays are never read."""


def open_npy(path: str) -> Weights:
    """Open the array of a .npy file; its name is that of the file."""
    file = OpenFile(path)
    name = path.replace("\\", "/").rpartition("/")[2].removesuffix(".npy")
    return Weights(path, [_read_array(name, file, file.size, path)])


def open_npz(path: str) -> Weights:
    """Open the arrays of a .npz file; read stored members in place, deflated ones as streams."""
    file = OpenFile(path)
    tensors, skipped = [], []
    for info in open_archive(file).infolist():
        name = info.filename.removesuffix(".npy")
        if name == info.filename:
            skipped.append((info.filename, "not an array"))
            continue
        try:
            tensors.append(_read_member(name, file, info))
        except NotNumbers as error:
            skipped.append((name, str(error).rpartition(": ")[2]))
    return Weights(path, tensors, skipped)


def read_arrays(path: str | os.PathLike[str]) -> dict[str, npt.NDArray[Any]]:
    """Read every array of numbers in a .npz file, or the only one of a .npy file.

    Parameters
    ----------
    path : path
        A file of NumPy; its first bytes tell which kind it is.

    Returns
    -------
    dict of str to ndarray
        The arrays by name; that of a .npy file has the name of the file. Strings and other elements
        that are no numbers are left out.

    Raises
    ------
    ValueError
        If the file is damaged or truncated. Sizes are checked before memory is allocated, and no
        pickle is executed.
    OSError
        If the file cannot be read.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import numpy as np
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "a.npz"
    >>> np.savez(path, x=np.arange(3), y=np.eye(2))
    >>> read_arrays(path)["x"]
    array([0, 1, 2])
    """
    path = os.fspath(path)
    with open(path, "rb") as file:
        is_array = file.read(len(npy_format.MAGIC_PREFIX)) == npy_format.MAGIC_PREFIX
    weights = open_npy(path) if is_array else open_npz(path)
    return {name: _array_of(raw) for name, raw in weights.tensors.items()}


def _array_of(raw: RawTensor) -> npt.NDArray[Any]:
    out = np.empty(raw.shape, np.dtype(raw.dtype).newbyteorder("<"))
    left = out.reshape(-1).view(np.uint8).data
    for chunk in raw.chunks():
        left[: len(chunk)] = chunk
        left = left[len(chunk) :]
    return out.astype(raw.dtype, copy=False)


def _read_member(name: str, file: OpenFile, info: zipfile.ZipInfo) -> RawTensor:
    source, size = archive_member(file, info)
    return _read_array(name, source, size, f"{file.path}: {quote_text(info.filename)}")


def _read_array(name: str, source: Source, size: int, where: str) -> RawTensor:
    start = bytearray(min(size, MOST_HEADER))
    source.read(0, memoryview(start))
    stream = io.BytesIO(start)
    if not start.startswith(npy_format.MAGIC_PREFIX):
        raise ValueError(f"{where}: not a .npy file: it begins with {bytes(start[:6])!r}")
    shape, fortran, dtype = _read_header(stream, where)
    if dtype.hasobject:
        raise NotNumbers(
            f"{where}: Python objects (a pickle), which is not executed; save numbers instead"
        )
    if dtype.name not in ITEMSIZES or dtype.fields or dtype.subdtype:
        raise NotNumbers(f"{where}: {dtype}, not numbers that are read")
    at, itemsize = stream.tell(), dtype.itemsize
    needed = math.prod(shape) * itemsize
    if min(shape, default=0) < 0 or needed > size - at:
        raise ValueError(
            f"{where}: truncated or damaged: shape {shape} of {dtype} needs {needed} bytes, "
            f"{size - at} are there"
        )
    found: Source = Window(source, at)
    if fortran and sum(n > 1 for n in shape) > 1:
        strides = tuple(math.prod(shape[:axis]) for axis in range(len(shape)))
        found = StridedSource(source, at, itemsize, shape, strides)
    if dtype.byteorder == ">":
        found = SwappedSource(found, itemsize // (2 if dtype.kind == "c" else 1))
    return RawTensor(name, dtype.name, shape, found)


def _read_header(
    stream: io.BytesIO, where: str
) -> tuple[tuple[int, ...], bool, np.dtype[np.generic]]:
    try:
        version = npy_format.read_magic(stream)
        if version == (1, 0):
            return npy_format.read_array_header_1_0(stream)
        if version == (2, 0):
            return npy_format.read_array_header_2_0(stream)
        # version 3.0 is 2.0 with a UTF-8 header, which only field names need
    except Exception as error:  # the parser of literals can raise any exception
        raise ValueError(f"{where}: damaged .npy header: {quote_text(error)}") from None
    raise ValueError(f"{where}: .npy version {version}, which is not read")
