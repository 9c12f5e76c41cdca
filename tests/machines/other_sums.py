"""pytest plug-in: every sum and product in a test file is taken in another order.

BLAS kernels differ in the last bits of a sum because they add in different orders. Here the sums
that the tests themselves take (`sum`, `mean`, `var`, `std`, `norm`, `dot`, `@`) run backwards and
one term after the other; htstats is left alone. A test that then fails holds htstats to more digits
than its own reference has, and will fail with some BLAS.

    PYTHONPATH=tests/machines python -m pytest -p other_sums tests/test_spectral.py
"""

import ast
import math
import sys
from typing import Any

import numpy as np
import pytest
from _pytest.assertion import rewrite

METHODS = {"sum", "mean", "var", "std", "norm", "dot", "nansum", "nanmean"}
HELPER = "_take_in_other_order"
LONGEST = 2000  # rows of products of matrices that are added one after the other


class Reorder(ast.NodeTransformer):
    """Send `x.sum(...)`, `np.sum(x)`, `a @ b` and their like through `take_in_other_order`."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Attribute) and node.func.attr in METHODS:
            name = ast.Constant(node.func.attr)
            node.args = [name, node.func.value, *node.args]
            node.func = ast.Name(HELPER, ast.Load())
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.op, ast.MatMult):
            return ast.Call(
                ast.Name(HELPER, ast.Load()), [ast.Constant("@"), node.left, node.right], []
            )
        return node


def take_in_other_order(name: str, owner: Any, *args: Any, **options: Any) -> Any:
    """`owner.name(*args, **options)`, added up backwards where that means anything."""
    if name in ("@", "dot") and owner is not np:
        return multiply(owner, args[0])
    if owner is np and name == "dot":
        return multiply(*args)
    of_numpy = owner is np or owner is np.linalg
    x, rest = (args[0], args[1:]) if of_numpy and args else (owner, args)
    function = getattr(owner, name)
    is_array = type(x) is np.ndarray or (of_numpy and isinstance(x, list))
    x = np.asarray(x) if is_array else x
    if not is_array or x.dtype.kind != "f" or x.size == 0 or options.keys() - {"axis", "ddof"}:
        return function(*args, **options)
    if name == "norm" and rest:
        flipped = np.ascontiguousarray(x[::-1, ::-1]) if x.ndim == 2 and not options else x
        return function(flipped, *rest, **options)
    axis = rest[0] if rest else options.get("axis")
    if not (axis is None or isinstance(axis, int)) or len(rest) > 1:
        return function(*args, **options)
    return reduce(name, x, axis, options.get("ddof", 0))


def reduce(name: str, x: np.ndarray, axis: int | None, ddof: int) -> Any:
    n = x.size if axis is None else x.shape[axis]
    if name in ("sum", "nansum"):
        return add(x, axis)
    if name in ("mean", "nanmean"):
        return add(x, axis) / x.dtype.type(n)
    if name == "norm":
        scale = float(np.abs(x).max()) or 1.0
        return np.sqrt(add((x / scale) ** 2, axis)) * scale if math.isfinite(scale) else scale
    mean = add(x, axis) / x.dtype.type(n)
    centred = x - (mean if axis is None else np.expand_dims(mean, axis))
    variance = add(centred**2, axis) / x.dtype.type(n - ddof)
    return variance if name == "var" else np.sqrt(variance)


def add(x: np.ndarray, axis: int | None) -> Any:
    """The sum from the last term to the first, rounded at each."""
    x = x.reshape(-1) if axis is None else x
    axis = 0 if axis is None else axis
    return np.take(np.cumsum(np.flip(x, axis), axis=axis), -1, axis=axis)


def multiply(a: Any, b: Any) -> Any:
    plain = type(a) is np.ndarray and type(b) is np.ndarray
    if not plain or a.dtype.kind != "f" or b.dtype.kind != "f":
        torch = sys.modules.get("torch")
        if torch is None or type(a) is not torch.Tensor or type(b) is not torch.Tensor:
            return a @ b
        return a.flip(-1) @ b.flip(-2 if b.ndim > 1 else -1)
    if a.ndim == b.ndim == 1:
        return add(a * b, None)
    a, b = np.flip(a, -1).copy(), np.flip(b, -2 if b.ndim > 1 else -1).copy()
    if a.ndim > 2 or b.ndim > 2 or a.shape[-1] > LONGEST:
        return a @ b
    rows, columns = np.atleast_2d(a), b if b.ndim == 2 else b[:, None]
    out = np.zeros((len(rows), columns.shape[1]), np.result_type(a, b))
    for k in range(a.shape[-1]):
        out += rows[:, k, None] * columns[k]
    return out.reshape((*a.shape[:-1], *(b.shape[1:] if b.ndim == 2 else ())))


def pytest_configure(config: pytest.Config) -> None:
    original = rewrite.rewrite_asserts

    def rewrite_sums(tree: ast.Module, *args: Any, **options: Any) -> None:
        ast.fix_missing_locations(Reorder().visit(tree))
        original(tree, *args, **options)

    rewrite.rewrite_asserts = rewrite_sums
    # the changed test files are compiled under a name of their own
    rewrite.PYC_TAIL = "-other-sums" + rewrite.PYC_TAIL
    setattr(__import__("builtins"), HELPER, take_in_other_order)
    pytest.register_assert_rewrite("reference")
