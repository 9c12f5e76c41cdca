"""How far u^T W v moves when small weights are replaced by Gaussian noise (Props 1.1 and 2.1).

W is split at tau into W = A + B, and W(t) = mu + sqrt(t) G + B. The paper's mu is 0 and its bound
is false for weights with a mean; three statements that hold take its place:

C1  a priori: independent elements of A in an interval of length R (`failure_probability`),
C2  Bernstein: the same with the variance of A (`bernstein_failure_probability`),
C3  exact: W is given and only G is random (`approximation_error`), the default of Algorithm 1
    (`matrix_approximation`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from scipy.special import log_ndtr, ndtri_exp

from htstats._arrays import as_float64
from htstats._checks import finite, nonnegative, one_of, positive, probability
from htstats.theory._statement import CONVENTIONS, Convention, Statement, probability_statement

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

FloatArray = npt.NDArray[np.float64]
VALUES = ("signed", "positive", "positions")
SOURCES = {"text": 1.0, "appendix": 2.0, "proposition": 0.5}
RULES = ("exact", "uniform", "a priori")


def interval_length(tau: float, *, values: str = "signed", w_min: float = 0.0) -> float:
    """Length R of the interval that holds one element of A.

    Parameters
    ----------
    tau : float
        The threshold, in units of the weights.
    values : {"signed", "positive", "positions"}
        ``signed``: elements of A lie in [-tau, tau], R = 2 tau. ``positive``: in [0, tau] with the
        zeros that B leaves behind counted, R = tau. ``positions``: positive, and the pattern of B
        is given, so that an element off it lies in [w_min, tau], R = tau - w_min.
    w_min : float
        Smallest weight; used by ``positions`` only.

    Raises
    ------
    ValueError
        If `tau` is negative or not finite, or `w_min` is above `tau`.

    Examples
    --------
    >>> interval_length(0.5), interval_length(0.5, values="positions", w_min=0.2)
    (1.0, 0.3)
    """
    tau = nonnegative("tau", tau)
    one_of("values", values, VALUES)
    if values == "signed":
        return 2.0 * tau
    if values == "positive":
        return tau
    if not 0 <= w_min <= tau:
        raise ValueError(f"w_min must be in [0, tau], got {w_min!r}")
    return tau - float(w_min)


def failure_probability(
    eps: float,
    *,
    tau: float,
    t: float = 0.0,
    values: str = "signed",
    w_min: float = 0.0,
    convention: Convention = "rigorous",
) -> Statement:
    """Bound on P(|u^T (W - W(t)) v| > eps |u| |v|) for fixed u and v, before W is seen.

    Parameters
    ----------
    eps : float
        Allowed error relative to |u| |v|, in units of the weights.
    tau : float
        Threshold, in units of the weights.
    t : float
        Variance of the Gaussian that replaces A, in squared units of the weights.
    values, w_min
        What is known of the elements of A: see `interval_length`. Unused by the paper's formula.
    convention : {"rigorous", "paper"}
        ``rigorous`` (C1): 2 exp(-eps^2 / (2 (R^2/4 + t))). ``paper`` (Prop 2.1):
        3 exp(-eps^2 / (2 (tau^2 + t))), a *claim*: the mean of A is never removed there, and for
        positive weights it fails (see Notes). The two exponents agree for signed weights.

    Returns
    -------
    Statement
        A probability, at most 1.

    Raises
    ------
    ValueError
        If `eps`, `tau` or `t` is negative or not finite.

    Notes
    -----
    C1 asks that the elements of A are independent, each in an interval of length R, and that W(t)
    stores their means: W(t) = mu + sqrt(t) G + B. Then each centred element is sub-Gaussian with
    variance proxy R^2/4 (Hoeffding), and G adds t. Neither mean-freeness nor a power law is used.
    Positive weights with tau = 4, w_min = 1, tail exponent 2.5, t = 1/2, u = v = (1, ..., 1) of
    length 10 and eps = 10 have error 14.6 +- 1.1: the paper's formula says 0.145.

    References
    ----------
    Props 1.1 and 2.1; C1 of docs/theory.md. Hoeffding (1963).

    Examples
    --------
    >>> failure_probability(10.0, tau=4.0, t=0.5, convention="paper")
    failure probability = 0.144903 (claim, Prop 2.1, paper)
    """
    eps, tau, t = nonnegative("eps", eps), nonnegative("tau", tau), nonnegative("t", t)
    one_of("convention", convention, CONVENTIONS)
    inputs = {"eps": eps, "tau": tau, "t": t, "values": values, "w_min": w_min}
    if convention == "paper":
        log = math.log(3) - _exponent(eps, tau**2 + t)
        note = "false where the elements of A have a mean: it is never removed"
        return probability_statement(
            "failure probability", log, "claim", "Prop 2.1", convention, inputs, note
        )
    length = interval_length(tau, values=values, w_min=w_min)
    log = math.log(2) - _exponent(eps, length**2 / 4 + t)
    note = "independent elements of A; W(t) stores their means"
    return probability_statement(
        "failure probability", log, "bound", "C1", convention, inputs, note
    )


def error_budget(
    eps: float,
    eta: float,
    *,
    convention: Convention = "rigorous",
    source: str = "text",
) -> float:
    """Largest R^2/4 + t (the paper: tau^2 + t) that fails with probability at most eta.

    Parameters
    ----------
    eps : float
        Allowed error, in units of the weights.
    eta : float
        Allowed failure probability, in (0, 1).
    convention : {"rigorous", "paper"}
        ``rigorous``: eps^2 / (2 log(2/eta)), the inverse of C1. For signed weights R^2/4 = tau^2.
    source : {"text", "appendix", "proposition"}
        Which of the paper's three inconsistent rules, for ``paper`` only: Prop 1.1 and Algorithm 1
        have eps^2 / log(3/eta), Appendix A has 2 eps^2 / log(3/eta), and Prop 2.1 itself gives
        eps^2 / (2 log(3/eta)). By the paper's own formula the first fails with sqrt(3 eta) and the
        second with (27 eta)^(1/4).

    Returns
    -------
    float
        In squared units of the weights.

    Raises
    ------
    ValueError
        If `eps` is not positive or `eta` not in (0, 1).

    References
    ----------
    Prop 1.1, Algorithm 1, last lines of Appendix A; C1 of docs/theory.md.

    Examples
    --------
    >>> budget = error_budget(0.5, 0.01)
    >>> failure_probability(0.5, tau=0.1, t=budget - 0.01)
    failure probability = 0.01 (bound, C1, rigorous)
    """
    eps, eta = positive("eps", eps), _open_probability("eta", eta)
    one_of("convention", convention, CONVENTIONS)
    one_of("source", source, tuple(SOURCES))
    if convention == "paper":
        return SOURCES[source] * eps**2 / math.log(3 / eta)
    return eps**2 / (2 * math.log(2 / eta))


def bernstein_failure_probability(
    eps: float,
    u: npt.ArrayLike,
    v: npt.ArrayLike,
    *,
    variance: float,
    max_deviation: float,
    t: float = 0.0,
) -> Statement:
    """C2: like C1, with the variance of A's elements in place of their range.

    Parameters
    ----------
    eps : float
        Allowed error relative to |u| |v|, in units of the weights.
    u, v : array_like
        The fixed vectors; neither may be all zero.
    variance : float
        Largest variance of an element of A.
    max_deviation : float
        Largest possible |A_ij - mu_ij|.
    t : float
        Variance of the Gaussian.

    Returns
    -------
    Statement
        2 exp(-eps^2 / (2 (variance + t + M eps / 3))), M = max|u_i v_j| max_deviation / (|u||v|).

    Raises
    ------
    ValueError
        If a vector is zero or a number is negative or not finite.

    Notes
    -----
    Better than C1 where the variance is far below tau^2 and no single element of u v^T dominates.

    References
    ----------
    C2 of docs/theory.md; Bernstein's inequality with a Gaussian summand.

    Examples
    --------
    >>> ones = [1.0] * 100
    >>> bernstein_failure_probability(1.0, ones, ones, variance=0.05, max_deviation=1.0)
    failure probability = 0.000169636 (bound, C2, rigorous)
    """
    eps, t = nonnegative("eps", eps), nonnegative("t", t)
    variance = nonnegative("variance", variance)
    max_deviation = nonnegative("max_deviation", max_deviation)
    left, right = _unit("u", u), _unit("v", v)
    largest = float(np.abs(left).max() * np.abs(right).max()) * max_deviation
    log = math.log(2) - _exponent(eps, variance + t + largest * eps / 3)
    inputs = {"eps": eps, "variance": variance, "max_deviation": max_deviation, "t": t}
    note = "independent elements of A; W(t) stores their means"
    return probability_statement(
        "failure probability", log, "bound", "C2", "rigorous", inputs, note
    )


def exact_failure_probability(eps: float, *, bias: float, t: float) -> Statement:
    """C3: P(|bias + sqrt(t) g| > eps) for one standard normal g.

    Parameters
    ----------
    eps : float
        Allowed error, in units of the weights.
    bias : float
        b = u^T (A - mu) v / (|u| |v|): what is not random once W is given.
    t : float
        Variance of the noise that u and v meet (rho t where noise lives off B's pattern only).

    Returns
    -------
    Statement
        Q((eps - b)/sqrt t) + Q((eps + b)/sqrt t); at t = 0 the indicator of |b| > eps.

    Raises
    ------
    ValueError
        If `eps` or `t` is negative, or anything is not finite.

    Notes
    -----
    The logarithm is right where the probability underflows.

    References
    ----------
    C3 of docs/theory.md.

    Examples
    --------
    >>> exact_failure_probability(1.0, bias=0.0, t=0.25).value
    0.0455002638...
    """
    eps, t = nonnegative("eps", eps), nonnegative("t", t)
    bias = finite("bias", bias)
    inputs = {"eps": eps, "bias": bias, "t": t}
    if t == 0:
        log = 0.0 if abs(bias) > eps else -math.inf
    else:
        sigma = math.sqrt(t)
        log = float(np.logaddexp(log_ndtr((bias - eps) / sigma), log_ndtr((-bias - eps) / sigma)))
    return probability_statement(
        "failure probability", log, "exact", "C3", "rigorous", inputs, "given W; G is random"
    )


def largest_noise_variance(eps: float, eta: float, *, bias: float = 0.0) -> float:
    """Largest t with P(|bias + sqrt(t) g| > eps) <= eta: C3 inverted.

    Parameters
    ----------
    eps : float
        Allowed error, in units of the weights.
    eta : float
        Allowed failure probability, in (0, 1).
    bias : float
        What is left when the noise is gone.

    Returns
    -------
    float
        In squared units of the weights. The result satisfies the inequality: it is rounded
        towards less noise.

    Raises
    ------
    ValueError
        If |bias| > eps: then the error is too large without any noise.

    References
    ----------
    C3 of docs/theory.md.

    Examples
    --------
    >>> round(largest_noise_variance(1.0, 0.0455002639), 6)
    0.25
    """
    eps, eta = positive("eps", eps), _open_probability("eta", eta)
    bias = abs(finite("bias", bias))
    if bias > eps:
        raise ValueError(f"bias must be at most eps = {eps!r} in size, got {bias!r}")
    if bias == eps:
        return 0.0
    # the nearer of the two tails alone, then half of eta for each: the answer lies between
    low = ((eps - bias) / -float(ndtri_exp(math.log(eta / 2)))) ** 2
    high = math.inf if eta >= 0.5 else ((eps - bias) / -float(ndtri_exp(math.log(eta)))) ** 2
    if math.isinf(high):
        high = low
        while exact_failure_probability(eps, bias=bias, t=high).value <= eta:
            high *= 2
    return _last_true(
        lambda t: exact_failure_probability(eps, bias=bias, t=t).value <= eta, low, high
    )


class Replacement(Protocol):
    """What this module needs of a `CompressedMatrix`: W(t) in parts."""

    @property
    def sparse(self) -> Any: ...
    @property
    def mean(self) -> float: ...
    @property
    def std(self) -> float: ...
    @property
    def support(self) -> str: ...


@dataclass(frozen=True, eq=False)
class ApproximationError:
    """W - W(t) = deviation - sqrt(t) G, with W given and G random.

    Attributes
    ----------
    deviation : ndarray, shape (N1, N2)
        A - mu: W less everything of W(t) that is not random.
    t : float
        Variance of the noise.
    noisy : ndarray of bool, shape (N1, N2), or None
        Where the noise lives; None: everywhere.

    Notes
    -----
    Every statement here is over G alone: no independence of weights, no power law.
    """

    deviation: FloatArray
    t: float
    noisy: npt.NDArray[np.bool_] | None = None

    def __repr__(self) -> str:
        rows, columns = self.deviation.shape
        where = "everywhere" if self.noisy is None else f"on {int(self.noisy.sum())} elements"
        return f"ApproximationError({rows} x {columns}, noise variance {self.t:.6g} {where})"

    @property
    def norm(self) -> float:
        """Spectral norm of the deviation: the largest |bias| over all u and v.

        A full singular value decomposition: an iteration would approach it from below, and an
        error that is to be bounded must not.
        """
        return float(np.linalg.norm(self.deviation, 2)) if self.deviation.size else 0.0

    def bias(self, u: npt.ArrayLike, v: npt.ArrayLike) -> float:
        """u^T (A - mu) v / (|u| |v|), in units of the weights."""
        return float(_unit("u", u) @ self.deviation @ _unit("v", v))

    def noise_variance(self, u: npt.ArrayLike, v: npt.ArrayLike) -> float:
        """Variance of u^T sqrt(t) G v / (|u| |v|): t, or rho t where noise has a pattern."""
        left, right = _unit("u", u), _unit("v", v)
        if self.noisy is None:
            return self.t
        return self.t * float(left**2 @ self.noisy @ right**2)

    def failure_probability(self, eps: float, u: npt.ArrayLike, v: npt.ArrayLike) -> Statement:
        """P(|u^T (W - W(t)) v| > eps |u| |v|), exactly (C3)."""
        return exact_failure_probability(eps, bias=self.bias(u, v), t=self.noise_variance(u, v))

    def worst_failure_probability(self, eps: float) -> Statement:
        """The failure probability at the worst pair of fixed vectors, bounded (C3).

        The probability grows with |bias|, and with the variance as long as |bias| <= eps; both are
        at most `norm` and `t`. On full support the bound is attained at the top singular vectors.
        """
        norm = self.norm
        if norm > eps:
            # such u and v fail with probability near 1/2 or above, and less noise only makes it 1
            log, inputs = 0.0, {"eps": eps, "norm": norm, "t": self.t}
        else:
            exact = exact_failure_probability(eps, bias=norm, t=self.t)
            log, inputs = exact.log, {"eps": eps, "norm": norm, "t": self.t}
        return probability_statement(
            "failure probability, worst u and v", log, "bound", "C3", "rigorous", inputs
        )

    def uniform_error(self, eta: float) -> Statement:
        """Bound on the spectral norm of W - W(t): every u and v at once, w.p. >= 1 - eta.

        norm + sqrt(t) (sqrt N1 + sqrt N2 + sqrt(2 log(1/eta))).
        """
        eta = _open_probability("eta", eta)
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

    def fails_at_most(self, eps: float, eta: float, rule: str) -> bool:
        """Whether the bound of `rule` ("exact" or "uniform") at eps is at most eta."""
        size = float(np.linalg.norm(self.deviation))
        if size > eps * math.sqrt(min(self.deviation.shape)):
            return False  # the spectral norm is above eps: no decomposition needed
        if rule == "uniform":
            return self.uniform_failure_probability(eps).value <= eta
        if size <= eps and exact_failure_probability(eps, bias=size, t=self.t).value <= eta:
            return True
        return self.worst_failure_probability(eps).value <= eta

    @property
    def _edge(self) -> float:
        rows, columns = self.deviation.shape
        return math.sqrt(rows) + math.sqrt(columns)


def approximation_error(W: npt.ArrayLike, replacement: Replacement) -> ApproximationError:
    """What replacing W by W(t) does, given W.

    Parameters
    ----------
    W : array_like, shape (N1, N2)
        The weights.
    replacement : CompressedMatrix
        W(t): its `sparse` part B, `mean`, `std` (sqrt t) and `support` are used.

    Returns
    -------
    ApproximationError

    Raises
    ------
    ValueError
        If the shapes differ.

    Notes
    -----
    ``support="full"``: W(t) = mean + std G + B everywhere, so A - mu = W - B - mean.
    ``support="replaced"``: noise and mean live off B's pattern only, and A - mu is W - B on it.

    References
    ----------
    C3 and "Which W(t)" of docs/theory.md; section 3.2 and Appendix E of the paper.
    """
    weights = _matrix(W)
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


@dataclass(frozen=True, eq=False)
class MatrixApproximation:
    """What Algorithm 1 chose.

    Attributes
    ----------
    tau : float or None
        The threshold; None where nothing can be removed.
    mean, t : float
        Of the noise that replaces what is not kept; 0 where nothing is removed.
    n_removed, n_kept : int
        Elements of W replaced, and kept.
    failure_probability : Statement or None
        At `eps`, by `rule`; None where nothing can be removed.
    eps, eta, rule, convention, keep, noise, support
        The call.
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
        """Whether anything can be removed at this eps and eta."""
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
    """Algorithm 1: the threshold and the noise that eps and eta allow.

    Parameters
    ----------
    W : array_like, shape (N1, N2)
        The weights.
    eps : float
        Allowed error relative to |u| |v|, in units of the weights.
    eta : float
        Allowed failure probability, in (0, 1).
    rule : {"exact", "uniform", "a priori"}
        ``exact`` (C3): any pair u, v fixed before G is drawn. ``uniform``: all u, v at once.
        ``a priori`` (C1): R^2/4 + t within `error_budget`; it asks for independent weights and a
        threshold that does not depend on them, which a threshold chosen here from the variance of
        what it replaces does (through t) unless ``noise="none"``.
    keep : {"abs", "upper", "centered"}
        What is compared with tau: abs(w), w, or abs(w - mean).
    noise : {"matched", "paper", "none"}
        Mean and variance t of the noise: of the replaced elements, of all of W, or both 0.
    support : {"replaced", "full"}
        Where the noise lives.
    values, w_min
        For ``a priori``: see `interval_length`.
    convention : {"rigorous", "paper"}
        ``paper``: tau^2 + t within the printed budget, `source` says which one, and the failure
        probability reported is Prop 2.1's *claim*; mean and t are those of `noise`.

    Returns
    -------
    MatrixApproximation
        ``removable`` is False, and ``tau`` None, where eps and eta leave room for nothing.

    Raises
    ------
    ValueError
        If W is not a finite matrix, or a word or number is out of range.

    Notes
    -----
    tau is one of the compared values of W, the largest that is replaced. The a-priori rules are
    searched exhaustively. For ``exact`` and ``uniform`` tau is bisected, with one singular value
    decomposition a step where norms that cost nothing do not decide: the threshold found satisfies
    the statement, and the next larger one that was looked at does not. (The failure probability
    need not grow with tau at every step, so a larger feasible threshold may exist.)

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
    weights = _matrix(W)
    eps, eta = positive("eps", eps), _open_probability("eta", eta)
    one_of("rule", rule, RULES)
    one_of("convention", convention, CONVENTIONS)
    one_of("values", values, VALUES)
    split = _Split(weights, keep, noise, support)
    if convention == "paper":
        rule = "a priori"
        budget = error_budget(eps, eta, convention=convention, source=source)
        chosen = split.largest(budget, lambda tau: tau**2)
    elif rule == "a priori":
        budget = error_budget(eps, eta)
        chosen = split.largest(
            budget, lambda tau: interval_length(tau, values=values, w_min=min(w_min, tau)) ** 2 / 4
        )
    else:
        chosen = split.bisect(lambda k: split.error(k).fails_at_most(eps, eta, rule))
    call = (eps, eta, rule, convention, keep, noise, support)
    if chosen is None:
        return MatrixApproximation(None, 0.0, 0.0, 0, weights.size, None, *call)
    tau, (mean, t), removed = split.tau(chosen), split.noise_of(chosen), split.removed(chosen)
    if rule == "a priori":
        failure = failure_probability(
            eps, tau=tau, t=t, values=values, w_min=min(w_min, tau), convention=convention
        )
    elif rule == "uniform":
        failure = split.error(chosen).uniform_failure_probability(eps)
    else:
        failure = split.error(chosen).worst_failure_probability(eps)
    return MatrixApproximation(tau, mean, t, removed, weights.size - removed, failure, *call)


class _Split:
    """The splits of one matrix, one for each candidate threshold, in order of the threshold."""

    def __init__(self, weights: FloatArray, keep: str, noise: str, support: str) -> None:
        one_of("keep", keep, ("abs", "upper", "centered"))
        self.noise = one_of("noise", noise, ("matched", "paper", "none"))
        self.full = one_of("support", support, ("replaced", "full")) == "full"
        self.weights = weights
        self.whole = (float(weights.mean()), float(weights.var()))
        if keep == "upper":
            self.score = weights
        else:
            self.score = np.abs(weights - (self.whole[0] if keep == "centered" else 0.0))
        # a threshold of 0 or more is what partition takes; removing only zeros removes nothing
        candidates = np.unique(self.score)
        self.candidates = candidates[candidates >= 0]
        if keep == "abs":
            self.candidates = self.candidates[self.candidates > 0]

    def tau(self, k: int) -> float:
        return float(self.candidates[k])

    def removed(self, k: int) -> int:
        return int(np.count_nonzero(self.score <= self.candidates[k]))

    def noise_of(self, k: int) -> tuple[float, float]:
        """Mean and variance of the noise at candidate k."""
        if self.noise == "none":
            return 0.0, 0.0
        if self.noise == "paper":
            return self.whole
        removed = self.score <= self.candidates[k]
        small = np.where(removed, self.weights, 0.0) if self.full else self.weights[removed]
        return float(small.mean()), float(small.var())

    def error(self, k: int) -> ApproximationError:
        mean, t = self.noise_of(k)
        removed = self.score <= self.candidates[k]
        if self.full:
            return ApproximationError(np.where(removed, self.weights, 0.0) - mean, t)
        return ApproximationError(np.where(removed, self.weights - mean, 0.0), t, removed)

    def largest(self, budget: float, range_part: Callable[[float], float]) -> int | None:
        """The last candidate with range_part(tau) + t <= budget, every one looked at."""
        variances = self._variances()
        for k in reversed(range(len(self.candidates))):
            # the running sums only sort out; what decides is the variance itself
            part = range_part(self.tau(k))
            if part + variances[k] <= budget * (1 + 1e-6) and part + self.noise_of(k)[1] <= budget:
                return k
        return None

    def bisect(self, feasible: Callable[[int], bool]) -> int | None:
        """A feasible candidate whose successor among those looked at is not."""
        low, high = -1, len(self.candidates)
        while high - low > 1:
            middle = (low + high) // 2
            if feasible(middle):
                low = middle
            else:
                high = middle
        return None if low < 0 else low

    def _variances(self) -> FloatArray:
        """Variance of the noise at every candidate, from running sums about the median."""
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


def _exponent(eps: float, proxy: float) -> float:
    """eps^2 / (2 proxy), with the limits of a proxy of 0."""
    if proxy > 0:
        return eps**2 / (2 * proxy)
    return math.inf if eps > 0 else 0.0


def _open_probability(name: str, value: float) -> float:
    number = probability(name, value)
    if number in (0, 1):
        raise ValueError(f"{name} must be in (0, 1), got {value!r}")
    return number


def _matrix(W: npt.ArrayLike) -> FloatArray:
    weights = as_float64(W, "W")
    if weights.ndim != 2 or weights.size == 0:
        raise ValueError(f"W must be a matrix with elements, got shape {weights.shape}")
    if not np.isfinite(weights).all():
        raise ValueError("W must be finite")
    return weights


def _unit(name: str, vector: npt.ArrayLike) -> FloatArray:
    array = as_float64(vector, name).ravel()
    largest = float(np.abs(array).max(initial=0.0))
    if not 0 < largest < math.inf:
        raise ValueError(f"{name} must be finite and not all zero")
    scaled = array / largest
    return np.asarray(scaled / np.linalg.norm(scaled))


def _last_true(holds: Callable[[float], bool], low: float, high: float) -> float:
    """Bisect to the last float at which `holds`, which is true at `low` (or just below)."""
    while not holds(low):
        high, low = low, math.nextafter(low, 0.0)
    while True:
        middle = low + (high - low) / 2
        if not low < middle < high:
            return low
        if holds(middle):
            low = middle
        else:
            high = middle
