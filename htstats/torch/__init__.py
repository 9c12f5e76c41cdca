"""htstats on networks: their weight matrices compressed in place, or layers that act as W(t)."""

from htstats.torch.layers import Evaluation, compress_, evaluate, weight_matrices
from htstats.torch.sparse_linear import GaussianSparseLinear, replace_linear_, to_sparse_csr

__all__ = [
    "Evaluation",
    "GaussianSparseLinear",
    "compress_",
    "evaluate",
    "replace_linear_",
    "to_sparse_csr",
    "weight_matrices",
]
