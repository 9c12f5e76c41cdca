"""Singular values of weight matrices: norms, spectra and their summary.

_rows         read a matrix by rows, in memory or in blocks; products W^T (W v)
_norms        spectral norm and stable rank, by Lanczos' method in float64
_estimate     the same for a table: float32 products, judged in float64
_blas         BLAS and LAPACK without Python's lock
_gram         W W^T of the short side, with a bound of its error
_eigenvalues  all eigenvalues from the Gram matrix or by the SVD, the largest by Lanczos
_spectrum     fit_spectrum: which way is taken, and the fit
_summary      the summary of a layer in WeightWatcher's names
_bulk         the Marchenko-Pastur law of the bulk, its edge and the spikes above it
"""

from htstats.spectral._bulk import Bulk, bulk_edges
from htstats.spectral._eigenvalues import Eigenvalues, keep_certain, open_matrix, square_all
from htstats.spectral._estimate import estimate_norms, estimate_stable_rank
from htstats.spectral._gram import gram_error, needs_scipy
from htstats.spectral._norms import norm_by_products, norms, spectral_norm, stable_rank
from htstats.spectral._rows import Rows, Sizes, open_rows
from htstats.spectral._spectrum import SpectrumFit, fit_eigenvalues, fit_spectrum, trust
from htstats.spectral._summary import SpectrumSummary, summarize_fit, summarize_spectrum

__all__ = [
    "Bulk",
    "Eigenvalues",
    "Rows",
    "Sizes",
    "SpectrumFit",
    "SpectrumSummary",
    "bulk_edges",
    "estimate_norms",
    "estimate_stable_rank",
    "fit_eigenvalues",
    "fit_spectrum",
    "gram_error",
    "keep_certain",
    "needs_scipy",
    "norm_by_products",
    "norms",
    "open_matrix",
    "open_rows",
    "spectral_norm",
    "square_all",
    "stable_rank",
    "summarize_fit",
    "summarize_spectrum",
    "trust",
]
