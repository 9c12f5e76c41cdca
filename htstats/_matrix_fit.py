"""The fit and the stable rank of one matrix as plain numbers, here or on a worker."""

from __future__ import annotations

from typing import Any

from htstats.weights import WeightMatrix

__all__ = ["fit_matrix"]


def fit_matrix(matrix: WeightMatrix, side: str) -> dict[str, Any]:
    """What the fit of a matrix says, or under "error" why there is none."""
    from htstats.power_law import fit_power_law  # type: ignore[import-not-found,unused-ignore]
    from htstats.spectral import stable_rank  # type: ignore[import-not-found,unused-ignore]

    try:
        values = matrix.toarray()
        found = fit_power_law(values.reshape(-1), side=side)
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
            "stable_rank": float(stable_rank(values)),
        }
    except (ValueError, TypeError, OSError, ArithmeticError, MemoryError) as error:
        return {"error": " ".join(str(error).split()) or type(error).__name__}
