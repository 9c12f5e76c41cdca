"""The coding of patterns and of values in `.htz`, against twins and to the bit."""

import numpy as np
import pytest
from containers import make
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from htstats._core import gaps
from htstats.compression.container import _rice as _chunks
from htstats.compression.container._records import Meta
from htstats.compression.matrix import DTYPES

# ---- the pattern's coding --------------------------------------------------------------------


def twin_bits(positions, k):
    """The code of htst_gaps.h as a string of bits."""
    bits, previous = "", -1
    for position in positions:
        gap = position - previous - 1
        if gap >> k < 32:
            bits += "0" * (gap >> k) + "1" + "".join(str(gap >> b & 1) for b in range(k))
        else:
            bits += "0" * 32 + "".join(str(gap >> b & 1) for b in range(64))
        previous = position
    return bits


@given(st.integers(0, 5), st.integers(0, 300), st.integers(0, 31), st.floats(0, 1), st.data())
def test_gaps_are_the_twins_and_come_back(rows, cols, k, density, data):
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    pattern = sparse.csr_array(rng.random((rows, cols)) < density)
    indptr, indices = pattern.indptr.astype(np.int64), pattern.indices.astype(np.int64)
    coded = gaps.write(cols, indptr, indices, k)
    row, col = pattern.nonzero()
    bits = twin_bits((row.astype(int) * cols + col).tolist(), k)
    twin = np.packbits([int(b) for b in bits], bitorder="little") if bits else np.empty(0, "u1")
    assert bytes(coded) == twin.astype("u1").tobytes()
    back = np.empty(rows + 1, np.int64), np.empty(len(indices), np.int64)
    gaps.read(coded, k, cols, *back)
    assert np.array_equal(back[0], indptr)
    assert np.array_equal(back[1], indices)


@pytest.mark.parametrize("density", [1e-4, 0.01, 0.05, 0.18, 0.32, 0.6, 0.95])
def test_a_random_pattern_takes_little_more_than_its_entropy(density):
    """Rice codes lose up to .05 bit per non-zero to Golomb's, and those .03 to the entropy; where
    most entries are kept (k = 0) a bit per element is the floor."""
    rng = np.random.default_rng(1)
    pattern = sparse.csr_array(rng.random((1000, 4000)) < density)
    k = _chunks.rice_parameter(pattern.nnz, 4_000_000)
    coded = gaps.write(4000, *(getattr(pattern, f).astype("i8") for f in ("indptr", "indices")), k)
    p = pattern.nnz / 4e6
    entropy = -(p * np.log2(p) + (1 - p) * np.log2(1 - p)) * 4e6
    assert len(coded) * 8 <= max(entropy + 0.08 * pattern.nnz, 4e6 + 8)
    sizes = [
        len(gaps.write(4000, *(getattr(pattern, f).astype("i8") for f in ("indptr", "indices")), j))
        for j in range(max(k - 2, 0), k + 3)
    ]
    assert len(coded) <= 1.02 * min(sizes)


def test_gaps_beyond_32_bits():
    """2^40 columns: positions are 64-bit arithmetic throughout."""
    cols = 2**40
    indptr = np.array([0, 2, 3, 3])
    indices = np.array([0, cols - 1, 2**33])
    coded = gaps.write(cols, indptr, indices, 5)
    back = np.empty(4, np.int64), np.empty(3, np.int64)
    gaps.read(coded, 5, cols, *back)
    assert back[0].tolist() == indptr.tolist()
    assert back[1].tolist() == indices.tolist()
    with pytest.raises(OverflowError):
        gaps.write(2**62, indptr, indices, 5)


# ---- values ----------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("levels", [0, 1, 2, 3, 200, 5000])
def test_rows_come_back(dtype, levels):
    rng = np.random.default_rng(levels)
    matrix = make(200, 300, 0.3, dtype)
    values = matrix.sparse.data
    if levels:
        values = rng.choice(values[:levels], len(values))
    rows = _chunks.Rows(
        matrix.sparse.indptr.astype("i8"), matrix.sparse.indices.astype("i8"), values
    )
    fields, payload = _chunks.encode_rows(rows, 300, dtype)
    raw = len(values) * (8 if dtype == "float64" else 4 if dtype == "float32" else 2)
    size = sum(map(len, payload)) - fields["gap_bytes"]
    assert size < raw if fields["levels"] else size == raw
    if 0 < levels <= 200:
        assert fields["levels"] == len(np.unique(values))
    meta = Meta("here", fields)
    back = _chunks.decode_rows(meta, b"".join(payload), 200, 300, dtype)
    for a, b in zip(back, rows, strict=True):
        assert np.array_equal(a, b)
    assert back.values.dtype == values.dtype
