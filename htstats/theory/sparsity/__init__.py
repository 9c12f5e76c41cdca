"""The number of elements of W above tau: Prop 1.2, (5), (6), (11) and (15).

A fitted tail gives p = P(|W| > tau) (`tail_model`). If the elements are independent, the number of
elements above tau is Bin(n, p). `counts` computes its exact tail, Chernoff's bound and the paper's
(6). `report` compares the predicted number with the number that a real split has.
"""

from htstats.theory.sparsity.counts import nonzeros_tail, pattern_nats, smallest_k
from htstats.theory.sparsity.report import (
    Prediction,
    SparsityReport,
    predicted_nonzeros,
    sparsity_report,
)
from htstats.theory.sparsity.tail_model import TailModel, exceedance_probability

__all__ = [
    "Prediction",
    "SparsityReport",
    "TailModel",
    "exceedance_probability",
    "nonzeros_tail",
    "pattern_nats",
    "predicted_nonzeros",
    "smallest_k",
    "sparsity_report",
]
