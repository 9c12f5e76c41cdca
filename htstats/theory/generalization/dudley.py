"""Dudley's entropy integral over layers of bounded norm, with its constants: (102)."""

from __future__ import annotations

import math
from collections.abc import Sequence

from scipy.special import erf, erfcx

from htstats._common.checks import (
    count,
    finite,
    nonnegative,
    one_of,
    open_probability,
    positive,
    probability,
)
from htstats.theory._statement import CONVENTIONS, Convention, Statement
from htstats.theory.generalization._layers import layer_numbers

__all__ = ["covering_log_constant", "dudley_bound", "dudley_integral"]


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
        k_i: number of free parameters in each layer, at fixed positions; q is their sum.
    spectral_norms : sequence of float
        Bounds s_i on the spectral norm of each layer, fixed before the data are seen.
    input_norm : float
        Largest |x|.
    margin : float
        gamma, the margin of the ramp loss.
    largest_value : float
        Bound b on |B_ij|, fixed before the data are seen.

    Returns
    -------
    float
        log(4 b (sqrt 2/gamma) |x| prod s_i sum_i sqrt(k_i)/s_i).

    Notes
    -----
    Replace one layer after another: |f - f'| <= |x| prod s_i sum_i norm(W_i - W_i')/s_i. If every
    parameter moves by at most nu, norm(W_i - W_i')_F <= sqrt(k_i) nu. The ramp loss is
    sqrt 2/gamma-Lipschitz. An interval [-b, b] has an inner cover at distance nu with
    ceil(2b/nu) <= max(1, 4b/nu) points. Unlike (97)-(101), this proof needs neither balanced layers
    nor cushions nor a bound on norm(W - W(t))_F. The result is valid for e up to K. The argument
    `positions` of `dudley_bound` adds the cost of choosing a pattern of non-zeros.

    References
    ----------
    This constant replaces (97)-(101).

    Examples
    --------
    >>> covering_log_constant(nonzeros=[10, 10], spectral_norms=[1.0, 2.0], input_norm=1.0,
    ...                       margin=1.0, largest_value=1.0)
    3.982772786...
    """
    norms = layer_numbers("spectral_norms", spectral_norms)
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
    q: float, K: float | None = None, D: float = 1.0, *, log_K: float | None = None,
    convention: Convention = "rigorous",
) -> float:  # fmt: skip
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
        printed difference of two erf terms. It is the same number in exact arithmetic, but in
        float64 the terms cancel, and the result is 0 from K = 1e18 D on.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If K < D, or not exactly one of `K` and `log_K` is given.

    Notes
    -----
    Substitute e = K exp(-s^2). The relative error of ``rigorous`` is a few units in the last place.

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
        # (102) at D minus its limit at 0, with the square root multiplied out
        return math.sqrt(q) * ((D * y - half * float(erf(y))) + half)
    return math.sqrt(q) * D * (y + math.sqrt(math.pi) / 2 * float(erfcx(y)))


def dudley_bound(
    empirical_loss: float, q: int, n_samples: int, delta: float, *, K: float | None = None,
    log_K: float | None = None, D: float = 1.0, positions: float = 0.0,
) -> Statement:  # fmt: skip
    """Theorem 2 with its constants: the margin loss plus a bound by Dudley's integral.

    Parameters
    ----------
    empirical_loss : float
        Empirical margin loss, in [0, 1].
    q : int
        Number of free parameters: non-zeros of B, biases, and all uncompressed parameters.
    n_samples : int
        m, the number of training examples.
    delta : float
        Failure probability over the training set, in (0, 1).
    K : float, or log_K its logarithm
        Constant of the covering number, log N(e) <= q log(K/e): see `covering_log_constant`.
    D : float
        Largest L2 norm of a loss; 1 for losses in [0, 1].
    positions : float
        Cost in nats of choosing the pattern of non-zeros, the sum of log C(n_i, k_i). The union
        bound over patterns adds it to log N.

    Returns
    -------
    Statement
        empirical + 24/sqrt(m) int_0^D sqrt(positions + q log(K/e)) de
        + 3 sqrt(log(2/delta)/(2m)). This *bound* is below 1 only for a handful of parameters.

    Raises
    ------
    ValueError
        If a number is out of range, or K < D.

    Notes
    -----
    Rademacher complexity gives L <= empirical + 2 R + 3 sqrt(log(2/delta)/(2m)); chaining gives
    R <= 12/sqrt(m) times the integral. Because positions + q log(K/e) = q log(K e^(positions/q)/e),
    one formula covers both terms.

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
    delta, extra = open_probability("delta", delta), nonnegative("positions", positions)
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
