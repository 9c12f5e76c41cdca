"""The change of u^T W v when Gaussian noise replaces small weights (Props 1.1 and 2.1).

W is split at tau into W = A + B, and W(t) = mu + sqrt(t) G + B. The paper sets mu = 0, and its
bound is false for weights with a mean. Three statements that hold replace the paper's bound:

C1  A priori: the elements of A are independent, each in an interval of length R
    (`failure_probability`).
C2  Bernstein: like C1, but with the variance of A (`bernstein_failure_probability`).
C3  Exact: W is given and only G is random (`approximation_error`). C3 is the default of
    Algorithm 1 (`matrix_approximation`).
"""

from htstats.theory.approximation.algorithm import (
    MatrixApproximation,
    matrix_approximation,
)
from htstats.theory.approximation.error import (
    ApproximationError,
    approximation_error,
)
from htstats.theory.approximation.probability import (
    bernstein_failure_probability,
    error_budget,
    exact_failure_probability,
    failure_probability,
    interval_length,
    largest_noise_variance,
)

__all__ = [
    "ApproximationError",
    "MatrixApproximation",
    "approximation_error",
    "bernstein_failure_probability",
    "error_budget",
    "exact_failure_probability",
    "failure_probability",
    "interval_length",
    "largest_noise_variance",
    "matrix_approximation",
]
