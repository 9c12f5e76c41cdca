"""Bounds on the error of a classifier that a short message describes."""

from __future__ import annotations

import math

from htstats import binomial
from htstats._common import checks
from htstats._common.documents import RAISES_ARGUMENT, add_sections

__all__ = ["METHODS", "exchange_rate", "format_bits", "occam_bound", "test_set_bound"]

METHODS = ("binomial", "kl", "hoeffding", "maurer")

LOG2 = math.log(2)

# Limit of Newton's steps. The function is convex and the start, from Pinsker's inequality, is above
# the root; at most 9 steps are needed.
STEPS = 100


@add_sections(Raises=RAISES_ARGUMENT)
def occam_bound(
    errors: int, m: int, bits: float, delta: float = 0.05, method: str = "binomial"
) -> float:
    """An upper limit of the error rate of a classifier of `bits` bits, given its training errors.

    The m examples are independent draws, and a prefix-free code is fixed before they are seen. With
    probability at least 1 - delta, the bound then holds simultaneously for all messages of the
    code. For a message of L bits that decodes to a classifier with e errors on the m examples,

        error rate <= sup{p : log P(Bin(m, p) <= e) >= log(delta) - L log 2}.

    Parameters
    ----------
    errors : int
        Errors on the m examples, in [0, m].
    m : int
        Number of examples, at least 1.
    bits : float
        Length of the message, plus the bits of choices among codes (`format_bits`); 0 or
        above.
    delta : float
        Probability that the statement fails, in (0, 1).
    method : {"binomial", "kl", "hoeffding", "maurer"}
        "binomial" uses the exact tail and gives the smallest limit. "kl" uses Chernoff's bound on
        the tail, and "hoeffding" Hoeffding's square-root bound. "maurer" is a PAC-Bayes bound with
        Maurer's constant.

    Returns
    -------
    float
        An error rate in [0, 1], dimensionless.

    Notes
    -----
    Everything is computed in logarithms, so `bits` may be 1e7 or more. Newton's method solves "kl"
    and "maurer" to a relative error of 1e-14.

    References
    ----------
    A. Blumer et al., "Occam's razor", Information Processing Letters 24 (1987). J. Langford,
    "Tutorial on practical prediction theory for classification", JMLR 6 (2005), theorem 3.3
    (binomial) and corollary 3.4 (Hoeffding). A. Maurer, "A note on the PAC Bayesian theorem"
    (2004), theorem 5.

    Examples
    --------
    >>> from htstats.certificate import occam_bound
    >>> round(occam_bound(7200, 60_000, 1016), 4)
    0.1755
    """
    m = checks.count("m", m, at_least=1)
    errors = checks.count("errors", errors, at_least=0, below=m + 1)
    bits = checks.nonnegative("bits", bits)
    delta = checks.open_probability("delta", delta)
    method = checks.one_of("method", method, METHODS)
    cost = bits * LOG2 - math.log(delta)
    if method == "binomial":
        return float(binomial.upper_limit(errors, m, -cost).p)
    if method == "hoeffding":
        return min(1.0, errors / m + math.sqrt(cost / (2 * m)))
    if method == "maurer":
        cost += math.log(2 * math.sqrt(m))
    return _kl_inverse(errors, m, cost)


def _kl_inverse(errors: int, m: int, cost: float) -> float:
    """The largest p with m KL(errors/m || p) <= cost."""
    if errors == m:
        return 1.0
    if errors == 0:
        return -math.expm1(-cost / m)
    # KL is convex in logit(p); its slope there is p - errors/m
    q = errors / m
    theta = math.log(q / (1 - q)) + max(8 * cost / m, math.sqrt(2 * cost / (m * q * (1 - q))))
    entropy = q * math.log(q) + (1 - q) * math.log1p(-q)
    for _ in range(STEPS):
        softplus = max(theta, 0.0) + math.log1p(math.exp(-abs(theta)))  # -log(1 - p)
        excess = entropy - q * theta + softplus - cost / m
        slope = 1 / (1 + math.exp(-theta)) - q
        step = excess / slope
        theta -= step
        if abs(step) <= 1e-15 * max(1.0, abs(theta)):
            break
    return 1 / (1 + math.exp(-theta))


def test_set_bound(errors: int, m: int, delta: float = 0.05) -> float:  # noqa: PT028
    """An upper limit of the error rate of a classifier, given errors on examples it never saw.

    This is `occam_bound` without bits: the upper limit of Clopper and Pearson at 1 - delta.
    If examples can be held out, no certificate is better. The statement is for one classifier. If
    the same examples choose among s classifiers, use `occam_bound` with ``format_bits(s)`` bits.

    Parameters
    ----------
    errors, m, delta
        As in `occam_bound`; the m examples must not have influenced the classifier.

    Returns
    -------
    float
        An error rate in [0, 1].

    References
    ----------
    J. Langford, JMLR 6 (2005), theorem 3.1.

    Examples
    --------
    >>> from htstats.certificate import test_set_bound
    >>> round(test_set_bound(1200, 15_000), 4)
    0.0837
    """
    return occam_bound(errors, m, 0, delta)


test_set_bound.__test__ = False  # type: ignore[attr-defined]  # pytest collects names with test_


def format_bits(s: int) -> float:
    """The cost in bits of a choice among s codes that depends on the data: log2(s).

    Parameters
    ----------
    s : int
        Number of codes (formats, presets, architectures) from which the training data could choose;
        at least 1.

    Returns
    -------
    float
        Number of bits to add to the length of the message.

    Examples
    --------
    >>> from htstats.certificate import format_bits
    >>> format_bits(4)
    2.0
    """
    return math.log2(checks.count("s", s, at_least=1))


def exchange_rate(errors: int, bits: float, m: int, *, delta: float = 0.05) -> float:
    """The number of bits that change the bound as much as one more error does.

    Parameters
    ----------
    errors, bits, m, delta
        As in `occam_bound`.

    Returns
    -------
    float
        Bits per error: the slope of the bound in errors divided by its slope in bits. At 0 bits
        with delta near 1, the bound may be below the observed error rate. The result is then 0.

    Notes
    -----
    At the bound, log P(Bin(m, p) <= e) + L log 2 is constant. The rate is therefore the slope of
    log P in e at fixed p, divided by log 2. The slope is half the difference over two errors.

    Examples
    --------
    >>> from htstats.certificate import exchange_rate
    >>> round(exchange_rate(7200, 1016, 60_000), 3)
    0.643
    """
    p = occam_bound(errors, m, bits, delta)
    if p >= 1.0:
        return 0.0
    low, high = max(errors - 1, 0), min(errors + 1, m)
    change = float(binomial.logcdf(high, m, p) - binomial.logcdf(low, m, p))
    return change / ((high - low) * LOG2)


def is_vacuous(error: float, classes: int) -> bool:
    """Whether a bound is no better than guessing a class: error >= 1 - 1/classes."""
    return bool(error >= 1 - 1 / classes)
