"""Lemmas 2.1, 2.2 and 2.4: the eps and eta of each layer for an allowed output error."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from htstats._common.checks import count, nonnegative, one_of, open_probability, positive
from htstats.theory._statement import CONVENTIONS, Convention, Kind, Statement
from htstats.theory.approximation.probability import error_budget
from htstats.theory.generalization._layers import layer_numbers

__all__ = [
    "LayerTolerance",
    "LayerTolerances",
    "layer_tolerances",
    "perturbation_bound",
    "vector_error",
]


def vector_error(
    *, x_norm: float, frobenius: float, t: float, eta: float, bias: float = 0.0,
    spectral: float | None = None, tau: float = 0.0, rows: int = 1,
    convention: Convention = "rigorous",
) -> Statement:  # fmt: skip
    """Lemma 2.1: a bound of |U (W - W(t)) x| for one pair (U, x) that does not depend on G.

    Parameters
    ----------
    x_norm : float
        |x|.
    frobenius, spectral : float
        Norms of U. `spectral` defaults to `frobenius`, which is an upper bound of `spectral`.
    t : float
        Variance of the noise.
    eta : float
        Failure probability, in (0, 1).
    bias : float
        |U (A - mu) x|, for ``rigorous``.
    tau, rows : float, int
        Threshold and number of rows of U, for ``paper``.
    convention : {"rigorous", "paper"}
        ``rigorous``: bias + sqrt(t) |x| (norm(U)_F + norm(U)_2 sqrt(2 log(1/eta))), by Gaussian
        concentration of a Lipschitz function. ``paper``: a union of Prop 2.1 over the rows of U,
        sqrt(2 (tau^2 + t) log(3 rows/eta)) norm(U)_F |x|. This is a *claim*, because Prop 2.1 is.

    Returns
    -------
    Statement
        In units of |U W x|. It holds with probability at least 1 - eta over G.

    Raises
    ------
    ValueError
        If a number is negative or not finite, or `spectral` is above `frobenius`.

    Notes
    -----
    G x is |x| times a standard normal vector g. |U g| is norm(U)_2-Lipschitz in g, and its mean is
    at most norm(U)_F. Both estimates also hold if only some elements have noise.

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
    eta = open_probability("eta", eta)
    spectral = frobenius if spectral is None else nonnegative("spectral", spectral)
    if spectral > frobenius * (1 + 1e-12):
        raise ValueError(f"spectral must be at most frobenius = {frobenius!r}, got {spectral!r}")
    inputs = {"x_norm": x_norm, "frobenius": frobenius, "spectral": spectral, "t": t, "eta": eta}
    if one_of("convention", convention, CONVENTIONS) == "paper":
        rows = count("rows", rows, at_least=1)
        eps = math.sqrt(2 * (tau**2 + t) * math.log(3 * rows / eta))
        inputs |= {"tau": tau, "rows": rows}
        value, note = eps * frobenius * x_norm, "false if the elements of A have a mean"
    else:
        noise = math.sqrt(t) * x_norm * (frobenius + spectral * math.sqrt(-2 * math.log(eta)))
        inputs |= {"bias": bias}
        note = "with probability at least 1 - eta over G; U and x independent of G"
        value = bias + noise
    kind: Kind = "claim" if convention == "paper" else "bound"
    return Statement(
        "|U (W - W(t)) x|", value, kind, "Lemma 2.1", convention, inputs=inputs, note=note
    )


@dataclass(frozen=True)
class LayerTolerance:
    """The error that Lemma 2.2 allows one layer: above `eps` with probability at most `eta`.

    `budget` is the largest R^2/4 + t (in the paper: tau^2 + t) that `eps` and `eta` allow.
    """

    eps: float
    eta: float
    budget: float


@dataclass(frozen=True)
class LayerTolerances:
    """Lemma 2.2 for a whole network.

    `layers` has a `LayerTolerance` for each layer, from the first to the last. `conditions` says
    for each condition of the lemma whether these numbers satisfy it. `convention` is "rigorous" or
    "paper".
    """

    layers: tuple[LayerTolerance, ...]
    conditions: dict[str, bool]
    convention: Convention

    @property
    def holds(self) -> bool:
        """Whether every condition is met."""
        return all(self.conditions.values())


def layer_tolerances(
    eps: float, delta: float, *, cushions: Sequence[float],
    interlayer_cushions: Sequence[float], contraction: float, frobenius_norms: Sequence[float],
    n_samples: int, width: int, smoothness: float | None = None,
    convention: Convention = "rigorous",
) -> LayerTolerances:  # fmt: skip
    """Lemma 2.2: eps_i and eta_i that keep |f(x) - g(x)| <= eps |f(x)| on the training set.

    Parameters
    ----------
    eps : float
        Allowed relative error of the outputs, in (0, 1].
    delta : float
        In (0, 1). The lemma fails with probability at most delta/2.
    cushions : sequence of float
        mu_i, the layer cushions (50), in (0, 1].
    interlayer_cushions : sequence of float
        mu_i->, the minimal interlayer cushions (52), in (0, 1].
    contraction : float
        c, the activation contraction (53); at least 1.
    frobenius_norms : sequence of float
        norm(W_i)_F, the Frobenius norms of the layers.
    n_samples, width : int
        Size m of the training set, and the largest layer width h.
    smoothness : float or None
        rho_delta, the interlayer smoothness (54), for the perturbation caused by compression.
        None means that it was not measured; the condition then counts as not met.
    convention : {"rigorous", "paper"}
        ``rigorous``: eps_i = eps mu_i mu_i-> norm(W_i)_F / (6 c d). ``paper``: without the factor
        norm(W_i)_F, which needs norm(W_i)_F >= 1, and without the condition on smoothness. The
        paper claims that ReLU networks do not need that condition; this is wrong, because the
        noise changes the activation pattern. Both have eta_i = delta / (2 d^2 m h).

    Returns
    -------
    LayerTolerances

    Raises
    ------
    ValueError
        If lengths differ or a number is out of range.

    Notes
    -----
    The network must have no biases and a piecewise linear activation (so that M(x) = J_x x), and
    rho_delta >= 3 d.

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
    eps, delta = positive("eps", eps), open_probability("delta", delta)
    if eps > 1:
        raise ValueError(f"eps must be in (0, 1], got {eps!r}")
    mu, after, norms = _layer_measures(cushions, interlayer_cushions, frobenius_norms)
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


def _layer_measures(
    cushions: Sequence[float],
    interlayer_cushions: Sequence[float],
    frobenius_norms: Sequence[float],
) -> tuple[list[float], list[float], list[float]]:
    """Check the three lists: one number per layer, cushions in (0, 1]."""
    mu, after = (
        layer_numbers("cushions", cushions),
        layer_numbers("interlayer_cushions", interlayer_cushions),
    )
    norms = layer_numbers("frobenius_norms", frobenius_norms)
    if not len(mu) == len(after) == len(norms):
        raise ValueError(
            "cushions, interlayer_cushions and frobenius_norms must have one number per layer, "
            f"got {len(mu)}, {len(after)} and {len(norms)}"
        )
    for name, values in (("cushions", mu), ("interlayer_cushions", after)):
        if max(values) > 1 + 1e-12:
            raise ValueError(f"{name} must be in (0, 1], got {max(values)!r}")
    return mu, after, norms


def perturbation_bound(
    *, input_norm: float, spectral_norms: Sequence[float], perturbations: Sequence[float],
    form: str = "lemma",
) -> Statement:  # fmt: skip
    """Lemma 2.4: a bound of |f(x) - f'(x)| if each W_i changes by `perturbations[i]`.

    Parameters
    ----------
    input_norm, spectral_norms, perturbations : float, sequence of float, sequence of float
        |x|, norm(W_i)_2 and norm(W_i - W_i')_2.
    form : {"lemma", "product"}
        ``lemma``: (95), e |x| prod norm(W_i) sum perturbation_i / norm(W_i), for perturbations up
        to norm(W_i)/d. ``product``: |x| (prod (norm(W_i) + perturbation_i) - prod norm(W_i)),
        which is smaller and needs no condition.

    Returns
    -------
    Statement
        In units of the outputs.

    Raises
    ------
    ValueError
        If lengths differ, or a perturbation exceeds norm(W_i)/d for ``lemma``.

    Notes
    -----
    Let e_i be the error after layer i. Then e_i <= (norm + perturbation)_i e_(i-1) +
    perturbation_i |x^(i-1)|. The product form solves this recursion.

    References
    ----------
    Lemma 2.4, (95); Neyshabur et al. (2018), Lemma 2.

    Examples
    --------
    >>> perturbation_bound(input_norm=1.0, spectral_norms=[2.0, 3.0], perturbations=[0.1, 0.1])
    |f(x) - f'(x)| = 1.35914 (bound, Lemma 2.4, rigorous)
    """
    x = nonnegative("input_norm", input_norm)
    norms = layer_numbers("spectral_norms", spectral_norms)
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
