"""Linear layers that act as W(t) without storing it: B is sparse, G is computed again by row."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from htstats._common import checks
from htstats.compression.container import StoredMatrix
from htstats.compression.matrix import SUPPORTS, CompressedMatrix
from htstats.compression.partition import partition
from htstats.torch._arrays import tensor_of
from htstats.torch._linear_sites import Site, find_sites, replace_site
from htstats.torch._sparse_product import TORCH_DTYPES, Cache, Entries, dense_weight, product

__all__ = ["GaussianSparseLinear", "replace_linear_", "to_sparse_csr"]


class GaussianSparseLinear(nn.Module):
    """y = x W(t)^T + bias; W(t) is computed block by block from B and the seed of its noise.

    Parameters
    ----------
    matrix : CompressedMatrix
        W(t), of shape (out_features, in_features).
    bias : Tensor, optional
        Bias of shape (out_features,); a copy of it becomes a parameter.
    dense : bool
        If true, cache W(t) until a parameter changes. The layer is then as fast as
        `torch.nn.Linear`, and needs as much memory. If false, about a million elements of W(t) are
        in memory at a time.

    Attributes
    ----------
    values : Parameter
        The values of B, in the dtype of `matrix.sparse` (float64 or float32).
    mean : Parameter
        m, a float64 scalar.
    matrix : CompressedMatrix
        The matrix with the current values and mean.
    weight : Tensor
        W(t) as a dense tensor, computed again at each access: see its own documentation.
    block_elements : int
        Largest number of elements of W(t) in memory at a time if `dense` is false; default 2^20.
        With a quarter of the default, a product takes twice as long; with four times the default,
        it takes .7 to .8 of the time (bench/studies/block_sizes.py, eight vectors).

    Raises
    ------
    TypeError
        Raised by `forward`, as by `torch.nn.Linear`, if `x` is not a tensor or does not have the
        dtype of the layer. The dtype of the layer is that of the matrix until the module is cast
        (`half()`, `to(dtype)`). Autocast casts `x` and W(t) as it does for `torch.nn.Linear`.
    ValueError
        Raised by `forward` if the last axis of `x` does not have the length `in_features`, or if
        `x` is on another device.

    Notes
    -----
    On every device, the entries are those of `CompressedMatrix.toarray`, rounded to the matrix's
    dtype (on CUDA, G is generated on the GPU). The product is computed in the dtype of the layer.
    The backward pass gives gradients of any order for `x`, B's values, the mean and the bias; it
    treats rounding as the identity. It computes W(t) again instead of storing it. The gradient of B
    costs one multiplication per non-zero and row of `x`. std is not a parameter.

    Casting the module rounds the values and the mean like any parameter. The entries are first
    rounded to the matrix's dtype, then to the layer's. A state dict contains the law of the noise
    (`law`); loading a state dict with another law fails. `torch.func` can batch `x`, but not the
    parameters. `torch.compile` does not include the layer in its graphs.

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

    block_elements = 1 << 20

    crow_indices: torch.Tensor
    col_indices: torch.Tensor
    law: torch.Tensor
    _like: torch.Tensor

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
        self.register_buffer("law", _law_code(matrix))
        # an empty buffer: its dtype shows to which dtype the module was cast
        like = torch.empty(0, dtype=TORCH_DTYPES[matrix.dtype])
        self.register_buffer("_like", like, persistent=False)
        self._cache: Cache | None = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x W(t)^T + bias over the last axis of `x`."""
        x = self._input(x)
        if x.is_nested:
            return nn.functional.linear(x, self.weight.to(x.dtype), self.bias)
        y = product(x, self.values, self.mean, self)
        return y if self.bias is None else y + self.bias.to(y.dtype)

    def _input(self, x: torch.Tensor) -> torch.Tensor:
        """Convert `x` for the product, or raise the error that `torch.nn.Linear` would raise."""
        if not isinstance(x, torch.Tensor):
            raise TypeError(f"x must be a tensor, got {type(x).__name__}")
        if x.device != self.values.device:
            raise ValueError(f"x must be on {self.values.device} as the layer is, got {x.device}")
        if x.ndim == 0 or x.size(-1) != self.in_features:
            shape = "a nested tensor" if x.is_nested else tuple(x.shape)
            raise ValueError(f"x must have {self.in_features} features, got {shape}")
        dtype = self._like.dtype
        if torch.is_autocast_enabled(x.device.type):
            low = torch.get_autocast_dtype(x.device.type)
            # autocast does not change float64 tensors or tensors that are not floating-point
            x = x.to(low) if x.is_floating_point() and x.dtype != torch.float64 else x
            dtype = dtype if dtype == torch.float64 else low
        if x.dtype != dtype:
            raise TypeError(
                f"x must have the layer's dtype, {_name(dtype)}, got {_name(x.dtype)}: cast x, or "
                f"the layer by layer.to(dtype)"
            )
        return x

    @property
    def weight(self) -> torch.Tensor:
        """W(t) as a dense tensor in the dtype of the layer, with gradients to values and mean.

        It is for modules that read the weight of a linear layer instead of calling the layer, such
        as `torch.nn.MultiheadAttention`. Each access computes all of W(t). That takes the time of a
        call with a few rows and the memory of the dense matrix; with ``dense=True`` W(t) is cached.
        The attribute cannot be assigned to, and changes of its entries have no effect on the layer.
        """
        return dense_weight(self.values, self.mean, self)

    @property
    def matrix(self) -> CompressedMatrix:
        """The matrix with the current values and mean."""
        sparse = self._first.sparse.copy()
        sparse.data[:] = self._entries().kept_values(slice(None)).cpu().numpy()
        sparse.indptr[:], sparse.indices[:] = self.crow_indices.cpu(), self.col_indices.cpu()
        fields = {**vars(self._first), "sparse": sparse, "mean": float(self.mean.detach())}
        return CompressedMatrix(**fields)

    def weight_rows(self, start: int, stop: int) -> torch.Tensor:
        """Rows `start` to `stop` of W(t) on the module's device, in the matrix's dtype."""
        return self._entries().rows(start, stop)

    def extra_repr(self) -> str:
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}, nnz={len(self.values)}, dense={self.dense}"
        )

    def _entries(self) -> Entries:
        return Entries(self, self.values, self.mean)

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_cache": None}  # copies and pickles stay small

    def _load_from_state_dict(self, state_dict: Mapping[str, Any], prefix: str, *args: Any) -> None:
        given = state_dict.get(f"{prefix}law")
        if given is not None and not torch.equal(given.cpu(), self.law.cpu()):
            *_, errors = args
            errors.append(
                f"{prefix}law: the state dict is of another W(t) (its noise, dtype or support "
                f"differs), got {given.tolist()}, here {self.law.tolist()}"
            )
        super()._load_from_state_dict(state_dict, prefix, *args)


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _law_code(matrix: CompressedMatrix) -> torch.Tensor:
    """Encode the law of the noise and the rounding of the entries, without the mean.

    The five integers are the seed, the layer, the bits of std, and the indices of the dtype and
    the support.
    """
    seed = int(np.uint64(matrix.seed).astype(np.int64))
    std = int(np.float64(matrix.std).view(np.int64))
    kinds = list(TORCH_DTYPES).index(matrix.dtype), SUPPORTS.index(matrix.support)
    return torch.tensor([seed, matrix.layer, std, *kinds], dtype=torch.int64)


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
    """Replace every `torch.nn.Linear` of a model by a `GaussianSparseLinear`.

    Parameters
    ----------
    model : Module
        The model, changed in place; it must not be a `Linear` itself.
    threshold, keep, noise, support, seed
        As in `htstats.partition`. The replaced weights are numbered in the order of
        `model.named_modules()`; the number of a weight is the `layer` of its noise.
    matrices : mapping, optional
        Compressed weights by their names in the state dict, for example
        `open_container(path).matrices`. They are used instead of splits of the model's weights,
        and only the layers named here are replaced.
    dense : bool
        As in `GaussianSparseLinear`.

    Returns
    -------
    dict
        The compressed matrix of each replaced layer, by the name of its weight. Layers that share
        a weight have the same matrix.

    Raises
    ------
    ValueError
        If a matrix does not have the shape of its layer; if a name in `matrices` is not that of a
        linear layer, or is that of a layer that cannot be replaced; if `matrices` gives two
        different B for a shared weight; if a weight has no values yet or cannot be split. The model
        is then unchanged.

    Notes
    -----
    The new layer has the device, the dtype and the mode of the old layer, and takes all its places
    in the model. A layer that is used twice is replaced by one layer in both places. Layers that
    shared a weight now share B's values and the mean. The new layer takes over the bias, the
    `requires_grad` of the weight, and the forward and backward hooks. Modules that read
    `layer.weight` instead of calling the layer (`torch.nn.MultiheadAttention`, the fast path of
    `TransformerEncoderLayer`) get W(t), computed again at each access.

    The following layers are not replaced:

    - a layer whose weight is computed (`parametrize`, `weight_norm`, `spectral_norm`, `prune`):
      make the weight permanent first;
    - an instance of a subclass with its own forward, parameters, buffers or modules;
    - a layer that shares its weight, or a part of it, with something that is not replaced, such as
      a decoder tied to an embedding: W(t) in only one of them would untie them;
    - a layer with hooks on its weight or its state dict.

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
    sites = find_sites(model)
    if matrices is not None:
        found = _given_matrices(sites, matrices)
    else:
        found = []
        for site in sites:
            if site.obstacle:
                continue
            try:
                matrix = partition(
                    site.weight, threshold, keep=keep, noise=noise, support=support,
                    seed=seed, layer=len(found),
                )  # fmt: skip
            except (ValueError, TypeError) as error:
                raise type(error)(f"{site.names[0]}: {error}") from None
            found.append((site, matrix))
    replaced: dict[str, CompressedMatrix] = {}
    for site, matrix in found:
        _replace(model, site, matrix, dense)
        replaced |= {f"{paths[0]}.weight": matrix for paths in site.layers.values()}
    return replaced


def _given_matrices(
    sites: list[Site], matrices: Mapping[str, CompressedMatrix | StoredMatrix]
) -> list[tuple[Site, CompressedMatrix]]:
    """The sites that `matrices` names, each with its matrix."""
    if unknown := sorted(set(matrices) - {name for site in sites for name in site.names}):
        raise ValueError(f"matrices must name linear layers, got {unknown[0]!r}")
    found = []
    for site in sites:
        names = [name for name in site.names if name in matrices]
        if not names:
            continue
        if site.obstacle:
            raise ValueError(f"{names[0]} cannot be replaced: {site.obstacle}")
        given = [matrices[name] for name in names]
        first, *others = (m.matrix() if isinstance(m, StoredMatrix) else m for m in given)
        if first.shape != tuple(site.weight.shape):
            shape = tuple(site.weight.shape)
            raise ValueError(f"{names[0]} must have shape {shape}, got {first.shape}")
        for name, other in zip(names[1:], others, strict=True):
            if other.shape != first.shape or (other.sparse != first.sparse).nnz:
                raise ValueError(
                    f"{names[0]} and {name} are one weight in the model, but matrices gives two "
                    "different ones"
                )
        found.append((site, first))
    return found


def _replace(model: nn.Module, site: Site, matrix: CompressedMatrix, dense: bool) -> None:
    """Replace all layers that share a weight by new layers that share values and mean."""
    first: GaussianSparseLinear | None = None
    for old, paths in site.layers.items():
        new = GaussianSparseLinear(matrix, dense=dense).to(old.weight.device)
        new._like = old.weight.detach().new_empty(0)
        new.bias = old.bias
        for parameter in (new.values, new.mean):
            parameter.requires_grad_(old.weight.requires_grad)
        if first is not None:
            new.values, new.mean = first.values, first.mean
        first = first or new
        replace_site(model, paths, old, new)


def to_sparse_csr(
    matrix: CompressedMatrix | StoredMatrix, start: int = 0, stop: int | None = None
) -> torch.Tensor:
    """B, or its rows `start` to `stop`, as a torch sparse CSR tensor in the matrix's dtype.

    For a matrix in an open container, only the records of these rows are read.
    """
    if isinstance(matrix, StoredMatrix):
        sparse, dtype = matrix.sparse(start, stop), matrix.info.dtype
    else:
        rows = matrix.shape[0]
        stop = rows if stop is None else checks.count("stop", stop, below=rows + 1)
        start = checks.count("start", start, below=stop + 1)
        sparse, dtype = matrix.sparse[start:stop], matrix.dtype
    with warnings.catch_warnings():
        # torch warns that CSR tensors are in beta
        warnings.simplefilter("ignore", UserWarning)
        return torch.sparse_csr_tensor(
            torch.from_numpy(sparse.indptr.astype(np.int64)),
            torch.from_numpy(sparse.indices.astype(np.int64)),
            tensor_of(sparse.data).to(TORCH_DTYPES[dtype]),
            size=sparse.shape,
        )
