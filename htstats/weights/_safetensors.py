"""safetensors: one file, or a folder of shards with their index. The header is only data."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from htstats.weights._sources import OpenFile, Window, one_line
from htstats.weights._tensors import ITEMSIZES, RawTensor, Weights

__all__ = ["open_folder", "open_index", "open_safetensors"]

# The format's own limit.
MOST_HEADER = 100_000_000

INDEX = ".safetensors.index.json"

DTYPES = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16",
    "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2", "F8_E8M0": "float8_e8m0fnu",
    "F8_E4M3FNUZ": "float8_e4m3fnuz", "F8_E5M2FNUZ": "float8_e5m2fnuz",
    "I64": "int64", "I32": "int32", "I16": "int16", "I8": "int8",
    "U64": "uint64", "U32": "uint32", "U16": "uint16", "U8": "uint8",
    "BOOL": "bool", "C64": "complex64",
}  # fmt: skip


def open_safetensors(path: str) -> Weights:
    """The tensors of one file."""
    return Weights(path, read_header(OpenFile(path)))


def open_folder(path: str) -> Weights:
    """The tensors of a folder: its shards as the index says, or its one file.

    Raises
    ------
    ValueError
        If there is neither, or more than one.
    """
    names = sorted(os.listdir(path))
    indexes = [name for name in names if name.endswith(INDEX)]
    files = [name for name in names if name.endswith(".safetensors")]
    for found, open_one in ((indexes, open_index), (files, open_safetensors)):
        if len(found) == 1:
            inside = _inside(Path(path), found[0], path)
            return open_one(str(inside))
        if found:
            raise ValueError(f"{path}: a directory with several of them: {found[0]}, {found[1]}")
    raise ValueError(f"{path}: a directory without model{INDEX} or a .safetensors file")


def open_index(path: str) -> Weights:
    """The tensors that an index names, each from the shard it names."""
    size = os.path.getsize(path)
    if size > MOST_HEADER:
        raise ValueError(f"{path}: an index of {size} bytes is longer than {MOST_HEADER}")
    with open(path, "rb") as file:
        where = _parse(file.read(), path).get("weight_map")
    if not isinstance(where, dict) or not all(isinstance(v, str) for v in where.values()):
        raise ValueError(f"{path}: weight_map must map tensors to files")
    folder = Path(path).parent
    shards: dict[str, dict[str, RawTensor]] = {}
    for shard in dict.fromkeys(where.values()):
        file_path = _inside(folder, shard, path)
        shards[shard] = {raw.name: raw for raw in read_header(OpenFile(file_path))}
    for name, shard in where.items():
        if name not in shards[shard]:
            raise ValueError(f"{path}: {name!r} is not in {one_line(shard)}, where it should be")
    skipped = [
        (name, f"in {shard}, but not in the index for it")
        for shard, found in shards.items()
        for name in found
        if where.get(name) != shard
    ]
    return Weights(path, (shards[shard][name] for name, shard in where.items()), skipped)


def read_header(file: OpenFile) -> Iterator[RawTensor]:
    """The tensors of a file in the order of their data.

    Raises
    ------
    ValueError
        If sizes, offsets and shapes do not fit each other and the file, without gap or overlap.
    """
    if file.size < 8:
        raise ValueError(f"{file.path}: truncated: {file.size} bytes are no .safetensors file")
    length = int.from_bytes(file.take(0, 8), "little")
    if length > min(MOST_HEADER, file.size - 8):
        raise ValueError(
            f"{file.path}: truncated or not a .safetensors file: it claims a header of {length} "
            f"bytes and has {file.size}"
        )
    entries = _parse(file.take(8, length), file.path)
    entries.pop("__metadata__", None)
    begin = 8 + length
    placed = [(*_offsets(entry, name, file), name) for name, entry in entries.items()]
    at = 0
    for start, stop, name in sorted(placed):
        if start != at:
            wrong = "overlaps the tensor before it" if start < at else "leaves a gap before it"
            raise ValueError(f"{file.path}: {name!r} {wrong}: byte {start} follows {at}")
        raw = _tensor(name, entries[name], Window(file, begin + start), file.path)
        if raw.nbytes != stop - start:
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


def _offsets(entry: Any, name: str, file: OpenFile) -> tuple[int, int]:
    offsets = entry.get("data_offsets") if isinstance(entry, dict) else None
    if offsets is None or not _are_sizes(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
        raise ValueError(f"{file.path}: {name!r} has no data_offsets of two ascending numbers")
    return offsets[0], offsets[1]


def _tensor(name: str, entry: dict[str, Any], source: Window, path: str) -> RawTensor:
    dtype, shape = entry.get("dtype"), entry.get("shape")
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise ValueError(f"{path}: {name!r} has dtype {str(dtype)[:40]!r}, which is not read")
    if shape is None or not _are_sizes(shape):
        raise ValueError(f"{path}: {name!r} has no shape of numbers")
    word = DTYPES[dtype]
    return RawTensor(name, word, tuple(shape), source._replace(unit=ITEMSIZES[word]))


def _are_sizes(values: Any) -> bool:
    # no tensor has a side of 2^63, and products of such numbers stay cheap
    return isinstance(values, list) and all(type(v) is int and 0 <= v < 2**63 for v in values)


def _parse(text: bytes, path: str) -> dict[str, Any]:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise ValueError("a name is there twice")
        return found

    try:
        parsed = json.loads(text.decode(), object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: not what its suffix says: {one_line(error)}") from None
    if not isinstance(parsed, dict):
        raise ValueError(f"{path}: not what its suffix says: no names and tensors")
    return parsed


def _inside(folder: Path, name: str, path: str) -> Path:
    """A file of the folder, itself and not by a link to somewhere else."""
    inside = folder / name
    if os.path.basename(name) != name or name in ("", ".", "..") or "\\" in name or "\0" in name:
        raise ValueError(f"{path}: {name[:80]!r} is not the name of a file beside it")
    if not inside.exists() and not inside.is_symlink():
        raise ValueError(f"{path}: the shard {name} is missing")
    if inside.resolve().parent != folder.resolve():
        raise ValueError(
            f"{path}: {name} is a link out of the directory; copy the files into one (cp -L)"
        )
    return inside
