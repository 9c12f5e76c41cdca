"""How many elements of W lie above tau: Prop 1.2, (5), (6), (11) and (15).

A fitted tail gives p = P(|W| > tau); the number of elements above tau is then Bin(n, p) if they are
independent. Its tail is exact here, with Chernoff's bound, the paper's (6), beside it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from htstats import binomial
from htstats._common.arrays import as_float64
from htstats._common.checks import count, finite, one_of, positive, probability
from htstats._common.tables import format_table
from htstats.power_law import fit_power_law
from htstats.sketch.exact_sums import ExactSums
from htstats.theory._statement import CONVENTIONS, Convention, Statement, probability_statement

__all__ = [
    "Prediction",
    "SparsityReport",
    "TailModel",
    "exceedance_probability",
    "nonzeros_tail",
    "pattern_nats",
    "predicted_nonzeros",
    "smallest_k",
    "sparsity_report",
]

METHODS = ("exact", "chernoff")
COUNTED = ("matrix", "row", "any row")


class Fit(Protocol):
    """What this module needs of a `PowerLawFit`."""

    @property
    def tail_exponent(self) -> float: ...
    @property
    def xmin(self) -> float: ...
    @property
    def n(self) -> int: ...
    @property
    def n_tail(self) -> int: ...
    @property
    def excluded(self) -> Mapping[str, int]: ...


@dataclass(frozen=True)
class TailModel:
    """P(|W| > tau) = share (xmin/tau)^tail_exponent for tau >= xmin; nothing is said below.

    Attributes
    ----------
    tail_exponent : float
        The paper's alpha: density exponent less 1.
    xmin : float
        Where the tail begins, in units of the weights; the paper's w_m.
    share : float
        n_tail / n_total, the part of all elements that is in the tail; the paper's is 1.

    Examples
    --------
    >>> model = TailModel(2.0, 0.5, share=0.1)
    >>> model.probability(1.0)
    0.025
    """

    tail_exponent: float
    xmin: float
    share: float = 1.0

    def __post_init__(self) -> None:
        positive("tail_exponent", self.tail_exponent)
        positive("xmin", self.xmin)
        probability("share", self.share)

    @classmethod
    def of(cls, fit: Fit, *, convention: Convention = "rigorous") -> TailModel:
        """The tail of a fit; ``paper`` takes 1 for the share.

        The share's denominator is every element that was looked at: the usable ones, zeros, and
        those of the other sign where one side was fitted.
        """
        if fit.excluded.get("above xmax"):
            raise ValueError("fit must have no xmax: it says nothing about values above")
        total = fit.n + sum(fit.excluded.values())
        share = 1.0 if one_of("convention", convention, CONVENTIONS) == "paper" else None
        return cls(fit.tail_exponent, fit.xmin, fit.n_tail / total if share is None else share)

    def covers(self, tau: float) -> bool:
        """Whether the model says anything about this threshold."""
        return tau >= self.xmin

    def probability(self, tau: float) -> float:
        """P(|W| > tau), (5); ValueError below xmin."""
        tau = positive("tau", tau)
        if not self.covers(tau):
            raise ValueError(
                f"tau must be at least xmin = {self.xmin!r}, got {tau!r}: "
                "the fitted tail says nothing below xmin"
            )
        return float(self.share * (self.xmin / tau) ** self.tail_exponent)


def exceedance_probability(
    fit: Fit | TailModel, tau: float, *, convention: Convention = "rigorous"
) -> float:
    """P(|W| > tau) from a fit, (5).

    Parameters
    ----------
    fit : PowerLawFit or TailModel
    tau : float
        At least the fit's xmin, in units of the weights.
    convention : {"rigorous", "paper"}
        ``rigorous``: (n_tail/n) (xmin/tau)^tail_exponent, n counting excluded zeros. ``paper``:
        without n_tail/n, as if every element were in the tail: too large by n/n_tail wherever xmin
        was fitted.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    ValueError
        If `tau` is below xmin, or the fit had an xmax.

    References
    ----------
    (5), (38). The tau^-alpha/alpha of (40) contradicts it and is no probability (it exceeds 1 for
    small tau and alpha, and no normalization leads to it).

    Examples
    --------
    >>> fit = fit_power_law([0.0, 0.1, 0.2, 1.0, 1.1, 1.3, 1.7, 2.5, 4.0, 9.0], xmin=1.0)
    >>> exceedance_probability(fit, 2.0), exceedance_probability(fit, 2.0, convention="paper")
    (0.284..., 0.406...)
    """
    if isinstance(fit, TailModel):
        one_of("convention", convention, CONVENTIONS)
        model = TailModel(fit.tail_exponent, fit.xmin) if convention == "paper" else fit
    else:
        model = TailModel.of(fit, convention=convention)
    return model.probability(tau)


def nonzeros_tail(
    k: float,
    p: float,
    shape: int | tuple[int, int],
    *,
    per: str = "matrix",
    method: str = "exact",
    convention: Convention = "rigorous",
) -> Statement:
    """P(X >= k) for the number X of elements above the threshold: Prop 1.2, (6), (11), (15).

    Parameters
    ----------
    k : float
        A count; a real number is rounded up, as "at least k" means. (The paper's is not.)
    p : float
        Probability of an element to be above, in [0, 1].
    shape : int or (int, int)
        Number of elements, or rows and columns.
    per : {"matrix", "row", "any row"}
        Elements of the whole matrix, of one given row, or of the fullest row: at least one row has
        k or more, 1 - (1 - P)^rows.
    method : {"exact", "chernoff"}
        The binomial tail itself, or exp(-n KL(k/n || p)) for k > n p, 1 for k <= n p and p^n for
        k = n.
    convention : {"rigorous", "paper"}
        ``paper``: (6) as printed, whatever `method`: k as it is, and at k <= n p the formula still,
        which is then a *claim* and false.

    Returns
    -------
    Statement
        *exact* or *bound*; `log` is right far below the float range.

    Raises
    ------
    ValueError
        If an argument is out of range, or rows are asked for and `shape` is a number.

    Notes
    -----
    Elements are taken as independent: trained weights are not, see the counted numbers of
    `sparsity_report`.

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
    rows, n = _counted(shape, per)
    one_of("method", method, METHODS)
    paper = one_of("convention", convention, CONVENTIONS) == "paper"
    inputs = {"k": k, "p": p, "n": n, "rows": rows, "per": per, "method": method}
    equation = "Prop 1.2" if per == "matrix" else "(11), (15)"
    name = f"P(X >= {k:g})" if per != "any row" else f"P(some row has >= {k:g})"
    if paper:
        log = _union(_printed(k, n, p), rows)
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
    level: float,
    p: float,
    shape: int | tuple[int, int],
    *,
    per: str = "matrix",
    method: str = "exact",
    log_level: float | None = None,
) -> int:
    """The smallest k with P(X >= k) <= level: so sparse is B, but for a chance of `level`.

    Parameters
    ----------
    level : float
        In (0, 1); ignored where `log_level` is given.
    p, shape, per, method
        As in `nonzeros_tail`.
    log_level : float, optional
        Log of the level, for levels below the float range.

    Returns
    -------
    int
        In [0, n + 1]; n + 1 says that even k = n is likelier than the level.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    Exact: `htstats.binomial.log_isf`. Chernoff: bisection on its bound.

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
    rows, n = _counted(shape, per)
    # one row's level: 1 - (1 - level)^(1/rows)
    inverse = math.log1p(-math.exp(log_level)) / rows
    one = math.log(-math.expm1(inverse)) if inverse < 0 else log_level - math.log(rows)
    if one_of("method", method, METHODS) == "exact":
        return int(binomial.log_isf(one, n, p)) + 1
    low, high = 0, n + 1  # holds at high: P(X >= n + 1) = 0
    while low < high:
        middle = (low + high) // 2
        if float(binomial.chernoff_logsf(middle - 1, n, p)) <= one:
            high = middle
        else:
            low = middle + 1
    return high


def pattern_nats(n: int, k: int) -> float:
    """log C(n, k): what it costs to say where k non-zeros of n elements are, in nats.

    Theorem 2 counts the k values and not this; `dudley_bound` takes it as `positions`.

    Parameters
    ----------
    n, k : int
        0 <= k <= n < 2^53.

    Raises
    ------
    ValueError
        If k is above n.

    Notes
    -----
    log C = log P(Bin(n, k/n) = k) + n H(k/n): nothing cancels, relative error some 1e-15.

    Examples
    --------
    >>> round(pattern_nats(101_632, 400) / math.log(2), 6)
    3765.951372
    """
    n = count("n", n, below=2**53)
    k = count("k", k, below=n + 1)
    if k in (0, n):
        return 0.0
    entropy = k * math.log(n / k) - (n - k) * math.log1p(-k / n)
    return entropy + float(binomial.logpmf(k, n, k / n))


@dataclass(frozen=True)
class Prediction:
    """What a tail predicts of a split, beside what was counted.

    Attributes
    ----------
    label : str
        Whose tail it is.
    model : TailModel
    below_xmin : bool
        Then the tail says nothing of this threshold, and every number below is None.
    p : float or None
        Probability of an element to be above.
    expected : float or None
        n p.
    tail, chernoff : Statement or None
        P(X >= counted), exactly and by Chernoff's bound.
    k, k_row : int or None
        Smallest k with P(X >= k) <= level, of the matrix and of its fullest row.
    """

    label: str
    model: TailModel
    below_xmin: bool
    p: float | None = None
    expected: float | None = None
    tail: Statement | None = None
    chernoff: Statement | None = None
    k: int | None = None
    k_row: int | None = None


def predicted_nonzeros(
    model: TailModel,
    tau: float,
    counted: int,
    shape: int | tuple[int, int],
    *,
    level: float = 0.05,
    label: str = "fitted",
) -> Prediction:
    """What a tail says of `counted` elements above `tau` among those of `shape`.

    Parameters
    ----------
    model : TailModel
    tau : float
        Below the model's xmin nothing is predicted, and nothing is raised.
    counted : int
        Elements found above tau.
    shape : int or (int, int)
        Number of elements, or rows and columns; `k_row` needs rows and columns.
    level : float
        Of `k` and `k_row`, in (0, 1).
    label : str
        Goes into the result.

    Returns
    -------
    Prediction

    Examples
    --------
    >>> predicted_nonzeros(TailModel(2.0, 1.0, 0.5), 4.0, 30, 1000).expected
    31.25
    >>> predicted_nonzeros(TailModel(2.0, 1.0, 0.5), 0.5, 30, 1000).below_xmin
    True
    """
    counted, tau = count("counted", counted), finite("tau", tau)
    _, n = _counted(shape, "matrix")
    if not model.covers(tau):
        return Prediction(label, model, True)
    p = model.probability(tau)
    return Prediction(
        label, model, False, p, n * p,
        nonzeros_tail(counted, p, shape),
        nonzeros_tail(counted, p, shape, method="chernoff"),
        smallest_k(level, p, shape),
        None if isinstance(shape, int) else smallest_k(level, p, shape, per="any row"),
    )  # fmt: skip


@dataclass(frozen=True)
class SparsityReport:
    """Predicted beside counted, for one split of one matrix.

    Attributes
    ----------
    shape : (int, int)
    tau : float
    counted, counted_row : int
        Elements above tau in the matrix, and in its fullest row.
    level : float
    fitted, paper : Prediction
        By the fitted tail, and by the paper's reading: a tail that begins at the smallest non-zero
        value, and holds every element.
    """

    shape: tuple[int, int]
    tau: float
    counted: int
    counted_row: int
    level: float
    fitted: Prediction
    paper: Prediction

    def __repr__(self) -> str:
        rows: list[tuple[object, ...]] = [
            ("counted", None, None, self.counted, None, None, None, self.counted_row)
        ]
        for one in (self.fitted, self.paper):
            start = (one.label, f"{one.model.tail_exponent:.2f}", f"{one.model.xmin:.3g}")
            if one.tail is None or one.chernoff is None or one.expected is None:
                rows.append((*start, *["below xmin"] * 5))
                continue
            tails = (f"{one.tail.value:.3g}", f"{one.chernoff.value:.3g}")
            rows.append((*start, f"{one.expected:.1f}", *tails, one.k, one.k_row))
        percent = f"{100 * self.level:g} %"
        header = ("tail", "exponent", "xmin", "above tau", "P", "Chernoff", "k", "k of a row")
        return (
            f"{self.shape[0]} x {self.shape[1]}, tau = {self.tau:.4g}; P of as many as counted, "
            f"k exceeded with at most {percent}\n{format_table(header, rows)}"
        )


class SplitMatrix(Protocol):
    """What this module needs of a `CompressedMatrix`."""

    @property
    def sparse(self) -> Any: ...
    @property
    def threshold(self) -> float: ...
    @property
    def keep(self) -> str: ...


def sparsity_report(
    W: npt.ArrayLike, split: SplitMatrix, *, fit: Fit | None = None, level: float = 0.05
) -> SparsityReport:
    """The binomial prediction beside the count, for a real matrix and a real split of it.

    Parameters
    ----------
    W : array_like, shape (N1, N2)
        The weights that were split.
    split : CompressedMatrix
        Of `htstats.partition`.
    fit : PowerLawFit, optional
        Of what the split compares with tau: abs(w) for ``keep="abs"``, the positive w for
        ``"upper"``, abs(w - mean) for ``"centered"``; fitted here by default.
    level : float
        Of the k shown, in (0, 1).

    Returns
    -------
    SparsityReport

    Raises
    ------
    ValueError
        If shapes differ, or the values cannot be fitted.

    Notes
    -----
    Thresholds below the fitted xmin are common (sigma often is): the fit says nothing there, and
    the report says ``below xmin``. The paper's reading, with xmin the smallest non-zero value,
    answers everywhere; it stands beside, labelled, and is no fit that anything supports.

    References
    ----------
    Prop 1.2, (5), (11).

    Examples
    --------
    >>> from htstats import partition
    >>> W = np.random.default_rng(0).pareto(2.5, (40, 50)) + 1
    >>> report = sparsity_report(W, partition(W, "quantile:0.98"))
    >>> report.counted, report.fitted.below_xmin, round(report.fitted.expected)
    (40, False, 38)
    """
    weights = as_float64(W, "W")
    if weights.shape != tuple(split.sparse.shape):
        raise ValueError(f"W must have the shape {tuple(split.sparse.shape)}, got {weights.shape}")
    values = weights
    if split.keep == "centered":  # about the mean that `partition` has
        values = weights - ExactSums("float64").update(weights).moments()[0]
    side = "positive" if split.keep == "upper" else "abs"
    if fit is None:
        fit = fit_power_law(values.ravel(), side=side)
    seen = values[values > 0] if side == "positive" else np.abs(values[values != 0])
    whole = fit_power_law(values.ravel(), side=side, xmin=float(seen.min()))
    per_row = np.diff(split.sparse.tocsr().indptr)
    counted = int(per_row.sum())

    def predict(model: TailModel, label: str) -> Prediction:
        return predicted_nonzeros(
            model, split.threshold, counted, weights.shape, level=level, label=label
        )

    return SparsityReport(
        (weights.shape[0], weights.shape[1]),
        split.threshold,
        counted,
        int(per_row.max(initial=0)),
        level,
        predict(TailModel.of(fit), "fitted"),
        predict(TailModel.of(whole, convention="paper"), "paper"),
    )


def _counted(shape: int | tuple[int, ...], per: str) -> tuple[int, int]:
    """How many rows are asked at once, and how many elements each count is of."""
    one_of("per", per, COUNTED)
    if isinstance(shape, tuple):
        rows, columns = (count("shape", size) for size in shape)
    elif per == "matrix":
        return 1, count("shape", shape)
    else:
        raise ValueError(f"shape must be (rows, columns) where rows are counted, got {shape!r}")
    if per == "matrix":
        return 1, rows * columns
    return (rows if per == "any row" else 1), columns


def _union(log: float, rows: int) -> float:
    """log(1 - (1 - P)^rows)."""
    if rows == 1 or log == -math.inf:
        return log
    if rows == 0:
        return -math.inf
    if log >= 0:
        return 0.0
    small = math.exp(log)
    if small == 0:  # below the float range the union is the sum
        return log + math.log(rows)
    return math.log(-math.expm1(rows * math.log1p(-small))) if small < 1 else 0.0


def _printed(k: float, n: int, p: float) -> float:
    """Log of (6) as printed, on either side of the mean."""
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
