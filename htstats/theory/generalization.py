"""From noise stability to generalization, by formulas of numbers (Theorem 2 and its lemmas).

What is measured on a network (cushions, norms, margins) comes in as numbers; see
`htstats.torch.noise_stability` for the measuring. Each result says what it is: the paper's rate
(8) is a *rate*, Dudley's integral with its constants gives a *bound*, and the measures of other
papers are *complexities* unless all their constants are known.

Networks here are f(x) = W_d phi(... phi(W_1 x)), without biases, phi 1-Lipschitz with phi(0) = 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import erf, erfcx

from htstats._arrays import as_float64
from htstats._checks import count, finite, nonnegative, one_of, positive, probability
from htstats.theory._statement import CONVENTIONS, Convention, Statement
from htstats.theory.approximation import _open_probability, error_budget

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

FloatArray = npt.NDArray[np.float64]


def vector_error(
    *,
    x_norm: float,
    frobenius: float,
    t: float,
    eta: float,
    bias: float = 0.0,
    spectral: float | None = None,
    tau: float = 0.0,
    rows: int = 1,
    convention: Convention = "rigorous",
) -> Statement:
    """Lemma 2.1: how large |U (W - W(t)) x| gets, for one pair (U, x) independent of G.

    Parameters
    ----------
    x_norm : float
        |x|.
    frobenius, spectral : float
        Norms of U; `spectral` defaults to `frobenius`, which bounds it.
    t : float
        Variance of the noise.
    eta : float
        Failure probability, in (0, 1).
    bias : float
        |U (A - mu) x|, for ``rigorous``.
    tau, rows : float, int
        Threshold and number of rows of U, for ``paper``.
    convention : {"rigorous", "paper"}
        ``rigorous``: bias + sqrt(t) |x| (norm(U)_F + norm(U)_2 sqrt(2 log(1/eta))), the Gaussian
        concentration of a Lipschitz function. ``paper``: a union of Prop 2.1 over the rows of U,
        sqrt(2 (tau^2 + t) log(3 rows/eta)) norm(U)_F |x|, a *claim* as Prop 2.1 is.

    Returns
    -------
    Statement
        In units of |U W x|; holds with probability at least 1 - eta over G.

    Raises
    ------
    ValueError
        If a number is negative or not finite, or `spectral` is above `frobenius`.

    Notes
    -----
    G x is |x| times a standard normal vector, and |U g| is norm(U)_2-Lipschitz in g with mean at
    most norm(U)_F. Noise off B's pattern only, or uneven, changes neither estimate.

    References
    ----------
    Lemma 2.1 and its row in docs/theory.md.

    Examples
    --------
    >>> vector_error(x_norm=1.0, frobenius=2.0, spectral=0.5, t=0.01, eta=0.05)
    |U (W - W(t)) x| = 0.322387 (bound, Lemma 2.1, rigorous)
    """
    x_norm, frobenius = nonnegative("x_norm", x_norm), nonnegative("frobenius", frobenius)
    t, bias, tau = nonnegative("t", t), nonnegative("bias", bias), nonnegative("tau", tau)
    eta = _open_probability("eta", eta)
    spectral = frobenius if spectral is None else nonnegative("spectral", spectral)
    if spectral > frobenius * (1 + 1e-12):
        raise ValueError(f"spectral must be at most frobenius = {frobenius!r}, got {spectral!r}")
    inputs = {"x_norm": x_norm, "frobenius": frobenius, "spectral": spectral, "t": t, "eta": eta}
    name = "|U (W - W(t)) x|"
    if one_of("convention", convention, CONVENTIONS) == "paper":
        rows = count("rows", rows, at_least=1)
        eps = math.sqrt(2 * (tau**2 + t) * math.log(3 * rows / eta))
        inputs |= {"tau": tau, "rows": rows}
        return Statement(
            name,
            eps * frobenius * x_norm,
            "claim",
            "Lemma 2.1",
            convention,
            inputs=inputs,
            note="false where the elements of A have a mean",
        )
    noise = math.sqrt(t) * x_norm * (frobenius + spectral * math.sqrt(-2 * math.log(eta)))
    return Statement(
        name,
        bias + noise,
        "bound",
        "Lemma 2.1",
        convention,
        inputs=inputs | {"bias": bias},
        note="with probability at least 1 - eta over G; U and x independent of G",
    )


@dataclass(frozen=True)
class LayerTolerance:
    """What Lemma 2.2 allows one layer: fail to be within `eps` with probability at most `eta`.

    `budget` is the largest R^2/4 + t (the paper: tau^2 + t) that this allows.
    """

    eps: float
    eta: float
    budget: float


@dataclass(frozen=True)
class LayerTolerances:
    """Lemma 2.2 for a whole network.

    Attributes
    ----------
    layers : tuple of LayerTolerance
        From the first layer to the last.
    conditions : dict
        What the lemma asks for, and whether these numbers satisfy it.
    convention : {"rigorous", "paper"}
    """

    layers: tuple[LayerTolerance, ...]
    conditions: dict[str, bool]
    convention: Convention

    @property
    def holds(self) -> bool:
        """Whether every condition is met."""
        return all(self.conditions.values())


def layer_tolerances(
    eps: float,
    delta: float,
    *,
    cushions: Sequence[float],
    interlayer_cushions: Sequence[float],
    contraction: float,
    frobenius_norms: Sequence[float],
    n_samples: int,
    width: int,
    smoothness: float | None = None,
    convention: Convention = "rigorous",
) -> LayerTolerances:
    """Lemma 2.2: eps_i and eta_i that keep |f(x) - g(x)| <= eps |f(x)| on the training set.

    Parameters
    ----------
    eps : float
        Allowed relative error of the outputs, in (0, 1].
    delta : float
        The lemma fails with probability at most delta/2; in (0, 1).
    cushions : sequence of float
        mu_i, the layer cushions (50), in (0, 1].
    interlayer_cushions : sequence of float
        mu_i->, the minimal interlayer cushions (52), in (0, 1].
    contraction : float
        c, the activation contraction (53); at least 1.
    frobenius_norms : sequence of float
        norm(W_i)_F.
    n_samples, width : int
        Size m of the training set, and the largest layer width h.
    smoothness : float or None
        rho_delta, the interlayer smoothness (54), for the perturbation that compression makes;
        None: not measured, and the condition counts as not met.
    convention : {"rigorous", "paper"}
        ``rigorous``: eps_i = eps mu_i mu_i-> norm(W_i)_F / (6 c d). ``paper``: without
        norm(W_i)_F, which needs norm(W_i)_F >= 1; and smoothness is not asked for, as the paper
        says of ReLU networks, wrongly: the activation pattern moves with the noise. Both have
        eta_i = delta / (2 d^2 m h).

    Returns
    -------
    LayerTolerances

    Raises
    ------
    ValueError
        If lengths differ or a number is out of range.

    Notes
    -----
    Needs a network without biases whose activation is piecewise linear (so that M(x) = J_x x),
    and rho_delta >= 3 d.

    References
    ----------
    Lemma 2.2, (55)-(81); Arora et al. (2018), Lemma 2.

    Examples
    --------
    >>> tolerances = layer_tolerances(
    ...     0.5, 0.1, cushions=[0.3, 0.2], interlayer_cushions=[0.1, 0.2], contraction=1.4,
    ...     frobenius_norms=[5.0, 4.0], n_samples=1000, width=64, smoothness=8.0)
    >>> tolerances.layers[0].eps
    0.00446...
    >>> tolerances.holds
    True
    """
    eps, delta = positive("eps", eps), _open_probability("delta", delta)
    if eps > 1:
        raise ValueError(f"eps must be in (0, 1], got {eps!r}")
    mu, after = _list("cushions", cushions), _list("interlayer_cushions", interlayer_cushions)
    norms = _list("frobenius_norms", frobenius_norms)
    if not len(mu) == len(after) == len(norms):
        raise ValueError(
            "cushions, interlayer_cushions and frobenius_norms must have one number a layer, "
            f"got {len(mu)}, {len(after)} and {len(norms)}"
        )
    for name, values in (("cushions", mu), ("interlayer_cushions", after)):
        if max(values) > 1 + 1e-12:
            raise ValueError(f"{name} must be in (0, 1], got {max(values)!r}")
    c = positive("contraction", contraction)
    m, h = count("n_samples", n_samples, at_least=1), count("width", width, at_least=1)
    one_of("convention", convention, CONVENTIONS)
    d, paper = len(mu), convention == "paper"
    eta_i = delta / (2 * d**2 * m * h)
    layers = []
    for mu_i, after_i, norm in zip(mu, after, norms, strict=True):
        eps_i = eps * mu_i * after_i / (6 * c * d) * (1.0 if paper else norm)
        layers.append(
            LayerTolerance(eps_i, eta_i, error_budget(eps_i, eta_i, convention=convention))
        )
    if paper:
        conditions = {"norm(W_i)_F >= 1": min(norms) >= 1}
    else:
        smooth = smoothness is not None and smoothness >= 3 * d
        conditions = {"interlayer smoothness >= 3 d": smooth}
    return LayerTolerances(tuple(layers), conditions, convention)


def margin_tolerance(margin: float, max_output_norm: float | None = None) -> float:
    """Lemma 2.3: how far g may be from f where f's margin exceeds `margin`.

    Parameters
    ----------
    margin : float
        gamma, in units of the outputs.
    max_output_norm : float or None
        Largest |f(x)| over the training set: then the tolerance is relative, the eps of Lemma 2.2.

    Returns
    -------
    float
        gamma/sqrt 2: if f's margin exceeds gamma and |f(x) - g(x)| <= gamma/sqrt 2 then g
        classifies x as f does. With `max_output_norm`, min(1, gamma / (sqrt 2 max|f|)).

    Notes
    -----
    The margin is a difference of two coordinates, hence sqrt 2-Lipschitz; f = (gamma + a, 0) and
    g = (1, 1) (gamma + a)/2 show that the constant is the best one.

    References
    ----------
    Lemma 2.3, (82)-(94); the factor gamma in (91)-(92) is a slip that changes nothing.

    Examples
    --------
    >>> margin_tolerance(2.0)
    1.414213562373095
    >>> margin_tolerance(2.0, max_output_norm=10.0)
    0.1414213562373095
    """
    distance = positive("margin", margin) / math.sqrt(2)
    if max_output_norm is None:
        return distance
    return min(1.0, distance / positive("max_output_norm", max_output_norm))


def margins(outputs: npt.ArrayLike, labels: npt.ArrayLike) -> FloatArray:
    """f(x)[y] - max over j != y of f(x)[j].

    Parameters
    ----------
    outputs : array_like, shape (m, classes)
    labels : array_like of int, shape (m,)

    Returns
    -------
    ndarray, shape (m,)

    Raises
    ------
    ValueError
        If shapes disagree, there is one class only, or a label is out of range.

    References
    ----------
    (1).

    Examples
    --------
    >>> margins([[3.0, 1.0, 2.0], [0.0, 1.0, 5.0]], [0, 1])
    array([ 1., -4.])
    """
    scores, index = as_float64(outputs, "outputs"), np.asarray(labels)
    if scores.ndim != 2 or scores.shape[1] < 2:
        raise ValueError(
            f"outputs must be (m, classes) with two classes or more, got {scores.shape}"
        )
    if index.shape != scores.shape[:1]:
        raise ValueError(f"labels must have shape {scores.shape[:1]}, got {index.shape}")
    if index.size and not (index.min() >= 0 and index.max() < scores.shape[1]):
        raise ValueError(f"labels must be in [0, {scores.shape[1]})")
    rows = np.arange(len(scores))
    own = scores[rows, index]
    others = scores.copy()
    others[rows, index] = -np.inf
    return np.asarray(own - others.max(axis=1))


def margin_loss(outputs: npt.ArrayLike, labels: npt.ArrayLike, margin: float = 0.0) -> float:
    """The empirical margin loss: the share of samples whose margin is at most `margin`.

    References
    ----------
    (1) over the training set.

    Examples
    --------
    >>> margin_loss([[3.0, 1.0, 2.0], [0.0, 1.0, 5.0]], [0, 1], 0.5)
    0.5
    """
    return float(np.mean(margins(outputs, labels) <= finite("margin", margin)))


def perturbation_bound(
    *,
    input_norm: float,
    spectral_norms: Sequence[float],
    perturbations: Sequence[float],
    form: str = "lemma",
) -> Statement:
    """Lemma 2.4: how far f moves when each W_i moves by `perturbations[i]` in spectral norm.

    Parameters
    ----------
    input_norm : float
        |x|.
    spectral_norms, perturbations : sequence of float
        norm(A_i)_2 and norm(A_i - A_i')_2.
    form : {"lemma", "product"}
        ``lemma``: (95), e |x| prod norm(A_i) sum perturbation_i / norm(A_i), for perturbations up
        to norm(A_i)/d. ``product``: |x| (prod (norm(A_i) + perturbation_i) - prod norm(A_i)),
        which is smaller and needs no condition.

    Returns
    -------
    Statement
        In units of the outputs.

    Raises
    ------
    ValueError
        If lengths differ, or a perturbation exceeds norm(A_i)/d for ``lemma``.

    Notes
    -----
    With e_i the error after layer i, e_i <= (norm + perturbation)_i e_(i-1) + perturbation_i
    |x^(i-1)|; the product form solves that recursion.

    References
    ----------
    Lemma 2.4, (95); Neyshabur et al. (2018), Lemma 2.

    Examples
    --------
    >>> perturbation_bound(input_norm=1.0, spectral_norms=[2.0, 3.0], perturbations=[0.1, 0.1])
    |f(x) - f'(x)| = 1.35914 (bound, Lemma 2.4, rigorous)
    """
    x = nonnegative("input_norm", input_norm)
    norms = _list("spectral_norms", spectral_norms)
    moved = [nonnegative("perturbations", value) for value in perturbations]
    if len(norms) != len(moved):
        raise ValueError(f"perturbations must have {len(norms)} numbers, got {len(moved)}")
    inputs = {"input_norm": x, "spectral_norms": tuple(norms), "perturbations": tuple(moved)}
    if one_of("form", form, ("lemma", "product")) == "product":
        ratios = [math.log1p(b / a) for a, b in zip(norms, moved, strict=True)]
        value = x * math.prod(norms) * math.expm1(math.fsum(ratios))
    else:
        for norm, step in zip(norms, moved, strict=True):
            if step > norm / len(norms) * (1 + 1e-12):
                raise ValueError(
                    f"perturbations must be at most spectral_norms / {len(norms)}, "
                    f"got {step!r} for {norm!r}"
                )
        total = math.fsum(b / a for a, b in zip(norms, moved, strict=True))
        value = math.e * x * math.prod(norms) * total
    return Statement("|f(x) - f'(x)|", value, "bound", "Lemma 2.4", inputs=inputs)


def theorem_2_rate(
    nonzeros: Sequence[int], n_samples: int, *, other_parameters: int = 0
) -> Statement:
    """The paper's (8): sqrt(sum k_i / m).

    Parameters
    ----------
    nonzeros : sequence of int
        k_i, the non-zeros of B in each compressed layer.
    n_samples : int
        m.
    other_parameters : int
        Biases and weights of layers that were not compressed, which a description of the network
        needs as well; the paper has none.

    Returns
    -------
    Statement
        A *rate*: constants, logarithms and the positions of the non-zeros are dropped, so that
        a value below 1 certifies nothing.

    Raises
    ------
    ValueError
        If a count is negative or `n_samples` is below 1.

    References
    ----------
    Theorem 2, (8).

    Examples
    --------
    >>> theorem_2_rate([400, 100], 60_000)
    sqrt(sum k_i / m) = 0.0912871 (rate, (8), rigorous)
    """
    counts = [count("nonzeros", k) for k in nonzeros]
    other = count("other_parameters", other_parameters)
    m = count("n_samples", n_samples, at_least=1)
    inputs = {"nonzeros": tuple(counts), "other_parameters": other, "n_samples": m}
    return Statement(
        "sqrt(sum k_i / m)",
        math.sqrt((sum(counts) + other) / m),
        "rate",
        "(8)",
        inputs=inputs,
        note="constants, logarithms and positions are dropped: no certificate",
    )


def kappa(*, cushions: Sequence[float], contraction: float, max_output_norm: float) -> Statement:
    """The paper's kappa (101): e^2 d c^d max|f(x)| / prod mu_i.

    Parameters
    ----------
    cushions : sequence of float
        mu_i, one a layer.
    contraction : float
        c.
    max_output_norm : float
        Largest |f(x)| over the training set.

    Returns
    -------
    Statement
        A *claim*: it assumes balanced layers (96) and norm(W - W(t))_F <= norm(W)_F / d, which
        nothing before it gives, and drops the Lipschitz constant of the margin loss; see
        `covering_log_constant` for what holds.

    References
    ----------
    (97)-(101).

    Examples
    --------
    >>> kappa(cushions=[0.2, 0.1], contraction=1.5, max_output_norm=10.0).value
    16625.3...
    """
    mu = _list("cushions", cushions)
    c, largest = positive("contraction", contraction), positive("max_output_norm", max_output_norm)
    log = 2 + math.log(len(mu)) + len(mu) * math.log(c) + math.log(largest)
    log -= math.fsum(math.log(value) for value in mu)
    inputs = {"cushions": tuple(mu), "contraction": c, "max_output_norm": largest}
    value = math.exp(log) if log < 709 else math.inf
    return Statement(
        "kappa",
        value,
        "claim",
        "(101)",
        "paper",
        log,
        inputs,
        note="balanced layers; norm(W - W(t))_F <= norm(W)_F / d is assumed",
    )


def covering_log_constant(
    *,
    nonzeros: Sequence[int],
    spectral_norms: Sequence[float],
    input_norm: float,
    margin: float,
    largest_value: float,
) -> float:
    """log K such that the margin losses of compressed networks have log N(e) <= q log(K/e).

    Parameters
    ----------
    nonzeros : sequence of int
        k_i: free parameters in each layer, their places fixed; q is their sum.
    spectral_norms : sequence of float
        Bounds s_i on the spectral norm of each layer, fixed before the data are seen.
    input_norm : float
        Largest |x|.
    margin : float
        gamma of the ramp loss.
    largest_value : float
        Bound b on |B_ij|, fixed before the data are seen.

    Returns
    -------
    float
        log(4 b (sqrt 2/gamma) |x| prod s_i sum_i sqrt(k_i)/s_i).

    Notes
    -----
    Replacing one layer after another, |f - f'| <= |x| prod s_i sum_i norm(W_i - W_i')/s_i, and
    norm(W_i - W_i')_F <= sqrt(k_i) nu if every parameter moves by at most nu; the ramp loss is
    sqrt 2/gamma-Lipschitz. An interval [-b, b] has an inner cover at distance nu with
    ceil(2b/nu) <= max(1, 4b/nu) points. Unlike (97)-(101) this needs no balance, no cushions and
    no bound on norm(W - W(t))_F. It is valid for e up to K. A choice among patterns of non-zeros
    is paid by `dudley_bound`'s `positions`.

    References
    ----------
    Takes the place of (97)-(101).

    Examples
    --------
    >>> covering_log_constant(nonzeros=[10, 10], spectral_norms=[1.0, 2.0], input_norm=1.0,
    ...                       margin=1.0, largest_value=1.0)
    3.982772786...
    """
    norms = _list("spectral_norms", spectral_norms)
    counts = [count("nonzeros", k) for k in nonzeros]
    if len(norms) != len(counts):
        raise ValueError(f"nonzeros must have {len(norms)} numbers, got {len(counts)}")
    if sum(counts) == 0:
        raise ValueError("nonzeros must have one parameter or more, got none")
    total = math.fsum(math.sqrt(k) / s for k, s in zip(counts, norms, strict=True))
    log = math.log(4 * positive("largest_value", largest_value) * math.sqrt(2) * total)
    log += math.log(positive("input_norm", input_norm)) - math.log(positive("margin", margin))
    return log + math.fsum(math.log(s) for s in norms)


def dudley_integral(
    q: float,
    K: float | None = None,
    D: float = 1.0,
    *,
    log_K: float | None = None,
    convention: Convention = "rigorous",
) -> float:
    """The entropy integral (102): int_0^D sqrt(q log(K/e)) de.

    Parameters
    ----------
    q : float
        Number of parameters.
    K : float, or log_K its logarithm
        K = 2 q kappa in the paper; at least D.
    D : float
        Upper limit, the largest L2 norm of a loss.
    convention : {"rigorous", "paper"}
        ``rigorous``: sqrt(q) D (y + sqrt(pi)/2 erfcx(y)), y = sqrt(log(K/D)). ``paper``: the
        printed difference of two erf terms, the same number where it can be computed: in
        float64 it cancels, and from K = 1e18 D on it returns 0.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If K < D, or not exactly one of `K` and `log_K` is given.

    Notes
    -----
    By e = K exp(-s^2). Relative error a few units of the last place for ``rigorous``.

    References
    ----------
    (102).

    Examples
    --------
    >>> dudley_integral(1000, 1e30)
    264.715005838...
    >>> dudley_integral(1000, 1e30, convention="paper")
    0.0
    """
    q, D = nonnegative("q", q), positive("D", D)
    if (K is None) == (log_K is None):
        raise ValueError("give K or log_K, one of the two")
    log = math.log(positive("K", K)) if K is not None else finite("log_K", log_K)
    gap = log - math.log(D)
    if gap < 0:
        raise ValueError(f"K must be at least D = {D!r}, got {math.exp(log)!r}")
    y = math.sqrt(gap)
    if one_of("convention", convention, CONVENTIONS) == "paper":
        half = math.sqrt(math.pi) / 2 * (K if K is not None else math.exp(log))
        # (102) at D less its limit at 0, with the square root multiplied out
        return math.sqrt(q) * ((D * y - half * float(erf(y))) + half)
    return math.sqrt(q) * D * (y + math.sqrt(math.pi) / 2 * float(erfcx(y)))


def dudley_bound(
    empirical_loss: float,
    q: int,
    n_samples: int,
    delta: float,
    *,
    K: float | None = None,
    log_K: float | None = None,
    D: float = 1.0,
    positions: float = 0.0,
) -> Statement:
    """Theorem 2 with its constants: the margin loss plus a bound by Dudley's integral.

    Parameters
    ----------
    empirical_loss : float
        Empirical margin loss, in [0, 1].
    q : int
        Free parameters: non-zeros of B, biases, everything that was not compressed.
    n_samples : int
        m.
    delta : float
        Failure probability over the training set, in (0, 1).
    K : float, or log_K its logarithm
        Constant of the covering number, log N(e) <= q log(K/e): see `covering_log_constant`.
    D : float
        Largest L2 norm of a loss; 1 for losses in [0, 1].
    positions : float
        Nats that choose the pattern of non-zeros, the sum of log C(n_i, k_i): the union over
        patterns adds it to log N.

    Returns
    -------
    Statement
        empirical + 24/sqrt(m) int_0^D sqrt(positions + q log(K/e)) de
        + 3 sqrt(log(2/delta)/(2m)). A *bound*, below 1 for a handful of parameters only.

    Raises
    ------
    ValueError
        If a number is out of range, or K < D.

    Notes
    -----
    Rademacher: L <= empirical + 2 R + 3 sqrt(log(2/delta)/(2m)); chaining: R <= 12/sqrt(m) times
    the integral. positions + q log(K/e) = q log(K e^(positions/q)/e), so that one formula serves.

    References
    ----------
    Proof of Theorem 2, (98)-(102); Dudley (1967); Bartlett and Mendelson (2002).

    Examples
    --------
    >>> dudley_bound(0.1, 5, 60_000, 0.05, K=100.0)
    classification loss = 0.633516 (bound, Theorem 2 with constants, rigorous)
    """
    loss = probability("empirical_loss", empirical_loss)
    q, m = count("q", q, at_least=1), count("n_samples", n_samples, at_least=1)
    delta, extra = _open_probability("delta", delta), nonnegative("positions", positions)
    if (K is None) == (log_K is None):
        raise ValueError("give K or log_K, one of the two")
    log = math.log(positive("K", K)) if K is not None else finite("log_K", log_K)
    if log < math.log(positive("D", D)):
        raise ValueError(f"K must be at least D = {D!r}, got {math.exp(log)!r}")
    integral = dudley_integral(q, D=D, log_K=log + extra / q)
    value = loss + 24 / math.sqrt(m) * integral + 3 * math.sqrt(math.log(2 / delta) / (2 * m))
    inputs = {
        "empirical_loss": loss,
        "q": q,
        "n_samples": m,
        "delta": delta,
        "log_K": log,
        "D": D,
        "positions": extra,
    }
    return Statement(
        "classification loss",
        value,
        "bound",
        "Theorem 2 with constants",
        inputs=inputs,
        note="the class of networks is fixed before the data are seen",
    )


def arora_complexity(
    *,
    cushions: Sequence[float],
    interlayer_cushions: Sequence[float],
    contraction: float,
    max_output_norm: float,
    margin: float,
    n_samples: int,
) -> Statement:
    """Leading term of Arora et al. (2018), from the cushions.

    Parameters
    ----------
    cushions, interlayer_cushions : sequence of float
        mu_i and mu_i->, one a layer.
    contraction : float
        c.
    max_output_norm, margin : float
        max|f(x)| over the training set, and gamma, in the same units.
    n_samples : int
        m.

    Returns
    -------
    Statement
        sqrt(c^2 d^2 max|f|^2 sum_i 1/(mu_i mu_i->)^2 / (gamma^2 m)), a *complexity*: constants
        and logarithms are dropped.

    References
    ----------
    Arora, Ge, Neyshabur and Zhang (2018), Theorem 4.1.

    Examples
    --------
    >>> arora_complexity(cushions=[0.2], interlayer_cushions=[0.5], contraction=1.0,
    ...                  max_output_norm=10.0, margin=1.0, n_samples=10_000)
    Arora et al. 2018 = 1 (complexity, Theorem 4.1, rigorous)
    """
    mu, after = _list("cushions", cushions), _list("interlayer_cushions", interlayer_cushions)
    if len(mu) != len(after):
        raise ValueError(f"interlayer_cushions must have {len(mu)} numbers, got {len(after)}")
    c, largest = positive("contraction", contraction), positive("max_output_norm", max_output_norm)
    gamma, m = positive("margin", margin), count("n_samples", n_samples, at_least=1)
    total = math.sqrt(math.fsum((a * b) ** -2 for a, b in zip(mu, after, strict=True)))
    value = c * len(mu) * largest * total / (gamma * math.sqrt(m))
    inputs = {
        "cushions": tuple(mu),
        "interlayer_cushions": tuple(after),
        "contraction": c,
        "max_output_norm": largest,
        "margin": gamma,
        "n_samples": m,
    }
    return Statement("Arora et al. 2018", value, "complexity", "Theorem 4.1", inputs=inputs)


def bartlett_bound(
    empirical_loss: float,
    *,
    spectral_norms: Sequence[float],
    group_norms: Sequence[float],
    width: int,
    data_norm: float,
    margin: float,
    n_samples: int,
    delta: float,
) -> Statement:
    """Bartlett, Foster and Telgarsky (2017), with the constants of their Lemma A.8.

    Parameters
    ----------
    empirical_loss : float
        Empirical margin loss at `margin`, in [0, 1].
    spectral_norms : sequence of float
        norm(A_i)_2.
    group_norms : sequence of float
        norm(A_i^T - M_i^T)_{2,1}: the sum over the *rows* of A_i - M_i of their Euclidean
        norms, M_i a reference fixed before the data (0, or the initial weights).
    width : int
        The largest dimension of any layer, inputs and outputs included.
    data_norm : float
        Frobenius norm of the data matrix, sqrt(sum |x_i|^2): it grows as sqrt(m).
    margin : float
        gamma.
    n_samples : int
        m.
    delta : float
        Failure probability, in (0, 1).

    Returns
    -------
    Statement
        A *bound* on the classification loss of a network without biases whose activations are
        1-Lipschitz and map 0 to 0; at practical sizes far above 1.

    Notes
    -----
    8/m + (144 log(m) log(2 width)/(gamma m)) (1 + norm(X)) S + sqrt(9/(2m)) sqrt(log(1/delta) +
    log(2m/gamma) + 2 log(2 + norm(X)) + 2 sum log(2 + d g_i) + 2 sum log(2 + d s_i)), where
    S = (sum_i ((1/d + g_i) prod_{j != i} (1/d + s_j))^(2/3))^(3/2). Products are taken as
    logarithms.

    References
    ----------
    Bartlett, Foster and Telgarsky (2017), Lemma A.8.

    Examples
    --------
    >>> bound = bartlett_bound(0.1, spectral_norms=[1.5, 1.2], group_norms=[6.0, 3.0], width=64,
    ...                        data_norm=500.0, margin=2.0, n_samples=60_000, delta=0.05)
    >>> bound.kind, bound.value > 1
    ('bound', True)
    """
    loss = probability("empirical_loss", empirical_loss)
    s = [nonnegative("spectral_norms", value) for value in spectral_norms]
    g = [nonnegative("group_norms", value) for value in group_norms]
    if not s or len(s) != len(g):
        raise ValueError(f"group_norms must have {len(s)} numbers, one a layer, got {len(g)}")
    d, m = len(s), count("n_samples", n_samples, at_least=1)
    h, gamma = count("width", width, at_least=1), positive("margin", margin)
    x, delta = nonnegative("data_norm", data_norm), _open_probability("delta", delta)
    # log of (1/d + g_i) prod_{j != i} (1/d + s_j), then the 2/3 norm with its largest term out
    whole = math.fsum(math.log(1 / d + value) for value in s)
    logs = [math.log(1 / d + b) + whole - math.log(1 / d + a) for a, b in zip(s, g, strict=True)]
    top = max(logs)
    log_s = top + 1.5 * math.log(math.fsum(math.exp((value - top) * 2 / 3) for value in logs))
    log_main = math.log(144 / (gamma * m) * (1 + x) * math.log(2 * h)) + log_s
    main = math.exp(log_main) * math.log(m) if log_main < 700 else math.inf
    logarithms = math.log(1 / delta) + math.log(2 * m / gamma) + 2 * math.log(2 + x)
    logarithms += 2 * math.fsum(math.log(2 + d * value) for value in (*s, *g))
    # a margin far above m makes the logarithm negative: the lemma has nothing to gain there
    value = loss + 8 / m + main + math.sqrt(9 / (2 * m) * max(logarithms, 0.0))
    inputs = {
        "empirical_loss": loss,
        "spectral_norms": tuple(s),
        "group_norms": tuple(g),
        "width": h,
        "data_norm": x,
        "margin": gamma,
        "n_samples": m,
        "delta": delta,
    }
    return Statement("Bartlett et al. 2017", value, "bound", "Lemma A.8", inputs=inputs)


def neyshabur_complexity(
    *,
    spectral_norms: Sequence[float],
    frobenius_norms: Sequence[float],
    width: int,
    input_norm: float,
    margin: float,
    n_samples: int,
    delta: float,
) -> Statement:
    """Neyshabur, Bhojanapalli and Srebro (2018): the PAC-Bayes spectral measure.

    Parameters
    ----------
    spectral_norms, frobenius_norms : sequence of float
        Of W_i, one a layer.
    width : int
        Largest number h of units in a layer.
    input_norm : float
        Largest |x|, their B.
    margin : float
        gamma.
    n_samples : int
        m.
    delta : float
        Failure probability, in (0, 1).

    Returns
    -------
    Statement
        sqrt((B^2 d^2 h log(d h) prod s_i^2 sum f_i^2/s_i^2 + log(d m/delta)) / (gamma^2 m)), a
        *complexity*: their O(.) hides a constant.

    References
    ----------
    Neyshabur, Bhojanapalli and Srebro (2018), Theorem 1.

    Examples
    --------
    >>> neyshabur_complexity(spectral_norms=[1.5, 1.2], frobenius_norms=[6.0, 3.0], width=64,
    ...                      input_norm=2.0, margin=2.0, n_samples=60_000, delta=0.05)
    Neyshabur et al. 2018 = 1.22167 (complexity, Theorem 1, rigorous)
    """
    s, f = _list("spectral_norms", spectral_norms), _list("frobenius_norms", frobenius_norms)
    if len(s) != len(f):
        raise ValueError(f"frobenius_norms must have {len(s)} numbers, got {len(f)}")
    d, h = len(s), count("width", width, at_least=1)
    x, gamma = nonnegative("input_norm", input_norm), positive("margin", margin)
    m, delta = count("n_samples", n_samples, at_least=1), _open_probability("delta", delta)
    ratio = math.fsum((b / a) ** 2 for a, b in zip(s, f, strict=True))
    lipschitz = x * math.prod(s)
    inside = lipschitz**2 * d**2 * h * math.log(d * h) * ratio + math.log(d * m / delta)
    inputs = {
        "spectral_norms": tuple(s),
        "frobenius_norms": tuple(f),
        "width": h,
        "input_norm": x,
        "margin": gamma,
        "n_samples": m,
        "delta": delta,
    }
    value = math.sqrt(inside / m) / gamma
    return Statement("Neyshabur et al. 2018", value, "complexity", "Theorem 1", inputs=inputs)


def parameter_count_complexity(n_parameters: int, n_samples: int) -> Statement:
    """sqrt(parameters / m), the measure that every other one wants to beat.

    Examples
    --------
    >>> parameter_count_complexity(101_632, 60_000)
    sqrt(parameters / m) = 1.30149 (complexity, counting, rigorous)
    """
    p = count("n_parameters", n_parameters)
    m = count("n_samples", n_samples, at_least=1)
    return Statement(
        "sqrt(parameters / m)",
        math.sqrt(p / m),
        "complexity",
        "counting",
        inputs={"n_parameters": p, "n_samples": m},
    )


def _list(name: str, values: Sequence[float]) -> list[float]:
    numbers = [positive(name, value) for value in values]
    if not numbers:
        raise ValueError(f"{name} must have one number a layer, got none")
    return numbers
