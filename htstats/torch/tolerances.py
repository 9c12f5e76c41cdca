"""Apply Lemma 2.2 to a real network: compute tau_i, t_i and k_i from the measured cushions."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn

from htstats import theory
from htstats._common.tables import format_table
from htstats.compression.partition import partition
from htstats.torch._jacobians import JacobianNorms
from htstats.torch._network import Network, array_of, margin_of, network_of, outputs_of
from htstats.torch.stability import NoiseStability, errors_of, measure, noise_stability

__all__ = ["CompressionTolerances", "LayerAllowance", "compression_tolerances"]

# If phi is piecewise linear, J x and x_j are sums of the same products in different order. A larger
# relative difference than this means that phi is not piecewise linear.
PIECEWISE_LINEAR = 1e-9


@dataclass(frozen=True)
class LayerAllowance:
    """The compression that Lemma 2.2 and Algorithm 1 allow for one layer.

    `cushion` and `interlayer_cushion` are mu_i and mu_i->. `tolerance` has eps_i, eta_i and their
    budget, `choice` has tau_i and t_i. tau_i is None if no element can be removed.
    """

    shape: tuple[int, int]
    cushion: float
    interlayer_cushion: float
    tolerance: theory.LayerTolerance
    choice: theory.MatrixApproximation

    @property
    def k(self) -> int:
        """k_i, the number of elements that must be kept; all elements if nothing can be removed."""
        return self.choice.n_kept


@dataclass(frozen=True)
class CompressionTolerances:
    """The chain from cushions to k_i, and whether the lemma's conditions hold.

    Attributes
    ----------
    eps, delta : float
        |f - g| <= eps |f| on the data, except with probability delta/2.
    margin : float or None
        gamma, if eps was computed from it (Lemma 2.3).
    layers : tuple of LayerAllowance
    stability : NoiseStability
        The measured stability. Its smoothness is for the noise of the splits chosen here.
    conditions : dict
        The conditions of the lemma by name, and whether each is met.
    rate : theory.Statement
        sqrt(sum k_i / m).
    """

    eps: float
    delta: float
    margin: float | None
    layers: tuple[LayerAllowance, ...]
    stability: NoiseStability
    conditions: dict[str, bool]
    rate: theory.Statement

    @property
    def holds(self) -> bool:
        """Whether every condition is met. If not, the k_i give no guarantee."""
        return all(self.conditions.values())

    @property
    def k(self) -> tuple[int, ...]:
        """k_i of each layer."""
        return tuple(layer.k for layer in self.layers)

    def __repr__(self) -> str:
        rows = []
        for number, layer in enumerate(self.layers, 1):
            choice = layer.choice
            tau = "none" if choice.tau is None else f"{choice.tau:.3g}"
            numbers = (layer.cushion, layer.interlayer_cushion, layer.tolerance.eps,
                       layer.tolerance.eta, layer.tolerance.budget)  # fmt: skip
            rows.append((
                str(number), "{} x {}".format(*layer.shape), *(f"{v:.3g}" for v in numbers), tau,
                f"{choice.t:.3g}", layer.k, math.prod(layer.shape),
            ))  # fmt: skip
        header = ("layer", "shape", "mu", "mu->", "eps", "eta", "budget", "tau", "t", "k", "of")
        words = [f"{name}: {'yes' if met else 'no'}" for name, met in self.conditions.items()]
        return "\n".join(
            [f"eps = {self.eps:.4g}, delta = {self.delta:g}", format_table(header, rows), *words,
             repr(self.rate)]
        )  # fmt: skip


def compression_tolerances(
    model: nn.Module, loader: Iterable[Any], *, eps: float | None = None,
    margin: float | None = None, delta: float = 0.05, rule: str = "exact", keep: str = "abs",
    noise: str = "matched", support: str = "replaced",
    convention: theory.Convention = "rigorous", trials: int = 4, seed: int = 0, **options: Any,
) -> CompressionTolerances:  # fmt: skip
    """Compute eps_i, eta_i, tau_i, t_i and k_i: the compression that Lemma 2.2 allows.

    Parameters
    ----------
    model : Module
        As in `noise_stability`.
    loader : sequence of (inputs, labels)
        The training set; the function iterates over it three times.
    eps : float, optional
        Allowed relative error of the outputs, in (0, 1].
    margin : float, optional
        gamma. If `eps` is not given, Lemma 2.3 computes it from gamma. The default is the 10 %
        quantile of the margins, which must then be positive.
    delta : float
        In (0, 1).
    rule, keep, noise, support
        As in `theory.matrix_approximation`.
    convention : {"rigorous", "paper"}
        ``paper`` uses eps_i without the factor norm(W_i)_F, and the paper's rule for tau and t.
        `theory.layer_tolerances` explains what this needs and which condition it omits.
    trials, seed
        Number of noise matrices for the smoothness, and their seed.
    options
        ``jacobian``, ``probes`` and ``confidence``, passed to `noise_stability`.

    Returns
    -------
    CompressionTolerances

    Raises
    ------
    ValueError
        As in `noise_stability`, or if `eps`, `margin` or `delta` is out of range.

    Notes
    -----
    eps_i is of the order of mu_i mu_i-> / (6 c d) times norm(W_i)_F. The spectral norm of the
    removed part must be below it. For trained networks, this mostly allows no removal; with matched
    noise it allows only the removal of the smallest element, which becomes the mean of the noise.
    k_i is then the number of elements. The smoothness is the minimum over the drawn samples, not a
    proven lower bound.

    References
    ----------
    Algorithm 1; Lemmas 2.2 and 2.3; (8).

    Examples
    --------
    >>> _ = torch.manual_seed(0)
    >>> model = nn.Sequential(nn.Linear(4, 8, bias=False), nn.ReLU(), nn.Linear(8, 3, bias=False))
    >>> x = torch.randn(50, 4)
    >>> found = compression_tolerances(model, [(x, model(x).argmax(1))])
    >>> found.k, found.conditions["no biases"]
    ((31, 23), True)
    """
    network = network_of(model)
    outputs, labels, _ = outputs_of(network, loader)
    if eps is None:
        margin = margin_of(margin, outputs, labels)
        largest = float(np.linalg.norm(outputs, axis=1).max())
        eps = theory.margin_tolerance(margin, largest)
    stability = noise_stability(model, loader, trials=1, noise="none", seed=seed, **options)
    allow = partial(
        theory.layer_tolerances, eps, delta, n_samples=len(labels), convention=convention,
        **_quantities(network, stability),
    )  # fmt: skip
    choose = partial(
        theory.matrix_approximation, rule=rule, keep=keep, noise=noise, support=support,
        convention=convention,
    )  # fmt: skip
    layers = _allowances(network, stability, allow().layers, choose)
    stability = _remeasure_smoothness(network, loader, layers, stability, trials, seed)
    conditions = allow(smoothness=stability.interlayer_smoothness.minimum).conditions | {
        "no biases": not stability.biases,
        "piecewise linear": stability.nonlinearity <= PIECEWISE_LINEAR or stability.biases,
    }
    rate = theory.theorem_2_rate([layer.k for layer in layers], len(labels))
    return CompressionTolerances(eps, delta, margin, layers, stability, conditions, rate)


def _quantities(network: Network, stability: NoiseStability) -> dict[str, Any]:
    """The measured arguments of `theory.layer_tolerances`."""
    weights = [array_of(weight) for weight in network.weights]
    return {
        "cushions": [cushion.minimum for cushion in stability.layer_cushion],
        "interlayer_cushions": stability.minimal_interlayer_cushion,
        "contraction": stability.activation_contraction.maximum,
        "frobenius_norms": [float(np.linalg.norm(w)) for w in weights],
        "width": max(len(w) for w in weights),
    }


def _allowances(
    network: Network,
    stability: NoiseStability,
    tolerances: Iterable[theory.LayerTolerance],
    choose: Callable[..., theory.MatrixApproximation],
) -> tuple[LayerAllowance, ...]:
    """Choose the threshold of each layer, so that the layer meets its tolerance."""
    layers = []
    for weight, cushion, interlayer_cushion, tolerance in zip(
        network.weights,
        stability.layer_cushion,
        stability.minimal_interlayer_cushion,
        tolerances,
        strict=True,
    ):
        w = array_of(weight)
        choice = choose(w, tolerance.eps, tolerance.eta)
        shape = w.shape[0], w.shape[1]
        layers.append(LayerAllowance(shape, cushion.minimum, interlayer_cushion, tolerance, choice))
    return tuple(layers)


def _remeasure_smoothness(
    network: Network,
    loader: Iterable[Any],
    layers: Iterable[LayerAllowance],
    stability: NoiseStability,
    trials: int,
    seed: int,
) -> NoiseStability:
    """The stability, with its smoothness measured again for the noise of the chosen splits."""
    errors = []
    for number, (weight, layer) in enumerate(zip(network.weights, layers, strict=True)):
        choice = layer.choice
        if choice.tau is None:
            errors.append([torch.zeros_like(weight)] * trials)
            continue
        splits = [
            partition(weight, choice.tau, keep=choice.keep, noise=choice.noise,
                      support=choice.support, seed=seed + trial, layer=number)
            for trial in range(trials)
        ]  # fmt: skip
        errors.append(errors_of(weight, splits))
    # one probe per norm is enough: only the smoothness of this second pass is used
    cheap = JacobianNorms("hutchinson", 1, torch.Generator().manual_seed(seed))
    again = measure(network, loader, errors, cheap, 0.5)
    return replace(stability, interlayer_smoothness=again.interlayer_smoothness, trials=trials)
