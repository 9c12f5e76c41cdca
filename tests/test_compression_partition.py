"""The split against element-by-element fractions, bit for bit."""

import math
import os
import subprocess
import sys
import tracemalloc

import ml_dtypes
import numpy as np
import pytest
from draws import draws
from hypothesis import strategies as st
from reference import partition as twin

from htstats import partition
from htstats._core import partition as _core
from htstats._core import split as _split
from htstats.compression.partition.bounds import Bounds
from htstats.compression.partition.split import MANY, count_rows, fill_rows, split_block

DTYPES = {
    "float32": np.dtype(np.float32),
    "float64": np.dtype(np.float64),
    "float16": np.dtype(np.float16),
    "bfloat16": np.dtype(ml_dtypes.bfloat16),
}
FILL = {
    "float32": _core.fill_b32,
    "float64": _core.fill_b64,
    "float16": _core.fill_f16,
    "bfloat16": _core.fill_bf16,
}
KEEPS = ("abs", "upper", "centered")
NOISES = ("paper", "matched", "none")
SUPPORTS = ("replaced", "full")


def finite_patterns(dtype, count):
    """`count` finite numbers of a dtype, zeros, neighbours and denormals among them."""
    size = DTYPES[dtype].itemsize
    bits = np.dtype(f"u{size}")
    any_bits = st.integers(0, 2 ** (8 * size) - 1)
    near = st.builds(
        lambda step, sign: (0x3C << (8 * size - 8)) + step | sign << (8 * size - 1),
        st.integers(0, 6),
        st.booleans(),
    )
    few = st.sampled_from([0, 1 << (8 * size - 1), 1, 2])

    def finite(patterns):
        values = np.array(patterns, bits).view(DTYPES[dtype])
        with np.errstate(invalid="ignore"):  # a signalling NaN makes the cast complain
            is_finite = np.isfinite(values.astype(float))
        return np.where(is_finite, values.view(bits), 0).view(DTYPES[dtype])

    return st.lists(any_bits | near | few, min_size=count, max_size=count).map(finite)


@st.composite
def matrices(draw, dtype):
    rows, cols = draw(st.integers(0, 5)), draw(st.integers(0, 7))
    return draw(finite_patterns(dtype, rows * cols)).reshape(rows, cols)


def check_against_twin(W, split, keep, noise, support):
    values = W.astype(float).tolist()
    mean = twin.exact_moments(W.astype(float).ravel().tolist())[0] if W.size else 0.0
    mask = twin.split(values, split.threshold, keep, mean).reshape(W.shape)
    indptr = np.concatenate([[0], np.cumsum(mask.sum(axis=1))])
    sparse = split.sparse
    np.testing.assert_array_equal(sparse.indptr, indptr)
    np.testing.assert_array_equal(sparse.indices, np.nonzero(mask)[1])
    wide = W if W.dtype == np.float64 else W.astype(np.float32)
    assert sparse.data.dtype == wide.dtype
    assert sparse.data.tobytes() == wide[mask].tobytes()
    assert (split.mean, split.std) == twin.noise(values, mask, noise, support)


@draws(150, dtype=DTYPES)
def test_split_and_noise_against_fractions(dtype, data):
    W = data.draw(matrices(dtype))
    keep, noise, support = (data.draw(st.sampled_from(c)) for c in (KEEPS, NOISES, SUPPORTS))
    # thresholds on, beside and far from the data
    at = [abs(float(w)) for w in W.ravel()] + [0.0, 1.0, 1e300, 5e-324]
    tau = data.draw(st.sampled_from(at))
    tau = data.draw(st.sampled_from([tau, math.nextafter(tau, math.inf), math.nextafter(tau, 0)]))
    if keep == "upper" and data.draw(st.booleans()):
        tau = -tau
    split = partition(W, tau, keep=keep, noise=noise, support=support, seed=3, layer=1)
    assert split.threshold == tau
    assert (split.shape, split.dtype, split.seed, split.layer) == (W.shape, dtype, 3, 1)
    assert (split.keep, split.noise, split.support) == (keep, noise, support)
    check_against_twin(W, split, keep, noise, support)


def bits(x):
    """As unsigned integers."""
    return x.view(f"u{x.dtype.itemsize}")


def weight_like(dtype, shape, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.standard_t(4, shape) * 0.02).astype(DTYPES[dtype])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("q", [0, 0.3, 0.82, 0.95, 0.99, 0.9999, 1])
def test_every_density_and_width_of_index(dtype, q):
    W = weight_like(dtype, (37, 1111))
    W[5] = 0  # an empty row
    W[7, :-1] = 0  # only the last element of a row
    W[7, -1] = 1
    magnitude = np.abs(W.astype(float))
    tau = float(np.quantile(magnitude, q, method="higher"))
    mask = magnitude > tau
    data = bits(W) if W.dtype.itemsize == 2 else W
    bounds = Bounds.of(dtype, "abs", tau)
    rows = count_rows(data, bounds)
    np.testing.assert_array_equal(rows.counts, mask.sum(axis=1))
    indptr, indices, values = fill_rows(data, bounds, rows)
    np.testing.assert_array_equal(indices, np.nonzero(mask)[1])
    wide = W if dtype == "float64" else W.astype(np.float32)
    assert values.tobytes() == wide[mask].tobytes()
    # 64-bit indices, as matrices with more than 2^31 entries or columns need them, and each set of
    # instructions that this processor has
    fill = getattr(
        _core,
        "fill_" + {"float32": "b32", "float64": "b64"}.get(dtype, dtype.replace("float", "f")),
    )
    for instructions in range(_core.BEST + 1):
        for integer in (np.int32, np.int64):
            again, found = np.empty(len(indices), integer), np.empty_like(values)
            fill(
                bits(W),
                bounds.low,
                bounds.high,
                rows.hits,
                indptr,
                instructions,
                integer is np.int64,
                again.view(np.uint8),
                bits(found),
            )
            np.testing.assert_array_equal(again, indices)
            assert found.tobytes() == values.tobytes()


PIECE = _split.PIECE


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(1401, 900), (3, 200_001), (2 * PIECE + 77, 3)])
def test_neither_threads_nor_instructions_change_the_result(dtype, shape):
    W = weight_like(dtype, shape)
    bounds = Bounds.of(dtype, "abs", 0.02)
    expected = fill_rows(bits(W), bounds, count_rows(bits(W), bounds, 2), 2)
    one, three = partition(W, 0.02), partition(W, 0.02, n_threads=3)
    assert (one.mean, one.std) == (three.mean, three.std)
    for instructions in range(_core.BEST + 1):
        for n_threads in (1, 2, 3, 100):
            again = split_block(bits(W), bounds, n_threads, instructions=instructions)
            for mine, other in zip(again, expected, strict=True):
                assert mine.dtype == other.dtype
                np.testing.assert_array_equal(mine, other)
                assert mine.flags.owndata  # cut to size, and no view of something larger


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("cols", [1, 13, 64, 77, 300])
def test_what_is_read_behind_a_row_is_not_kept(dtype, cols):
    """Bounds that keep all numbers, and rows of zeros, as which kernels read what is not there."""
    W = bits(np.zeros((5, cols), DTYPES[dtype]))
    everything = Bounds(dtype, 1, 0)
    for instructions in range(_core.BEST + 1):
        indptr, indices, values = split_block(W, everything, instructions=instructions)
        np.testing.assert_array_equal(indptr, np.arange(6) * cols)
        np.testing.assert_array_equal(indices, np.tile(np.arange(cols), 5))
        assert not values.any()


def test_many_elements_are_counted_before_they_are_copied():
    """The arrays then have the size of the result from the beginning, in place of all of W."""
    W = weight_like("float32", (701, 900))
    bounds = Bounds.of("float32", "abs", 0.1)
    peaks, found = [], []
    for many in (W.size, W.size + 1):
        tracemalloc.start()
        found.append(split_block(W, bounds, 2, many=many))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    for mine, other in zip(*found, strict=True):
        np.testing.assert_array_equal(mine, other)
    assert MANY == 2**31
    assert peaks[0] < W.nbytes / 2 < 2 * W.nbytes <= peaks[1]


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs Linux's /proc")
def test_the_result_takes_no_more_memory_than_it_needs():
    """A matrix kept to one hundredth: not the room for all of it, 268 MB, is taken."""
    program = """
from pathlib import Path
import numpy as np
from htstats.compression.partition.bounds import Bounds
from htstats.compression.partition.split import split_block

def peak():  # ru_maxrss would include what the parent process holds
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])

W = np.zeros((4096, 8192), np.float32)
W[:, ::100] = 1
split_block(W[:64], Bounds.of("float32", "abs", 0.5), 2)
before = peak()
indptr, indices, values = split_block(W, Bounds.of("float32", "abs", 0.5), 2)
print(peak() - before, len(indices))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    taken, kept = map(int, done.stdout.split())
    assert kept == 4096 * 82
    # 2.7 MB of result; two huge pages begun and two cleared ahead; each thread's own arrays
    assert taken < 2.7e3 + 4 * 2048 + 2 * 512 + 1000


@pytest.mark.parametrize("noise", NOISES)
def test_not_finite_in_several_pieces(noise):
    W = weight_like("float32", (1000, 1000))
    W[500, 3] = W[700, 4] = np.nan
    W[999, 999] = -np.inf
    for keep in KEEPS:
        with pytest.raises(ValueError, match="got 3 NaN or infinite elements"):
            partition(W, 0.02, noise=noise, keep=keep, n_threads=4)


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (0, 0), (1, 1), (1, 700), (700, 1), (3, 256)])
def test_shapes(shape):
    W = weight_like("float32", shape)
    split = partition(W, 0.01, n_threads=4)
    assert split.sparse.shape == shape
    np.testing.assert_array_equal(split.sparse.toarray(), np.where(abs(W) > 0.01, W, 0))


def test_layouts_and_kinds_of_input():
    torch = pytest.importorskip("torch")
    W = weight_like("float32", (50, 60))
    expected = partition(W, 0.02).sparse.toarray()
    for other in (
        np.asfortranarray(W),
        np.repeat(W, 2, axis=1)[:, ::2],
        W[::-1][::-1],
        W.astype(">f4"),
        torch.from_numpy(W),
        torch.from_numpy(W.T.copy()).T,
        memoryview(W),
    ):
        np.testing.assert_array_equal(partition(other, 0.02).sparse.toarray(), expected)
    frozen = W.copy()
    frozen.flags.writeable = False
    np.testing.assert_array_equal(partition(frozen, 0.02).sparse.toarray(), expected)
    b = torch.from_numpy(W).to(torch.bfloat16)
    split = partition(b, 0.02)
    assert split.dtype == "bfloat16"
    wide = b.float().numpy()
    np.testing.assert_array_equal(split.sparse.toarray(), np.where(abs(wide) > 0.02, wide, 0))
    integers = partition([[1, -2], [3, 0]], 1)
    assert integers.dtype == "float64"
    assert integers.sparse.toarray().tolist() == [[0, -2], [3, 0]]


def test_input_is_not_modified():
    W = weight_like("float64", (20, 20))
    before = W.copy()
    partition(W, "std", keep="centered", noise="matched")
    np.testing.assert_array_equal(W, before)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("noise", NOISES)
def test_nan_and_infinity_are_counted(dtype, noise):
    W = weight_like(dtype, (30, 300))
    W[3, 5] = np.nan
    W[29, 299] = np.inf
    W[0, 0] = -np.inf
    with pytest.raises(ValueError, match="W must be finite, got 3 NaN or infinite elements"):
        partition(W, 0.02, noise=noise, n_threads=2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"W": np.ones(3)}, r"W must be 2-D, got 1-D of shape \(3,\)"),
        ({"W": np.ones((2, 2, 2))}, "W must be 2-D, got 3-D"),
        ({"threshold": -0.5}, "threshold must be 0 or above, got -0.5"),
        ({"threshold": math.nan}, "threshold must be finite, got nan"),
        ({"threshold": math.inf}, "threshold must be finite, got inf"),
        ({"threshold": "sigma"}, "threshold must be .*got 'sigma'"),
        ({"keep": "lower"}, "keep must be one of .*got 'lower'"),
        ({"noise": "pink"}, "noise must be one of .*got 'pink'"),
        ({"support": "half"}, "support must be one of .*got 'half'"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
        ({"seed": 2**64}, "seed must be below"),
        ({"layer": 2**32}, "layer must be below"),
        ({"n_threads": 0}, "n_threads must be at least 1, got 0"),
        ({"W": np.empty((0, 3)), "threshold": "std"}, "threshold 'std' needs at least one element"),
    ],
)
def test_bad_arguments(change, message):
    arguments = {"W": np.ones((2, 2)), "threshold": 0.5, **change}
    with pytest.raises(ValueError, match=message):
        partition(arguments.pop("W"), arguments.pop("threshold"), **arguments)


def test_bad_types():
    with pytest.raises(TypeError, match="W must be real numbers"):
        partition(np.ones((2, 2), complex), 1)
    with pytest.raises(TypeError, match="threshold must be a real number"):
        partition(np.ones((2, 2)), None)
    with pytest.raises(TypeError, match="seed must be an integer"):
        partition(np.ones((2, 2)), 1, seed=1.5)


def test_kernels_refuse_arrays_that_do_not_fit():
    W = bits(np.ones((2, 3), np.float32))
    bounds = Bounds.of("float32", "abs", 0.5)[1:]
    counts, hits = np.zeros(2, np.int64), np.zeros((2, 1), np.uint8)
    with pytest.raises(ValueError, match="counts and hits"):
        _core.count_b32(W, *bounds, counts[:1], hits)
    _core.count_b32(W, *bounds, counts, hits)
    assert counts.tolist() == [3, 3]
    short = np.empty(20, np.uint8), np.empty(6, np.uint32)
    own = np.empty(_split.OWN, np.int32), np.empty(_split.OWN, np.uint32)
    turns, result = np.zeros(_split.TURNS, np.int64), (np.empty(6, np.int32), np.empty(6, "u4"))
    for instructions, arrays, message in [
        (9, (turns, *own, np.zeros(3, np.int64), *result), "no instructions number 9"),
        (-1, (turns, *own, np.zeros(3, np.int64), *result), "no instructions number -1"),
        (0, (turns[1:], *own, np.zeros(3, np.int64), *result), "turns must hold"),
        (0, (turns, own[0][1:], own[1], np.zeros(3, np.int64), *result), "turns must hold"),
        (0, (turns, own[0], own[1][1:], np.zeros(3, np.int64), *result), "turns must hold"),
        (0, (turns, *own, np.zeros(4, np.int64), *result), "do not fit a matrix of 2 x 3"),
        (0, (turns, *own, np.zeros(3, np.int64), result[0][1:], result[1]), "do not fit"),
        (0, (turns, *own, np.zeros(3, np.int64), result[0], result[1][1:]), "do not fit"),
    ]:
        with pytest.raises(ValueError, match=message):
            _split.split_b32(W, *bounds, instructions, arrays[0], None, None, *arrays[1:])
    for indptr, instructions, message in [
        ([0, 3, 6], 0, "must hold 6 entries"),
        ([0, 3, 2], 0, "must not fall"),
        ([-1, 3, 3], 0, "must not fall"),
        ([0, 3, 5], 9, "instructions must be in"),
    ]:
        with pytest.raises(ValueError, match=message):
            _core.fill_b32(W, *bounds, hits, np.array(indptr), instructions, False, *short)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("instructions", range(_core.BEST + 1))
@pytest.mark.parametrize("wide", [False, True])
def test_a_matrix_that_changes_after_the_count_writes_nothing_outside(dtype, instructions, wide):
    W = np.zeros((4, 601), DTYPES[dtype])
    W[:, ::50] = 1
    bounds = Bounds.of(dtype, "abs", 0.5)
    rows = count_rows(bits(W), bounds)
    indptr = np.concatenate([[0], np.cumsum(rows.counts)])
    indices = np.full(60, -7, np.int64 if wide else np.int32)
    values = np.full(60, -7, np.float64 if dtype == "float64" else np.float32)
    fill = getattr(
        _core,
        "fill_" + {"float32": "b32", "float64": "b64"}.get(dtype, dtype.replace("float", "f")),
    )
    kind = instructions, wide, indices.view(np.uint8), bits(values)
    W[:] = 1  # more are kept now than were counted
    fill(bits(W[:2]), *bounds[1:], rows.hits[:2], indptr[:3], *kind)
    assert (indices[: indptr[2]] >= 0).all()
    assert (indices[indptr[2] :] == -7).all()
    assert (values[indptr[2] :] == -7).all()
    W[:] = 0
    with pytest.raises(ValueError, match="HTST_ERR_BAD_ARG"):
        fill(bits(W), *bounds[1:], rows.hits, indptr, *kind)


def test_numbers_do_not_depend_on_how_denormals_are_treated():
    # ordered integers tell the smallest float32 from zero, also where a library has set the
    # processor to take denormals for zeros
    W = np.array([[0, 1, 2, 3, 2**31 + 1, 2**31]], np.uint32).view(np.float32)
    assert partition(W, 0.0, noise="none").sparse.indices.tolist() == [1, 2, 3, 4]
    assert partition(W, 2.0**-149, noise="none").sparse.indices.tolist() == [2, 3]
