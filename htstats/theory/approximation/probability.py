"""Failure probabilities (C1, C2, C3), and the noise and threshold that they allow."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.special import log_ndtr, ndtri_exp

from htstats._common.checks import finite, nonnegative, one_of, open_probability, positive
from htstats.compression.thresholds import rigorous_budget
from htstats.theory._statement import CONVENTIONS, Convention, Statement, probability_statement
from htstats.theory.approximation._arguments import unit

__all__ = [
    "bernstein_failure_probability",
    "error_budget",
    "exact_failure_probability",
    "failure_probability",
    "interval_length",
    "largest_noise_variance",
]

VALUES = ("signed", "positive", "positions")
SOURCES = {"text": 1.0, "appendix": 2.0, "proposition": 0.5}


def interval_length(tau: float, *, values: str = "signed", w_min: float = 0.0) -> float:
    """Length R of the interval that holds one element of A.

    Parameters
    ----------
    tau : float
        The threshold, in units of the weights.
    values : {"signed", "positive", "positions"}
        ``signed``: the elements of A lie in [-tau, tau], and R = 2 tau. ``positive``: they lie in
        [0, tau] (A is 0 on the pattern of B), and R = tau. ``positions``: the weights are positive
        and the pattern of B is given. An element outside the pattern lies in [w_min, tau], and
        R = tau - w_min.
    w_min : float
        Smallest weight; only ``positions`` uses it.

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
    eps: float, *, tau: float, t: float = 0.0, values: str = "signed", w_min: float = 0.0,
    convention: Convention = "rigorous",
) -> Statement:  # fmt: skip
    """Bound on P(|u^T (W - W(t)) v| > eps |u| |v|) for fixed u and v and random W.

    Parameters
    ----------
    eps : float
        Allowed error relative to |u| |v|, in units of the weights.
    tau : float
        Threshold, in units of the weights.
    t : float
        Variance of the Gaussian that replaces A, in squared units of the weights.
    values, w_min
        Range of the elements of A: see `interval_length`. The paper's formula does not use them.
    convention : {"rigorous", "paper"}
        ``rigorous`` (C1): 2 exp(-eps^2 / (2 (R^2/4 + t))). ``paper`` (Prop 2.1):
        3 exp(-eps^2 / (2 (tau^2 + t))), a *claim*. The paper's formula does not remove the mean of
        A and is false for positive weights (see Notes). The exponents agree for signed weights.

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
    C1 assumes that the elements of A are independent, each in an interval of length R, and that
    W(t) stores their means: W(t) = mu + sqrt(t) G + B. Each centred element is then sub-Gaussian
    with variance proxy R^2/4 (Hoeffding), and G adds t. C1 assumes neither a mean of 0 nor a power
    law. Example: positive weights with tau = 4, w_min = 1, tail exponent 2.5, t = 1/2,
    u = v = (1, ..., 1) of length 10 and eps = 10. The error is 14.6 +- 1.1, always above eps; the
    paper's formula gives the failure probability 0.145.

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
        note = "false if the elements of A have a mean, which the formula does not remove"
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
    eps: float, eta: float, *, convention: Convention = "rigorous", source: str = "text"
) -> float:
    """Largest R^2/4 + t (the paper: tau^2 + t) with a failure probability of at most eta.

    Parameters
    ----------
    eps : float
        Allowed error, in units of the weights.
    eta : float
        Allowed failure probability, in (0, 1).
    convention : {"rigorous", "paper"}
        ``rigorous``: eps^2 / (2 log(2/eta)), the inverse of C1. For signed weights R^2/4 = tau^2.
    source : {"text", "appendix", "proposition"}
        Which of the paper's three inconsistent rules is used, for ``paper`` only. ``text``,
        Prop 1.1 and Algorithm 1: eps^2 / log(3/eta). ``appendix``: 2 eps^2 / log(3/eta).
        ``proposition``, implied by Prop 2.1: eps^2 / (2 log(3/eta)). By the paper's own formula,
        ``text`` has the failure probability sqrt(3 eta), and ``appendix`` (27 eta)^(1/4).

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
    eps, eta = positive("eps", eps), open_probability("eta", eta)
    one_of("convention", convention, CONVENTIONS)
    one_of("source", source, tuple(SOURCES))
    if convention == "paper":
        return SOURCES[source] * eps**2 / math.log(3 / eta)
    return rigorous_budget(eps, eta)


def bernstein_failure_probability(
    eps: float,
    u: npt.ArrayLike,
    v: npt.ArrayLike,
    *,
    variance: float,
    max_deviation: float,
    t: float = 0.0,
) -> Statement:
    """C2: a bound like C1, from the variance of A's elements in place of their range.

    Parameters
    ----------
    eps : float
        Allowed error relative to |u| |v|, in units of the weights.
    u, v : array_like
        The fixed vectors, which must not be all zero.
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
    C2 is tighter than C1 if the variance is far below tau^2 and no element of u v^T dominates.

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
    left, right = unit("u", u), unit("v", v)
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
        b = u^T (A - mu) v / (|u| |v|), the part of the error that is not random for given W.
    t : float
        Variance of the noise for u and v (rho t if only elements outside B's pattern have noise).

    Returns
    -------
    Statement
        Q((eps - b)/sqrt t) + Q((eps + b)/sqrt t); at t = 0 the indicator of |b| > eps.

    Raises
    ------
    ValueError
        If `eps` or `t` is negative, or an argument is not finite.

    Notes
    -----
    The logarithm stays accurate if the probability underflows.

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
    """Largest t with P(|bias + sqrt(t) g| > eps) <= eta: the inverse of C3.

    Parameters
    ----------
    eps, eta : float
        As in `error_budget`.
    bias : float
        The error without noise.

    Returns
    -------
    float
        In squared units of the weights, rounded down so that the result satisfies the inequality.

    Raises
    ------
    ValueError
        If |bias| > eps, because the error is then too large even without noise.

    References
    ----------
    C3 of docs/theory.md.

    Examples
    --------
    >>> round(largest_noise_variance(1.0, 0.0455002639), 6)
    0.25
    """
    eps, eta = positive("eps", eps), open_probability("eta", eta)
    bias = abs(finite("bias", bias))
    if bias > eps:
        raise ValueError(f"bias must be at most eps = {eps!r} in size, got {bias!r}")
    if bias == eps:
        return 0.0
    # The result lies between two values of t: `low` gives each tail at most half of eta, `high`
    # gives the larger tail alone the whole of eta.
    low = ((eps - bias) / -float(ndtri_exp(math.log(eta / 2)))) ** 2
    high = math.inf if eta >= 0.5 else ((eps - bias) / -float(ndtri_exp(math.log(eta)))) ** 2
    if math.isinf(high):
        high = low
        while exact_failure_probability(eps, bias=bias, t=high).value <= eta:
            high *= 2
    return _last_true(
        lambda t: exact_failure_probability(eps, bias=bias, t=t).value <= eta, low, high
    )


def _exponent(eps: float, proxy: float) -> float:
    """eps^2 / (2 proxy), with the limits of a proxy of 0."""
    if proxy > 0:
        return eps**2 / (2 * proxy)
    return math.inf if eps > 0 else 0.0


def _last_true(holds: Callable[[float], bool], low: float, high: float) -> float:
    """The last float at which `holds` is true, by bisection.

    `holds` must be true at `low` or just below `low`.
    """
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
