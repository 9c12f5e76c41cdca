"""The stable law of all elements, in addition to the power law of the tail."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from htstats._common.messages import one_line

if TYPE_CHECKING:
    from htstats._common.rows import RowSource

__all__ = ["COLUMNS", "CSV_COLUMNS", "cells_of", "flatten", "stable_notes", "stable_numbers"]

# Number of resamples of the test. The p-value is then a multiple of 1 / 200.
RESAMPLES = 199

# A p-value below this level is evidence against a stable law, as for the power law.
LEVEL = 0.1

# Columns of the table: key, heading, format.
COLUMNS = (
    ("alpha", "stable alpha", ".4g"),
    ("stderr", "stderr", ".2g"),
    ("beta", "beta", ".3g"),
    ("scale", "scale", ".4g"),
    ("ks_distance", "KS D", ".4f"),
    ("ks_pvalue", "KS p", ".3f"),
    ("tail_exponent", "tail exponent", ".4g"),
)
CSV_COLUMNS = tuple(f"stable_{key}" for key, _, _ in COLUMNS[:-1])

FAILURES = (ValueError, TypeError, OSError, ArithmeticError, MemoryError)


def stable_numbers(values: Any | RowSource, tail_exponent: float) -> dict[str, Any]:
    """Fit a stable law to an array, or to a matrix that is read in blocks; return plain numbers.

    The method is maximum likelihood, and all elements of both signs are used. If the fit fails, the
    reason is under "stable_error".
    """
    from htstats.stable import fit_stable

    try:
        fit = fit_stable(values)
        tested = fit.goodness_of_fit("ks", n_resamples=RESAMPLES)
    except FAILURES as error:
        return {"stable_error": one_line(error)}
    found = {
        "alpha": fit.alpha,
        "stderr": fit.stderr.alpha,
        "beta": fit.beta,
        "beta_stderr": fit.stderr.beta,
        "loc": fit.loc,
        "loc_stderr": fit.stderr.loc,
        "scale": fit.scale,
        "scale_stderr": fit.stderr.scale,
        "parameterization": "S0",
        "ks_distance": tested.statistic,
        "ks_pvalue": tested.pvalue,
        "n_resamples": tested.n_resamples,
        "binning_error": fit.binning_error,
        "edge": fit.edge,
    }
    found["note"] = _compatibility(fit.alpha, tail_exponent)
    return {"stable": found}


def _compatibility(alpha: float, tail_exponent: float) -> str:
    """The reason why the exponents of the two fits contradict each other; empty if they do not."""
    if tail_exponent > 2:
        return (
            f"its tail exponent {tail_exponent:.3g} is above 2, which no stable law has: the "
            f"stable alpha {alpha:.4g} describes the bulk, not this tail"
        )
    return ""


def cells_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row of the table. The standard error of an estimate at a bound is None."""
    numbers = row["stable"] | {"tail_exponent": row["tail_exponent"]}
    return {key: None if value != value else value for key, value in numbers.items()}


def stable_notes(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """The lines below the table: caveats, estimates at bounds, and failed fits."""
    notes = []
    for row in rows:
        if reason := row.get("stable_error"):
            notes.append(f"{row['name']}: no stable law fitted: {reason}")
        found = row.get("stable", {})
        notes += [f"{row['name']}: {found[key]}" for key in ("note", "edge") if found.get(key)]
    return notes


def flatten(found: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers, by the names of the CSV columns."""
    return {f"stable_{key}": value for key, value in found.items()}
