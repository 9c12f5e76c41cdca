"""The output of `htstats fit`: tables for people, JSON, and CSV with WeightWatcher's columns."""

from __future__ import annotations

import math
import sys
import textwrap
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from htstats._common.terminal import is_terminal, table_width
from htstats.report.notes import reading_notes
from htstats.report.spectrum import COLUMNS as SPECTRUM_COLUMNS
from htstats.report.stable import COLUMNS as STABLE
from htstats.report.stable import CSV_COLUMNS as STABLE_COLUMNS
from htstats.report.stable import cells_of, flatten, stable_notes

if TYPE_CHECKING:
    from htstats.report.matrix import Rule
    from htstats.weights import UnreadTensor, WeightMatrix, Weights

__all__ = ["Row", "as_csv", "as_json", "as_text", "describe", "describe_unread", "finish"]

Row = dict[str, Any]

WIDTH = 100

# Columns of the table: the key in a row, the heading and the format.
COLUMNS = (
    ("shape", "shape", "s"), ("n", "n", "d"), ("alpha", "alpha", ".4g"),
    ("tail_exponent", "tail exponent", ".4g"), ("xmin", "xmin", ".4g"), ("distance", "D", ".4f"),
    ("n_tail", "n_tail", "d"), ("stderr", "stderr", ".2g"), ("stable_rank", "stable rank", ".4g"),
)  # fmt: skip

SPECTRUM = (
    ("esd_alpha", "alpha", ".4g"),
    ("esd_sigma", "stderr", ".2g"),
    ("esd_xmin", "xmin", ".4g"),
    ("esd_D", "D", ".4f"),
    ("esd_num_pl_spikes", "in the tail", "d"),
    ("esd_num_evals", "eigenvalues", "d"),
    ("warning", "note", "s"),
)

# WeightWatcher's columns come first, so that its tables can be joined with tables of htstats.
CSV_COLUMNS = (
    "layer_id", "name", "longname", "N", "M", "Q", "alpha", "sigma", "D", "xmin", "num_pl_spikes",
    "stable_rank", "status", "warning", "dtype", "n", "n_excluded", "tail_exponent",
)  # fmt: skip
GOF_COLUMNS = ("gof_pvalue", "gof_low", "gof_high", "gof_resamples")

# WeightWatcher calls a spectrum over-trained if its exponent is below 2, and under-trained if it is
# above 6.
OVER_TRAINED, UNDER_TRAINED = 2.0, 6.0


def describe(layer_id: int, matrix: WeightMatrix) -> Row:
    """The row of a matrix before its fit: name, shape, dtype."""
    row = _description(layer_id, matrix.name, matrix.source_shape, matrix.source_dtype)
    return row if matrix.scale is None else row | {"scale": matrix.scale}


def describe_unread(layer_id: int, tensor: UnreadTensor) -> Row:
    """The row of a matrix that cannot be read."""
    row = _description(layer_id, tensor.name, tensor.shape, tensor.dtype)
    row["error"] = tensor.reason
    finish(row)
    return row


def _description(layer_id: int, name: str, shape: tuple[int, ...], dtype: str) -> Row:
    sides = [shape[0], math.prod(shape[1:])] if shape else []
    return {
        "layer_id": layer_id,
        "name": name,
        # WeightWatcher has the name of the layer, a checkpoint that of its weight
        "longname": name.removesuffix(".weight"),
        "shape": sides,
        "source_shape": list(shape),
        "dtype": dtype,
        "N": max(sides, default=None),
        "M": min(sides, default=None),
        "Q": max(sides) / max(min(sides), 1) if sides else None,
    }


def finish(row: Row) -> None:
    """Add the results under WeightWatcher's names."""
    failed = row.get("error") or row.get("esd_error")
    row["status"] = "failed" if "error" in row else "success"
    row["warning"] = failed or _training_note(row.get("esd_alpha"))
    if "error" not in row:
        row |= {"D": row["distance"], "sigma": row["stderr"], "num_pl_spikes": row["n_tail"]}


def _training_note(esd_alpha: float | None) -> str:
    if esd_alpha is None or OVER_TRAINED <= esd_alpha <= UNDER_TRAINED:
        return ""
    return "over-trained" if esd_alpha < OVER_TRAINED else "under-trained"


def as_json(
    file: str, side: str, rule: Rule, rows: Iterable[Row], weights: Weights
) -> dict[str, Any]:
    """The report as JSON types. An empty `rule` is left out."""
    return {
        "file": file,
        "side": side,
        **({"rule": rule} if rule else {}),
        "matrices": [{key: _number(value) for key, value in row.items()} for row in rows],
        "skipped": [{"name": name, "reason": why} for name, why in weights.skipped],
        **({"notes": weights.notes} if weights.notes else {}),
    }


def _number(value: Any) -> Any:
    """The value, or None for NaN and infinity, which JSON does not have."""
    if isinstance(value, Mapping):
        return {key: _number(inner) for key, inner in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def as_csv(rows: list[Row]) -> str:
    """CSV with one line for each matrix, without the columns of tests that were not selected."""
    import csv
    import io

    flat = [_flat(row) for row in rows]
    columns = list(CSV_COLUMNS)
    for group in (GOF_COLUMNS, SPECTRUM_COLUMNS, STABLE_COLUMNS):
        columns += [name for name in group if any(name in row for row in flat)]
    others = {key: None for row in flat for key in row if key.startswith("compare_")}
    out = io.StringIO()
    writer = csv.DictWriter(out, [*columns, *others], extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(flat)
    return out.getvalue()


def _flat(row: Row) -> Row:
    flat = dict(row)
    if gof := row.get("gof"):
        flat |= {"gof_pvalue": gof["pvalue"], "gof_resamples": gof["n_resamples"]}
        flat["gof_low"], flat["gof_high"] = gof["interval"]
    flat |= flatten(row.get("stable", {}))
    for name, ratio in row.get("compare", {}).items():
        flat |= {f"compare_{name}_R": ratio["R"], f"compare_{name}_p": ratio["pvalue"]}
    return flat


def as_text(rows: list[Row], weights: Weights | None, what: str = "matrix") -> str:
    """Tables that fit the terminal, then notes. `what` names the object in each row."""
    columns = COLUMNS if what == "matrix" else COLUMNS[1:-1]  # no shape and no rank
    header = [heading for _, heading, _ in columns]
    lines = [(row["name"], _cells(row, columns)) for row in rows]
    parts = [_table(header, lines, what=what)]
    fitted = [row for row in rows if "error" not in row]
    if any("gof" in row for row in fitted):
        parts.append(_gof(fitted, what))
    if any("compare" in row for row in fitted):
        parts.append(_comparisons(fitted, what))
    if any("esd_alpha" in row or "esd_error" in row for row in fitted):
        header = [heading for _, heading, _ in SPECTRUM]
        lines = [(row["name"], _cells(row, SPECTRUM)) for row in fitted]
        parts.append("eigenvalues of W W^T:\n" + _table(header, lines))
    if any("stable" in row for row in fitted):
        header = [heading for _, heading, _ in STABLE]
        lines = [(row["name"], _cells(cells_of(row), STABLE)) for row in fitted if "stable" in row]
        title = "stable law of all elements; KS p below 0.1 speaks against stable laws:\n"
        parts.append(title + _table(header, lines, what=what))
    notes = stable_notes(fitted)
    notes += [f"{row['name']}: not fitted: {row['error']}" for row in rows if "error" in row]
    notes += [
        f"{row['name']}: left out of the fit: {count} {reason}"
        for row in rows
        for reason, count in row.get("excluded", {}).items()
        if count
    ]
    notes += [
        f"{row['name']}: {count} whole numbers beyond 2^53 were rounded to float64"
        for row in rows
        if (count := row.get("n_rounded"))
    ]
    if weights is not None:
        notes += reading_notes(weights, "not fitted", "multiplied by their scales")
        if others := len(dict(weights.skipped).keys() - weights.aside.keys()):
            notes.append(f"skipped, being no matrix: {others} (--json lists them)")
    parts[-1] = "\n".join([parts[-1], *map(_wrap, notes)])
    return "\n\n".join(parts)


def _gof(rows: list[Row], what: str) -> str:
    lines: list[tuple[str, list[str | None]]] = []
    for row in rows:
        low, high = row["gof"]["interval"]
        p, n_resamples = row["gof"]["pvalue"], row["gof"]["n_resamples"]
        lines.append((row["name"], [f"{p:.3f}", f"{low:.3f} to {high:.3f}", str(n_resamples)]))
    table = _table(["p", "95 % interval", "resamples"], lines, what=what)
    return "goodness of fit; p below 0.1 speaks against a power law:\n" + table


def _comparisons(rows: list[Row], what: str) -> str:
    lines: list[tuple[str, list[str | None]]] = []
    notes: list[str] = []
    for row in rows:
        for name, ratio in row["compare"].items():
            other, better = (word.replace("_", " ") for word in (name, ratio["better"]))
            numbers = f"{ratio['R']:.4g}", f"{ratio['pvalue']:.2g}"
            lines.append((row["name"], [other, *numbers, better]))
            if ratio["note"]:
                notes.append(f"{row['name']}: {other}: {ratio['note']}")
    table = _table(["against", "R", "p", "better"], lines, left=2, what=what)
    title = "power law against others; R above 0 is for the power law:"
    return "\n".join([title, table, *map(_wrap, notes)])


def _wrap(note: str) -> str:
    width = min(table_width(sys.stdout), WIDTH)
    return textwrap.fill(note, width, subsequent_indent="  ", break_long_words=False)


def _table(
    header: list[str],
    lines: list[tuple[str, list[str | None]]],
    left: int = 1,
    what: str = "matrix",
) -> str:
    from htstats._common.tables import fit_table, format_table

    rows = [[name, *cells] for name, cells in lines]
    if is_terminal(sys.stdout):
        return fit_table([what, *header], rows, table_width(sys.stdout), left=left)
    text = format_table([what, *header], rows, left=left)
    if max(map(len, text.splitlines())) <= WIDTH:
        return text
    # files and pipes have the whole names: a long name gets its own line
    plain = format_table(header, [cells for _, cells in lines], left=left - 1).splitlines()
    out, last = plain[:2], None
    for (name, _), numbers in zip(lines, plain[2:], strict=True):
        out += [numbers] if name == last else [name, numbers]
        last = name
    return "\n".join(out)


def _cells(row: Row, columns: Iterable[tuple[str, str, str]]) -> list[str | None]:
    cells: list[str | None] = []
    for key, _, form in columns:
        value = row.get(key)
        if key == "shape":
            value = " x ".join(map(str, row["shape"]))
        cells.append(None if value is None or value == "" else format(value, form))
    return cells
