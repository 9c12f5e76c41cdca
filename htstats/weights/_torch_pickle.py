"""Find torch's tensors in a pickle: the functions for the names that torch pickles."""

from __future__ import annotations

import collections
import pickle
import re
from collections.abc import Callable
from typing import IO, Any, NamedTuple

from htstats.weights._pickles import CONVERT, Inert, InertUnpickler, Name, Refused, require_key
from htstats.weights._raw import ITEMSIZES

__all__ = ["Kind", "Storage", "Tensor", "TorchUnpickler", "Unread"]

STORAGES = {
    "Double": "float64", "Float": "float32", "Half": "float16", "BFloat16": "bfloat16",
    "Long": "int64", "Int": "int32", "Short": "int16", "Char": "int8", "Byte": "uint8",
    "Bool": "bool", "ComplexFloat": "complex64", "ComplexDouble": "complex128",
    "ComplexHalf": "complex32", "QUInt8": "quint8", "QInt8": "qint8", "QInt32": "qint32",
    "QUInt4x2": "quint4x2", "QUInt2x4": "quint2x4",
}  # fmt: skip

# Bytes per element of storages whose tensors cannot be read.
OTHER_ITEMSIZES = {
    "complex32": 4, "quint8": 1, "qint8": 1, "qint32": 4, "quint4x2": 1, "quint2x4": 1,
}  # fmt: skip

DTYPE = re.compile(r"(q?u?int|b?float|bits|complex)\w*|bool|half|double|long|short|byte|char")


class Kind(NamedTuple):
    """Stand-in for a torch dtype or storage class; `dtype` is empty for untyped storages."""

    dtype: str


class Storage(NamedTuple):
    key: str
    dtype: str
    numel: int

    @property
    def nbytes(self) -> int:
        return self.numel * (ITEMSIZES.get(self.dtype) or OTHER_ITEMSIZES[self.dtype])


class Tensor(NamedTuple):
    """A tensor as a part of a storage, with offset and strides in elements."""

    storage: Storage
    dtype: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class Unread(NamedTuple):
    """A tensor of a kind that cannot be read; its shape is empty if it is not known."""

    dtype: str
    shape: tuple[int, ...]
    reason: str


class TorchUnpickler(InertUnpickler):
    """Unpickler that creates `Tensor` objects for the names with which torch pickles tensors."""

    def __init__(self, stream: IO[bytes], storages: dict[str, Storage] | None) -> None:
        super().__init__(stream)
        self._storages = storages

    def meaning_of(self, module: str, name: str) -> Any:
        if (module, name) in MEANINGS:
            return Name(module, name, MEANINGS[module, name])
        if module in ("torch", "torch.cuda", "torch.storage") and name.endswith("Storage"):
            if name in ("UntypedStorage", "TypedStorage"):
                return Kind("")
            dtype = STORAGES.get(name.removesuffix("Storage"))
            return Kind(dtype) if dtype else None
        if module == "torch" and DTYPE.fullmatch(name):
            return Kind(
                {"half": "float16", "float": "float32", "double": "float64"}.get(name, name)
            )
        is_of_torch = module.partition(".")[0] in TENSOR_PACKAGES
        if is_of_torch and (module, name) != ("torch", "Tensor") and OTHER_TENSOR.fullmatch(name):
            return Name(module, name, _other_tensor(f"a {name} of {module}"))
        return None

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
) -> Tensor | Unread:
    shape, strides = _sizes(shape), _sizes(strides)
    if not isinstance(storage, Storage) or len(shape) != len(strides):
        raise pickle.UnpicklingError("a tensor without its storage or strides")
    _sizes((offset,))
    dtype = dtype or storage.dtype
    # torch negates and conjugates lazily: the storage has the original numbers
    if metadata and (not isinstance(metadata, dict) or any(metadata.values())):
        reason = (
            "a tensor that is still to be negated or conjugated; save it after "
            ".resolve_neg().resolve_conj()"
        )
        return Unread(dtype, shape, reason)
    if dtype not in ITEMSIZES:
        return Unread(dtype, shape, f"{dtype}, which is not read")
    return Tensor(storage, dtype, offset, shape, strides)


def _sizes(values: Any) -> tuple[int, ...]:
    if not isinstance(values, (tuple, list)) or isinstance(values, (Tensor, Storage)):
        raise pickle.UnpicklingError("a tensor without sizes")
    if not all(type(size) is int and 0 <= size < 2**63 for size in values):
        raise pickle.UnpicklingError("a tensor of impossible size")
    return tuple(values)


def _shape(values: Any) -> tuple[int, ...]:
    """The shape of an unread tensor; empty if the values are not a valid shape."""
    try:
        return _sizes(values)
    except pickle.UnpicklingError:
        return ()


def _tensor_v3(
    storage: Any,
    offset: Any,
    shape: Any,
    strides: Any,
    grad: Any,
    hooks: Any,
    kind: Kind,
    metadata: Any = None,
) -> Tensor | Unread:
    return _tensor(storage, offset, shape, strides, grad, hooks, metadata, dtype=kind.dtype)


def _quantized_tensor(storage: Any, offset: Any, shape: Any, *_: Any) -> Unread:
    dtype = storage.dtype if isinstance(storage, Storage) else "quantised"
    reason = f"a quantised torch tensor ({dtype}); save it after .dequantize()"
    return Unread(dtype, _shape(shape), reason)


def _sparse_tensor(layout: Any, data: Any) -> Unread:
    # COO has (indices, values, size); compressed layouts have (indices, indices, values, size)
    parts = (*data, None, None, None, None) if isinstance(data, tuple) else (None,) * 4
    values, size = parts[2:4] if isinstance(parts[2], Tensor) else parts[1:3]
    dtype = values.dtype if isinstance(values, Tensor) else "sparse"
    sizes = _shape(size)
    return Unread(dtype, sizes, "a sparse torch tensor; save it after .to_dense()")


def _nested_tensor(*_: Any) -> Unread:
    return Unread("nested", (), "a nested torch tensor; save its parts")


def _meta_tensor(kind: Any, shape: Any, *_: Any) -> Unread:
    dtype = kind.dtype if isinstance(kind, Kind) else "meta"
    return Unread(dtype, _shape(shape), "a tensor on the meta device, which has no numbers")


def _wrapper(cls: Any, kind: Any, shape: Any, *_: Any) -> Unread:
    of = cls.full if isinstance(cls, Name) else "a subclass"
    dtype = kind.dtype if isinstance(kind, Kind) else "wrapped"
    return Unread(dtype, _shape(shape), f"a tensor of {of}; save it as a plain tensor")


def _device_tensor(*_: Any) -> Unread:
    return Unread("of a device", (), "a tensor of another device; save it after .cpu()")


def _other_tensor(what: str) -> Callable[..., Unread]:
    return lambda *_, **__: Unread("wrapped", (), f"{what}; save it as a plain tensor")


def _from_type(function: Any, cls: Any, args: Any, state: Any = None) -> Any:
    """A tensor with attributes, or an instance of a subclass of Tensor."""
    if not isinstance(function, Name) or not isinstance(args, tuple):
        raise pickle.UnpicklingError("a tensor without the function that makes it")
    made = function(*args)
    is_plain = isinstance(cls, Name) and cls.module in PLAIN and cls.name in PLAIN[cls.module]
    if is_plain or not isinstance(made, Tensor):
        return made
    return _wrapper(cls, Kind(made.dtype), made.shape)


PLAIN = {
    "torch": ("Tensor",),
    "torch._tensor": ("Tensor",),
    "torch.nn.parameter": ("Parameter", "Buffer"),
}


def _parameter(data: Any, *_: Any) -> Any:
    return data


def _encode(text: str, encoding: str) -> bytes:
    if encoding not in ("latin1", "latin-1"):
        raise pickle.UnpicklingError(f"encoding {encoding!r}")
    return text.encode("latin1")


def _ordered_dict(pairs: Any = ()) -> collections.OrderedDict[Any, Any]:
    found: collections.OrderedDict[Any, Any] = collections.OrderedDict()
    for key, value in dict.items(pairs) if isinstance(pairs, dict) else pairs:
        require_key(key)
        found[key] = value
    return found


# Packages with their own kinds of tensors, which are recognized by their names.
TENSOR_PACKAGES = ("torch", "torchao", "transformer_engine", "bitsandbytes", "optimum", "quanto")
OTHER_TENSOR = re.compile(r"[A-Z]\w*(Tensor|Params4bit)|Params4bit|Int8Params")

MEANINGS: dict[tuple[str, str], Callable[..., Any]] = {
    ("torch._utils", "_rebuild_tensor"): _tensor,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_tensor_v3"): _tensor_v3,
    ("torch._utils", "_rebuild_parameter"): _parameter,
    ("torch._utils", "_rebuild_parameter_with_state"): _parameter,
    ("torch._tensor", "_rebuild_from_type_v2"): _from_type,
    ("torch._tensor", "_rebuild_from_type"): _from_type,
    ("torch._utils", "_rebuild_qtensor"): _quantized_tensor,
    ("torch._utils", "_rebuild_sparse_tensor"): _sparse_tensor,
    ("torch._utils", "_rebuild_sparse_csr_tensor"): _sparse_tensor,
    ("torch._utils", "_rebuild_nested_tensor"): _nested_tensor,
    ("torch._utils", "_rebuild_meta_tensor_no_storage"): _meta_tensor,
    ("torch._utils", "_rebuild_wrapper_subclass"): _wrapper,
    ("torch._utils", "_rebuild_xla_tensor"): _device_tensor,
    ("torch._utils", "_rebuild_device_tensor_from_numpy"): _device_tensor,
    ("torch._utils", "_rebuild_device_tensor_from_cpu_tensor"): _device_tensor,
    ("torch", "Size"): lambda sizes=(): tuple(sizes),
    ("torch", "device"): lambda *args: Inert(Name("torch", "device"), args),
    ("collections", "OrderedDict"): _ordered_dict,
    ("_codecs", "encode"): _encode,
}
