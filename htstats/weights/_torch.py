"""torch checkpoints, read without torch: tensors are found where they lie, nothing is executed.

A checkpoint is a pickle that says which tensor is which part of which storage, and the storages.
The pickle is run by an unpickler that knows a dozen names, each bound to a harmless stand-in of
ours; any other name is refused, as `torch.load(weights_only=True)` does. Storages are read in
place, of the zip archives since torch 1.6 as of the plain files before.
"""

from __future__ import annotations

import collections
import io
import math
import pickle
from collections.abc import Callable, Iterator
from typing import IO, Any, NamedTuple

from htstats.weights._archives import archive_member, open_archive
from htstats.weights._sources import (
    OpenFile,
    Source,
    StridedSource,
    Window,
    one_line,
    row_major_strides,
)
from htstats.weights._tensors import ITEMSIZES, RawTensor, Weights

__all__ = ["open_torch"]

LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
LEGACY_START = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
LEGACY_PROTOCOL = 1001

# A pickle names tensors; it does not hold their data.
MOST_PICKLE = 1 << 28

# Deeper nesting than any checkpoint's; a cycle is deeper still.
MOST_NESTED = 50

STORAGES = {
    "Double": "float64", "Float": "float32", "Half": "float16", "BFloat16": "bfloat16",
    "Long": "int64", "Int": "int32", "Short": "int16", "Char": "int8", "Byte": "uint8",
    "Bool": "bool", "ComplexFloat": "complex64", "ComplexDouble": "complex128",
}  # fmt: skip

CONVERT = (
    "only tensors are read and nothing is executed; where you trust the file, load it in Python "
    "and torch.save(model.state_dict(), ...)"
)


class Refused(pickle.UnpicklingError):
    """A pickle that wants more than tensors."""


class Kind(NamedTuple):
    """Stands for a torch dtype or storage class; `dtype` is empty for untyped storages."""

    dtype: str


class Storage(NamedTuple):
    key: str
    dtype: str
    numel: int

    @property
    def nbytes(self) -> int:
        return self.numel * ITEMSIZES[self.dtype]


class Tensor(NamedTuple):
    """A part of a storage; offset and strides in elements."""

    storage: Storage
    dtype: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def open_torch(path: str) -> Weights:
    """The tensors of a checkpoint, named by the keys that lead to them.

    Raises
    ------
    ValueError
        If it is no checkpoint, or its pickle asks for anything but tensors.
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
    tensors, skipped = [], []
    for name, leaf in _leaves(tree, path):
        if isinstance(leaf, Tensor):
            tensors.append(_raw(name, leaf, place(leaf.storage), path))
        else:
            skipped.append((name, f"{type(leaf).__name__}, not a tensor"))
    return Weights(path, tensors, skipped)


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
            f"{file.path}: TorchScript, a program; where you trust it, torch.jit.load it and "
            "torch.save(module.state_dict(), ...)"
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
            raise ValueError(f"{file.path}: truncated: the storage {one_line(name)} is missing")
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
                f"{file.path}: truncated or damaged at byte {at}, storage {one_line(key)}"
            )
        places[storage.key] = Window(file, at + 8), storage.nbytes
        at += 8 + storage.nbytes
    return tree, lambda storage: places[storage.key]


def _raw(name: str, tensor: Tensor, placed: tuple[Source, int], path: str) -> RawTensor:
    """Check a tensor against the storage that was found for it."""
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
        raise ValueError(
            f"{path}: {name!r} repeats its elements (expanded); save it after .contiguous()"
        )
    start = tensor.offset * itemsize
    pairs = zip(shape, strides, row_major_strides(shape), strict=True)
    if count == 0 or all(n == 1 or stride == plain for n, stride, plain in pairs):
        return RawTensor(name, tensor.dtype, shape, Window(source, start, itemsize))
    strided = StridedSource(source, start, itemsize, shape, strides)
    return RawTensor(name, tensor.dtype, shape, strided)


def _leaves(tree: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Everything in nested dicts and lists with the keys that lead to it; a container once."""
    seen: set[int] = set()

    def walk(node: Any, name: str, depth: int) -> Iterator[tuple[str, Any]]:
        if isinstance(node, Tensor) or not isinstance(node, (dict, list, tuple)):
            yield name or "tensor", node
            return
        if depth > MOST_NESTED:
            raise ValueError(f"{path}: nested deeper than {MOST_NESTED} levels")
        if id(node) in seen:
            return
        seen.add(id(node))
        # not node.items(): the pickle may have set an attribute of that name
        pairs = dict.items(node) if isinstance(node, dict) else enumerate(node)
        for key, value in pairs:
            text = str(key) if isinstance(key, (str, int, float, bool)) else type(key).__name__
            yield from walk(value, f"{name}.{text}" if name else text, depth + 1)

    return walk(tree, "", 0)


def _unpickle(stream: IO[bytes], path: str, storages: dict[str, Storage] | None = None) -> Any:
    try:
        return _Unpickler(stream, storages).load()
    except Refused as error:
        raise ValueError(f"{path}: {one_line(error)}") from None
    except Exception as error:  # a damaged pickle can make any step fail in any way
        raise ValueError(
            f"{path}: truncated or damaged pickle: {type(error).__name__}: {one_line(error)}"
        ) from None


# The C unpickler sizes its tables by numbers from the file; the Python one takes what it can read.
class _Unpickler(pickle._Unpickler):
    """Builds tensors out of names that are known, and refuses all others."""

    # codes that allocate what they claim, or reach names by another way
    dispatch = {  # noqa: RUF012
        code: load
        for code, load in pickle._Unpickler.dispatch.items()
        if bytes([code])
        not in (pickle.EXT1, pickle.EXT2, pickle.EXT4, pickle.BYTEARRAY8, pickle.NEXT_BUFFER)
    }

    def __init__(self, stream: IO[bytes], storages: dict[str, Storage] | None) -> None:
        super().__init__(stream, encoding="utf-8")
        self._storages = storages

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in KNOWN:
            return KNOWN[module, name]
        if module in ("torch", "torch.cuda") and name.endswith("Storage"):
            dtype = STORAGES.get(name.removesuffix("Storage"))
            if dtype:
                return Kind(dtype)
        if module == "torch" and name in ITEMSIZES:
            return Kind(name)
        raise Refused(f"its pickle asks for {module}.{name}"[:80] + f": {CONVERT}")

    def persistent_load(self, pid: Any) -> Storage:
        match pid:
            case ("storage", Kind(dtype), key, _, int(count), *view) if count >= 0:
                if any(part is not None for part in view):
                    raise Refused(f"a storage that is a view of another: {CONVERT}")
                storage = Storage(str(key), dtype or "uint8", count)
                if self._storages is not None:
                    self._storages[storage.key] = storage
                return storage
        raise pickle.UnpicklingError("a storage is not described as torch does")


def _tensor(
    storage: Any,
    offset: Any,
    shape: Any,
    strides: Any,
    grad: Any = None,
    hooks: Any = None,
    metadata: Any = None,
    *,
    dtype: str | None = None,
) -> Tensor:
    # torch negates and conjugates lazily: the storage has the numbers from before
    if metadata and (not isinstance(metadata, dict) or any(metadata.values())):
        raise Refused(
            "a tensor that is still to be negated or conjugated; save it after "
            ".resolve_neg().resolve_conj()"
        )
    sizes = (offset, *shape, *strides)
    if not isinstance(storage, Storage) or len(shape) != len(strides):
        raise pickle.UnpicklingError("a tensor without its storage or strides")
    if not all(type(size) is int and 0 <= size < 2**63 for size in sizes):
        raise pickle.UnpicklingError("a tensor of impossible size")
    return Tensor(storage, dtype or storage.dtype, offset, tuple(shape), tuple(strides))


def _tensor_v3(
    storage: Any,
    offset: Any,
    shape: Any,
    strides: Any,
    grad: Any,
    hooks: Any,
    kind: Kind,
    metadata: Any = None,
) -> Tensor:
    return _tensor(storage, offset, shape, strides, grad, hooks, metadata, dtype=kind.dtype)


def _parameter(data: Any, *_: Any) -> Any:
    return data


def _encode(text: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"encoding {encoding!r}")
    return text.encode("latin1")


KNOWN: dict[tuple[str, str], Any] = {
    ("torch._utils", "_rebuild_tensor"): _tensor,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_tensor_v3"): _tensor_v3,
    ("torch._utils", "_rebuild_parameter"): _parameter,
    ("torch._utils", "_rebuild_parameter_with_state"): _parameter,
    ("torch.storage", "UntypedStorage"): Kind(""),
    ("torch", "UntypedStorage"): Kind(""),
    ("torch", "Size"): tuple,
    ("torch", "device"): str,
    ("collections", "OrderedDict"): collections.OrderedDict,
    ("collections", "Counter"): collections.Counter,
    ("builtins", "set"): set,
    ("__builtin__", "set"): set,
    ("builtins", "complex"): complex,
    ("__builtin__", "complex"): complex,
    ("_codecs", "encode"): _encode,
}
