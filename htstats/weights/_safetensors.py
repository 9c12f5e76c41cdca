"""Read a .safetensors file, whose header is only data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from htstats._common.messages import quote_text
from htstats.weights._raw import ITEMSIZES, RawTensor, UnreadTensor
from htstats.weights._sources import OpenFile, Window
from htstats.weights._tensors import Weights

__all__ = ["MOST_HEADER", "open_safetensors", "parse_json", "read_metadata"]

# The limit that the format itself sets.
MOST_HEADER = 100_000_000

DTYPES = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16",
    "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2", "F8_E8M0": "float8_e8m0fnu",
    "F8_E4M3FNUZ": "float8_e4m3fnuz", "F8_E5M2FNUZ": "float8_e5m2fnuz",
    "I64": "int64", "I32": "int32", "I16": "int16", "I8": "int8",
    "U64": "uint64", "U32": "uint32", "U16": "uint16", "U8": "uint8",
    "BOOL": "bool", "C64": "complex64",
}  # fmt: skip


def open_safetensors(path: str) -> Weights:
    """Open the tensors of one file."""
    found = list(read_header(OpenFile(path)))
    tensors = [raw for raw in found if isinstance(raw, RawTensor)]
    return Weights(path, tensors, (), [raw for raw in found if isinstance(raw, UnreadTensor)])


def read_header(file: OpenFile) -> Iterator[RawTensor | UnreadTensor]:
    """Yield the tensors of a file in the order of their data.

    Raises
    ------
    ValueError
        If sizes, offsets and shapes contradict each other or the size of the file, or if there is
        a gap or an overlap.
    """
    entries, begin = _read_json(file)
    entries.pop("__metadata__", None)
    placed = [(*_offsets(entry, name, file), name) for name, entry in entries.items()]
    at = 0
    for start, stop, name in sorted(placed):
        if start != at:
            wrong = "overlaps the tensor before it" if start < at else "leaves a gap before it"
            raise ValueError(f"{file.path}: {name!r} {wrong}: byte {start} follows {at}")
        raw = _tensor(name, entries[name], Window(file, begin + start), file.path)
        if isinstance(raw, RawTensor) and raw.nbytes != stop - start:
            raise ValueError(
                f"{file.path}: {name!r} needs {raw.nbytes} bytes for shape {raw.shape} of "
                f"{raw.dtype}, its offsets hold {stop - start}"
            )
        yield raw
        at = stop
    if at != file.size - begin:
        raise ValueError(
            f"{file.path}: truncated or longer than it says: {at} bytes of data expected, "
            f"{file.size - begin} are there"
        )


def read_metadata(path: str) -> dict[str, Any]:
    """The metadata of a file. The format requires text values; this is not checked here."""
    metadata = _read_json(OpenFile(path))[0].get("__metadata__", {})
    return metadata if isinstance(metadata, dict) else {}


def _read_json(file: OpenFile) -> tuple[dict[str, Any], int]:
    """The header, and the offset at which the data start."""
    if file.size < 8:
        raise ValueError(f"{file.path}: truncated: {file.size} bytes are no .safetensors file")
    length = int.from_bytes(file.take(0, 8), "little")
    if length > min(MOST_HEADER, file.size - 8):
        raise ValueError(
            f"{file.path}: truncated or not a .safetensors file: it claims a header of {length} "
            f"bytes and has {file.size}"
        )
    return parse_json(file.take(8, length), file.path), 8 + length


def _offsets(entry: Any, name: str, file: OpenFile) -> tuple[int, int]:
    offsets = entry.get("data_offsets") if isinstance(entry, dict) else None
    if offsets is None or not _are_sizes(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
        raise ValueError(f"{file.path}: {name!r} has no data_offsets of two ascending numbers")
    return offsets[0], offsets[1]


def _tensor(
    name: str, entry: dict[str, Any], source: Window, path: str
) -> RawTensor | UnreadTensor:
    dtype, shape = entry.get("dtype"), entry.get("shape")
    if not isinstance(dtype, str):
        raise ValueError(f"{path}: {name!r} has dtype {str(dtype)[:40]!r}, which is no word")
    if shape is None or not _are_sizes(shape):
        raise ValueError(f"{path}: {name!r} has no shape of numbers")
    if dtype not in DTYPES:
        short = quote_text(dtype)[:40]
        return UnreadTensor(name, short, tuple(shape), f"dtype {short!r}, which is not read")
    word = DTYPES[dtype]
    return RawTensor(name, word, tuple(shape), source._replace(unit=ITEMSIZES[word]))


def _are_sizes(values: Any) -> bool:
    # no dimension of a tensor reaches 2^63; this limit also keeps products of dimensions cheap
    return isinstance(values, list) and all(type(v) is int and 0 <= v < 2**63 for v in values)


def parse_json(text: bytes, path: str) -> dict[str, Any]:
    """Parse a header or an index; ValueError if it is not JSON or has a name twice."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise ValueError("a name is there twice")
        return found

    try:
        parsed = json.loads(text.decode(), object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: not what its suffix says: {quote_text(error)}") from None
    if not isinstance(parsed, dict):
        raise ValueError(f"{path}: not what its suffix says: no names and tensors")
    return parsed
