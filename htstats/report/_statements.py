"""Statements of the theory about a matrix and about a network, each with its kind."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from htstats._exact_fit.fitted_tail import FittedTail
    from htstats.report._curves import Counts
    from htstats.theory import Statement

__all__ = [
    "KINDS",
    "certificate_of",
    "matrix_statements",
    "network_statements",
    "statement_fields",
]

# The kinds of statements and what they mean, as the page explains them.
KINDS = {
    "exact": "an equality",
    "bound": "an inequality that holds",
    "rate": "constants and logarithms are dropped: it orders networks but bounds nothing",
    "complexity": "a measure of a network that bounds nothing by itself",
    "claim": "printed in the paper as a bound, and false or unproved as printed",
}

# The statements about counts are made where the fit expects this proportion of the tail.
PROPORTION = 0.1


def statement_fields(statement: Statement) -> dict[str, Any]:
    """The fields of a statement as JSON types; the logarithm only of values that underflow to 0."""
    logarithm = {"log": statement.log} if statement.value == 0 and statement.log > -1e300 else {}
    return {
        "kind": statement.kind,
        "name": statement.name,
        "value": statement.value if math.isfinite(statement.value) else None,
        **logarithm,
        "equation": statement.equation,
        "convention": statement.convention,
        "note": statement.note,
    }


def matrix_statements(
    fit: FittedTail, curve: Counts, shape: tuple[int, int], smallest: float
) -> list[dict[str, Any]]:
    """Statements about the number of elements at or above a threshold in the tail.

    `smallest` is the smallest non-zero value; the paper's tail begins there.
    """
    from htstats.theory import Statement, TailModel, nonzeros_tail, pattern_nats

    if fit.discrete or fit.xmax is not None:
        return []
    size = shape[0] * shape[1]
    aim = math.log(fit.xmin) - math.log(PROPORTION) / fit.tail_exponent
    inside = [(float(x), int(n)) for x, n in zip(*curve, strict=True) if x >= fit.xmin]
    tau, counted = min(inside, key=lambda pair: abs(math.log(pair[0]) - aim))
    model = TailModel(fit.tail_exponent, fit.xmin, fit.n_tail / size)
    p = model.probability(tau)
    at = f"elements at or above {tau:.4g}"
    bits = pattern_nats(size, counted) / math.log(2)
    found = [
        Statement(f"number of {at}", counted, "exact", "count"),
        Statement(f"expected number of {at}", size * p, "exact", "(5)", note="under the fit"),
        nonzeros_tail(counted, p, shape),
        nonzeros_tail(counted, p, shape, method="chernoff"),
        Statement(f"bits for the places of {at}", bits, "exact", "log2 C(n, k)"),
    ]
    paper = size * TailModel(fit.tail_exponent, smallest).probability(tau)
    note = "the paper's tail begins at the smallest non-zero value; the data contradict it"
    name = f"expected number of {at}, the paper's tail"
    found.append(Statement(name, paper, "claim", "(5), (11)", "paper", note=note))
    return [statement_fields(one) for one in found]


def network_statements(
    rows: Sequence[Mapping[str, Any]], n_elements: int, n_examples: int | None
) -> list[dict[str, Any]]:
    """Statements about all fitted matrices together."""
    from htstats.theory import Statement, parameter_count_complexity, theorem_2_rate

    kept = [row["kept"] for row in rows if row.get("kept") is not None]
    found: list[Statement] = []
    if kept:
        found.append(Statement("elements that compress keeps", sum(kept), "exact", "count"))
    if kept and n_examples is not None:
        found.append(theorem_2_rate(kept, n_examples))
    if n_examples is not None:
        found.append(parameter_count_complexity(n_elements, n_examples))
    ranks = [row["stable_rank"] for row in rows if row.get("stable_rank") is not None]
    if ranks:
        note = "the shapes bound it, so only networks of one shape can be compared"
        found.append(
            Statement("sum of stable ranks", math.fsum(ranks), "complexity", "(17)", note=note)
        )
    return [statement_fields(one) for one in found]


def certificate_of(path: str) -> dict[str, Any]:
    """The claim of a certificate file, after a check of the claim against the file.

    Raises
    ------
    OSError
        If the file or its claim, PATH.json, cannot be read.
    ValueError
        If the file is no certificate, or the claim contradicts the file or itself.
    """
    from htstats.certificate import Certificate, decode

    data = Path(path).read_bytes()
    try:
        form, _ = decode(data)
    except ValueError as error:
        raise ValueError(f"{path} is no certificate file: {error}") from error
    claim = _read_claim(Path(f"{path}.json"))
    fields: dict[str, Any] = {
        name: claim[name] for name in Certificate.__dataclass_fields__ if name in claim
    }
    try:
        certificate = Certificate(**fields)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path}.json is no claim of `htstats certify`: {error}") from None
    contradictions = _contradictions(certificate, claim, len(data), form.name)
    if contradictions:
        raise ValueError(f"{path}.json does not fit {path}: {'; '.join(contradictions)}")
    return {
        "file": path,
        "bytes": len(data),
        "kind": "bound",
        "vacuous": certificate.is_vacuous,
        "statement": certificate.statement,
        "assumptions": list(certificate.assumptions),
        **{name: getattr(certificate, name) for name in fields},
        "certified_error": certificate.certified_error,
        "train_error": certificate.train_error,
    }


def _read_claim(path: Path) -> dict[str, Any]:
    try:
        claim = json.loads(path.read_text())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is no claim of `htstats certify`: {error}") from None
    if not isinstance(claim, dict):
        raise ValueError(f"{path} is no claim of `htstats certify`: it is no JSON object")
    return claim


def _contradictions(
    certificate: Any, claim: Mapping[str, Any], size: int, form: str
) -> Iterable[str]:
    """What the claim says that the file, or the bound computed again, contradicts."""
    found = []
    if certificate.basis != "message" or certificate.bits != 8 * size:
        found.append(f"it claims {certificate.bits} bits, the file has {8 * size}")
    if certificate.format != form:
        found.append(f"it claims format {certificate.format}, the file has {form}")
    claimed, computed = claim.get("certified_error"), certificate.certified_error
    if not isinstance(claimed, (int, float)) or claimed < computed * (1 - 1e-12):
        found.append(f"it claims the error {claimed}, its numbers give {computed:.6g}")
    return found
