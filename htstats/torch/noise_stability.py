"""Measure how noise travels through a fully connected network: the cushions of Arora et al."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import brentq
from torch import nn

from htstats._common import checks
from htstats._common.tables import format_table
from htstats.compression.matrix import CompressedMatrix
from htstats.compression.partition import partition
from htstats.torch._network import Activation, Network, _pair, array_of, input_of, network_of

__all__ = ["Distribution", "NoiseStability", "noise_stability"]

LEVELS = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)

JACOBIANS = ("auto", "exact", "hutchinson")

# If the Jacobian has more rows than this, "auto" estimates norm(J)_F instead of computing it.
MANY_ROWS = 4096

# Largest number of elements in one batch of Jacobians: 64 MiB of float64.
JACOBIAN_ELEMENTS = 1 << 23


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
    model: nn.Module,
    loader: Iterable[Any],
    *,
    threshold: float | str = "std",
    noise: str = "paper",
    trials: int = 4,
    seed: int = 0,
    jacobian: str = "auto",
    probes: int = 256,
    confidence: float = 0.95,
) -> NoiseStability:
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
    network = network_of(model)
    splits = [
        [partition(w, threshold, noise=noise, seed=seed + k, layer=i) for k in range(trials)]
        for i, w in enumerate(network.weights)
    ]
    norms = _Norms(jacobian, probes, torch.Generator().manual_seed(seed))
    return _measure(network, loader, [_errors(*pair) for pair in network.beside(splits)], norms,
                    confidence)  # fmt: skip


def _measure(
    network: Network,
    loader: Iterable[Any],
    errors: list[list[torch.Tensor]],
    norms: _Norms,
    confidence: float,
) -> NoiseStability:
    cushions: list[list[npt.NDArray[Any]]] = [[] for _ in network.weights]
    inter: dict[tuple[int, int], list[npt.NDArray[Any]]] = {}
    contraction: list[npt.NDArray[Any]] = []
    smoothness: list[npt.NDArray[Any]] = []
    nonlinear = 0.0
    d = len(network.weights)
    with torch.no_grad():
        for inputs, _ in map(_pair, loader):
            x = input_of(network, inputs)
            for i in range(1, d + 1):
                phi = network.before[i - 1](x)
                cushions[i - 1].append(_cushion(network.weights[i - 1], phi))
                x = network.step(i, x)
                if i == d:
                    break
                contraction.append(array_of(x.norm(dim=1) / network.before[i](x).norm(dim=1)))
                for j in range(i + 1, d + 1):
                    cushion, rough, bent = _pair_of_layers(
                        network, i, j, x, phi, errors[i - 1], norms
                    )
                    inter.setdefault((i, j), []).append(cushion)
                    smoothness.append(rough)
                    nonlinear = max(nonlinear, bent)
    if not contraction:
        raise ValueError("loader must have samples, got none")
    between = {pair: Distribution.of(np.concatenate(parts)) for pair, parts in inter.items()}
    estimated = frozenset(pair for pair in between if norms.estimates(network.height(pair[1])))
    factors = (1.0, 1.0)
    if estimated:
        total = sum(between[pair].n for pair in estimated)
        factors = hutchinson_interval(norms.probes, (1 - confidence) / total)
    return NoiseStability(
        tuple(Distribution.of(np.concatenate(parts)) for parts in cushions),
        between,
        tuple(_minimal(i, d, network.height(i), between, estimated, factors[0])
              for i in range(1, d + 1)),
        Distribution.of(np.concatenate(contraction)),
        Distribution.of(np.concatenate(smoothness)),
        len(errors[0]),
        any(bias is not None for bias in network.biases),
        estimated, factors, confidence if estimated else 1.0, nonlinear,
    )  # fmt: skip


def hutchinson_interval(probes: int, failure: float) -> tuple[float, float]:
    """The interval factors (low, high) of a cushion whose norm(J)_F is Hutchinson's estimate.

    Except with probability `failure`, norm(J)_F^2 is at most estimate/(1 - a) and at least
    estimate/(1 + b). The numbers a and b solve
    probes/2 (-a - log(1 - a)) = probes/2 (b - log(1 + b)) = log(2/failure). A cushion divides by
    norm(J)_F, so its factors are (sqrt(1 - a), sqrt(1 + b)).

    Examples
    --------
    >>> low, high = hutchinson_interval(256, 0.05)
    >>> round(low, 3), round(high, 3)
    (0.882, 1.122)
    """
    level = 2 * math.log(2 / failure) / probes
    # c is the logarithm of 1 - a or 1 + b: both solve exp(c) - 1 - c = level, one on each side of 0
    low, high = (
        float(brentq(lambda c: math.expm1(c) - c - level, *ends, xtol=1e-14))
        for ends in ((-1.0 - level, 0.0), (0.0, 1.0 + math.sqrt(2 * level)))
    )
    return math.exp(low / 2), math.exp(high / 2)


def _errors(weight: torch.Tensor, splits: list[CompressedMatrix]) -> list[torch.Tensor]:
    """W(t) - W for each trial of a layer."""
    return [torch.from_numpy(s.toarray()).to(weight) - weight for s in splits]


def _cushion(weight: torch.Tensor, phi: torch.Tensor) -> npt.NDArray[Any]:
    return array_of((phi @ weight.T).norm(dim=1) / (weight.norm() * phi.norm(dim=1)))


def _pair_of_layers(
    network: Network,
    i: int,
    j: int,
    x: torch.Tensor,
    phi: torch.Tensor,
    errors: list[torch.Tensor],
    norms_of: _Norms,
) -> tuple[npt.NDArray[Any], npt.NDArray[Any], float]:
    """mu_ij per sample, rho_ij per sample and noise, and the largest abs(J x - x_j)/abs(x_j)."""

    def travel(start: torch.Tensor) -> torch.Tensor:
        return network.between(i, j, start)

    def linear(direction: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        with warnings.catch_warnings():
            # torch's own forward-mode rules use its deprecated compiler, which warns
            warnings.simplefilter("ignore", DeprecationWarning)
            arrived, moved, *_ = torch.func.jvp(travel, (x,), (direction,))
        return arrived, moved

    arrived, along = linear(x)
    norms = x.norm(dim=1)
    cushion = along.norm(dim=1) / (norms_of(travel, x, arrived) * norms)
    rough = []
    for error in errors:
        shift = phi @ error.T
        gap = (travel(x + shift) - arrived - linear(shift)[1]).norm(dim=1)
        # a gap below the rounding error of the sums counts as zero
        gap[gap <= 1e-12 * arrived.norm(dim=1)] = 0
        ratio = shift.norm(dim=1) * arrived.norm(dim=1) / (norms * gap)
        rough.append(array_of(torch.where(gap > 0, ratio, math.inf)))
    bent = float(((along - arrived).norm(dim=1) / arrived.norm(dim=1)).max())
    return array_of(cushion), np.concatenate(rough), bent


@dataclass
class _Norms:
    """Compute norm(J)_F of each sample from batches of vector-Jacobian products.

    The vectors are the unit vectors (exact) or Gaussian vectors (Hutchinson's estimate).
    """

    method: str
    probes: int
    generator: torch.Generator

    def estimates(self, height: int) -> bool:
        return self.method == "hutchinson" or (self.method == "auto" and height > MANY_ROWS)

    def __call__(self, travel: Activation, x: torch.Tensor, arrived: torch.Tensor) -> torch.Tensor:
        pull = torch.func.vjp(travel, x)[1]
        samples, height = arrived.shape
        estimate = self.estimates(height)
        rows = self.probes if estimate else height
        total = x.new_zeros(samples)
        step = max(1, JACOBIAN_ELEMENTS // max(x.numel(), arrived.numel(), 1))
        for start in range(0, rows, step):
            size = min(step, rows - start)
            if estimate:
                shape = (size, samples, height)
                units = torch.randn(shape, dtype=x.dtype, generator=self.generator).to(x.device)
            else:
                units = torch.eye(height, dtype=x.dtype, device=x.device)[start : start + size]
                # samples are independent, so one product gives the same row of J for all of them
                units = units[:, None].expand(size, samples, height)
            pulled = torch.func.vmap(lambda unit: pull(unit)[0])(units)
            total += pulled.square().sum(dim=(0, 2))
        return (total / rows if estimate else total).sqrt()


def _minimal(
    i: int,
    d: int,
    height: int,
    between: dict[tuple[int, int], Distribution],
    estimated: frozenset[tuple[int, int]],
    low: float,
) -> float:
    later = [
        between[i, j].minimum * (low if (i, j) in estimated else 1.0) for j in range(i + 1, d + 1)
    ]
    return min([1 / math.sqrt(height), *later])
