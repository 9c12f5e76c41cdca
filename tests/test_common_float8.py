"""8-bit floats in memory: functions that read them from files take arrays of them as well."""

import ml_dtypes
import numpy as np
import pytest
from checkpoints import write_safetensors

import htstats
from htstats._common.arrays import as_elements, as_float64
from htstats._common.float8 import FLOAT8_DTYPES, exponent_scales, float16_bits
from htstats.sketch import TailSketch
from htstats.spectral import stable_rank
from htstats.weights import open_weights

torch = pytest.importorskip("torch")

WORDS = {
    "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2", "float8_e4m3fnuz": "F8_E4M3FNUZ",
    "float8_e5m2fnuz": "F8_E5M2FNUZ",
}  # fmt: skip


@pytest.mark.parametrize("dtype", FLOAT8_DTYPES)
def test_every_pattern(dtype):
    patterns = np.arange(256, dtype=np.uint8)
    found = float16_bits(dtype).view(np.float16)
    peers = patterns.view(getattr(ml_dtypes, dtype)).astype(np.float32)
    others = torch.from_numpy(patterns).view(getattr(torch, dtype)).float().numpy()
    for expected in (peers, others):
        assert np.array_equal(found.astype(np.float32), expected, equal_nan=True)
    finite = np.isfinite(peers)
    assert np.array_equal(np.signbit(found)[finite], np.signbit(peers)[finite])


def test_exponents():
    expected = np.arange(256, dtype=np.uint8).view(ml_dtypes.float8_e8m0fnu).astype(np.float32)
    assert np.array_equal(exponent_scales(), expected, equal_nan=True)


def samples(dtype, shape=(40, 30)):
    """The same numbers as a torch tensor, an ml_dtypes array, and as float16."""
    values = np.random.default_rng(2).standard_t(3, shape).astype(np.float32)
    array = values.astype(getattr(ml_dtypes, dtype))
    tensor = torch.from_numpy(array.view(np.uint8).copy()).view(getattr(torch, dtype))
    return tensor, array, array.astype(np.float16)


@pytest.mark.parametrize("dtype", FLOAT8_DTYPES)
@pytest.mark.parametrize("kind", [0, 1])
def test_functions_take_them_as_files_are_taken(tmp_path, dtype, kind):
    found, half = samples(dtype)[kind], samples(dtype)[2]
    path = write_safetensors(
        tmp_path / "a.safetensors", {"w": samples(dtype)[1].view(np.uint8)}, {"w": WORDS[dtype]}
    )
    of_file = open_weights(path)["w"].toarray()
    assert np.array_equal(of_file, half)
    assert np.array_equal(open_weights({"w": found})["w"].toarray(), half)
    fit = htstats.fit_power_law(found, side="abs")
    expected = htstats.fit_power_law(of_file.ravel(), side="abs")
    assert (fit.alpha, fit.xmin, fit.n_tail) == (expected.alpha, expected.xmin, expected.n_tail)
    assert htstats.fit_power_law([found, found], side="abs").n == 2 * fit.n
    again, plain = found.T, np.ascontiguousarray(half.T)
    assert np.array_equal(as_float64(again), plain.astype(np.float64))
    assert as_elements(again).data.flags.c_contiguous
    split, other = htstats.partition(found, "std"), htstats.partition(half, "std")
    assert np.array_equal(split.sparse.toarray(), other.sparse.toarray())
    assert (split.mean, split.std, split.threshold) == (other.mean, other.std, other.threshold)
    assert stable_rank(found) == stable_rank(half)
    sketch = TailSketch("float16").update(found)
    assert sketch.to_bytes() == TailSketch("float16").update(half).to_bytes()
    p = fit.goodness_of_fit(20, seed=1)
    assert p.pvalue == expected.goodness_of_fit(20, seed=1).pvalue
    ratio = fit.compare_all().rows[0]
    assert ratio.R == expected.compare_all().rows[0].R


@pytest.mark.parametrize("call", [htstats.fit_power_law, stable_rank, as_float64])
def test_powers_of_two_are_no_weights(call):
    """float8_e8m0fnu has the scales of blocks: files of it are not fitted either."""
    stored = np.full((3, 3), 130, np.uint8)
    tensor = torch.from_numpy(stored).view(torch.float8_e8m0fnu)
    for x in (tensor, stored.view(ml_dtypes.float8_e8m0fnu)):
        with pytest.raises(TypeError, match="must be real numbers, got dtype float8_e8m0fnu"):
            call(x)
        weights = open_weights({"w": x})
        assert list(weights) == []
        assert "quantised" in dict(weights.skipped)["w"]


def test_nan_is_refused_as_anywhere():
    for dtype in FLOAT8_DTYPES:
        bad = np.full(4, np.nan).astype(getattr(ml_dtypes, dtype))
        with pytest.raises(ValueError, match="x must be finite, got 4 NaN"):
            htstats.fit_power_law(bad)
