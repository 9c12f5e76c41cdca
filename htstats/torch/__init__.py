"""Apply htstats to torch networks: compress their weight matrices in place, replace their linear
layers by layers that act as W(t), and measure how noise travels through them."""

from htstats._common.extras import name_missing_package

with name_missing_package("htstats.torch"):
    from htstats.torch._compressed_convolution import Filters
    from htstats.torch.complexity import complexity_table
    from htstats.torch.compressed_training import train_compressed
    from htstats.torch.layers import Evaluation, compress_, evaluate, weight_matrices
    from htstats.torch.predictions import load_module, predict
    from htstats.torch.sparse_linear import GaussianSparseLinear, replace_linear_, to_sparse_csr
    from htstats.torch.stability import NoiseStability, noise_stability
    from htstats.torch.tolerances import CompressionTolerances, compression_tolerances

__all__ = [
    "CompressionTolerances",
    "Evaluation",
    "Filters",
    "GaussianSparseLinear",
    "NoiseStability",
    "complexity_table",
    "compress_",
    "compression_tolerances",
    "evaluate",
    "load_module",
    "noise_stability",
    "predict",
    "replace_linear_",
    "to_sparse_csr",
    "train_compressed",
    "weight_matrices",
]
