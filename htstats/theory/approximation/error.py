"""The exact error of a given replacement: only G is random (C3)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from htstats._common.arrays import Floats
from htstats._common.checks import nonnegative, one_of, open_probability
from htstats.theory._statement import Statement, probability_statement
from htstats.theory.approximation._arguments import matrix, unit
from htstats.theory.approximation.probability import exact_failure_probability

if TYPE_CHECKING:
    from htstats.compression.matrix import CompressedMatrix

__all__ = ["ApproximationError", "approximation_error"]


@dataclass(frozen=True, eq=False)
class ApproximationError:
    """W - W(t) = deviation - sqrt(t) G, with W given and G random.

    Attributes
    ----------
    deviation : ndarray, shape (N1, N2)
        A - mu: W minus the part of W(t) that is not random.
    t : float
        Variance of the noise.
    noisy : ndarray of bool, shape (N1, N2), or None
        True for the elements that have noise. None means that all elements have noise.

    Notes
    -----
    All probabilities are over G alone. They assume neither independent weights nor a power law.
    """

    deviation: Floats
    t: float
    noisy: npt.NDArray[np.bool_] | None = None

    def __repr__(self) -> str:
        rows, columns = self.deviation.shape
        where = "everywhere" if self.noisy is None else f"on {int(self.noisy.sum())} elements"
        return f"ApproximationError({rows} x {columns}, noise variance {self.t:.6g} {where})"

    @property
    def norm(self) -> float:
        """Spectral norm of the deviation: the largest |bias| over all u and v.

        A full singular value decomposition computes the norm. An iteration would approach the norm
        from below and could not give an upper bound.
        """
        return float(np.linalg.norm(self.deviation, 2)) if self.deviation.size else 0.0

    def bias(self, u: npt.ArrayLike, v: npt.ArrayLike) -> float:
        """u^T (A - mu) v / (|u| |v|), in units of the weights."""
        return float(unit("u", u) @ self.deviation @ unit("v", v))

    def noise_variance(self, u: npt.ArrayLike, v: npt.ArrayLike) -> float:
        """Variance of u^T sqrt(t) G v / (|u| |v|): t, or rho t if only some elements have noise."""
        left, right = unit("u", u), unit("v", v)
        if self.noisy is None:
            return self.t
        return self.t * float(left**2 @ self.noisy @ right**2)

    def failure_probability(self, eps: float, u: npt.ArrayLike, v: npt.ArrayLike) -> Statement:
        """The exact P(|u^T (W - W(t)) v| > eps |u| |v|) (C3)."""
        return exact_failure_probability(eps, bias=self.bias(u, v), t=self.noise_variance(u, v))

    def worst_failure_probability(self, eps: float) -> Statement:
        """Bound on the failure probability at the worst pair of fixed vectors (C3).

        The probability grows with |bias|, and with the variance if |bias| <= eps. The bias is at
        most `norm` and the variance at most `t`. If all elements have noise, the top singular
        vectors attain the bound.
        """
        norm = self.norm
        if norm > eps:
            # For the top singular vectors the probability is about 1/2 or more, and grows as the
            # noise falls.
            log, inputs = 0.0, {"eps": eps, "norm": norm, "t": self.t}
        else:
            exact = exact_failure_probability(eps, bias=norm, t=self.t)
            log, inputs = exact.log, {"eps": eps, "norm": norm, "t": self.t}
        return probability_statement(
            "failure probability, worst u and v", log, "bound", "C3", "rigorous", inputs
        )

    def uniform_error(self, eta: float) -> Statement:
        """Bound on the spectral norm of W - W(t), which holds with probability at least 1 - eta.

        The bound is norm + sqrt(t) (sqrt N1 + sqrt N2 + sqrt(2 log(1/eta))). It covers all u and v
        at once.
        """
        eta = open_probability("eta", eta)
        value = self.norm + math.sqrt(self.t) * (self._edge + math.sqrt(-2 * math.log(eta)))
        return Statement(
            "spectral norm of W - W(t)",
            value,
            "bound",
            "C3, uniform",
            inputs={"eta": eta, "t": self.t, "shape": self.deviation.shape},
            note=f"with probability at least 1 - {eta:g} over G",
        )

    def uniform_failure_probability(self, eps: float) -> Statement:
        """Bound on P(some u and v have |u^T (W - W(t)) v| > eps |u| |v|)."""
        eps, norm = nonnegative("eps", eps), self.norm
        if self.t == 0:
            log = 0.0 if norm > eps else -math.inf
        else:
            x = (eps - norm) / math.sqrt(self.t) - self._edge
            log = -(x**2) / 2 if x > 0 else 0.0
        inputs = {"eps": eps, "norm": norm, "t": self.t, "shape": self.deviation.shape}
        return probability_statement(
            "failure probability, some u and v", log, "bound", "C3, uniform", "rigorous", inputs
        )

    def failure_statement(self, eps: float, rule: str) -> Statement:
        """The failure probability by `rule`: "exact" (worst fixed pair) or "uniform"."""
        if rule == "uniform":
            return self.uniform_failure_probability(eps)
        return self.worst_failure_probability(eps)

    def fails_at_most(self, eps: float, eta: float, rule: str) -> bool:
        """Whether the bound of `rule` ("exact" or "uniform") at eps is at most eta."""
        size = float(np.linalg.norm(self.deviation))
        if size > eps * math.sqrt(min(self.deviation.shape)):
            return False  # the spectral norm is above eps; no decomposition is needed
        bounded = rule != "uniform" and size <= eps
        if bounded and exact_failure_probability(eps, bias=size, t=self.t).value <= eta:
            return True
        return self.failure_statement(eps, rule).value <= eta

    @property
    def _edge(self) -> float:
        rows, columns = self.deviation.shape
        return math.sqrt(rows) + math.sqrt(columns)


def approximation_error(W: npt.ArrayLike, replacement: CompressedMatrix) -> ApproximationError:
    """The error of replacing W by W(t), for given W.

    Parameters
    ----------
    W : array_like, shape (N1, N2)
        The weights.
    replacement : CompressedMatrix
        W(t): this function reads its `sparse` part B, `mean`, `std` (sqrt t) and `support`.

    Returns
    -------
    ApproximationError

    Raises
    ------
    ValueError
        If the shapes differ.

    Notes
    -----
    With ``support="full"``, W(t) = mean + std G + B everywhere, so A - mu = W - B - mean. With
    ``support="replaced"``, only the elements outside B's pattern have noise and mean. On the
    pattern A - mu is W - B.

    References
    ----------
    C3 of docs/theory.md; section 3.2 and Appendix E of the paper.
    """
    weights = matrix(W)
    sparse = replacement.sparse.tocsr()
    if tuple(sparse.shape) != weights.shape:
        raise ValueError(f"W must have the shape {tuple(sparse.shape)}, got {weights.shape}")
    kept = np.zeros(weights.shape)
    pattern = np.zeros(weights.shape, dtype=bool)
    rows = np.repeat(np.arange(weights.shape[0]), np.diff(sparse.indptr))
    kept[rows, sparse.indices] = sparse.data
    pattern[rows, sparse.indices] = True
    deviation = weights - kept - replacement.mean
    if one_of("support", replacement.support, ("full", "replaced")) == "full":
        return ApproximationError(deviation, replacement.std**2)
    deviation[pattern] += replacement.mean
    return ApproximationError(deviation, replacement.std**2, ~pattern)
