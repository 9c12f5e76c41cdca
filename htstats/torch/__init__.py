"""htstats on networks: layers that act as W(t)."""

from htstats.torch.sparse_linear import GaussianSparseLinear, replace_linear_, to_sparse_csr

__all__ = ["GaussianSparseLinear", "replace_linear_", "to_sparse_csr"]
