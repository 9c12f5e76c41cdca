"""The summary of a layer in WeightWatcher's names."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from htstats._common import checks
from htstats.spectral._bulk import Bulk, fit_bulk
from htstats.spectral._spectrum import SpectrumFit, fit_spectrum, pool_spectra

__all__ = ["SpectrumSummary", "summarize_fit", "summarize_spectrum"]

# WeightWatcher's numbers: eigenvalues at or below the first are left out of its fit; eigenvalues
# below the second count as lost; added to probabilities; exponents that it calls over-trained and
# under-trained.
FITTED_FROM = 1e-5
WEAK_RANK_LOSS = 1e-6
EPSILON = 1e-10
OVER_TRAINED, UNDER_TRAINED = 2.0, 6.0


@dataclass(frozen=True)
class SpectrumSummary:
    """Statistics of the eigenvalues of W W^T of a layer, in WeightWatcher's names.

    Attributes
    ----------
    N, M : int
        The larger and the smaller side of the matrix (of a convolution: of its channels).
    Q : float
        N / M.
    num_evals : int
        The number of eigenvalues, zeros included.
    alpha, sigma, D, xmin, xmax : float
        Exponent of the power law of the eigenvalues, its standard error, the distance, and the
        smallest and the largest fitted eigenvalue.
    num_pl_spikes : int
        The number of eigenvalues at or above xmin.
    norm, spectral_norm : float
        The sum of the eigenvalues, which is the squared Frobenius norm, and the largest
        eigenvalue, which is the *squared* spectral norm.
    log_norm, log_spectral_norm, log_alpha_norm : float
        Decimal logarithms of these, and of the sum of eigenvalue^alpha.
    alpha_weighted : float
        alpha * log_spectral_norm.
    stable_rank : float
        norm / spectral_norm.
    matrix_rank, rank_loss, weak_rank_loss : int
        Singular values above eps * N * the largest one; those at or below it; eigenvalues below
        1e-6.
    entropy : float
        The entropy of the eigenvalues divided by their sum, over log(matrix_rank).
    sv_max, sv_min, lambda_max : float
        The largest and the smallest singular value, and the largest eigenvalue.
    warning : str
        "over-trained" if alpha is below 2, "under-trained" if it is above 6, or "".
    way : str
        How the eigenvalues were computed; see `SpectrumFit`.
    bulk : Bulk or None
        The Marchenko-Pastur law of the bulk, if it was asked for.
    """

    N: int
    M: int
    Q: float
    num_evals: int
    alpha: float
    sigma: float
    D: float
    xmin: float
    xmax: float
    num_pl_spikes: int
    norm: float
    log_norm: float
    spectral_norm: float
    log_spectral_norm: float
    alpha_weighted: float
    log_alpha_norm: float
    stable_rank: float
    matrix_rank: int
    rank_loss: int
    weak_rank_loss: int
    entropy: float
    sv_max: float
    sv_min: float
    lambda_max: float
    warning: str
    way: str
    bulk: Bulk | None = None

    def as_dict(self) -> dict[str, Any]:
        """The numbers by name; those of the bulk too, with bulk_max, num_spikes and so on."""
        row = asdict(self)
        del row["bulk"]
        return row | ({} if self.bulk is None else self.bulk._asdict())


def summarize_spectrum(
    W: npt.ArrayLike, *, mp_fit: bool = False, fitted_from: float = FITTED_FROM
) -> SpectrumSummary:
    """Summarise the eigenvalues of a layer as WeightWatcher does.

    Parameters
    ----------
    W : array_like or tensor, shape (rows, columns) or (out, in, height, width)
        A matrix, or the weights of a convolution. A convolution counts as one matrix out x in for
        each place of its kernel, multiplied by sqrt(1/2), and the eigenvalues of all are pooled.
    mp_fit : bool
        Whether to fit the Marchenko-Pastur law of the bulk too; see `Bulk`.
    fitted_from : float
        Only eigenvalues above this number are fitted. WeightWatcher takes 1e-5; `fit_spectrum`
        takes all that are not rounding errors, 0.

    Returns
    -------
    SpectrumSummary

    Raises
    ------
    ValueError
        As in `fit_spectrum`; also if `W` has another number of dimensions, or `fitted_from` is
        negative.

    Notes
    -----
    The fit is that of `fit_power_law`. WeightWatcher's own fit gives the same numbers to its
    rounding errors, except for fewer than 20 eigenvalues, where it uses another estimator and
    another criterion.

    References
    ----------
    .. [1] C. H. Martin, M. W. Mahoney, "Implicit self-regularization in deep neural networks",
       Journal of Machine Learning Research 22 (2021).

    Examples
    --------
    >>> W = np.random.default_rng(0).standard_t(3, (200, 100))
    >>> layer = summarize_spectrum(W)
    >>> layer.num_evals, layer.M, layer.Q
    (100, 100, 2.0)
    >>> round(layer.alpha_weighted - layer.alpha * layer.log_spectral_norm, 12)
    0.0
    """
    checks.nonnegative("fitted_from", fitted_from)
    matrices = split_kernel(W)
    if len(np.shape(W)) == 2:
        fit = fit_spectrum(matrices[0], above=fitted_from)
    else:
        fit = pool_spectra(matrices, scale=0.5, above=fitted_from)
    return summarize_fit(fit, matrices[0].shape, n_matrices=len(matrices), mp_fit=mp_fit)


def split_kernel(W: npt.ArrayLike) -> Sequence[Any]:
    """The matrices of a layer: one, or one for each place of the kernel of a convolution."""
    kernel: Any = W if hasattr(W, "shape") else np.asarray(W)
    shape = tuple(kernel.shape)
    if len(shape) == 2:
        return [kernel]
    if len(shape) != 4 or 0 in shape:
        raise ValueError(f"W must be a matrix or have shape (out, in, k, k), got shape {shape}")
    return [kernel[:, :, i, j] for i in range(shape[2]) for j in range(shape[3])]


def summarize_fit(
    fit: SpectrumFit, shape: tuple[int, ...], *, n_matrices: int = 1, mp_fit: bool = False
) -> SpectrumSummary:
    """Summarise fitted eigenvalues; `shape` is that of each of the matrices."""
    large, small = max(shape), min(shape)
    values = np.zeros(n_matrices * small)
    values[len(values) - len(fit.eigenvalues) :] = fit.eigenvalues
    norm, largest = float(values.sum()), float(values[-1])
    singular = np.sqrt(values)
    rank = int(np.count_nonzero(singular > singular[-1] * large * np.finfo(np.float64).eps))
    share = values / norm + EPSILON
    entropy = -float(np.sum(share * np.log(share))) / math.log(rank + EPSILON) if rank > 1 else 0.0
    log_norm, log_largest = math.log10(norm), math.log10(largest)
    # scaled by the largest, because eigenvalue^alpha may overflow
    powers = float(np.sum((values / largest) ** fit.alpha))
    return SpectrumSummary(
        N=large,
        M=small,
        Q=large / small,
        num_evals=len(values),
        alpha=fit.alpha,
        sigma=fit.stderr,
        D=fit.distance,
        xmin=fit.xmin,
        xmax=largest,
        num_pl_spikes=int(np.count_nonzero(values >= fit.xmin)),
        norm=norm,
        log_norm=log_norm,
        spectral_norm=largest,
        log_spectral_norm=log_largest,
        alpha_weighted=fit.alpha * log_largest,
        log_alpha_norm=fit.alpha * log_largest + math.log10(powers),
        stable_rank=norm / largest,
        matrix_rank=rank,
        rank_loss=len(values) - rank,
        weak_rank_loss=int(np.count_nonzero(values < WEAK_RANK_LOSS)),
        entropy=entropy,
        sv_max=float(singular[-1]),
        sv_min=float(singular[0]),
        lambda_max=largest,
        warning=_describe(fit.alpha),
        way=fit.way,
        bulk=fit_bulk(values, large / small, small) if mp_fit else None,
    )


def _describe(alpha: float) -> str:
    if OVER_TRAINED <= alpha <= UNDER_TRAINED:
        return ""
    return "over-trained" if alpha < OVER_TRAINED else "under-trained"
