"""All numbers and curves of one matrix, or of one column of numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from htstats._common.messages import one_line
from htstats.report import _curves
from htstats.report._statements import matrix_statements
from htstats.report.matrix import (
    COPIES_IN_MEMORY,
    FAILURES,
    HELD,
    Extras,
    Rule,
    fit_column,
    fit_matrix,
)
from htstats.report.spectrum import numbers_of_fit

if TYPE_CHECKING:
    from htstats._exact_fit.fitted_tail import FittedTail
    from htstats.sketch import Buckets
    from htstats.weights import WeightMatrix
    from htstats.weights.columns import Column

__all__ = ["Wanted", "measure_column", "measure_matrix"]

# The alternatives of a page without --compare. Each takes less time than reading the matrix.
ALTERNATIVES = ("lognormal", "exponential")

# The quantile of the normal law for 95 % intervals.
Z = 1.959963984540054

# A column of at most this many numbers is tested even if no test is requested.
TESTED = 1_000_000
RESAMPLES = 2500


@dataclass(frozen=True)
class Wanted:
    """What to compute for each matrix."""

    side: str | None = None
    rule: Rule = field(default_factory=dict)
    gof: int | None = None
    compare: bool = False
    spectrum: bool = False
    stable: bool = False
    threshold: float | str | None = "std"
    max_memory: int | None = None


def measure_matrix(matrix: WeightMatrix, wanted: Wanted) -> dict[str, Any]:
    """The numbers of `htstats.report.matrix.fit_matrix`, with intervals, sizes and curves.

    If the fit fails, the result has only the reason, under "error". If something else fails, its
    reason is among the "notes".
    """
    side, room = wanted.side or "abs", wanted.max_memory
    extras = Extras(gof=wanted.gof or 0, stable=wanted.stable)
    row = fit_matrix(matrix, side, extras, room, wanted.rule)
    if "error" in row:
        return row
    needed = matrix.nbytes * COPIES_IN_MEMORY
    is_held = needed <= (COPIES_IN_MEMORY * HELD if room is None else room)
    row |= intervals_of(row)
    notes: list[str] = []
    try:
        row |= _stored_size(matrix, wanted, notes)
        row |= _look_closer(matrix, side, row, wanted, is_held, notes)
    except FAILURES as error:
        notes.append(one_line(error))
    return row | ({"notes": notes} if notes else {})


def measure_column(column: Column, wanted: Wanted) -> dict[str, Any]:
    """`measure_matrix` for a column of numbers, without the split and the spectrum.

    Columns of at most a million numbers are tested if `wanted` does not say otherwise."""
    side, room = wanted.side or "positive", wanted.max_memory
    n = column.shape[0]
    needed = n * 8 * COPIES_IN_MEMORY
    is_held = needed <= (COPIES_IN_MEMORY * HELD if room is None else room)
    gof = wanted.gof
    if gof is None:
        gof = RESAMPLES if n <= TESTED and is_held else 0
    row = fit_column(column, side, Extras(gof=gof, stable=wanted.stable), room, wanted.rule)
    if "error" in row:
        return row
    row |= intervals_of(row)
    notes = [] if gof else ["the fit was not tested: --gof tests it"]
    try:
        row |= _look_closer(column, side, row, wanted, is_held, notes)
    except FAILURES as error:
        notes.append(one_line(error))
    return row | ({"notes": notes} if notes else {})


def intervals_of(row: dict[str, Any]) -> dict[str, Any]:
    """The asymptotic 95 % intervals of alpha and of the tail exponent."""
    width = Z * row["stderr"]
    low, high = row["alpha"] - width, row["alpha"] + width
    return {"alpha_interval": [low, high], "tail_interval": [low - 1, high - 1]}


def _stored_size(matrix: WeightMatrix, wanted: Wanted, notes: list[str]) -> dict[str, Any]:
    """Bytes of the matrix before and after `compress`, and the number of kept elements."""
    from htstats.compression.container import SizeWriter
    from htstats.compression.partition import LEAST_MEMORY, compress_rows

    before = math.prod(matrix.source_shape) * _item_size(matrix)
    row: dict[str, Any] = {"bytes": before}
    if wanted.threshold is None or matrix.scale is not None:
        return row
    room = 2 * LEAST_MEMORY if wanted.max_memory is None else wanted.max_memory
    if room < LEAST_MEMORY:
        notes.append("the size after compress was not computed: it takes 128 MiB per thread")
        return row
    writer = SizeWriter()
    try:
        info = compress_rows(
            writer, matrix.name, matrix, wanted.threshold, max_memory=room,
            source_shape=matrix.source_shape,
        )  # fmt: skip
    except FAILURES as error:
        notes.append(f"it cannot be compressed: {one_line(error)}")
        return row
    size = matrix.shape[0] * matrix.shape[1]
    return row | {
        "threshold": info.threshold,
        "kept": writer.nnz,
        "kept_fraction": writer.nnz / size,
        "stored_bytes": writer.written,
        "stored_fraction": writer.written / before,
    }


def _item_size(matrix: WeightMatrix) -> int:
    from htstats.weights import ITEMSIZES

    return ITEMSIZES[matrix.source_dtype]


def _look_closer(
    source: WeightMatrix | Column,
    side: str,
    row: dict[str, Any],
    wanted: Wanted,
    is_held: bool,
    notes: list[str],
) -> dict[str, Any]:
    """Alternatives, spectrum, statements and curves, from one more reading."""
    from htstats.sketch import sketch_rows

    sketch = sketch_rows(source)
    with np.errstate(over="ignore"):
        buckets = sketch.buckets(side)
    fit = _fit_of(row, side, wanted.rule)
    counts = _curves.count_values(buckets)
    above = row["excluded"].get("above xmax", 0)
    curve = _curves.tail_curve(counts, fit.xmin, fit.n_tail, above)
    size = source.shape[0] * source.shape[1]
    curves: dict[str, Any] = {
        "tail": {"x": _curves.round_all(curve.x), "n": [int(n) for n in curve.at_least]},
        "predicted": _curves.predict_counts(fit, curve, size),
    }
    found: dict[str, Any] = {"size": size, "above": above}
    if is_held:
        found |= _from_values(source.toarray(), fit, wanted, curves, notes)
    else:
        _from_buckets(buckets, fit, wanted, curves, notes)
    if wanted.spectrum and isinstance(source.shape, tuple) and source.shape[1] > 1:
        found |= _spectrum(source, is_held or wanted.max_memory is None, curves)
    smallest = float(counts.x[0])
    found["statements"] = matrix_statements(fit, curve, source.shape, smallest)
    return found | {"curves": curves}


def _fit_of(row: dict[str, Any], side: str, rule: Rule) -> FittedTail:
    """The fitted tail that the numbers of a row describe."""
    from htstats._exact_fit.fitted_tail import FittedTail

    return FittedTail(
        row["alpha"], row["xmin"], row["distance"], row["n"], row["n_tail"], row["excluded"], side,
        bool(rule.get("discrete")), rule.get("ks", "left"), rule.get("xmax"),
    )  # fmt: skip


def _from_values(
    values: Any, fit: FittedTail, wanted: Wanted, curves: dict[str, Any], notes: list[str]
) -> dict[str, Any]:
    """The scan and the alternatives of values in memory."""
    from htstats._exact_fit.options import check_options
    from htstats.power_law import fit_power_law

    law = {key: wanted.rule[key] for key in ("xmax", "discrete") if key in wanted.rule}
    # fitted at its xmin only, to get the values in order
    x = fit_power_law(values.reshape(-1), side=fit.side, xmin=fit.xmin, **law).usable()
    rule = check_options(**{"ks": "left"} | dict(wanted.rule))
    if rule.finds_xmin:
        curves["scan"] = _curves.exact_scan(x, rule, fit.xmin)
    try:
        with np.errstate(all="ignore"):  # of extreme values; R is then no number
            return _alternatives(x[np.searchsorted(x, fit.xmin) :], fit, wanted.compare, curves)
    except FAILURES as error:
        notes.append(f"no alternatives: {one_line(error)}")
        return {}


def _alternatives(
    tail: Any, fit: FittedTail, is_all: bool, curves: dict[str, Any]
) -> dict[str, Any]:
    """The likelihood ratios of the alternatives, as in `htstats fit --compare`."""
    from htstats.alternatives import compare, compare_all

    options: dict[str, Any] = {"xmin": fit.xmin, "xmax": fit.xmax, "discrete": fit.discrete}
    if is_all:
        ratios = {ratio.second.name: ratio for ratio in compare_all(tail, **options).rows}
    else:
        ratios = {name: compare(tail, "power_law", name, **options) for name in ALTERNATIVES}
    laws = {name: ratio.second for name, ratio in ratios.items()}
    curves["alternatives"] = _curves.alternative_curves(laws, fit, float(tail[-1]))
    return {
        "compare": {
            name: {
                "R": ratio.R,
                "pvalue": ratio.pvalue,
                "better": ratio.better(),
                "note": ratio.undecided or ratio.second.note,
            }
            for name, ratio in ratios.items()
        }
    }


def _from_buckets(
    buckets: Buckets,
    fit: FittedTail,
    wanted: Wanted,
    curves: dict[str, Any],
    notes: list[str],
) -> None:
    """The scan of a matrix that is read in blocks."""
    if set(wanted.rule) <= {"min_tail"}:
        curves["scan"] = _curves.scan_buckets(buckets, fit.xmin)
        notes.append(
            "the matrix was read in blocks: the curve of the scan is computed from counts in "
            "buckets of relative width 2^-11 (the fit itself is exact)"
        )
    notes.append("no alternatives: they need the matrix in memory")


def _spectrum(source: Any, may_hold: bool, curves: dict[str, Any]) -> dict[str, Any]:
    """The power law of the eigenvalues of W W^T, by the names of `htstats fit`."""
    from htstats.spectral import fit_spectrum

    if not may_hold:
        return {"esd_error": "the spectrum needs the matrix in memory; --max-memory is too small"}
    try:
        with np.errstate(over="ignore"):  # fit_spectrum refuses infinite eigenvalues
            found = fit_spectrum(source.toarray())
    except FAILURES as error:
        return {"esd_error": one_line(error)}
    curves["spectrum"] = _curves.spectrum_curve(found.usable())
    return numbers_of_fit(found, (source.shape[0], source.shape[1]))
