"""The paper's theory, as printed and as it holds.

`approximation`  how far u^T W v moves when small weights become noise (Props 1.1, 2.1; Algorithm 1)

A function whose printed form fails takes ``convention="paper"`` for the printed formula and
``"rigorous"``, the default, for the one that holds; its docstring says where they part. A labelled
number is a `Statement`, whose `kind` says whether it is exact, a bound, a rate, a complexity or a
claim that fails. docs/theory.md has the statements, the derivations and the errata.
"""

from htstats.theory._statement import Statement
from htstats.theory.approximation import (
    ApproximationError,
    MatrixApproximation,
    approximation_error,
    bernstein_failure_probability,
    error_budget,
    exact_failure_probability,
    failure_probability,
    interval_length,
    largest_noise_variance,
    matrix_approximation,
)

__all__ = [
    "ApproximationError",
    "MatrixApproximation",
    "Statement",
    "approximation_error",
    "bernstein_failure_probability",
    "error_budget",
    "exact_failure_probability",
    "failure_probability",
    "interval_length",
    "largest_noise_variance",
    "matrix_approximation",
]
