"""The paper's theory: each formula as printed, and in a form that holds.

`approximation`  the change of u^T W v when small weights become noise (Props 1.1, 2.1; Algorithm 1)
`sparsity`       the number of elements above the threshold (Prop 1.2)
`action`         the law of |W(t) x|^2 for a vector x (section 5.1, (10))
`brackets`       power brackets of an alpha-stable matrix (section 5.2, figure 2)
`generalization` rates, bounds and complexities from noise stability (Theorem 2 and its lemmas)

If the printed form of a formula is wrong, its function takes ``convention="paper"`` for the printed
form and ``"rigorous"``, the default, for a form that holds. The docstring says how the two differ.
A labelled number is a `Statement`. Its `kind` says whether the number is exact, a bound, a rate, a
complexity or a false claim. docs/theory.md has the statements, the derivations and the errata.
"""

from htstats.theory import action, approximation, brackets, generalization, sparsity
from htstats.theory._statement import Convention, Statement
from htstats.theory.action import *  # noqa: F403
from htstats.theory.approximation import *  # noqa: F403
from htstats.theory.brackets import *  # noqa: F403
from htstats.theory.generalization import *  # noqa: F403
from htstats.theory.sparsity import *  # noqa: F403

__all__ = ["Convention", "Statement"]
__all__ += action.__all__
__all__ += approximation.__all__
__all__ += brackets.__all__
__all__ += generalization.__all__
__all__ += sparsity.__all__
