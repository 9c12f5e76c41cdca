"""The number of elements above the threshold: its tail, the inverse, and the cost of a pattern."""

from __future__ import annotations

import math
from typing import Any

from htstats import binomial
from htstats._common.checks import count, finite, one_of, probability
from htstats.theory._statement import CONVENTIONS, Convention, Statement, probability_statement

__all__ = ["nonzeros_tail", "pattern_nats", "rows_and_elements", "smallest_k"]

METHODS = ("exact", "chernoff")
UNITS = ("matrix", "row", "any row")


def nonzeros_tail(
    k: float, p: float, shape: int | tuple[int, int], *, per: str = "matrix",
    method: str = "exact", convention: Convention = "rigorous",
) -> Statement:  # fmt: skip
    """P(X >= k) for the number X of elements above the threshold: Prop 1.2, (6), (11), (15).

    Parameters
    ----------
    k : float
        The count. A real number k is rounded up, because a count is at least k exactly if it is at
        least the next integer. (The paper does not round.)
    p : float
        Probability that an element is above the threshold, in [0, 1].
    shape : int or (int, int)
        Number of elements, or rows and columns.
    per : {"matrix", "row", "any row"}
        What X counts: the elements of the whole matrix, of one given row, or of the fullest row.
        For the fullest row the result is 1 - (1 - P)^rows, the probability that at least one row
        has k or more.
    method : {"exact", "chernoff"}
        ``exact``: the binomial tail. ``chernoff``: exp(-n KL(k/n || p)) for k > n p, 1 for
        k <= n p, and p^n for k = n.
    convention : {"rigorous", "paper"}
        ``paper``: (6) as printed, for either `method`. k is not rounded. The formula is also used
        for k <= n p, where it is false; the result is then a *claim*.

    Returns
    -------
    Statement
        *exact* or *bound*; `log` stays accurate far below the float range.

    Raises
    ------
    ValueError
        If an argument is out of range, or `per` counts rows and `shape` is a number.

    Notes
    -----
    The elements are assumed to be independent. Trained weights are not: `sparsity_report` shows
    the counted numbers.

    References
    ----------
    Prop 1.2, (6), (11), (15), (39), (41)-(48).

    Examples
    --------
    >>> nonzeros_tail(150, 0.01, 10_000)
    P(X >= 150) = 1.65706e-06 (exact, Prop 1.2, rigorous)
    >>> nonzeros_tail(150, 0.01, 10_000, method="chernoff")
    P(X >= 150) = 1.76241e-05 (bound, Prop 1.2, rigorous)
    """
    k, p = finite("k", k), probability("p", p)
    rows, n = rows_and_elements(shape, per)
    one_of("method", method, METHODS)
    paper = one_of("convention", convention, CONVENTIONS) == "paper"
    inputs = {"k": k, "p": p, "n": n, "rows": rows, "per": per, "method": method}
    equation = "Prop 1.2" if per == "matrix" else "(11), (15)"
    name = f"P(X >= {k:g})" if per != "any row" else f"P(some row has >= {k:g})"
    if paper:
        log = _union(_paper_log(k, n, p), rows)
        above = k > n * p
        note = "" if above else "k <= n p: Chernoff's bound is 1 there"
        kind: Any = "bound" if above else "claim"
        return probability_statement(name, log, kind, "(6)", convention, inputs, note)
    whole = math.ceil(k)
    tail = binomial.logsf if method == "exact" else binomial.chernoff_logsf
    log = _union(float(tail(whole - 1, n, p)), rows)
    kind = "exact" if method == "exact" else "bound"
    note = "independent elements"
    return probability_statement(name, log, kind, equation, convention, inputs, note)


def smallest_k(
    level: float, p: float, shape: int | tuple[int, int], *, per: str = "matrix",
    method: str = "exact", log_level: float | None = None,
) -> int:  # fmt: skip
    """The smallest k with P(X >= k) <= level.

    Parameters
    ----------
    level : float
        Largest allowed probability, in (0, 1). It is ignored if `log_level` is given.
    p, shape, per, method
        As in `nonzeros_tail`.
    log_level : float, optional
        Natural logarithm of the level, for levels below the float range.

    Returns
    -------
    int
        In [0, n + 1]; n + 1 means that even P(X >= n) is above the level. ``exact`` computes k by
        `htstats.binomial.log_isf`, and ``chernoff`` by bisection of Chernoff's bound.

    Raises
    ------
    ValueError
        If `level`, `p` or `shape` is out of range, or `per` or `method` is unknown.

    References
    ----------
    Prop 1.2.

    Examples
    --------
    >>> smallest_k(1e-6, 0.01, 10_000), smallest_k(1e-6, 0.01, 10_000, method="chernoff")
    (152, 157)
    """
    if log_level is None:
        level = probability("level", level)
        if level in (0, 1):
            raise ValueError(f"level must be in (0, 1), got {level!r}")
        log_level = math.log(level)
    elif not log_level < 0:
        raise ValueError(f"log_level must be below 0, got {log_level!r}")
    p = probability("p", p)
    rows, n = rows_and_elements(shape, per)
    # log of the level for a single row, which is 1 - (1 - level)^(1/rows)
    inverse = math.log1p(-math.exp(log_level)) / rows
    one = math.log(-math.expm1(inverse)) if inverse < 0 else log_level - math.log(rows)
    if one_of("method", method, METHODS) == "exact":
        return int(binomial.log_isf(one, n, p)) + 1
    low, high = 0, n + 1  # the condition holds at `high`: P(X >= n + 1) = 0
    while low < high:
        middle = (low + high) // 2
        if float(binomial.chernoff_logsf(middle - 1, n, p)) <= one:
            high = middle
        else:
            low = middle + 1
    return high


def pattern_nats(n: int, k: int) -> float:
    """log C(n, k): the cost in nats of encoding the positions of k non-zeros among n elements.

    Theorem 2 counts the k values and omits this cost. `dudley_bound` takes the cost as `positions`.

    Parameters
    ----------
    n, k : int
        Number of elements and of non-zeros, 0 <= k <= n < 2^53.

    Raises
    ------
    ValueError
        If k is above n.

    Notes
    -----
    log C = log P(Bin(n, k/n) = k) + n H(k/n), where k is the smaller of k and n - k. The sum does
    not cancel; its relative error is about 1e-15.

    Examples
    --------
    >>> round(pattern_nats(101_632, 400) / math.log(2), 6)
    3765.951372
    """
    n = count("n", n, below=2**53)
    k = count("k", k, below=n + 1)
    k = min(k, n - k)  # k/n near 1 would lose digits
    if k == 0:
        return 0.0
    entropy = k * math.log(n / k) - (n - k) * math.log1p(-k / n)
    return entropy + float(binomial.logpmf(k, n, k / n))


def rows_and_elements(shape: int | tuple[int, ...], per: str) -> tuple[int, int]:
    """The number of rows that are tested together, and the number of elements of each count."""
    one_of("per", per, UNITS)
    if isinstance(shape, tuple):
        rows, columns = (count("shape", size) for size in shape)
    elif per == "matrix":
        return 1, count("shape", shape)
    else:
        raise ValueError(f"shape must be (rows, columns) if rows are counted, got {shape!r}")
    if per == "matrix":
        return 1, rows * columns
    return (rows if per == "any row" else 1), columns


def _union(log: float, rows: int) -> float:
    """log(1 - (1 - P)^rows) from log = log P: at least one of the rows has the event."""
    if rows == 1 or log == -math.inf:
        return log
    if rows == 0:
        return -math.inf
    if log >= 0:
        return 0.0
    small = math.exp(log)
    if small == 0:  # below the float range the union equals the sum
        return log + math.log(rows)
    return math.log(-math.expm1(rows * math.log1p(-small))) if small < 1 else 0.0


def _paper_log(k: float, n: int, p: float) -> float:
    """Log of (6) as printed, both above and below the mean."""
    if k <= 0:
        return n * math.log1p(-p) if p < 1 else -math.inf
    if k > n or p == 0:
        return -math.inf
    first = k * (math.log(n * p) - math.log(k))
    if k == n:
        return first
    if p == 1:
        return -math.inf
    return first + (n - k) * (math.log1p(-p) - math.log1p(-k / n))
