"""Decide which names in a pickle are harmless. No name in a pickle is ever imported, in any case.

A name of the standard library, of torch, of NumPy, or of a package that runs programs is harmless
only if it is listed here. Names of other packages and of the user's own scripts are tolerated if
the pickle uses them only as classes of objects with given contents.
"""

from __future__ import annotations

import re
import sys

__all__ = ["MEMORY_FORMATS", "is_harmless", "is_strict", "whole_module"]


def _names(module: str, names: str) -> set[tuple[str, str]]:
    return {(module, name) for name in names.split()}


HARMLESS = {
    *_names("argparse", "Namespace"),
    *_names("array", "array _array_reconstructor"),
    *_names("collections", "defaultdict Counter deque ChainMap UserDict UserList UserString"),
    *_names("copyreg", "_reconstructor __newobj__ __newobj_ex__"),
    *_names("copy_reg", "_reconstructor __newobj__ __newobj_ex__"),
    *_names("dataclasses", "_MISSING_TYPE _HAS_DEFAULT_FACTORY_CLASS Field"),
    *_names("datetime", "date datetime time timedelta timezone tzinfo"),
    *_names("decimal", "Decimal"),
    *_names("enum", "Enum IntEnum StrEnum Flag IntFlag"),
    *_names("fractions", "Fraction"),
    *_names("ipaddress", "IPv4Address IPv6Address IPv4Network IPv6Network"),
    *_names("logging", "getLogger Logger RootLogger"),
    *_names("numbers", "Number Complex Real Rational Integral"),
    *_names("random", "Random"),
    *_names("re", "_compile RegexFlag"),
    *_names("signal", "Signals"),
    # used in pickled exceptions if a package with tblib, such as distributed, was imported
    *_names("tblib.pickling_support", "unpickle_exception unpickle_exception_with_attrs"),
    *_names("tblib.pickling_support", "unpickle_traceback pickle_exception"),
    *_names("time", "struct_time"),
    *_names("types", "SimpleNamespace NoneType MappingProxyType"),
    *_names("UserDict", "UserDict IterableUserDict"),
    *_names("UserList", "UserList"),
    *_names("UserString", "UserString"),
    *_names("uuid", "UUID SafeUUID"),
    *_names("zoneinfo", "ZoneInfo"),
    *_names(
        "typing",
        "Any Union Optional List Dict Tuple Set FrozenSet Sequence Mapping Callable Type Literal "
        "Iterable NoReturn ClassVar Final Text NamedTuple",
    ),
    *_names("torch", "Tensor Generator strided sparse_coo contiguous_format preserve_format"),
    *_names("torch", "channels_last channels_last_3d per_tensor_affine per_channel_affine"),
    *_names("torch", "per_tensor_symmetric per_channel_symmetric"),
    *_names("torch", "per_channel_affine_float_qparams"),
    *_names("torch._C", "Generator"),
    *_names("torch.nn.parameter", "Parameter Buffer UninitializedParameter UninitializedBuffer"),
    *_names("torch.nn", "Parameter Buffer"),
    *_names("torch.serialization", "_get_layout"),
    *_names("torch.torch_version", "TorchVersion"),
    *_names("torch.version", "TorchVersion"),
    *_names("torch._utils", "_set_obj_state"),
    *_names("torch.cuda.amp.grad_scaler", "GradScaler OptState"),
    *_names("torch.amp.grad_scaler", "GradScaler OptState"),
    *_names("numpy", "dtype ndarray matrix recarray record"),
    *_names("numpy.rec", "recarray record"),
    *_names("numpy.ma", "MaskedArray"),
    *_names("numpy.ma.core", "_mareconstruct MaskedArray"),
}

# torch pickles these by a dotted name, with the first module that contains the name.
MEMORY_FORMATS = {
    f"torch.{name}"
    for name in ("contiguous_format", "preserve_format", "channels_last", "channels_last_3d")
}

# Types that only hold values. `map`, `filter`, `iter` and all functions are excluded.
BUILTINS = set(
    "set frozenset complex slice bytearray bytes list dict tuple int float bool str object range "
    "long unicode basestring xrange Ellipsis NotImplemented None".split()
)

# Families of names: a pattern for the module, and a pattern for the name.
FAMILIES = [
    (re.compile(module), re.compile(name))
    for module, name in [
        (r"builtins|__builtin__", r"[A-Z]\w*(Error|Exception|Warning)|KeyboardInterrupt"),
        (r"pathlib(\._local|\._abc)?", r"(Pure)?(Posix|Windows)?Path"),
        (r"numpy\.(_core|core)\.(multiarray|_multiarray_umath)", r"scalar|_reconstruct"),
        (r"numpy\.(_core|core)\.numeric", r"_frombuffer"),
        (r"numpy\.(_core|core)\.records", r"recarray|record"),
        (r"numpy\.ma\.core", r"[A-Z]\w*"),
        (r"numpy\.dtypes", r"\w+DType"),
        (
            r"numpy",
            r"(u?int|float|complex|bool|str|bytes|void|object|datetime|timedelta)(\d+|_)?"
            r"|u?(byte|short|intc|long|longlong|intp)|c?(half|single|double|longdouble)"
            r"|unicode_|string_|generic|number|integer|floating|[su]\w*integer|bool8",
        ),
        (
            r"numpy\.random(\.\w+)?",
            r"__RandomState_ctor|__randomstate_ctor|__bit_generator_ctor|__generator_ctor"
            r"|__pyx_unpickle_\w+|MT19937|PCG64|PCG64DXSM|Philox|SFC64|RandomState|Generator|SeedSequence",
        ),
        (r"torch\.optim(\.\w+)*", r"[A-Z]\w*"),
    ]
]

# Packages that can run programs or load code. Their names are refused unless they are listed.
STRICT = {
    *sys.stdlib_module_names, "__builtin__", "builtins", "__builtins__", "posix", "nt", "os2",
    "ce", "copy_reg", "commands", "cPickle", "cStringIO", "StringIO", "Queue", "popen2", "imp",
    "distutils", "asyncore", "pipes", "lib2to3", "new", "UserDict", "urllib2", "httplib",
    "torch", "numpy", "functorch", "torchgen", "pip", "setuptools", "pkg_resources",
    "_distutils_hack", "wheel", "dill", "cloudpickle", "joblib", "IPython", "ipykernel", "pytest",
    "_pytest", "py", "sh", "plumbum", "pexpect", "ptyprocess", "fabric", "invoke", "paramiko",
    "docker", "requests", "urllib3", "numba", "cffi", "cython", "Cython", "pyximport", "pandas",
    "scipy", "sympy", "dask", "distributed", "ray", "gevent", "twisted", "twine", "execnet",
    "htstats", "six", "future", "past", "lambdify", "test",
}  # fmt: skip


def is_harmless(module: str, name: str) -> bool:
    """Whether the name is listed as one that only holds values and executes nothing."""
    if module in ("builtins", "__builtin__") and name in BUILTINS:
        return True
    if (module, name) in HARMLESS:
        return True
    return any(m.fullmatch(module) and n.fullmatch(name) for m, n in FAMILIES)


def is_strict(module: str, name: str) -> bool:
    """Whether the name must be refused unless it is listed."""
    plain = re.compile(r"\w+(\.\w+)*", re.ASCII)
    if not plain.fullmatch(module) or not name.isidentifier() or not name.isascii():
        return True  # a dotted name can reach the attributes of an object
    return module.partition(".")[0] in STRICT


def whole_module(module: str) -> bool:
    """Whether the module defines layers or networks, so that a whole model was pickled."""
    return module.startswith("torch.nn.") or bool(
        re.fullmatch(r"(ultralytics|torchvision\.models|timm\.models)(\.\w+)*", module)
    )
