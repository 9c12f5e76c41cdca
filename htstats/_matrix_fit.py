"""The fit and the stable rank of one matrix as plain numbers, here or on a worker."""

from __future__ import annotations

from typing import Any

from htstats.weights import WeightMatrix

__all__ = ["fit_matrix"]

# Bytes from which a fit in memory would take several times as much beside the matrix.
STREAMED_FROM = 1 << 28

# More than a table shows, in half the readings that the default of 1e-10 takes.
RANK_RTOL = 1e-7


def fit_matrix(matrix: WeightMatrix, side: str) -> dict[str, Any]:
    """What the fit of a matrix says, or under "error" why there is none."""
    from htstats.power_law import fit_power_law
    from htstats.spectral import stable_rank
    from htstats.streaming import fit_rows

    try:
        if matrix.nbytes >= STREAMED_FROM:  # before the whole matrix is in memory for its rank
            found = fit_rows(matrix, side=side)
            values = matrix.toarray()
        else:
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
            "stable_rank": float(stable_rank(values, rtol=RANK_RTOL)),
        }
    except (ValueError, TypeError, OSError, ArithmeticError, MemoryError) as error:
        return {"error": " ".join(str(error).split()) or type(error).__name__}
