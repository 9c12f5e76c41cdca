"""Compute the paper's rate and the complexity measures of other papers for one network."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from torch import nn

from htstats import theory
from htstats._common.tables import format_table
from htstats.compression.partition import partition
from htstats.spectral import spectral_norm
from htstats.torch._network import array_of, margin_of, network_of, outputs_of
from htstats.torch.stability import noise_stability

__all__ = ["ComplexityTable", "complexity_table"]


class ComplexityTable(tuple[theory.Statement, ...]):
    """Rows of `complexity_table`: a tuple of statements that prints as a table."""

    __slots__ = ()

    def __repr__(self) -> str:
        rows = [(row.name, row.kind, row.equation, f"{row.value:.4g}", row.note) for row in self]
        return format_table(("measure", "kind", "where", "value", "note"), rows, left=3)


def complexity_table(
    model: nn.Module, loader: Iterable[Any], *, threshold: float | str = "std",
    margin: float | None = None, delta: float = 0.05, seed: int = 0,
) -> ComplexityTable:  # fmt: skip
    """Compute the paper's rate and other labelled measures of a fully connected network.

    Parameters
    ----------
    model, loader
        As in `noise_stability`. The loader has the training set; the function iterates over it
        twice.
    threshold : float or str
        The threshold of the split; the rate counts the non-zeros of that split.
    margin : float, optional
        gamma, positive; default: the 10 % quantile of the margins, which must then be positive.
    delta : float
        Failure probability of the bounds, in (0, 1).
    seed : int
        The seed of the noise.

    Returns
    -------
    ComplexityTable
        A tuple of `theory.Statement` that prints as a table. The `kind` of a row is *rate* (the
        paper's), *bound* (Bartlett et al.) or *complexity* (Arora et al., Neyshabur et al., number
        of parameters).

    Raises
    ------
    ValueError
        As in `noise_stability`, or if `margin` is not positive.

    Notes
    -----
    The formulas of Bartlett et al., Neyshabur et al. and Arora et al. are for networks without
    biases. For a model with biases, the numbers take only the weights into account.

    Examples
    --------
    >>> import torch
    >>> _ = torch.manual_seed(0)
    >>> model = nn.Sequential(nn.Linear(4, 8, bias=False), nn.ReLU(), nn.Linear(8, 3, bias=False))
    >>> x = torch.randn(50, 4)
    >>> data = [(x, model(x).argmax(1))]
    >>> table = complexity_table(model, data)
    >>> [row.kind for row in table]
    ['rate', 'complexity', 'bound', 'complexity', 'complexity']
    >>> repr(table).split()[:5]
    ['measure', 'kind', 'where', 'value', 'note']
    """
    network = network_of(model)
    outputs, labels, norms = outputs_of(network, loader)
    margin = margin_of(margin, outputs, labels)
    stability = noise_stability(model, loader, threshold=threshold, seed=seed)
    weights = [array_of(weight) for weight in network.weights]
    spectral = [spectral_norm(weight) for weight in weights]
    width = max(max(weight.shape) for weight in weights)
    m = len(labels)
    biases = sum(bias.numel() for bias in network.biases if bias is not None)
    return ComplexityTable((
        theory.theorem_2_rate([partition(weight, threshold).nnz for weight in weights], m),
        theory.arora_complexity(
            cushions=[c.minimum for c in stability.layer_cushion],
            interlayer_cushions=stability.minimal_interlayer_cushion,
            contraction=stability.activation_contraction.maximum,
            max_output_norm=float(np.linalg.norm(outputs, axis=1).max()),
            margin=margin, n_samples=m,
        ),
        theory.bartlett_bound(
            theory.margin_loss(outputs, labels, margin), spectral_norms=spectral,
            group_norms=[float(np.linalg.norm(weight, axis=1).sum()) for weight in weights],
            width=width, data_norm=float(np.linalg.norm(norms)), margin=margin, n_samples=m,
            delta=delta,
        ),
        theory.neyshabur_complexity(
            spectral_norms=spectral, width=width, input_norm=float(norms.max()), margin=margin,
            frobenius_norms=[float(np.linalg.norm(weight)) for weight in weights], n_samples=m,
            delta=delta,
        ),
        theory.parameter_count_complexity(sum(w.size for w in weights) + biases, m),
    ))  # fmt: skip
