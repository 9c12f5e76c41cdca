"""Algorithm 1: the threshold and the noise that a given eps and eta allow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from htstats._common.arrays import Floats
from htstats._common.checks import one_of, open_probability, positive
from htstats.sketch.exact_sums import ExactSums
from htstats.theory._statement import CONVENTIONS, Convention, Statement
from htstats.theory.approximation._arguments import matrix
from htstats.theory.approximation.error import ApproximationError
from htstats.theory.approximation.probability import (
    VALUES,
    error_budget,
    failure_probability,
    interval_length,
)

__all__ = ["MatrixApproximation", "matrix_approximation"]

RULES = ("exact", "uniform", "a priori")


@dataclass(frozen=True, eq=False)
class MatrixApproximation:
    """The result of Algorithm 1.

    Attributes
    ----------
    tau : float or None
        The threshold; None if nothing can be removed.
    mean, t : float
        Mean and variance of the noise that replaces the removed elements; 0 if nothing is removed.
    n_removed, n_kept : int
        Number of elements of W that are replaced, and number of elements that are kept.
    failure_probability : Statement or None
        The failure probability at `eps` by `rule`, or None if nothing can be removed.
    eps, eta, rule, convention, keep, noise, support
        The arguments of the call.
    """

    tau: float | None
    mean: float
    t: float
    n_removed: int
    n_kept: int
    failure_probability: Statement | None
    eps: float
    eta: float
    rule: str
    convention: str
    keep: str
    noise: str
    support: str

    @property
    def removable(self) -> bool:
        """Whether any element can be removed at this eps and eta."""
        return self.tau is not None

    def __repr__(self) -> str:
        head = f"MatrixApproximation(eps={self.eps:g}, eta={self.eta:g}, {self.rule})"
        if self.tau is None or self.failure_probability is None:
            return f"{head}: nothing can be removed"
        total = self.n_removed + self.n_kept
        return (
            f"{head}: tau={self.tau:.6g}, t={self.t:.6g}, removes {self.n_removed} of {total}, "
            f"failure probability {self.failure_probability.value:.3g} "
            f"({self.failure_probability.kind}, {self.failure_probability.equation})"
        )


def matrix_approximation(
    W: npt.ArrayLike,
    eps: float,
    eta: float,
    *,
    rule: str = "exact",
    keep: str = "abs",
    noise: str = "matched",
    support: str = "replaced",
    values: str = "signed",
    w_min: float = 0.0,
    convention: Convention = "rigorous",
    source: str = "text",
) -> MatrixApproximation:
    """Algorithm 1: the largest threshold that eps and eta allow, and its noise.

    Parameters
    ----------
    W : array_like, shape (N1, N2)
        The weights.
    eps : float
        Allowed error relative to |u| |v|, in units of the weights.
    eta : float
        Allowed failure probability, in (0, 1).
    rule : {"exact", "uniform", "a priori"}
        ``exact`` (C3): the bound holds for any pair u, v that is fixed before G is drawn.
        ``uniform``: it holds for all u, v at once. ``a priori`` (C1): R^2/4 + t is at most
        `error_budget`. C1 assumes independent weights and a threshold that does not depend on the
        weights. The threshold chosen here depends on them through the variance t of the replaced
        elements, unless ``noise="none"``.
    keep : {"abs", "upper", "centered"}
        The quantity that is compared with tau: abs(w), w, or abs(w - mean).
    noise : {"matched", "paper", "none"}
        Mean and variance t of the noise: those of the replaced elements, those of all of W, or 0.
    support : {"replaced", "full"}
        The elements that have noise: the replaced ones, or all.
    values, w_min
        For ``a priori``: see `interval_length`.
    convention : {"rigorous", "paper"}
        ``paper``: tau^2 + t is at most the printed budget that `source` names. The reported
        failure probability is then the *claim* of Prop 2.1; mean and t follow `noise`.
    source : {"text", "appendix", "proposition"}
        Which printed budget is used, for ``paper`` only: see `error_budget`.

    Returns
    -------
    MatrixApproximation
        If eps and eta allow no removal, ``removable`` is False and ``tau`` is None.

    Raises
    ------
    ValueError
        If W is not a finite matrix, or an argument is out of range.

    Notes
    -----
    tau is the largest compared value of W that is replaced. The a-priori rules try every candidate.
    For ``exact`` and ``uniform``, bisection finds tau. A step needs a singular value decomposition
    only if cheap norms do not decide. The threshold found satisfies the statement, and the
    next larger threshold that was tried does not. (The failure probability need not grow with tau
    at every step, so a larger feasible threshold may exist.)

    References
    ----------
    Algorithm 1 and Prop 1.1; C1 and C3 of docs/theory.md.

    Examples
    --------
    >>> import numpy as np
    >>> W = np.random.default_rng(0).standard_t(3, (40, 30)) / 100
    >>> matrix_approximation(W, 0.1, 0.01)
    MatrixApproximation(eps=0.1, eta=0.01, exact): tau=...
    >>> matrix_approximation(W, 1e-6, 0.01, noise="none")
    MatrixApproximation(eps=1e-06, eta=0.01, exact): nothing can be removed
    """
    weights = matrix(W)
    eps, eta = positive("eps", eps), open_probability("eta", eta)
    _check_words(rule, convention, values)
    candidates = _Candidates(weights, keep, noise, support)

    def range_part(tau: float) -> float:
        words = "signed" if convention == "paper" else values  # the paper's tau^2 is R^2/4
        return interval_length(tau, values=words, w_min=min(w_min, tau)) ** 2 / 4

    if convention == "paper" or rule == "a priori":
        rule = "a priori"
        budget = error_budget(eps, eta, convention=convention, source=source)
        chosen = candidates.largest(budget, range_part)
    else:
        chosen = candidates.bisect(lambda k: candidates.error(k).fails_at_most(eps, eta, rule))
    call = (eps, eta, rule, convention, keep, noise, support)
    if chosen is None:
        return MatrixApproximation(None, 0.0, 0.0, 0, weights.size, None, *call)
    tau, mean, t, removed = candidates.split(chosen)
    if rule == "a priori":
        failure = failure_probability(
            eps, tau=tau, t=t, values=values, w_min=min(w_min, tau), convention=convention
        )
    else:
        failure = candidates.error(chosen).failure_statement(eps, rule)
    return MatrixApproximation(tau, mean, t, removed, weights.size - removed, failure, *call)


def _check_words(rule: str, convention: str, values: str) -> None:
    one_of("rule", rule, RULES)
    one_of("convention", convention, CONVENTIONS)
    one_of("values", values, VALUES)


class _Candidates:
    """The candidate thresholds of one matrix in ascending order, and the split that each makes."""

    def __init__(self, weights: Floats, keep: str, noise: str, support: str) -> None:
        one_of("keep", keep, ("abs", "upper", "centered"))
        self.noise = one_of("noise", noise, ("matched", "paper", "none"))
        self.full = one_of("support", support, ("replaced", "full")) == "full"
        self.weights = weights
        self.whole = _mean_and_variance(weights)
        if keep == "upper":
            self.score = weights
        else:
            self.score = np.abs(weights - (self.whole[0] if keep == "centered" else 0.0))
        # `partition` takes thresholds of 0 or more. A threshold that removes only zeros is useless.
        candidates = np.unique(self.score)
        self.candidates = candidates[candidates >= 0]
        if keep == "abs":
            self.candidates = self.candidates[self.candidates > 0]

    def tau(self, k: int) -> float:
        return float(self.candidates[k])

    def n_removed(self, k: int) -> int:
        return int(np.count_nonzero(self.score <= self.candidates[k]))

    def split(self, k: int) -> tuple[float, float, float, int]:
        """tau, mean and variance of the noise, and the number of removed elements."""
        return self.tau(k), *self.moments(k), self.n_removed(k)

    def moments(self, k: int) -> tuple[float, float]:
        """Mean and variance of the noise at candidate k."""
        if self.noise == "none":
            return 0.0, 0.0
        if self.noise == "paper":
            return self.whole
        removed = self.score <= self.candidates[k]
        small = np.where(removed, self.weights, 0.0) if self.full else self.weights[removed]
        return _mean_and_variance(small)

    def error(self, k: int) -> ApproximationError:
        mean, t = self.moments(k)
        removed = self.score <= self.candidates[k]
        if self.full:
            return ApproximationError(np.where(removed, self.weights, 0.0) - mean, t)
        return ApproximationError(np.where(removed, self.weights - mean, 0.0), t, removed)

    def largest(self, budget: float, range_part: Callable[[float], float]) -> int | None:
        """The largest candidate with range_part(tau) + t <= budget; tries every candidate."""
        variances = self._variances()
        for k in reversed(range(len(self.candidates))):
            # The running sums exclude most candidates. The accurate variance decides the rest.
            part = range_part(self.tau(k))
            if part + variances[k] <= budget * (1 + 1e-6) and part + self.moments(k)[1] <= budget:
                return k
        return None

    def bisect(self, feasible: Callable[[int], bool]) -> int | None:
        """A feasible candidate. The next larger candidate that was tried is not feasible."""
        low, high = -1, len(self.candidates)
        while high - low > 1:
            middle = (low + high) // 2
            if feasible(middle):
                low = middle
            else:
                high = middle
        return None if low < 0 else low

    def _variances(self) -> Floats:
        """Variance of the noise at each candidate, from running sums about the median."""
        if self.noise != "matched":
            return np.full(len(self.candidates), self.whole[1] if self.noise == "paper" else 0.0)
        order = np.argsort(self.score, axis=None)
        small = self.weights.ravel()[order]
        centre = 0.0 if self.full else float(np.median(small))
        last = np.searchsorted(self.score.ravel()[order], self.candidates, side="right")
        total = np.cumsum(small - centre)[last - 1]
        squares = np.cumsum((small - centre) ** 2)[last - 1]
        size = small.size if self.full else last
        return np.asarray(squares / size - (total / size) ** 2)


def _mean_and_variance(values: Floats) -> tuple[float, float]:
    """The mean as `partition` computes it, exact except for one rounding, and the variance."""
    mean, _ = ExactSums("float64").update(np.ascontiguousarray(values)).moments()
    return mean, float(values.var())
