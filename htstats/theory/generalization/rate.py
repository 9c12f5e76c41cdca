"""The rate of Theorem 2, and the paper's kappa."""

from __future__ import annotations

import math
from collections.abc import Sequence

from htstats._common.checks import count, positive
from htstats.theory._statement import Statement
from htstats.theory.generalization._layers import layer_numbers

__all__ = ["kappa", "theorem_2_rate"]


def theorem_2_rate(
    nonzeros: Sequence[int], n_samples: int, *, other_parameters: int = 0
) -> Statement:
    """The paper's (8): sqrt(sum k_i / m).

    Parameters
    ----------
    nonzeros : sequence of int
        k_i, the non-zeros of B in each compressed layer.
    n_samples : int
        m, the number of training examples.
    other_parameters : int
        Number of biases, and of weights in layers that were not compressed. A description of the
        network also needs these, but the paper does not count them.

    Returns
    -------
    Statement
        A *rate*: constants, logarithms and the positions of the non-zeros are dropped, so a value
        below 1 certifies nothing.

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
        note="constants, logarithms and positions are dropped: not a certificate",
    )


def kappa(*, cushions: Sequence[float], contraction: float, max_output_norm: float) -> Statement:
    """The paper's kappa (101): e^2 d c^d max|f(x)| / prod mu_i.

    Parameters
    ----------
    cushions : sequence of float
        mu_i, the layer cushions, one number per layer.
    contraction : float
        c, the activation contraction.
    max_output_norm : float
        Largest |f(x)| over the training set.

    Returns
    -------
    Statement
        A *claim*. It assumes balanced layers (96) and norm(W - W(t))_F <= norm(W)_F / d, which
        no earlier statement of the paper implies. It drops the Lipschitz constant of the margin
        loss. `covering_log_constant` has a constant that holds.

    References
    ----------
    (97)-(101).

    Examples
    --------
    >>> kappa(cushions=[0.2, 0.1], contraction=1.5, max_output_norm=10.0).value
    16625.3...
    """
    mu = layer_numbers("cushions", cushions)
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
