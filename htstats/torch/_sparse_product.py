"""W(t), products with it, and their gradients, computed from B and the replayed noise."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol, cast

import numpy as np
import torch

from htstats.compression.matrix import BLOCK_DTYPES, CompressedMatrix, NoiseLaw, rebuild_rows
from htstats.torch._normal import normal_block

__all__ = ["TORCH_DTYPES", "Cache", "Entries", "SparseLayer", "dense_weight", "product", "round_to"]

TORCH_DTYPES = {
    "float64": torch.float64,
    "float32": torch.float32,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
}


NO_VMAP = "vmap over the values or the mean of a GaussianSparseLinear is not supported"


class Cache(NamedTuple):
    """A cached W(t), with the values and the mean from which it was computed."""

    values: torch.Tensor
    mean: torch.Tensor
    rows: torch.Tensor
    version: int  # version counter of `rows`: users of `weight` may change `rows` in place

    def is_of(self, values: torch.Tensor, mean: torch.Tensor) -> bool:
        return (
            self.version == self.rows._version
            and self.rows.device == values.device
            and self.values.dtype == values.dtype
            and self.mean.dtype == mean.dtype
            and torch.equal(self.values, values)
            and torch.equal(self.mean, mean)
        )


class SparseLayer(Protocol):
    """The attributes of a `GaussianSparseLinear` that the products read."""

    in_features: int
    out_features: int
    crow_indices: torch.Tensor
    col_indices: torch.Tensor
    values: torch.nn.Parameter
    dense: bool
    block_elements: int
    _first: CompressedMatrix
    _like: torch.Tensor
    _cache: Cache | None


class Entries:
    """W(t) of a layer for given values and a given mean, which can differ from its current ones."""

    def __init__(self, module: SparseLayer, values: torch.Tensor, mean: torch.Tensor) -> None:
        first = module._first
        self.module, self.parameters = module, (values.detach(), mean.detach())
        self.mean = float(mean.detach())
        self.std, self.seed, self.layer = first.std, first.seed, first.layer
        self.dtype, self.support = first.dtype, first.support

    def kept_values(self, part: slice) -> torch.Tensor:
        """Values of B in the dtype of `CompressedMatrix.sparse`, even if the module was cast."""
        wide = torch.float64 if self.dtype == "float64" else torch.float32
        return self.parameters[0][part].to(wide)

    def rows(self, start: int, stop: int) -> torch.Tensor:
        if self.parameters[0].device.type == "cpu":
            return self.rows_by_core(start, stop)
        return self.rows_by_torch(start, stop)

    def rows_by_core(self, start: int, stop: int) -> torch.Tensor:
        out = np.empty((stop - start, self.module.in_features), BLOCK_DTYPES[self.dtype])
        crow = self.module.crow_indices[start : stop + 1].numpy()
        part = slice(int(crow[0]), int(crow[-1]))
        cols = self.module.col_indices[part].numpy()
        rebuild_rows(
            NoiseLaw.of(self), start, crow - crow[0], cols, self.kept_values(part).numpy(), out
        )
        return torch.from_numpy(out).to(TORCH_DTYPES[self.dtype])

    def rows_by_torch(self, start: int, stop: int) -> torch.Tensor:
        device, shape = self.parameters[0].device, (stop - start, self.module.in_features)
        noise = torch.full(shape, self.mean, dtype=torch.float64, device=device)
        if self.std != 0:
            g = normal_block(self.seed, self.layer, start, *shape, device)
            noise = g * self.std + self.mean
        crow = self.module.crow_indices[start : stop + 1]
        part = slice(int(crow[0]), int(crow[-1]))
        rows = torch.repeat_interleave(torch.arange(len(noise), device=device), crow.diff())
        cols, values = self.module.col_indices[part], self.kept_values(part).double()
        if self.support == "full":
            noise[rows, cols] += values
        else:
            noise[rows, cols] = values
        return round_to(noise, self.dtype)

    def blocks(self) -> Iterator[tuple[int, int, torch.Tensor]]:
        """Yield (start, stop, rows) from top to bottom; in dense mode, yield a single block."""
        height = self.module.out_features
        if self.module.dense:
            yield 0, height, self.whole()
            return
        step = max(1, self.module.block_elements // max(self.module.in_features, 1))
        for start in range(0, height, step):
            stop = min(start + step, height)
            yield start, stop, self.rows(start, stop)

    def whole(self) -> torch.Tensor:
        """All rows. In dense mode they come from the module's cache if that is up to date."""
        module = self.module
        if not module.dense:
            return self.rows(0, module.out_features)
        if module._cache is None or not module._cache.is_of(*self.parameters):
            rows = self.rows(0, module.out_features)
            values, mean = self.parameters
            module._cache = Cache(values.clone(), mean.clone(), rows, rows._version)
        return module._cache.rows


class Product(torch.autograd.Function):
    """x W^T, or x W if `is_transposed`. Both passes compute W block by block."""

    @staticmethod
    def forward(
        x: torch.Tensor,
        values: torch.Tensor,
        mean: torch.Tensor,
        module: SparseLayer,
        is_transposed: bool = False,
    ) -> torch.Tensor:
        blocks = Entries(module, values, mean).blocks()
        if is_transposed:
            y = x.new_zeros((*x.shape[:-1], module.in_features))
            for start, stop, rows in blocks:
                y += x[..., start:stop] @ rows.to(x.dtype)
            return y
        y = x.new_empty((*x.shape[:-1], module.out_features))
        for start, stop, rows in blocks:
            y[..., start:stop] = x @ rows.to(x.dtype).T
        return y

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: torch.Tensor) -> None:
        x, values, mean, ctx.module, ctx.is_transposed = inputs
        ctx.save_for_backward(x, values, mean)
        ctx.save_for_forward(x, values, mean)

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> torch.Tensor:
        x, values, mean = ctx.saved_tensors
        along_x, along_values, along_mean, *_ = tangents
        y = product(along_x, values, mean, ctx.module, ctx.is_transposed)
        slope = _dense_tangent(ctx.module, along_values, along_mean).to(x.dtype)
        change: torch.Tensor = x @ (slope if ctx.is_transposed else slope.T)
        return y + change

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        x, values, mean = ctx.saved_tensors
        grad, module = grads[0], ctx.module
        grad_x = grad_values = grad_mean = None
        if ctx.needs_input_grad[0]:
            # computed by `product`, so that it can be differentiated by values and mean again
            grad_x = product(grad, values, mean, module, not ctx.is_transposed)
        if ctx.needs_input_grad[1] or ctx.needs_input_grad[2]:
            n = math.prod(x.shape[:-1])  # reshape(-1, 0) is an error: a layer may have no columns
            flat_x, flat_grad = x.reshape(n, x.shape[-1]), grad.reshape(n, grad.shape[-1])
            above, below = (flat_x, flat_grad) if ctx.is_transposed else (flat_grad, flat_x)
            on_pattern = _pattern_gradient(module, below, above)
            total = (above.double().sum(1) * below.double().sum(1)).sum()
            grad_values, grad_mean = _parameter_gradients(module, values, mean, on_pattern, total)
        return grad_x, grad_values, grad_mean, None, None

    @staticmethod
    def vmap(info: Any, in_dims: tuple[Any, ...], x: Any, *others: Any) -> tuple[Any, int]:
        if in_dims[1] is not None or in_dims[2] is not None:
            raise RuntimeError(NO_VMAP)
        return product(x.movedim(in_dims[0], 0), *others), 0


class DenseWeight(torch.autograd.Function):
    """W(t) as a matrix, in the dtype of the layer."""

    @staticmethod
    def forward(values: torch.Tensor, mean: torch.Tensor, module: SparseLayer) -> torch.Tensor:
        rows = Entries(module, values, mean).whole()
        return rows.to(module._like.dtype).detach()  # the cached tensor must not get a grad_fn

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: torch.Tensor) -> None:
        values, mean, ctx.module = inputs
        ctx.save_for_backward(values, mean)

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> torch.Tensor:
        along_values, along_mean, _ = tangents
        return _dense_tangent(ctx.module, along_values, along_mean).to(ctx.module._like.dtype)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        values, mean = ctx.saved_tensors
        rows, cols = _pattern_rows(ctx.module), ctx.module.col_indices
        on_pattern, total = grads[0][rows, cols].double(), grads[0].double().sum()
        return *_parameter_gradients(ctx.module, values, mean, on_pattern, total), None

    @staticmethod
    def vmap(info: Any, in_dims: tuple[Any, ...], *inputs: Any) -> tuple[Any, int]:
        raise RuntimeError(NO_VMAP)


def product(
    x: torch.Tensor, values: torch.Tensor, mean: torch.Tensor, module: SparseLayer,
    is_transposed: bool = False,
) -> torch.Tensor:  # fmt: skip
    """x W^T, or x W if `is_transposed`, with W(t) made of these values and this mean."""
    return _outside_graphs(Product, x, values, mean, module, is_transposed)


def dense_weight(values: torch.Tensor, mean: torch.Tensor, module: SparseLayer) -> torch.Tensor:
    """W(t) for these values and this mean, in the dtype of the layer."""
    return _outside_graphs(DenseWeight, values, mean, module)


def _outside_graphs(function: Any, *inputs: Any) -> torch.Tensor:
    """Apply `function` untraced by torch.compile. Its module is loaded only while compiling."""
    if torch.compiler.is_compiling():
        disable: Any = torch.compiler.disable
        return cast(torch.Tensor, disable(function.apply)(*inputs))
    return cast(torch.Tensor, function.apply(*inputs))


def _parameter_gradients(
    module: SparseLayer,
    values: torch.Tensor,
    mean: torch.Tensor,
    on_pattern: torch.Tensor,
    total: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Gradients of the values and the mean: the gradient of W on B's pattern, and its sum."""
    rest = total - on_pattern.sum() if module._first.support == "replaced" else total
    return on_pattern.to(values.dtype), rest.to(mean.dtype)


def _dense_tangent(
    module: SparseLayer, along_values: torch.Tensor, along_mean: torch.Tensor
) -> torch.Tensor:
    """The change of W along given changes of its values and its mean: a dense float64 matrix."""
    places = _pattern_rows(module), module.col_indices
    values, mean = along_values.double(), along_mean.double()
    rest = mean.expand(module.out_features, module.in_features)
    kept_values = values if module._first.support == "replaced" else values + mean
    return rest.index_put(places, kept_values)


def _pattern_rows(module: SparseLayer) -> torch.Tensor:
    """The row of each element of B."""
    counts = module.crow_indices.diff()
    return torch.repeat_interleave(torch.arange(len(counts), device=counts.device), counts)


def _pattern_gradient(module: SparseLayer, x: torch.Tensor, grad: torch.Tensor) -> torch.Tensor:
    """(grad^T x) on B's pattern, in float64, computed in pieces of bounded size."""
    n, nnz = len(x), len(module.values)
    rows = _pattern_rows(module)
    step = max(1, module.block_elements // max(n, 1))
    parts = [x.new_zeros(0, dtype=torch.float64)]
    for start in range(0, nnz, step):
        part = slice(start, start + step)
        g, v = grad[:, rows[part]].double(), x[:, module.col_indices[part]].double()
        parts.append((g * v).sum(0))
    return torch.cat(parts)


def round_to(x: torch.Tensor, dtype: str) -> torch.Tensor:
    """Round float64 to `dtype` once. torch's own cast to bfloat16 rounds twice, via float32."""
    if dtype != "bfloat16":
        return x.to(TORCH_DTYPES[dtype])
    bits = x.view(torch.int64)
    bits = (bits + (((bits >> 45) & 1) + (2**44 - 1))) & ~(2**45 - 1)
    tiny = torch.round(x * 2.0**133) * 2.0**-133
    rounded = torch.where(x.abs() < 2.0**-126, tiny, bits.view(torch.float64))
    return rounded.to(torch.bfloat16)
