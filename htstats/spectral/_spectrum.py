"""`fit_spectrum`: a power law of the eigenvalues of W W^T."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from htstats._common import checks
from htstats._common.arrays import Floats
from htstats._common.documents import add_sections
from htstats._exact_fit.fitted_tail import ATTRIBUTES
from htstats.power_law import PowerLawFit, fit_power_law
from htstats.spectral._eigenvalues import (
    WAYS,
    Eigenvalues,
    by_gram,
    by_lanczos,
    by_svd,
    check_k,
    open_matrix,
)
from htstats.spectral._rows import Rows

__all__ = ["SpectrumFit", "fit_eigenvalues", "fit_spectrum", "pool_spectra", "trust"]

# The largest error of an eigenvalue, relative to the fitted xmin, for which it is trusted. Errors
# of the eigenvalues below it change alpha - 1 by at most twice this relative amount.
TRUSTED = 1e-8

# Up to this short side, the SVD takes less than a millisecond or two.
SVD_SIDE = 64

OWN_ATTRIBUTES = """\
way : {"gram", "svd", "lanczos"}
    How the eigenvalues were computed: from the Gram matrix of the short side, by the SVD of W, or
    only the largest by Lanczos' method.
error_bound : float
    Upper bound of the absolute error of each eigenvalue, in units of W squared.
n_dropped : int
    Number of computed values that cannot be told from zero, and are left out.
eigenvalues : array of float64
    The others, ascending, in units of W squared; also those that an option leaves out of the
    fit."""


@add_sections(Attributes=f"{ATTRIBUTES}\n{OWN_ATTRIBUTES}")
@dataclass(frozen=True, repr=False, init=False)
class SpectrumFit(PowerLawFit):
    """The fit of the eigenvalues of W W^T; a `PowerLawFit` that knows how they were computed."""

    way: str
    error_bound: float
    n_dropped: int
    eigenvalues: Floats = field(compare=False)

    @classmethod
    def of_eigenvalues(cls, fit: PowerLawFit, found: Eigenvalues) -> SpectrumFit:
        """Add the origin of the eigenvalues to their fit."""
        whole = object.__new__(cls)
        whole.__dict__.update(fit.__dict__)
        whole.__dict__.update(
            way=found.way,
            error_bound=found.error_bound,
            n_dropped=found.n_dropped,
            eigenvalues=found.values,
        )
        return whole


def fit_spectrum(
    W: npt.ArrayLike,
    *,
    way: str | None = None,
    k: int | None = None,
    above: float = 0.0,
    **options: Any,
) -> SpectrumFit:
    """Fit a power law to the eigenvalues of W W^T: the tail of the empirical spectral density.

    Parameters
    ----------
    W : array_like or tensor, shape (rows, columns)
        The matrix. It is never copied as a whole, unless the SVD is used.
    way : {"gram", "svd", "lanczos"}, optional
        How the eigenvalues are computed. By default: with `k` by Lanczos' method; else from the
        Gram matrix of the short side, unless that side is at most 64 or the result cannot be
        trusted; else by the SVD.
    k : int, optional
        Compute and fit only the k largest eigenvalues, by products with vectors; at least 2. If the
        short side is not longer than `k`, all eigenvalues are computed.
    above : float
        Fit only the eigenvalues above this number; the default is 0.
    **options
        Passed to `fit_power_law`.

    Returns
    -------
    SpectrumFit
        The fit, with the way that was used and a bound of the error of the eigenvalues.

    Raises
    ------
    ValueError
        If `W` is not a finite matrix with at least two different non-zero singular values, if `k`
        and `way` contradict each other, or if `way` is "gram" and the squares of the entries leave
        the range of float64.
    ArithmeticError
        If Lanczos' method does not converge.

    Notes
    -----
    "gram": G = W W^T or W^T W, of the short side, is added up in float64 from blocks of 512 rows or
    columns (128 if the short side is above 1024). Its eigenvalues have an error of at most b, the
    sum of the bound for G and the backward error of the eigenvalue solver; absolute errors, so
    small eigenvalues have large relative ones. The result is used if all eigenvalues are above b
    and the fitted xmin is at least 1e8 b. Memory: G (twice if the short side is at most 1024), and
    one block of W in float64. Cost: n m^2 multiplications for the Gram matrix of an n x m matrix
    and 4/3 m^3 operations for the eigenvalues.
    "svd": LAPACK's SVD of a copy in float64, with two or three times the memory and the time.
    Eigenvalues below (eps * max(shape))^2 times the largest one are rounding errors and are left
    out.
    "lanczos": a product W^T (W v) costs one pass over the matrix, in its own precision.

    Examples
    --------
    >>> W = np.random.default_rng(0).standard_t(3, (200, 100))
    >>> fit = fit_spectrum(W)
    >>> fit.n, fit.way
    (100, 'gram')
    >>> fit_spectrum(W, k=30).n
    30
    """
    checks.nonnegative("above", above)
    rows = open_matrix(W)
    k = check_k(k, rows.shape)
    if way is not None:
        checks.one_of("way", way, WAYS)
    if k is not None:
        if way not in (None, "lanczos"):
            raise ValueError(f"way must be 'lanczos' if k is given, got {way!r}")
        return fit_eigenvalues(by_lanczos(rows, k), options, above)
    if way == "lanczos":
        raise ValueError("k must be given if way is 'lanczos', and be below the short side of W")
    if way == "gram" or (way is None and min(rows.shape) > SVD_SIDE):
        found = _fit_gram(rows, options, above, must_trust=way is None)
        if found is not None:
            return found
    return fit_eigenvalues(by_svd(rows), options, above)


def _fit_gram(
    rows: Rows, options: dict[str, Any], above: float, *, must_trust: bool
) -> SpectrumFit | None:
    """Fit by the Gram matrix; None if the SVD is needed."""
    found = by_gram(rows)
    if found is None and not must_trust:
        raise ValueError(
            "way='gram' needs entries whose squares are within float64: scale W, or use way='svd'"
        )
    if found is None:
        return None
    return (
        fit_eigenvalues(found, options, above) if not must_trust else trust(found, options, above)
    )


def trust(found: Eigenvalues, options: dict[str, Any], above: float = 0.0) -> SpectrumFit | None:
    """Fit eigenvalues; None if their errors are large enough for the fit to see."""
    if found.n_dropped or found.error_bound > TRUSTED * float(found.values[-1]):
        return None
    fit = fit_eigenvalues(found, options, above)
    return fit if found.error_bound <= TRUSTED * fit.xmin else None


def fit_eigenvalues(found: Eigenvalues, options: dict[str, Any], above: float = 0.0) -> SpectrumFit:
    """Fit a power law to the eigenvalues above a number."""
    fitted = found.values[found.values > above]
    if len(fitted) < 2 or fitted[0] == fitted[-1]:
        n = min(len(fitted), 1)
        raise ValueError(
            f"W must have at least two distinct eigenvalues of W W^T above {above:g}, got {n}"
        )
    fit = fit_power_law(fitted, **options)
    return SpectrumFit.of_eigenvalues(fit, found)


def pool_spectra(
    matrices: Sequence[npt.ArrayLike], *, scale: float = 1.0, above: float = 0.0, **options: Any
) -> SpectrumFit:
    """Fit the eigenvalues of several matrices together, each multiplied by `scale`."""
    parts = [by_svd(open_matrix(matrix)) for matrix in matrices]
    pooled = Eigenvalues(
        np.sort(np.concatenate([part.values for part in parts])) * scale,
        "svd",
        scale * max(part.error_bound for part in parts),
        sum(part.n_dropped for part in parts),
    )
    return fit_eigenvalues(pooled, options, above)
