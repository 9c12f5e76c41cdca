"""Fit, stable rank, tests and spectrum of one matrix, as plain numbers that pickle can send."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy.typing as npt

from htstats._common.messages import one_line
from htstats.report.stable import stable_numbers

if TYPE_CHECKING:
    from htstats.power_law import PowerLawFit
    from htstats.weights import WeightMatrix
    from htstats.weights.columns import Column

__all__ = ["RANK_RTOL", "Extras", "Rule", "as_row", "fit_column", "fit_matrix"]

# The largest memory of a fit, as a multiple of the bytes of the matrix. For float32, it holds the
# matrix, its sorted copy, and five float64 for each element.
COPIES_IN_MEMORY = 12

# The largest matrices, in bytes, that are held in memory if no --max-memory is given.
HELD = 1 << 28

# The largest matrices, in elements, that the fit of a stable law holds in memory. It takes some 56
# bytes per element. For larger matrices, and with --max-memory, it makes a sketch.
HELD_BY_STABLE = 1 << 22

# Relative accuracy of the stable rank. It gives more digits than a table shows, and reads the
# matrix half as often as the default, 1e-10.
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

    @property
    def need_values(self) -> bool:
        """Whether the matrix must be in memory. The fit of a stable law does not need this."""
        return bool(self.gof or self.compare or self.spectrum)


def fit_matrix(
    matrix: WeightMatrix,
    side: str,
    extras: Extras | None = None,
    max_memory: int | None = None,
    rule: Rule | None = None,
) -> dict[str, Any]:
    """The numbers of the fit of a matrix by name, or the reason under "error" if it failed.

    If the fit would take more than `max_memory` bytes, the fit and the stable rank read the matrix
    in blocks. Extras that need the matrix in memory are then an error. `rule` contains other
    arguments of `fit_power_law`: xmin, xmax, ks, min_tail.
    """
    from htstats.power_law import fit_power_law
    from htstats.spectral import stable_rank

    extras, rule = extras or Extras(), rule or {}
    try:
        needed = matrix.nbytes * COPIES_IN_MEMORY
        is_large = needed > (COPIES_IN_MEMORY * HELD if max_memory is None else max_memory)
        if is_large and max_memory is not None and extras.need_values:
            raise MemoryError(
                f"tests and spectra hold the matrix in memory, up to {needed} bytes in all; "
                f"--max-memory leaves {max_memory}"
            )
        if is_large:
            row = _fit_in_blocks(matrix, side, max_memory or HELD, rule)
            if extras.stable:
                row |= stable_numbers(matrix, row["tail_exponent"])
            if not extras.need_values:
                return row
        values = matrix.toarray()
        if not is_large:
            found = fit_power_law(values.reshape(-1), side=side, **rule)
            row = as_row(found, stable_rank(values, rtol=RANK_RTOL))
            if extras.stable:
                is_held = max_memory is None and values.size <= HELD_BY_STABLE
                row |= stable_numbers(values if is_held else matrix, row["tail_exponent"])
        if extras.gof or extras.compare:
            row |= _tests(values, side, extras, rule)
        if extras.spectrum:
            row |= _spectrum(values)
        return row
    except FAILURES as error:
        return {"error": one_line(error)}


def _fit_in_blocks(matrix: WeightMatrix, side: str, max_memory: int, rule: Rule) -> dict[str, Any]:
    from htstats.power_law import fit_rows
    from htstats.spectral import stable_rank

    found = fit_rows(matrix, side=side, max_memory=max_memory, **rule)
    return as_row(found, stable_rank(matrix, rtol=RANK_RTOL))


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


def _spectrum(values: npt.NDArray[Any]) -> dict[str, Any]:
    """The power law of the eigenvalues of W W^T, or the reason why it cannot be fitted."""
    from htstats.spectral import fit_spectrum

    try:
        found = fit_spectrum(values)
    except FAILURES as error:
        return {"esd_error": one_line(error)}
    return {
        "esd_alpha": found.alpha,
        "esd_sigma": found.stderr,
        "esd_D": found.distance,
        "esd_xmin": found.xmin,
        "esd_num_pl_spikes": found.n_tail,
        "esd_num_evals": found.n,
    }
