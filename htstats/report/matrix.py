"""Fit, stable rank, tests and spectrum of one matrix, as plain numbers that pickle can send."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from htstats._common.arrays import HALF_DTYPES
from htstats._common.messages import one_line
from htstats.report._held import Buffers, HeldHalves
from htstats.report.spectrum import spectrum_numbers
from htstats.report.stable import stable_numbers

if TYPE_CHECKING:
    from collections.abc import Callable

    from htstats.power_law import PowerLawFit
    from htstats.weights import WeightMatrix
    from htstats.weights.columns import Column

__all__ = ["RANK_RTOL", "Buffers", "Extras", "Rule", "as_row", "fit_column", "fit_matrix"]

# The largest memory of a fit, as a multiple of the bytes of the matrix. For float32, it holds the
# matrix, its sorted copy, and five float64 for each element.
COPIES_IN_MEMORY = 12

# The largest matrices, in bytes, that are held in memory if no --max-memory is given. It is twice
# as much for 16-bit floats, which are held as their bits.
HELD = 1 << 28

# The smallest matrices of 16-bit floats, in bytes, that are held as their bits. A sketch fits them,
# which takes as long as a fit of smaller ones from a float32 copy.
HELD_AS_BITS = 1 << 21

# The largest matrices, in elements, that the fit of a stable law holds in memory. It takes some 56
# bytes per element. For larger matrices, and with --max-memory, it makes a sketch.
HELD_BY_STABLE = 1 << 22

# Relative accuracy of the stable rank. It gives more digits than a table shows.
RANK_RTOL = 1e-7

# A p-value above this level does not rule out a power law (Clauset, Shalizi and Newman 2009,
# section 4).
LEVEL = 0.1

# Arguments of a fit by name.
Rule = dict[str, Any]

FAILURES = (ValueError, TypeError, OSError, ArithmeticError, MemoryError)


class Extras(NamedTuple):
    """The results to compute in addition to the fit."""

    gof: int = 0  # largest number of resamples of the goodness of fit; 0: no test
    compare: bool = False
    spectrum: bool = False
    stable: bool = False
    device: str = "cpu"  # where the spectrum is computed

    @property
    def is_empty(self) -> bool:
        """Whether only the fit is wanted."""
        return not (self.need_values or self.stable)

    @property
    def need_values(self) -> bool:
        """Whether the matrix must be in memory. The fit of a stable law does not need this."""
        return bool(self.gof or self.compare or self.spectrum)


class Fitted(NamedTuple):
    """The fit of a matrix, and what its other numbers are computed from."""

    found: PowerLawFit
    given: Any  # the matrix in memory: an array, rows of bits, or None
    estimate: Callable[[], float]  # estimates the stable rank


def fit_matrix(
    matrix: WeightMatrix,
    side: str,
    extras: Extras | None = None,
    max_memory: int | None = None,
    rule: Rule | None = None,
    n_threads: int = 1,
    buffers: Buffers | None = None,
) -> dict[str, Any]:
    """The numbers of the fit of a matrix by name, or the reason under "error" if it failed.

    If the fit would take more than `max_memory` bytes, the fit and the stable rank read the matrix
    in blocks. Extras that need the matrix in memory are then an error. `rule` contains other
    arguments of `fit_power_law`: xmin, xmax, ks, min_tail. A caller that fits several matrices
    passes the same `buffers`, whose memory they use one after another.
    """
    extras, rule, buffers = extras or Extras(), rule or {}, buffers or Buffers()
    try:
        is_half = matrix.dtype in HALF_DTYPES and matrix.nbytes >= HELD_AS_BITS
        needed = matrix.nbytes * COPIES_IN_MEMORY
        most = COPIES_IN_MEMORY * HELD * (1 + is_half) if max_memory is None else max_memory
        if needed > most:
            if max_memory is not None and extras.need_values:
                raise MemoryError(
                    f"tests and spectra hold the matrix in memory, up to {needed} bytes in all; "
                    f"--max-memory leaves {max_memory}"
                )
            found, given, estimate = _fit_in_blocks(matrix, side, max_memory or HELD, rule)
        elif is_half:
            held = HeldHalves(matrix, buffers)
            found, given, estimate = _fit_bits(held, side, max_memory or HELD, rule, n_threads)
        else:
            found, given, estimate = _fit_values(buffers.read(matrix), side, rule, n_threads)
        numbers = _add_extras(matrix, given, side, extras, rule, max_memory, found)
        # all eigenvalues give the stable rank too, to more digits than an estimate
        rank = numbers["esd_stable_rank"] if "esd_stable_rank" in numbers else estimate()
        return as_row(found, rank) | numbers
    except FAILURES as error:
        return {"error": one_line(error)}


def _fit_values(values: npt.NDArray[Any], side: str, rule: Rule, n_threads: int) -> Fitted:
    from htstats.power_law import fit_power_law
    from htstats.spectral import estimate_stable_rank

    found = fit_power_law(values.reshape(-1), side=side, **rule)
    return Fitted(
        found, values, lambda: estimate_stable_rank(values, RANK_RTOL, n_threads=n_threads)
    )


def _fit_bits(held: HeldHalves, side: str, max_memory: int, rule: Rule, n_threads: int) -> Fitted:
    """Fit a matrix of 16-bit floats, which is held as its bits: one reading fills its sketch."""
    from htstats.power_law import fit_rows
    from htstats.sketch import sketch_rows
    from htstats.spectral import estimate_norms

    sketch = sketch_rows(held)
    found = fit_rows(held, side=side, max_memory=max_memory, sketch=sketch, **rule)
    rows = held.rows()._replace(n_threads=n_threads)
    squares = float(sketch.total_of_squares)
    return Fitted(found, rows, lambda: estimate_norms(rows, RANK_RTOL, squares).stable_rank)


def _fit_in_blocks(matrix: WeightMatrix, side: str, max_memory: int, rule: Rule) -> Fitted:
    from htstats.power_law import fit_rows
    from htstats.spectral import estimate_stable_rank

    found = fit_rows(matrix, side=side, max_memory=max_memory, **rule)
    return Fitted(found, None, lambda: estimate_stable_rank(matrix, RANK_RTOL))


def _add_extras(
    matrix: WeightMatrix,
    given: Any,
    side: str,
    extras: Extras,
    rule: Rule,
    max_memory: int | None,
    fit: PowerLawFit,
) -> dict[str, Any]:
    """The results of `extras`. `given` is the matrix in memory: an array, rows of bits, or None."""
    found: dict[str, Any] = {}
    values = given if isinstance(given, np.ndarray) else None
    if extras.stable:
        size = matrix.shape[0] * matrix.shape[1]
        is_held = values is not None and max_memory is None and size <= HELD_BY_STABLE
        found |= stable_numbers(values if is_held else matrix, fit.tail_exponent)
    if extras.gof or extras.compare:
        values = matrix.toarray() if values is None else values
        found |= _tests(values, side, extras, rule)
    if extras.spectrum:
        held = given if given is not None else values if values is not None else matrix.toarray()
        found |= spectrum_numbers(held, extras.device)
    return found


def fit_column(
    column: Column, side: str, extras: Extras, max_memory: int | None, rule: Rule
) -> dict[str, Any]:
    """`fit_matrix` for a column of numbers, without stable rank and spectrum.

    `rule` may also contain `discrete`. A discrete fit needs the column in memory."""
    from htstats.power_law import fit_power_law, fit_rows

    try:
        needed = column.shape[0] * 8 * COPIES_IN_MEMORY
        is_large = needed > (COPIES_IN_MEMORY * HELD if max_memory is None else max_memory)
        is_discrete = bool(rule.get("discrete"))
        if is_large and max_memory is not None and (is_discrete or extras.need_values):
            raise MemoryError(
                f"tests and discrete fits hold the column in memory, up to {needed} bytes with "
                f"what is made of it; --max-memory leaves {max_memory}"
            )
        if is_large and not is_discrete:
            found = fit_rows(column, side=side, max_memory=max_memory or HELD, **rule)
        else:
            found = fit_power_law(column.toarray(), side=side, **rule)
        row = as_row(found)
        if extras.stable:
            is_held = max_memory is None and column.shape[0] <= HELD_BY_STABLE
            row |= stable_numbers(column.toarray() if is_held else column, row["tail_exponent"])
        if extras.gof or extras.compare:
            row |= _tests(column.toarray(), side, extras, rule)
        return row
    except FAILURES as error:
        return {"error": one_line(error)}


def as_row(found: PowerLawFit, rank: float | None = None) -> dict[str, Any]:
    """The numbers of a fit by name, with the stable rank if one is given."""
    return {
        "n": found.n,
        "n_excluded": found.n_excluded,
        "excluded": dict(found.excluded),
        "alpha": found.alpha,
        "tail_exponent": found.tail_exponent,
        "xmin": found.xmin,
        "distance": found.distance,
        "n_tail": found.n_tail,
        "stderr": found.stderr,
        **({} if rank is None else {"stable_rank": float(rank)}),
    }


def _tests(values: npt.NDArray[Any], side: str, extras: Extras, rule: Rule) -> dict[str, Any]:
    """The goodness of fit, and the comparison with the alternatives, if `extras` selects them."""
    from htstats.power_law import fit_power_law

    # fit again, because a fit of blocks keeps no values for the tests
    found = fit_power_law(values.reshape(-1), side=side, **rule)
    row: dict[str, Any] = {}
    if extras.gof:
        tested = found.goodness_of_fit(extras.gof, stop_at=LEVEL)
        row["gof"] = {
            "pvalue": tested.pvalue,
            "interval": list(tested.interval),
            "n_resamples": tested.n_resamples,
        }
    if extras.compare:
        row["compare"] = {
            ratio.second.name: {
                "R": ratio.R,
                "pvalue": ratio.pvalue,
                "better": ratio.better(),
                "note": ratio.undecided or ratio.second.note,
            }
            for ratio in found.compare_all().rows
        }
    return row
