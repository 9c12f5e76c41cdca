"""Read torch checkpoints without torch and without executing anything.

A checkpoint consists of storages and of a pickle. The pickle says which part of which storage each
tensor is. An unpickler that imports nothing interprets it (`_pickles`) and binds the names of
tensors to functions of this package. Storages are read in place, both from the zip archives that
torch has written since version 1.6 and from the older plain files.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator
from typing import IO, Any

from htstats._common.messages import quote_text
from htstats.weights._archives import archive_member, open_archive
from htstats.weights._pickles import CONVERT, Inert, Name, Refused
from htstats.weights._raw import ITEMSIZES, RawTensor, UnreadTensor
from htstats.weights._sources import (
    OpenFile,
    Source,
    StridedSource,
    Window,
    row_major_strides,
)
from htstats.weights._tensors import Weights
from htstats.weights._torch_pickle import Kind, Storage, Tensor, TorchUnpickler, Unread

__all__ = ["LEGACY_START", "open_torch"]

LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
LEGACY_START = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
LEGACY_PROTOCOL = 1001

# Largest size of a pickle in bytes: it only describes tensors and does not contain their data.
MOST_PICKLE = 1 << 28

# Deepest nesting that is followed. No real checkpoint is deeper, but a cycle is.
MOST_NESTED = 50

# Longest name of a tensor. Names of nested tensors include the names of all dicts around them.
MOST_NAME = 1000


def open_torch(path: str) -> Weights:
    """Open the tensors of a checkpoint; the name of a tensor consists of the keys that lead to it.

    Raises
    ------
    ValueError
        If the file is not a checkpoint, or if its pickle would execute code.
    """
    file = OpenFile(path)
    start = file.take(0, min(file.size, len(LEGACY_START)))
    if start.startswith(b"PK\3\4"):
        tree, place = _read_archive(file)
    elif start == LEGACY_START:
        tree, place = _read_legacy(file)
    elif start[:1] == b"\x80":
        raise ValueError(f"{path}: a plain pickle, no torch checkpoint: {CONVERT}")
    else:
        raise ValueError(f"{path}: not a torch checkpoint: it begins with {start[:6]!r}")
    tensors: list[RawTensor] = []
    unread: list[UnreadTensor] = []
    skipped: list[tuple[str, str]] = []
    for name, leaf in _leaves(tree, path):
        if isinstance(leaf, Tensor):
            found = _raw(name, leaf, place(leaf.storage), path)
            (tensors if isinstance(found, RawTensor) else unread).append(found)  # type: ignore[arg-type]
        elif isinstance(leaf, Unread):
            unread.append(UnreadTensor(name, *leaf))
        else:
            skipped.append((name, f"{_kind(leaf)}, not a tensor"))
    return Weights(path, tensors, skipped, unread)


Place = Callable[[Storage], tuple[Source, int]]


def _read_archive(file: OpenFile) -> tuple[Any, Place]:
    archive = open_archive(file)
    members = {info.filename: info for info in archive.infolist()}
    found = [name for name in members if name.endswith("/data.pkl") and name.count("/") == 1]
    if len(found) != 1:
        raise ValueError(f"{file.path}: a zip archive, but no torch checkpoint: no data.pkl")
    folder = found[0].removesuffix("data.pkl")
    if f"{folder}constants.pkl" in members:
        raise ValueError(
            f"{file.path}: TorchScript, which is a program: if you trust it, load it by "
            "torch.jit.load and save its state by torch.save(module.state_dict(), ...)"
        )

    def content(name: str) -> bytes:
        source, size = archive_member(file, members[name])
        if size > MOST_PICKLE:
            raise ValueError(f"{file.path}: {name} has {size} bytes, more than {MOST_PICKLE}")
        data = bytearray(size)
        source.read(0, memoryview(data))
        return bytes(data)

    if f"{folder}byteorder" in members and content(f"{folder}byteorder") != b"little":
        raise ValueError(f"{file.path}: its numbers are big-endian, which is not read")

    def place(storage: Storage) -> tuple[Source, int]:
        name = f"{folder}data/{storage.key}"
        if name not in members:
            raise ValueError(f"{file.path}: truncated: the storage {quote_text(name)} is missing")
        return archive_member(file, members[name])

    return _unpickle(io.BytesIO(content(found[0])), file.path), place


def _read_legacy(file: OpenFile) -> tuple[Any, Place]:
    with file.stream() as stream:
        stream.seek(0)
        magic, protocol, system = (_unpickle(stream, file.path) for _ in range(3))
        if magic != LEGACY_MAGIC or protocol != LEGACY_PROTOCOL or not isinstance(system, dict):
            raise ValueError(f"{file.path}: torch format {protocol!r}, which is not read")
        if system.get("little_endian") is not True:
            raise ValueError(f"{file.path}: its numbers are big-endian, which is not read")
        storages: dict[str, Storage] = {}
        tree = _unpickle(stream, file.path, storages)
        keys = _unpickle(stream, file.path)
        at = stream.tell()
    if not isinstance(keys, list) or set(map(str, keys)) != set(storages):
        raise ValueError(f"{file.path}: damaged: its storages are not those of its tensors")
    places: dict[str, tuple[Source, int]] = {}
    for key in keys:
        storage = storages[str(key)]
        count = int.from_bytes(file.take(at, 8), "little") if at + 8 <= file.size else -1
        if count != storage.numel or at + 8 + storage.nbytes > file.size:
            raise ValueError(
                f"{file.path}: truncated or damaged at byte {at}, storage {quote_text(key)}"
            )
        places[storage.key] = Window(file, at + 8), storage.nbytes
        at += 8 + storage.nbytes
    return tree, lambda storage: places[storage.key]


def _raw(
    name: str, tensor: Tensor, placed: tuple[Source, int], path: str
) -> RawTensor | UnreadTensor:
    """Check that a tensor fits its storage, and return it."""
    source, size = placed
    itemsize, shape, strides = ITEMSIZES[tensor.dtype], tensor.shape, tensor.strides
    count = math.prod(shape)
    last = sum((n - 1) * stride for n, stride in zip(shape, strides, strict=True)) if count else -1
    if (tensor.offset + last + 1) * itemsize > size:
        raise ValueError(
            f"{path}: {name!r} is damaged: it ends at byte {(tensor.offset + last + 1) * itemsize} "
            f"of a storage of {size} bytes"
        )
    if count * itemsize > size:
        reason = "repeats its elements (expanded); save it after .contiguous()"
        return UnreadTensor(name, tensor.dtype, shape, reason)
    start = tensor.offset * itemsize
    pairs = zip(shape, strides, row_major_strides(shape), strict=True)
    if count == 0 or all(n == 1 or stride == plain for n, stride, plain in pairs):
        return RawTensor(name, tensor.dtype, shape, Window(source, start, itemsize))
    strided = StridedSource(source, start, itemsize, shape, strides)
    return RawTensor(name, tensor.dtype, shape, strided)


def _leaves(tree: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield the leaves of nested containers with the keys that lead to them, each container once.

    A list or an object that contains no tensor is one leaf; a dict never is.
    """
    seen: set[int] = set()

    def walk(node: Any, name: str, depth: int) -> Iterator[tuple[str, Any]]:
        parts = None if isinstance(node, (Tensor, Unread)) else _parts(node)
        if parts is None:
            yield name or "tensor", node
            return
        if depth > MOST_NESTED:
            raise ValueError(f"{path}: nested deeper than {MOST_NESTED} levels")
        if len(name) > MOST_NAME:
            raise ValueError(f"{path}: a name longer than {MOST_NAME} characters")
        if id(node) in seen:
            return
        seen.add(id(node))
        below = (
            leaf
            for key, value in parts
            for leaf in walk(value, f"{name}.{key}" if name else key, depth + 1)
        )
        if isinstance(node, dict):
            yield from below
            return
        found = list(below)
        if any(isinstance(leaf, (Tensor, Unread)) for _, leaf in found):
            yield from found
        else:
            yield name or "tensor", node

    return walk(tree, "", 0)


def _parts(node: Any) -> Iterator[tuple[str, Any]] | None:
    """The contents of a container with their keys or positions; None if it is not a container."""
    if isinstance(node, dict):
        pairs = enumerate(dict.items(node))
        return ((_text(key, place), value) for place, (key, value) in pairs)
    if isinstance(node, (list, tuple)) and not isinstance(node, (Kind, Storage)):
        return ((str(i), value) for i, value in enumerate(node))
    if not isinstance(node, Inert):
        return None
    groups: list[Any] = [node.args, node.items, node.values]
    # attributes, and those in __slots__
    groups += node.state if isinstance(node.state, tuple) else [node.state]
    return (
        pair
        for group in groups
        if isinstance(group, (dict, list, tuple)) and group
        for pair in _parts(group) or ()
    )


def _text(key: Any, place: int) -> str:
    """The part of a name for a key of a dict: text and numbers as they are, else the position."""
    # Python refuses to convert very long integers to text
    is_short = isinstance(key, (str, float)) or (isinstance(key, int) and abs(key) < 2**64)
    text = str(key) if is_short else f"{_kind(key)}{place}"
    return text if len(text) <= MOST_NAME else f"{text[:MOST_NAME]}..."


def _kind(leaf: Any) -> str:
    """The name of the type of a leaf, as users know it."""
    if isinstance(leaf, Inert):
        return leaf.made_by.full if leaf.made_by.module != "builtins" else leaf.made_by.name
    if isinstance(leaf, Name):
        return f"the name {leaf.full}"
    if isinstance(leaf, Kind):
        return "torch.dtype"
    return type(leaf).__name__


def _unpickle(stream: IO[bytes], path: str, storages: dict[str, Storage] | None = None) -> Any:
    try:
        return TorchUnpickler(stream, storages).load()
    except Refused as error:
        raise ValueError(f"{path}: {quote_text(error)}") from None
    except Exception as error:  # a damaged pickle can raise any exception in any step
        raise ValueError(
            f"{path}: truncated or damaged pickle: {type(error).__name__}: {quote_text(error)}"
        ) from None
