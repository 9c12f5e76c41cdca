"""Linear layers that act as W(t) without holding it: B is sparse, G is replayed row by row."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

import numpy as np
import torch
from torch import nn

from htstats import _checks
from htstats.compressed import BLOCK_DTYPES, CompressedMatrix, rebuild_rows
from htstats.container import StoredMatrix
from htstats.partition import partition
from htstats.torch._normal import normal_block

__all__ = ["GaussianSparseLinear", "replace_linear_", "to_sparse_csr"]

# Elements of W(t) in memory at a time where it is streamed.
BLOCK_ELEMENTS = 1 << 20

TORCH_DTYPES = {
    "float64": torch.float64,
    "float32": torch.float32,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
}


class GaussianSparseLinear(nn.Module):
    """y = x W(t)^T + bias, with W(t) made block by block from B and the seed of its noise.

    Parameters
    ----------
    matrix : CompressedMatrix
        W(t), of shape (out_features, in_features).
    bias : Tensor, optional
        Of shape (out_features,); it becomes a parameter.
    dense : bool
        Keep W(t) as it was last made, until a parameter changes: as fast as `torch.nn.Linear`,
        and as large. Otherwise about a million elements are in memory at a time.

    Attributes
    ----------
    values : Parameter
        B's values, in float64 or float32 as `matrix.sparse` has them.
    mean : Parameter
        m, a float64 scalar.
    matrix : CompressedMatrix
        With the values and the mean of now.

    Notes
    -----
    Entries are those of `CompressedMatrix.toarray`, rounded to the matrix's dtype, on every device
    (on CUDA, G is made there); the product is taken in the dtype of `x`. Backward gives gradients
    for `x`, B's values, the mean and the bias; rounding counts as the identity. It makes W(t) once
    more instead of keeping it. Gradients of B cost a product of two numbers per non-zero and row of
    `x`. std is no parameter.

    Examples
    --------
    >>> from htstats import partition
    >>> W = np.random.default_rng(0).standard_t(3, (6, 4)).astype("float32")
    >>> matrix = partition(W, "std")
    >>> layer = GaussianSparseLinear(matrix)
    >>> x = torch.ones(2, 4)
    >>> torch.allclose(layer(x), x @ torch.from_numpy(matrix.toarray()).T)
    True
    """

    crow_indices: torch.Tensor
    col_indices: torch.Tensor

    def __init__(
        self, matrix: CompressedMatrix, bias: torch.Tensor | None = None, *, dense: bool = False
    ) -> None:
        super().__init__()
        self._first = matrix
        self.out_features, self.in_features = matrix.shape
        self.dense = dense
        self.values = nn.Parameter(torch.from_numpy(matrix.sparse.data.copy()))
        self.mean = nn.Parameter(torch.tensor(matrix.mean, dtype=torch.float64))
        self.bias = None if bias is None else nn.Parameter(bias.detach().clone())
        for name in ("crow_indices", "col_indices"):
            source = matrix.sparse.indptr if name == "crow_indices" else matrix.sparse.indices
            self.register_buffer(name, torch.from_numpy(source.astype(np.int64)))
        self._cache: tuple[object, torch.Tensor] | None = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x W(t)^T + bias over the last axis of `x`."""
        if x.shape[-1] != self.in_features:
            raise ValueError(f"x must have {self.in_features} features, got {tuple(x.shape)}")
        act = cast(Callable[..., torch.Tensor], _Act.apply)
        y = act(x, self.values, self.mean, self)
        return y if self.bias is None else y + self.bias.to(y.dtype)

    @property
    def matrix(self) -> CompressedMatrix:
        """The matrix as it is now."""
        sparse = self._first.sparse.copy()
        sparse.data[:] = self._kept(slice(None)).cpu().numpy()
        fields = {**vars(self._first), "sparse": sparse, "mean": float(self.mean.detach())}
        return CompressedMatrix(**fields)

    def weight_rows(self, start: int, stop: int) -> torch.Tensor:
        """Rows `start` to `stop` of W(t) on the module's device, in the matrix's dtype."""
        if self.values.device.type == "cpu":
            return self._rows_by_core(start, stop)
        return self._rows_by_torch(start, stop)

    def extra_repr(self) -> str:
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}, nnz={len(self.values)}, dense={self.dense}"
        )

    def _kept(self, part: slice) -> torch.Tensor:
        """Values of B in the dtype of `CompressedMatrix.sparse`, also where the module was cast."""
        wide = torch.float64 if self._first.dtype == "float64" else torch.float32
        return self.values.detach()[part].to(wide)

    def _rows_by_core(self, start: int, stop: int) -> torch.Tensor:
        dtype = self._first.dtype
        out = np.empty((stop - start, self.in_features), BLOCK_DTYPES[dtype])
        crow = self.crow_indices[start : stop + 1].numpy()
        kept = slice(int(crow[0]), int(crow[-1]))
        cols = self.col_indices[kept].numpy()
        rebuild_rows(_Law(self), start, crow - crow[0], cols, self._kept(kept).numpy(), out)
        return torch.from_numpy(out).to(TORCH_DTYPES[dtype])

    def _rows_by_torch(self, start: int, stop: int) -> torch.Tensor:
        law, device, shape = _Law(self), self.values.device, (stop - start, self.in_features)
        noise = torch.full(shape, law.mean, dtype=torch.float64, device=device)
        if law.std != 0:
            g = normal_block(law.seed, law.layer, start, *shape, device)
            noise = g * law.std + law.mean
        crow = self.crow_indices[start : stop + 1]
        kept = slice(int(crow[0]), int(crow[-1]))
        rows = torch.repeat_interleave(torch.arange(len(noise), device=device), crow.diff())
        cols, values = self.col_indices[kept], self._kept(kept).double()
        if law.support == "full":
            noise[rows, cols] += values
        else:
            noise[rows, cols] = values
        return round_to(noise, law.dtype)

    def _blocks(self) -> Iterator[tuple[int, int, torch.Tensor]]:
        """(start, stop, rows) from top to bottom; in dense mode a single block."""
        if self.dense:
            parts = (self.values, self.mean)
            state = [(p.data_ptr(), p._version) for p in parts]
            if self._cache is None or self._cache[0] != state:
                self._cache = state, self.weight_rows(0, self.out_features)
            yield 0, self.out_features, self._cache[1]
            return
        step = max(1, BLOCK_ELEMENTS // max(self.in_features, 1))
        for start in range(0, self.out_features, step):
            stop = min(start + step, self.out_features)
            yield start, stop, self.weight_rows(start, stop)


class _Law:
    """How the entries are made now, the mean being a parameter."""

    def __init__(self, module: GaussianSparseLinear) -> None:
        first = module._first
        self.mean = float(module.mean.detach())
        self.std, self.seed, self.layer = first.std, first.seed, first.layer
        self.dtype, self.support = first.dtype, first.support


class _Act(torch.autograd.Function):
    """x W^T with W made block by block, forward and backward."""

    @staticmethod
    def forward(
        ctx: Any,
        x: torch.Tensor,
        values: torch.Tensor,
        mean: torch.Tensor,
        module: GaussianSparseLinear,
    ) -> torch.Tensor:
        ctx.save_for_backward(x, values, mean)
        ctx.module = module
        y = x.new_empty((*x.shape[:-1], module.out_features))
        for start, stop, rows in module._blocks():
            y[..., start:stop] = x @ rows.to(x.dtype).T
        return y

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        x, values, _ = ctx.saved_tensors
        module: GaussianSparseLinear = ctx.module
        grad = grads[0]
        n = math.prod(x.shape[:-1])  # -1 would not do for a layer without rows or columns
        flat_x, flat_grad = x.reshape(n, x.shape[-1]), grad.reshape(n, grad.shape[-1])
        grad_x = grad_values = grad_mean = None
        if ctx.needs_input_grad[0]:
            grad_x = torch.zeros_like(x)
            for start, stop, rows in module._blocks():
                grad_x += grad[..., start:stop] @ rows.to(grad.dtype)
        if ctx.needs_input_grad[1] or ctx.needs_input_grad[2]:
            on_pattern = _pattern_gradient(module, flat_x, flat_grad)
            grad_values = on_pattern.to(values.dtype)
            total = (flat_grad.double().sum(1) * flat_x.double().sum(1)).sum()
            replaced = module._first.support == "replaced"
            grad_mean = total - on_pattern.sum() if replaced else total
        return grad_x, grad_values, grad_mean, None


def _pattern_gradient(
    module: GaussianSparseLinear, x: torch.Tensor, grad: torch.Tensor
) -> torch.Tensor:
    """(grad^T x) at B's places, in float64, in pieces of bounded size."""
    n, nnz = len(x), len(module.values)
    counts = module.crow_indices.diff()
    rows = torch.repeat_interleave(torch.arange(len(counts), device=counts.device), counts)
    out = torch.zeros(nnz, dtype=torch.float64, device=x.device)
    step = max(1, BLOCK_ELEMENTS // max(n, 1))
    for start in range(0, nnz, step):
        part = slice(start, start + step)
        g, v = grad[:, rows[part]].double(), x[:, module.col_indices[part]].double()
        out[part] = (g * v).sum(0)
    return out


def round_to(x: torch.Tensor, dtype: str) -> torch.Tensor:
    """float64 rounded once; torch itself goes to bfloat16 by way of float32."""
    if dtype != "bfloat16":
        return x.to(TORCH_DTYPES[dtype])
    bits = x.view(torch.int64)
    bits = (bits + (((bits >> 45) & 1) + (2**44 - 1))) & ~(2**45 - 1)
    tiny = torch.round(x * 2.0**133) * 2.0**-133
    rounded = torch.where(x.abs() < 2.0**-126, tiny, bits.view(torch.float64))
    return rounded.to(torch.bfloat16)


def replace_linear_(
    model: nn.Module,
    threshold: float | str = "std",
    *,
    matrices: Mapping[str, CompressedMatrix | StoredMatrix] | None = None,
    keep: str = "abs",
    noise: str = "paper",
    support: str = "replaced",
    seed: int = 0,
    dense: bool = False,
) -> dict[str, CompressedMatrix]:
    """Put a `GaussianSparseLinear` in the place of every `torch.nn.Linear` of a model.

    Parameters
    ----------
    model : Module
        Changed in place; it must not be a `Linear` itself.
    threshold, keep, noise, support, seed
        As in `htstats.partition`. A layer's number, counted over the replaced layers in the order
        of `model.named_modules()`, is the `layer` of its noise.
    matrices : mapping, optional
        Compressed weights by the names that they have in the state dict, such as
        `open_container(path).matrices`: these are taken instead of splitting the model's, and only
        layers named here are replaced.
    dense : bool
        As in `GaussianSparseLinear`.

    Returns
    -------
    dict
        The compressed matrix of each replaced layer, by the name of its weight.

    Raises
    ------
    ValueError
        If a matrix does not have its layer's shape, or names no linear layer.

    Examples
    --------
    >>> model = nn.Sequential(nn.Linear(8, 4), nn.ReLU(), nn.Linear(4, 2))
    >>> sorted(replace_linear_(model))
    ['0.weight', '2.weight']
    >>> type(model[0]).__name__, model(torch.ones(3, 8)).shape
    ('GaussianSparseLinear', torch.Size([3, 2]))
    """
    if isinstance(model, nn.Linear):
        raise ValueError("model must contain linear layers, not be one: wrap it in a Sequential")
    linear = {f"{n}.weight": m for n, m in model.named_modules() if isinstance(m, nn.Linear)}
    if matrices is not None and (unknown := sorted(set(matrices) - set(linear))):
        raise ValueError(f"matrices must name linear layers, got {unknown[0]!r}")
    names = linear if matrices is None else [name for name in linear if name in matrices]
    replaced: dict[str, CompressedMatrix] = {}
    for layer, name in enumerate(names):
        if matrices is None:
            replaced[name] = partition(
                linear[name].weight, threshold, keep=keep, noise=noise, support=support,
                seed=seed, layer=layer,
            )  # fmt: skip
        else:
            stored = matrices[name]
            replaced[name] = stored.matrix() if isinstance(stored, StoredMatrix) else stored
        if replaced[name].shape != tuple(linear[name].weight.shape):
            shape = tuple(linear[name].weight.shape)
            raise ValueError(f"{name} must have shape {shape}, got {replaced[name].shape}")
    for name, matrix in replaced.items():
        path, _, leaf = name.removesuffix(".weight").rpartition(".")
        old = linear[name]
        new = GaussianSparseLinear(matrix, old.bias, dense=dense).to(old.weight.device)
        setattr(model.get_submodule(path), leaf, new.train(old.training))
    return replaced


def to_sparse_csr(
    matrix: CompressedMatrix | StoredMatrix, start: int = 0, stop: int | None = None
) -> torch.Tensor:
    """B, or its rows `start` to `stop`, as a torch sparse CSR tensor in the matrix's dtype.

    Of a matrix in an open container only the records of those rows are read.
    """
    if isinstance(matrix, StoredMatrix):
        sparse, dtype = matrix.sparse(start, stop), matrix.info.dtype
    else:
        rows = matrix.shape[0]
        stop = rows if stop is None else _checks.count("stop", stop, below=rows + 1)
        start = _checks.count("start", start, below=stop + 1)
        sparse, dtype = matrix.sparse[start:stop], matrix.dtype
    with warnings.catch_warnings():
        # torch says of CSR tensors that they are in beta
        warnings.simplefilter("ignore", UserWarning)
        return torch.sparse_csr_tensor(
            torch.from_numpy(sparse.indptr.astype(np.int64)),
            torch.from_numpy(sparse.indices.astype(np.int64)),
            torch.from_numpy(sparse.data).to(TORCH_DTYPES[dtype]),
            size=sparse.shape,
        )
