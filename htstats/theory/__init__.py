"""The paper's theory: each formula as printed, and in a form that holds.

`approximation`  how far u^T W v moves when small weights become noise (Props 1.1, 2.1; Algorithm 1)
`sparsity`       the number of elements above the threshold (Prop 1.2)
`action`         the law of |W(t) x|^2 for a vector x (section 5.1, (10))
`brackets`       power brackets of an alpha-stable matrix (section 5.2, figure 2)
`generalization` from noise stability to a rate, a bound or a complexity (Theorem 2 and its lemmas)

If the printed form of a formula is wrong, its function takes ``convention="paper"`` for the printed
form and ``"rigorous"``, the default, for a form that holds; the docstring says how they differ. A
labelled number is a `Statement`. Its `kind` says whether it is exact, a bound, a rate, a complexity
or a false claim. docs/theory.md has the statements, the derivations and the errata.
"""

from htstats.theory._statement import Convention, Statement
from htstats.theory.action import (
    ProjectionLaw,
    SpikeLaw,
    component_second_moment,
    projection_law,
)
from htstats.theory.approximation.algorithm import MatrixApproximation, matrix_approximation
from htstats.theory.approximation.error import ApproximationError, approximation_error
from htstats.theory.approximation.probability import (
    bernstein_failure_probability,
    error_budget,
    exact_failure_probability,
    failure_probability,
    interval_length,
    largest_noise_variance,
)
from htstats.theory.brackets import (
    BracketDecomposition,
    BracketTailSurface,
    bracket_decomposition,
    bracket_probability,
    bracket_tail_surface,
    stable_tail_constant,
)
from htstats.theory.generalization.complexity import (
    arora_complexity,
    bartlett_bound,
    neyshabur_complexity,
    parameter_count_complexity,
)
from htstats.theory.generalization.dudley import (
    covering_log_constant,
    dudley_bound,
    dudley_integral,
)
from htstats.theory.generalization.margins import margin_loss, margin_tolerance, margins
from htstats.theory.generalization.rate import kappa, theorem_2_rate
from htstats.theory.generalization.tolerances import (
    LayerTolerance,
    LayerTolerances,
    layer_tolerances,
    perturbation_bound,
    vector_error,
)
from htstats.theory.sparsity import (
    Prediction,
    SparsityReport,
    TailModel,
    exceedance_probability,
    nonzeros_tail,
    pattern_nats,
    predicted_nonzeros,
    smallest_k,
    sparsity_report,
)

__all__ = [
    "ApproximationError",
    "BracketDecomposition",
    "BracketTailSurface",
    "Convention",
    "LayerTolerance",
    "LayerTolerances",
    "MatrixApproximation",
    "Prediction",
    "ProjectionLaw",
    "SparsityReport",
    "SpikeLaw",
    "Statement",
    "TailModel",
    "approximation_error",
    "arora_complexity",
    "bartlett_bound",
    "bernstein_failure_probability",
    "bracket_decomposition",
    "bracket_probability",
    "bracket_tail_surface",
    "component_second_moment",
    "covering_log_constant",
    "dudley_bound",
    "dudley_integral",
    "error_budget",
    "exact_failure_probability",
    "exceedance_probability",
    "failure_probability",
    "interval_length",
    "kappa",
    "largest_noise_variance",
    "layer_tolerances",
    "margin_loss",
    "margin_tolerance",
    "margins",
    "matrix_approximation",
    "neyshabur_complexity",
    "nonzeros_tail",
    "parameter_count_complexity",
    "pattern_nats",
    "perturbation_bound",
    "predicted_nonzeros",
    "projection_law",
    "smallest_k",
    "sparsity_report",
    "stable_tail_constant",
    "theorem_2_rate",
    "vector_error",
]
