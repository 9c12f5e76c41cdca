"""The spectrum of W W^T of one matrix, as plain numbers in WeightWatcher's names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from htstats._common.messages import one_line

if TYPE_CHECKING:
    from htstats.spectral import SpectrumFit

__all__ = ["COLUMNS", "numbers_of_fit", "spectrum_numbers"]

FAILURES = (ValueError, TypeError, OSError, ArithmeticError, MemoryError)

# The columns of CSV, in addition to those of the fit of the weights.
COLUMNS = (
    "esd_alpha", "esd_sigma", "esd_D", "esd_xmin", "esd_num_pl_spikes", "esd_num_evals", "esd_way",
    "esd_xmax", "esd_norm", "esd_log_norm", "esd_spectral_norm", "esd_log_spectral_norm",
    "esd_alpha_weighted", "esd_log_alpha_norm", "esd_stable_rank", "esd_matrix_rank",
    "esd_rank_loss", "esd_entropy", "esd_sv_max", "esd_sv_min", "esd_lambda_max",
)  # fmt: skip


def spectrum_numbers(values: Any, device: str = "cpu") -> dict[str, Any]:
    """Fit and summarise the eigenvalues, or give the reason under "esd_error"."""
    from htstats.spectral import fit_spectrum

    try:
        if device == "cpu":
            found = fit_spectrum(values)
        else:
            from htstats.torch.spectra import fit_spectrum_on

            found = fit_spectrum_on(values, device)
    except FAILURES as error:
        return {"esd_error": one_line(error)}
    return numbers_of_fit(found, (values.shape[0], values.shape[1]))


def numbers_of_fit(found: SpectrumFit, shape: tuple[int, int]) -> dict[str, Any]:
    """The numbers of `COLUMNS` for the fitted eigenvalues of a matrix of this shape."""
    from htstats.spectral import summarize_fit

    summary = summarize_fit(found, shape).as_dict()
    names = [name.removeprefix("esd_") for name in COLUMNS]
    return {f"esd_{name}": summary[name] for name in names}
