"""Interpret a pickle safely: names become stand-ins, and calls are only recorded.

A pickle is a program that imports names and calls them. This module imports no name. A name that
a reader of tensors needs is bound to a function of this package. A harmless name becomes a `Name`;
a call of it returns an `Inert` object, which records the call. Any other name makes the pickle
refused.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import IO, Any, NoReturn

from htstats.weights._globals import MEMORY_FORMATS, is_harmless, is_strict, whole_module

__all__ = ["CONVERT", "Inert", "InertUnpickler", "Name", "Refused", "require_key"]

CONVERT = (
    "only tensors are read and nothing is executed; where you trust the file, load it in Python "
    "and torch.save(model.state_dict(), ...)"
)

WHOLE = f"the file holds a whole module with its code, not a state_dict: {CONVERT}"

# Most parts of a key of a dict. Hashing nested tuples can take exponential time and overflow the
# stack.
MOST_KEY_PARTS = 100


class Refused(pickle.UnpicklingError):
    """Raised for a pickle that would do more than describe tensors."""


class Name:
    """Stand-in for a name in a pickle. A call of it calls `meaning` instead, if that is given."""

    __slots__ = ("meaning", "module", "name")

    def __init__(self, module: str, name: str, meaning: Callable[..., Any] | None = None) -> None:
        self.module, self.name, self.meaning = module, name, meaning

    @property
    def full(self) -> str:
        return f"{self.module}.{self.name}"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Record a call of the name, or call its `meaning`."""
        if self.meaning is not None:
            return self.meaning(*args, **kwargs)
        if not is_harmless(self.module, self.name):
            if kwargs or not self._is_class_by_its_name or not _is_value_of_an_enum(args):
                self.refuse()
        if self.name in ("_reconstructor", "__newobj__", "__newobj_ex__") and args:
            return args[0].new(*args[1:]) if isinstance(args[0], Name) else Inert(self, args)
        return Inert(self, args)

    @property
    def _is_class_by_its_name(self) -> bool:
        return self.name.lstrip("_")[:1].isupper()

    def new(self, *args: Any, **kwargs: Any) -> Any:
        """Record a call of `cls.__new__(cls, ...)`, which cannot call a function."""
        if self.meaning is not None:
            return self.meaning(*args, **kwargs)
        return Inert(self, args)

    def refuse(self) -> NoReturn:
        raise Refused(f"its pickle asks for {self.full}"[:100] + f": {CONVERT}")


class Inert:
    """Stand-in for an object of a pickle: the arguments of its call and its later state."""

    __slots__ = ("args", "items", "made_by", "state", "values")

    def __init__(self, made_by: Name, args: tuple[Any, ...] = ()) -> None:
        self.made_by, self.args = made_by, args
        self.items: dict[Any, Any] = {}
        self.values: list[Any] = []
        self.state: Any = None


def _is_value_of_an_enum(args: tuple[Any, ...]) -> bool:
    """Whether the arguments can be the value of an enum member, which is a word or a number.

    An enum member is pickled as a call of its class with this value.
    """
    if len(args) != 1:
        return False
    (value,) = args
    if isinstance(value, str):
        return len(value) < 80 and value.replace("-", "_").replace(".", "_").isidentifier()
    return isinstance(value, (int, float))


def require_key(key: Any) -> None:
    """Raise an error for a key that is expensive to hash."""
    parts, left = [key], MOST_KEY_PARTS
    while parts:
        part = parts.pop()
        left -= 1
        if left < 0:
            raise pickle.UnpicklingError("a key with too many parts")
        if type(part) is tuple:
            parts += part[: MOST_KEY_PARTS + 1]


# Opcodes that reach names in other ways, or data outside the pickle.
FORBIDDEN = (pickle.EXT1, pickle.EXT2, pickle.EXT4, pickle.NEXT_BUFFER)


# The C unpickler allocates tables whose sizes come from the file; the Python one does not.
class InertUnpickler(pickle._Unpickler):
    """Unpickler that creates stand-ins, and objects for the names that a subclass defines."""

    dispatch = {  # noqa: RUF012
        code: load
        for code, load in pickle._Unpickler.dispatch.items()
        if bytes([code]) not in FORBIDDEN
    }

    stack: list[Any]
    pop_mark: Callable[[], list[Any]]
    read: Callable[[int], bytes]

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__(stream, encoding="utf-8", errors="surrogateescape")

    def meaning_of(self, module: str, name: str) -> Any:
        """The function to call in place of a name, or None. Subclasses override this method."""
        return None

    def find_class(self, module: str, name: str) -> Any:
        known = self.meaning_of(module, name)
        if known is not None:
            return known
        if name in MEMORY_FORMATS:
            return Name("torch", name.removeprefix("torch."))
        if (module, name) in (("builtins", "type"), ("__builtin__", "type")):
            return Name(module, name, _type_of_a_constant)
        if is_harmless(module, name):
            return Name(module, name)
        if whole_module(module):
            raise Refused(f"its pickle asks for {module}.{name}"[:100] + f": {WHOLE}")
        if is_strict(module, name):
            Name(module, name).refuse()
        return Name(module, name)

    def _call(self, function: Any, args: Any) -> Any:
        if not isinstance(function, Name) or type(args) is not tuple:
            raise pickle.UnpicklingError("a call of an object that is not a name")
        return function(*args)

    def load_reduce(self) -> None:
        args = self.stack.pop()
        self.stack[-1] = self._call(self.stack[-1], args)

    def load_newobj(self) -> None:
        args, cls = self.stack.pop(), self.stack.pop()
        if not isinstance(cls, Name) or type(args) is not tuple:
            raise pickle.UnpicklingError("an instance of an object that is not a class")
        self.stack.append(cls.new(*args))

    def load_newobj_ex(self) -> None:
        kwargs, args, cls = self.stack.pop(), self.stack.pop(), self.stack.pop()
        if not isinstance(cls, Name) or type(args) is not tuple or type(kwargs) is not dict:
            raise pickle.UnpicklingError("an instance of an object that is not a class")
        self.stack.append(cls.new(*args, *kwargs.values()))

    # for the opcodes INST and OBJ of old protocols
    def _instantiate(self, cls: Any, args: Any) -> None:
        if not isinstance(cls, Name):
            raise pickle.UnpicklingError("an instance of an object that is not a class")
        # without arguments, these opcodes create an object of an old-style class and call nothing
        is_plain = not args and cls._is_class_by_its_name
        self.stack.append(cls.new() if is_plain else cls(*args))

    def load_bytearray8(self) -> None:
        size = int.from_bytes(self.read(8), "little")
        content = self.read(size)  # at most the rest of the file
        if len(content) != size:
            raise pickle.UnpicklingError("it ends too early")
        self.stack.append(bytearray(content))

    def load_build(self) -> None:
        state, target = self.stack.pop(), self.stack[-1]
        if isinstance(target, Inert):
            if isinstance(state, dict) and dict.keys(state) >= {"_parameters", "_modules"}:
                raise Refused(f"{target.made_by.full} "[:100] + f"in its pickle: {WHOLE}")
            target.state = state
        # attributes of a dict or tensor do not affect its numbers

    def load_append(self) -> None:
        value = self.stack.pop()
        _values_of(self.stack[-1]).append(value)

    def load_appends(self) -> None:
        values = self.pop_mark()
        _values_of(self.stack[-1]).extend(values)

    def load_additems(self) -> None:
        values = self.pop_mark()
        _values_of(self.stack[-1]).extend(values)

    def load_empty_set(self) -> None:
        self.stack.append(Inert(Name("builtins", "set")))

    def load_frozenset(self) -> None:
        made = Inert(Name("builtins", "frozenset"))
        made.values = self.pop_mark()
        self.stack.append(made)

    def load_setitem(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        _set_items(_items_of(self.stack[-1]), [key, value])

    def load_setitems(self) -> None:
        pairs = self.pop_mark()
        _set_items(_items_of(self.stack[-1]), pairs)

    def load_dict(self) -> None:
        pairs = self.pop_mark()
        self.stack.append({})
        _set_items(self.stack[-1], pairs)


# Opcodes that the class executes in its own way, by the method load_...
for _name in (
    "REDUCE", "NEWOBJ", "NEWOBJ_EX", "BYTEARRAY8", "BUILD", "APPEND", "APPENDS", "ADDITEMS",
    "EMPTY_SET", "FROZENSET", "SETITEM", "SETITEMS", "DICT",
):  # fmt: skip
    _opcode: bytes = getattr(pickle, _name)
    InertUnpickler.dispatch[_opcode[0]] = getattr(InertUnpickler, f"load_{_name.lower()}")


def _set_items(items: dict[Any, Any], pairs: list[Any]) -> None:
    """Set items from a list in which keys and values alternate."""
    for key, value in zip(pairs[::2], pairs[1::2], strict=True):
        require_key(key)
        items[key] = value


def _values_of(target: Any) -> list[Any]:
    if isinstance(target, Inert):
        return target.values
    if type(target) is not list:
        raise pickle.UnpicklingError("an element for an object that is not a list")
    return target


def _items_of(target: Any) -> dict[Any, Any]:
    if isinstance(target, Inert):
        return target.items
    if not isinstance(target, dict):
        raise pickle.UnpicklingError("an item for an object that is not a dict")
    return target


def _type_of_a_constant(*args: Any) -> Inert:
    """Stand-in for `type`: allow only the type of None, because other calls create classes."""
    is_constant = isinstance(args[0], Name) if len(args) == 1 and args[0] is not None else True
    if len(args) != 1 or not is_constant:
        Name("builtins", "type").refuse()
    return Inert(Name("builtins", "type"), args)
