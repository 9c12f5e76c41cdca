"""Spectra on a device of torch, with the processor's own way as the oracle."""

import ml_dtypes
import numpy as np
import pytest

from htstats.spectral import fit_spectrum

torch = pytest.importorskip("torch")

from htstats.torch.spectra import fit_spectrum_on, require_device  # noqa: E402

NEEDS_CUDA = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="needs a CUDA device and a torch with CUDA"
)
DEVICES = ["cpu", pytest.param("cuda", marks=NEEDS_CUDA)]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, ml_dtypes.bfloat16])
@pytest.mark.parametrize("shape", [(200, 120), (120, 200), (2500, 90)])
def test_eigenvalues_are_those_of_the_processor(device, dtype, shape):
    W = np.random.default_rng(0).standard_t(3, shape).astype(dtype)
    found, expected = fit_spectrum_on(W, device), fit_spectrum(W)
    bound = found.error_bound + expected.error_bound
    assert np.abs(found.eigenvalues - expected.eigenvalues).max() <= bound
    assert found.way == "gram"
    assert found.alpha == pytest.approx(expected.alpha, rel=1e-9)
    assert found.n_tail == expected.n_tail


@pytest.mark.parametrize("device", DEVICES)
def test_what_cannot_be_trusted_goes_to_the_svd(device):
    rng = np.random.default_rng(1)
    W = rng.standard_normal((120, 10)) @ rng.standard_normal((10, 100))
    found = fit_spectrum_on(W, device)
    assert (found.way, found.n) == ("svd", 10)
    assert found.alpha == pytest.approx(fit_spectrum(W).alpha, rel=1e-9)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_is_refused(device, bad):
    W = np.random.default_rng(2).standard_normal((90, 80)).astype(np.float32)
    W[3, 4] = bad
    with pytest.raises(ValueError, match="W must be finite"):
        fit_spectrum_on(W, device)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("scale", [1e155, 1e200, 1e-200])
def test_squares_outside_float64(device, scale):
    W = np.random.default_rng(3).standard_normal((90, 80)) * scale
    with pytest.raises(ValueError, match="squares are within float64, got"):
        fit_spectrum_on(W, device)


@pytest.mark.parametrize("name", ["nowhere", "meta", "cuda:99", ""])
def test_devices_that_do_not_exist(name):
    with pytest.raises(ValueError, match=r"device must be one that torch can use in float64, got"):
        require_device(name)
