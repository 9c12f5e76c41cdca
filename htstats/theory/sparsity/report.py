"""The predicted and the counted number of elements above the threshold, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from htstats._common.arrays import as_float64
from htstats._common.checks import count, finite
from htstats._common.tables import format_table
from htstats.power_law import fit_power_law
from htstats.sketch.exact_sums import ExactSums
from htstats.theory._statement import Statement
from htstats.theory.sparsity.counts import nonzeros_tail, rows_and_elements, smallest_k
from htstats.theory.sparsity.tail_model import TailModel

if TYPE_CHECKING:
    from htstats._exact_fit.fitted_tail import FittedTail
    from htstats.compression.matrix import CompressedMatrix

__all__ = ["Prediction", "SparsityReport", "predicted_nonzeros", "sparsity_report"]


@dataclass(frozen=True)
class Prediction:
    """The number of elements above a threshold that a tail predicts.

    Attributes
    ----------
    label : str
        Name of the tail, such as "fitted".
    model : TailModel
        The tail.
    below_xmin : bool
        Whether the threshold is below the model's xmin. If so, all attributes that follow are None.
    p : float or None
        Probability that an element is above the threshold.
    expected : float or None
        Expected number of elements above the threshold, n p.
    tail, chernoff : Statement or None
        P(X >= counted): the exact value, and Chernoff's bound.
    k, k_row : int or None
        Smallest k with P(X >= k) <= level, for the matrix and for its fullest row.
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
    model: TailModel, tau: float, counted: int, shape: int | tuple[int, int], *,
    level: float = 0.05, label: str = "fitted",
) -> Prediction:  # fmt: skip
    """Compare the tail of a model with `counted` elements above `tau` in a matrix of `shape`.

    Parameters
    ----------
    model : TailModel
        The tail.
    tau : float
        The threshold. If it is below the model's xmin, the result predicts nothing; this is not an
        error.
    counted : int
        Number of elements above tau.
    shape : int or (int, int)
        Number of elements, or rows and columns; `k_row` needs rows and columns.
    level : float
        Level of `k` and `k_row`, in (0, 1).
    label : str
        Name of the tail in the result.

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
    _, n = rows_and_elements(shape, "matrix")
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
    """Predicted and counted numbers of elements above tau, for one split of one matrix.

    Attributes
    ----------
    shape : (int, int)
        Numbers of rows and columns.
    tau : float
        The threshold.
    counted, counted_row : int
        Elements above tau in the matrix, and in its fullest row.
    level : float
        Level of the k of both predictions, in (0, 1).
    fitted, paper : Prediction
        Prediction by the fitted tail, and by the paper's tail. The paper's tail begins at the
        smallest non-zero value and contains every element.
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
            f"{self.shape[0]} x {self.shape[1]}, tau = {self.tau:.4g}; P: probability of the "
            f"counted number or more, k: reached with at most {percent}\n"
            f"{format_table(header, rows)}"
        )


def sparsity_report(
    W: npt.ArrayLike, split: CompressedMatrix, *, fit: FittedTail | None = None, level: float = 0.05
) -> SparsityReport:
    """Compare the binomial prediction with the counted elements of a real split.

    Parameters
    ----------
    W : array_like, shape (N1, N2)
        The weights that were split.
    split : CompressedMatrix
        The result of `htstats.partition`.
    fit : PowerLawFit, optional
        Fit of the quantity that the split compares with tau: abs(w) for ``keep="abs"``, the
        positive w for ``"upper"``, abs(w - mean) for ``"centered"``. By default this function
        computes the fit.
    level : float
        Level of the k in the report, in (0, 1).

    Returns
    -------
    SparsityReport

    Raises
    ------
    ValueError
        If shapes differ, or the values cannot be fitted.

    Notes
    -----
    A threshold is often below the fitted xmin (sigma is an example). The fit says nothing about
    such a threshold, and the report says ``below xmin``. The paper's tail takes the smallest
    non-zero value as xmin and therefore covers every threshold. The report shows this tail with a
    label, because no data support it.

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
    if split.keep == "centered":  # deviations from the mean of `partition`
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
