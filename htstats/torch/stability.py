"""Measure how noise travels through a fully connected network: the cushions of Arora et al."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from htstats._common import checks
from htstats._common.tables import format_table
from htstats.compression.matrix import CompressedMatrix
from htstats.compression.partition import partition
from htstats.torch._jacobians import (
    JACOBIANS,
    JacobianNorms,
    compare_layers,
    hutchinson_interval,
)
from htstats.torch._network import Network, array_of, input_of, network_of, pairs_of

__all__ = [
    "Distribution",
    "NoiseStability",
    "errors_of",
    "measure",
    "measure_splits",
    "noise_stability",
]

LEVELS = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


@dataclass(frozen=True)
class Distribution:
    """The extremes and quantiles of a quantity over all samples.

    Parameters
    ----------
    n : int
        Number of samples (for the smoothness, of samples times draws of the noise).
    minimum, maximum : float
    quantiles : dict
        The quantiles by level: 0.01, 0.05, 0.25, 0.5, 0.75, 0.95 and 0.99. Each is one of the
        observed values.
    """

    n: int
    minimum: float
    maximum: float
    quantiles: dict[float, float]

    @classmethod
    def of(cls, values: npt.NDArray[Any]) -> Distribution:
        """The summary of an array, which may contain infinities but no NaN."""
        if np.isnan(values).any():
            raise ValueError("a layer of the model is zero on a sample: a quotient is 0/0 there")
        found = np.quantile(values, LEVELS, method="inverted_cdf")
        quantiles = dict(zip(LEVELS, map(float, found), strict=True))
        return cls(values.size, float(values.min()), float(values.max()), quantiles)


@dataclass(frozen=True)
class NoiseStability:
    """The noise stability of a network with d layers on a data set.

    Parameters
    ----------
    layer_cushion : tuple of Distribution
        mu_i: abs(W_i phi(x_{i-1})) / (norm(W_i)_F abs(phi(x_{i-1}))), i = 1 .. d; the lemmas take
        the minimum.
    interlayer_cushion : dict of (int, int) to Distribution
        mu_ij, i < j: abs(J x_i) / (norm(J)_F abs(x_i)); J is the Jacobian of x_j with respect to
        x_i.
    minimal_interlayer_cushion : tuple of float
        min(1/sqrt(h_i), min over j > i of mu_ij), i = 1 .. d.
    activation_contraction : Distribution
        abs(x_i) / abs(phi(x_i)) over the hidden layers; the lemmas take the maximum, c.
    interlayer_smoothness : Distribution
        rho over pairs i < j, samples and draws of the noise; the lemmas take the quantile delta.
    trials : int
        Number of noise matrices drawn per layer for the smoothness.
    biases : bool
        Whether the network has biases. The lemmas are for networks without biases.
    estimated : frozenset of (int, int)
        The pairs whose norm(J)_F is estimated by Hutchinson's method instead of computed exactly.
    interval : (float, float)
        Two factors. With probability `confidence`, for all estimated pairs and all samples
        together, the true mu_ij lies between `interval[0]` and `interval[1]` times the estimate.
        (1, 1) if everything is exact. `minimal_interlayer_cushion` already includes the lower
        factor.
    confidence : float
    nonlinearity : float
        The largest abs(J x_i - x_j)/abs(x_j). It is 0 up to rounding if phi is piecewise linear
        and there are no biases; the lemmas need both.
    """

    layer_cushion: tuple[Distribution, ...]
    interlayer_cushion: dict[tuple[int, int], Distribution]
    minimal_interlayer_cushion: tuple[float, ...]
    activation_contraction: Distribution
    interlayer_smoothness: Distribution
    trials: int
    biases: bool
    estimated: frozenset[tuple[int, int]] = frozenset()
    interval: tuple[float, float] = (1.0, 1.0)
    confidence: float = 1.0
    nonlinearity: float = 0.0

    def __repr__(self) -> str:
        def row(name: str, of: Distribution, note: object = None) -> tuple[object, ...]:
            middle = (of.quantiles[level] for level in (0.05, 0.5, 0.95))
            return (name, *(f"{v:.4g}" for v in (of.minimum, *middle, of.maximum)), note)

        rows = [row(f"layer cushion {i}", c) for i, c in enumerate(self.layer_cushion, 1)]
        for pair, cushion in self.interlayer_cushion.items():
            note = None
            if pair in self.estimated:
                note = "estimate, x [{:.3f}, {:.3f}]".format(*self.interval)
            rows.append(row("interlayer cushion {}, {}".format(*pair), cushion, note))
        for i, value in enumerate(self.minimal_interlayer_cushion, 1):
            rows.append((f"minimal interlayer cushion {i}", f"{value:.4g}", *[None] * 5))
        rows.append(row("activation contraction", self.activation_contraction))
        rows.append(row("interlayer smoothness", self.interlayer_smoothness))
        header = ("quantity", "minimum", "5 %", "median", "95 %", "maximum", "note")
        return format_table(header, rows)


def noise_stability(
    model: nn.Module, loader: Iterable[Any], *, threshold: float | str = "std",
    noise: str = "paper", trials: int = 4, seed: int = 0, jacobian: str = "auto",
    probes: int = 256, confidence: float = 0.95,
) -> NoiseStability:  # fmt: skip
    """Measure the noise stability of a fully connected classifier.

    Parameters
    ----------
    model : Module
        A `torch.nn.Sequential` (nested ones are flattened) of `Linear` layers with elementwise
        activations between them, optionally with `Flatten` in front.
    loader : iterable of (inputs, labels)
    threshold, noise, seed
        The arguments of the split, as in `htstats.partition`. The error of the split is the noise
        of the smoothness.
    trials : int
        Number of noise matrices per layer.
    jacobian : {"auto", "exact", "hutchinson"}
        How norm(J)_F is computed. ``auto`` estimates it for layers with more than 4096 units and
        computes it exactly for all others.
    probes : int
        Number of Gaussian vectors in Hutchinson's estimate.
    confidence : float
        Confidence level of the interval of the estimate, in (0, 1), for all norms together.

    Returns
    -------
    NoiseStability

    Raises
    ------
    ValueError
        If the model is not of that kind or has only one layer, if the loader has no samples, or if
        the output of a layer is zero for a sample.

    Notes
    -----
    Everything is computed in float64 on the model's device.

    The exact norm(J)_F for a pair (i, j) uses all h_j rows of the Jacobian of every sample. The
    rows are vector-Jacobian products, computed in batches of at most 64 MiB.

    Hutchinson's estimate is the mean of abs(J^T z)^2 over Gaussian z. It is norm(J)_F^2 times a
    weighted mean of chi^2 variables. The moment generating function of that mean is at most that of
    one of the variables. Chernoff's bounds for chi^2 with `probes` degrees of freedom therefore
    give an interval that holds for every J: for 256 probes and one norm, about 12 % of norm(J)_F
    in both directions.

    The smoothness compares M(x + e) with M(x) + J e. M is the network from layer i to layer j, and
    e = (W_i(t) - W_i) phi(x_{i-1}) is the actual error of the compression. If there are no biases
    and phi is piecewise linear, this is (54). The smoothness is infinite if no activation flips.

    References
    ----------
    .. [1] J. Y. Shin, (50)-(54). [2] S. Arora et al., ICML 2018, section 4.

    Examples
    --------
    >>> model = nn.Sequential(nn.Linear(3, 3, bias=False), nn.ReLU(), nn.Linear(3, 2, bias=False))
    >>> _ = nn.init.eye_(model[0].weight), nn.init.ones_(model[2].weight)
    >>> result = noise_stability(model, [(torch.ones(1, 3), torch.tensor([0]))], noise="none")
    >>> round(result.layer_cushion[1].minimum, 12), result.activation_contraction.maximum
    (1.0, 1.0)
    """
    checks.count("trials", trials, at_least=1)
    checks.one_of("jacobian", jacobian, JACOBIANS)
    checks.count("probes", probes, at_least=1)
    if not 0 < checks.probability("confidence", confidence) < 1:
        raise ValueError(f"confidence must be in (0, 1), got {confidence!r}")
    norms = JacobianNorms(jacobian, probes, torch.Generator().manual_seed(seed))
    return measure_splits(
        model, loader, norms, threshold=threshold, noise=noise, trials=trials, seed=seed,
        confidence=confidence,
    )  # fmt: skip


def measure_splits(
    model: nn.Module,
    loader: Iterable[Any],
    norms: JacobianNorms,
    *,
    threshold: float | str,
    noise: str,
    trials: int,
    seed: int,
    confidence: float,
) -> NoiseStability:
    """`noise_stability` with a given way to compute the norms of Jacobians."""
    network = network_of(model)
    errors = [
        errors_of(w, [partition(w, threshold, noise=noise, seed=seed + k, layer=i)
                      for k in range(trials)])
        for i, w in enumerate(network.weights)
    ]  # fmt: skip
    return measure(network, loader, errors, norms, confidence)


def measure(
    network: Network,
    loader: Iterable[Any],
    errors: list[list[torch.Tensor]],
    norms: JacobianNorms,
    confidence: float,
) -> NoiseStability:
    """The stability on all samples; `errors` has W(t) - W for each layer and trial."""
    found = _Samples(network, errors, norms)
    with torch.no_grad():
        for inputs, _ in pairs_of(loader):
            found.add(input_of(network, inputs))
    if not found.contraction:
        raise ValueError("loader must have samples, got none")
    between = {pair: Distribution.of(np.concatenate(p)) for pair, p in found.between.items()}
    estimated = frozenset(pair for pair in between if norms.estimates(network.height(pair[1])))
    factors = (1.0, 1.0)
    if estimated:
        total = sum(between[pair].n for pair in estimated)
        factors = hutchinson_interval(norms.probes, (1 - confidence) / total)
    lowest = {
        pair: cushion.minimum * (factors[0] if pair in estimated else 1.0)
        for pair, cushion in between.items()
    }
    return NoiseStability(
        tuple(Distribution.of(np.concatenate(parts)) for parts in found.cushions),
        between,
        tuple(_minimal_cushions(network, lowest)),
        Distribution.of(np.concatenate(found.contraction)),
        Distribution.of(np.concatenate(found.smoothness)),
        len(errors[0]),
        any(bias is not None for bias in network.biases),
        estimated, factors, confidence if estimated else 1.0, found.nonlinearity,
    )  # fmt: skip


class _Samples:
    """What is measured on each sample, in the order of the batches."""

    def __init__(
        self, network: Network, errors: list[list[torch.Tensor]], norms: JacobianNorms
    ) -> None:
        self._network, self._errors, self._norms = network, errors, norms
        self.cushions: list[list[npt.NDArray[Any]]] = [[] for _ in network.weights]
        self.between: dict[tuple[int, int], list[npt.NDArray[Any]]] = {}
        self.contraction: list[npt.NDArray[Any]] = []
        self.smoothness: list[npt.NDArray[Any]] = []
        self.nonlinearity = 0.0

    def add(self, x: torch.Tensor) -> None:
        """Send a batch through the network, and measure each layer and each pair of layers."""
        network, d = self._network, len(self._network.weights)
        for i in range(1, d + 1):
            phi = network.before[i - 1](x)
            self.cushions[i - 1].append(_cushion(network.weights[i - 1], phi))
            x = network.step(i, x)
            if i == d:
                break
            self.contraction.append(array_of(x.norm(dim=1) / network.before[i](x).norm(dim=1)))
            for j in range(i + 1, d + 1):
                cushion, rough, bent = compare_layers(
                    network, i, j, x, phi, self._errors[i - 1], self._norms
                )
                self.between.setdefault((i, j), []).append(cushion)
                self.smoothness.append(rough)
                self.nonlinearity = max(self.nonlinearity, bent)


def errors_of(weight: torch.Tensor, splits: Iterable[CompressedMatrix]) -> list[torch.Tensor]:
    """W(t) - W for each split of a layer."""
    return [torch.from_numpy(split.toarray()).to(weight) - weight for split in splits]


def _cushion(weight: torch.Tensor, phi: torch.Tensor) -> npt.NDArray[Any]:
    return array_of((phi @ weight.T).norm(dim=1) / (weight.norm() * phi.norm(dim=1)))


def _minimal_cushions(network: Network, lowest: dict[tuple[int, int], float]) -> Iterator[float]:
    """mu_i-> of each layer, from the smallest mu_ij."""
    d = len(network.weights)
    for i in range(1, d + 1):
        later = [lowest[i, j] for j in range(i + 1, d + 1)]
        yield min([1 / math.sqrt(network.height(i)), *later])
