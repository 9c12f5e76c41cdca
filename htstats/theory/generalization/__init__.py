"""Generalization from noise stability: the formulas of Theorem 2 and its lemmas.

The functions take numbers that were measured on a network: cushions, norms, margins.
`htstats.torch.noise_stability` measures these numbers. Each result has a label. The paper's (8) is
a *rate*. Dudley's integral with its constants gives a *bound*. The measures of other papers are
*complexities* unless all their constants are known.

A network is f(x) = W_d phi(... phi(W_1 x)) without biases; phi is 1-Lipschitz with phi(0) = 0.
"""

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
from htstats.theory.generalization.margin import (
    margin_loss,
    margin_tolerance,
    margins,
)
from htstats.theory.generalization.rate import (
    kappa,
    theorem_2_rate,
)
from htstats.theory.generalization.tolerances import (
    LayerTolerance,
    LayerTolerances,
    layer_tolerances,
    perturbation_bound,
    vector_error,
)

__all__ = [
    "LayerTolerance",
    "LayerTolerances",
    "arora_complexity",
    "bartlett_bound",
    "covering_log_constant",
    "dudley_bound",
    "dudley_integral",
    "kappa",
    "layer_tolerances",
    "margin_loss",
    "margin_tolerance",
    "margins",
    "neyshabur_complexity",
    "parameter_count_complexity",
    "perturbation_bound",
    "theorem_2_rate",
    "vector_error",
]
