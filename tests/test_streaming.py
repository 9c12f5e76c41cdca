"""A matrix read in blocks splits as it does in memory, to the bit, in three passes at most."""

import itertools
import os
import subprocess
import sys
import threading
import tracemalloc
from functools import partial
from types import SimpleNamespace

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference.watched_matrix import Matrix, ThreadedMatrix
from resident import split_in_a_process

from htstats._common.rows import read_blocks
from htstats.compression.container import ContainerWriter, open_container
from htstats.compression.partition import (
    compress_rows,
    partition,
    partition_rows,
    partition_threshold,
)
from htstats.compression.partition._rows import RowSplit
from htstats.compression.partition.plan import SplitOptions
from htstats.power_law import fit_power_law, fit_rows
from htstats.sketch import TailSketch, sketch_rows

DTYPES = {
    "float64": np.float64,
    "float32": np.float32,
    "float16": np.float16,
    "bfloat16": ml_dtypes.bfloat16,
}


def sample(rows, cols, dtype, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.standard_t(3, (rows, cols)) * 0.1 + 0.01).astype(DTYPES[dtype])


def source(W, dtype, kind=Matrix):
    return kind("w", W.view(np.uint16) if dtype == "bfloat16" else W, dtype)


def split(rows, rule, *, block_bytes, n_threads=1, **options):
    """`partition_rows` with blocks of another size."""
    given = SplitOptions(rule, **options)
    return RowSplit(rows, given, n_threads, block_bytes=block_bytes).matrix()


def assert_same(a, b):
    for field in vars(a):
        if field != "sparse":
            assert getattr(a, field) == getattr(b, field), field
    for field in ("data", "indices", "indptr"):
        x, y = getattr(a.sparse, field), getattr(b.sparse, field)
        assert x.dtype == y.dtype, field
        assert np.array_equal(x, y), field


@pytest.mark.parametrize("dtype", list(DTYPES))
@pytest.mark.parametrize("shape", [(301, 7), (1, 1000), (0, 5), (5, 0)])
def test_threads_sketch_what_one_does(dtype, shape):
    W, seen = sample(*shape, dtype), []
    rows = source(W, dtype, ThreadedMatrix)
    one = sketch_rows(rows)
    for n_threads in (2, 5):
        found = sketch_rows(rows, max_bytes=64, n_threads=n_threads, report=seen.append)
        assert found.to_bytes() == one.to_bytes()
    assert sum(seen) == 2 * W.nbytes
    assert rows.passes == 1  # threads read rows of their own


def test_a_thread_that_cannot_read_is_heard():
    rows = source(sample(64, 8, "float32"), "float32", ThreadedMatrix)

    def broken(start, stop, out):
        raise OSError("gone")

    rows.read_rows = broken
    with pytest.raises(OSError, match="gone"):
        sketch_rows(rows, n_threads=2)


@pytest.mark.parametrize("dtype", list(DTYPES))
@pytest.mark.parametrize("rule", ["std", 0.05, "quantile:0.9", "nnz:77", "error:9,0.5"])
def test_the_split_is_that_of_memory(dtype, rule, tmp_path):
    W = sample(120, 50, dtype)
    words = itertools.product(
        ["abs", "upper", "centered"], ["paper", "matched", "none"], ["replaced", "full"]
    )
    for keep, noise, support in words:
        options = dict(keep=keep, noise=noise, support=support, seed=3, layer=4)
        expected = partition(W, rule, **options)
        rows = source(W, dtype)
        assert_same(split(rows, rule, **options, block_bytes=1000), expected)
        assert rows.passes <= 3
        assert rows.largest <= 1000
        assert_same(partition_rows(rows, rule, **options), expected)
    rows = source(W, dtype, ThreadedMatrix)
    assert_same(split(rows, rule, **options, block_bytes=1000, n_threads=3), expected)
    assert_same(partition_rows(rows, rule, **options, n_threads=3), expected)
    with ContainerWriter(tmp_path / "a.htz") as writer:
        compress_rows(writer, "w", source(W, dtype), rule, **options, source_shape=(120, 5, 10))
        writer.commit()
    with open_container(tmp_path / "a.htz") as container:
        stored = container.matrices["w"]
        assert_same(stored.matrix(), expected)
        assert stored.info.source_shape == (120, 5, 10)


@pytest.mark.parametrize("dtype", list(DTYPES))
def test_the_split_at_the_fitted_xmin_is_that_of_memory(dtype):
    W = sample(120, 50, dtype)
    words = itertools.product(
        ["abs", "upper"], ["paper", "matched", "none"], ["replaced", "full"], [1, 3]
    )
    for keep, noise, support, n_threads in words:
        options = dict(keep=keep, noise=noise, support=support, seed=3, layer=4)
        rows = source(W, dtype, partial(ThreadedMatrix, most_bytes=1000))
        got = split(rows, "xmin", **options, n_threads=n_threads, block_bytes=1000)
        assert_same(got, partition(W, "xmin", **options))
        assert rows.blocks > rows.passes or n_threads > 1  # several blocks in a pass
    with pytest.raises(ValueError, match="keep must be 'abs' or 'upper'"):
        partition_rows(source(W, dtype), "xmin", keep="centered")


@given(st.integers(0, 30), st.integers(1, 30), st.integers(1, 400), st.integers(1, 3))
def test_any_blocks_and_threads(rows, cols, block_bytes, n_threads):
    W = sample(rows, cols, "float32", seed=rows * cols)
    how = {"n_threads": n_threads, "block_bytes": block_bytes}
    for noise, rule in itertools.product(["paper", "matched", "none"], [0.1, "std"]):
        if not (W.size == 0 and rule == "std"):
            got = split(source(W, "float32", ThreadedMatrix), rule, noise=noise, **how)
            assert_same(got, partition(W, rule, noise=noise))
    sketch = sketch_rows(source(W, "float32"), max_bytes=block_bytes)
    assert sketch.total_of_squares == TailSketch("float32").update(W).total_of_squares


@pytest.mark.parametrize("dtype", list(DTYPES))
@pytest.mark.parametrize("side", ["abs", "positive", "negative"])
def test_the_fit_is_that_of_memory(dtype, side):
    W = sample(120, 50, dtype)
    rows = source(W, dtype, partial(Matrix, most_bytes=1000))
    fit, expected = fit_rows(rows, side=side), fit_power_law(W, side=side)
    for name in ("alpha", "xmin", "distance", "n", "n_tail", "excluded", "side"):
        assert getattr(fit, name) == getattr(expected, name)
    assert rows.passes <= 3
    assert rows.blocks > rows.passes


def test_too_little_memory_is_named(tmp_path):
    with ContainerWriter(tmp_path / "a.htz") as writer:
        with pytest.raises(ValueError, match="max_memory"):
            compress_rows(writer, "w", source(sample(3, 3, "float32"), "float32"), max_memory=1000)


def test_memory_is_bounded_whatever_the_matrix(tmp_path):
    """Traced allocations of a 64 MiB matrix in 1 MiB blocks; its B alone would take 77 MiB."""
    blocks = 64
    rng = np.random.default_rng(0)
    piece = rng.standard_normal((256, 1024)).astype("f4")

    class Long:
        name, shape, dtype = "w", (256 * blocks, 1024), "float32"

        def row_blocks(self, max_bytes):
            assert max_bytes >= piece.nbytes
            for k in range(blocks):
                yield np.roll(piece, k)

    for rule in (0.1, "quantile:0.05"):
        with ContainerWriter(tmp_path / "a.htz") as writer:
            tracemalloc.start()
            info = compress_rows(writer, "w", Long(), rule)
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            writer.commit()
        assert peak < 128 << 20
        with open_container(tmp_path / "a.htz") as container:
            assert container.matrices["w"].nnz > 0.9 * 256 * blocks * 1024
            assert container.matrices["w"].info == info


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs Linux's /proc")
@pytest.mark.parametrize("rule", ["std", "quantile:0.5"])
def test_resident_memory_stays_in_the_budget(tmp_path, rule):
    """A 320 MiB file in less than 128 MiB in addition to the memory in use after imports."""
    shape = (20_480, 4096)
    fields = {"descr": "<f4", "fortran_order": False, "shape": shape}
    with open(tmp_path / "w.npy", "wb") as file:
        np.lib.format.write_array_header_1_0(file, fields)
        for k in range(20):
            file.write(sample(1024, 4096, "float32", seed=k % 2))
    kib, _ = split_in_a_process(tmp_path / "w.npy", rule, max_memory=128 << 20, n_threads=2)
    assert 1024 < kib < 128 << 10


@pytest.mark.parametrize(
    ("blocks", "error"),
    [
        ([np.ones((2, 3), "f4")], ValueError),
        ([np.ones((2, 3), "f4")] * 3, ValueError),
        ([np.ones((4, 2), "f4")], ValueError),
        ([np.ones(12, "f4")], ValueError),
        ([np.ones((4, 3), "f8")], TypeError),
        ([np.ones((4, 3), "u2")], TypeError),
        ([np.full((4, 3), np.nan, "f4")], ValueError),
        ([np.full((4, 3), -np.inf, "f4")], ValueError),
    ],
)
def test_bad_sources_leave_the_container_as_it_was(tmp_path, blocks, error):
    class Bad:
        shape, dtype = (4, 3), "float32"

        def row_blocks(self, max_bytes):
            yield from blocks

    with ContainerWriter(tmp_path / "a.htz") as writer:
        start = writer.written
        with pytest.raises(error):
            compress_rows(writer, "w", Bad(), 0.5)
        assert writer.written == start
        W = sample(5, 5, "float32")
        compress_rows(writer, "w", source(W, "float32"), 0.5)
        writer.commit()
    with open_container(tmp_path / "a.htz") as container:
        assert_same(container.matrices["w"].matrix(), partition(W, 0.5))


def test_a_read_error_takes_back_the_rows_already_written(tmp_path):
    sizes = []

    class Failing:
        shape, dtype = (4000, 300), "float32"

        def row_blocks(self, max_bytes):
            yield np.ones((3900, 300), "f4")
            sizes.append(writer.written)
            raise OSError(5, "Input/output error", "checkpoint")

    with ContainerWriter(tmp_path / "a.htz") as writer:
        start = writer.written
        with pytest.raises(OSError, match="checkpoint"):
            compress_rows(writer, "w", Failing(), 0.5)
        assert writer.written == start
        assert sizes[0] > start


def test_an_error_on_a_thread_ends_the_others(tmp_path):
    W = sample(500, 40, "float32")
    W[400, 3] = np.nan
    for rule in (0.1, "std"):
        with pytest.raises(ValueError, match="W must be finite, got 1"):
            split(source(W, "float32", ThreadedMatrix), rule, n_threads=3, block_bytes=500)


def test_blocks_are_taken_in_order_whichever_is_ready_first():
    """The first block is read last, and nothing is taken, nor told of, before it."""
    W = sample(50, 10, "float32")  # five blocks of ten rows
    rows, told, others = source(W, "float32", ThreadedMatrix), [], threading.Event()
    read_rows = rows.read_rows

    def first_is_slow(start, stop, out):
        if start == 0:
            assert others.wait(60)
            assert told == []
        read_rows(start, stop, out)
        if start == 10:
            others.set()

    rows.read_rows = first_is_slow
    tau, expected = 0.1, partition(W, 0.1)
    job = RowSplit(rows, SplitOptions(tau), 2, told.append, block_bytes=400)
    blocks = []
    job.run(lambda indptr, *_: blocks.append(int(indptr[-1])))
    assert blocks == np.diff(expected.sparse.indptr[::10]).tolist()
    assert told == [400] * 5


def test_the_first_of_two_bad_blocks_is_told_of():
    W = sample(50, 10, "float32")
    W[5, 3], W[15, 3:5] = np.nan, np.inf
    rows, second = source(W, "float32", ThreadedMatrix), threading.Event()
    read_rows, read = rows.read_rows, []

    def first_is_slow(start, stop, out):
        read.append(start)
        if start == 0:
            assert second.wait(60)
        read_rows(start, stop, out)
        if start == 10:
            second.set()

    rows.read_rows = first_is_slow
    with pytest.raises(ValueError, match="got 1 NaN"):
        split(rows, 0.1, n_threads=2, block_bytes=400)
    assert sorted(read) == [0, 10]  # and no other block was begun


def test_what_cannot_be_taken_ends_the_reading():
    rows = source(sample(5000, 10, "float32"), "float32", ThreadedMatrix)
    read_rows, read = rows.read_rows, []

    def watched(start, stop, out):
        read.append(start)
        read_rows(start, stop, out)

    def full(*_):
        raise OSError("disk full")

    rows.read_rows = watched
    job = RowSplit(rows, SplitOptions(0.1, noise="none"), 3, block_bytes=400)
    with pytest.raises(OSError, match="disk full"):
        job.run(full)
    assert len(read) <= 3


@pytest.mark.parametrize(
    ("option", "value"),
    [("keep", "x"), ("noise", "x"), ("support", "x"), ("seed", -1), ("layer", 2**32),
     ("n_threads", 0)],
)  # fmt: skip
def test_bad_options_are_named(option, value):
    with pytest.raises(ValueError, match=option):
        partition_rows(source(sample(3, 3, "float32"), "float32"), **{option: value})


WITHOUT_ML_DTYPES = """
import sys
from types import SimpleNamespace
import numpy as np
from htstats.spectral import stable_rank
from htstats.streaming import fit_rows, partition_rows

bits = (np.random.default_rng(0).standard_t(3, (40, 30)).astype(np.float32).view(np.uint32) >> 16)
bits = bits.astype(np.uint16)
source = SimpleNamespace(shape=bits.shape, dtype="bfloat16", row_blocks=lambda n: iter([bits]))
for rule in ({}, {"xmin": 0.5}, {"xmax": 3.0, "ks": "two-sided"}):
    print(fit_rows(source, **rule).n_tail > 0)
print(partition_rows(source, "xmin").threshold > 0, stable_rank(source) > 1)
assert "ml_dtypes" not in sys.modules
"""


def test_bfloat16_needs_no_other_package():
    """NumPy knows the word only once ml_dtypes has been imported, as it is in these tests."""
    code = [sys.executable, "-c", WITHOUT_ML_DTYPES]
    answer = subprocess.run(code, capture_output=True, text=True)
    assert answer.stdout.split() == ["True"] * 5, answer.stderr


def test_a_long_row_with_few_kept_takes_little_beside_itself():
    W = np.zeros((1, 1 << 23), np.float32)
    W[0, ::100_000] = np.arange(84)
    tracemalloc.start()
    B = partition_rows(source(W, "float32"), 0.5, noise="none")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert B.sparse.nnz == 83
    # the row that the source gives, and a quarter of what all of it kept would take
    assert peak < W.nbytes + (17 << 20)


@pytest.mark.parametrize("given", [np.ones((3, 4)), [[1.0, 2.0]], "w.npy", None], ids=str)
def test_what_cannot_be_read_in_blocks_is_a_type_error_that_says_what_to_give(tmp_path, given):
    sketch = TailSketch("float64").update(np.ones(3))
    words = {"keep": "abs", "noise": "paper", "support": "full"}
    calls = [
        lambda: sketch_rows(given),
        lambda: sketch_rows(given, n_threads=2),
        lambda: fit_rows(given),
        lambda: partition_rows(given),
        lambda: partition_rows(given, 0.1, n_threads=2),
        lambda: partition_threshold(given, "quantile:0.5", sketch, **words),
        lambda: next(read_blocks(given)),
    ]
    with ContainerWriter(tmp_path / "a.htz") as writer:
        calls.append(lambda: compress_rows(writer, "w", given))
        for call in calls:
            with pytest.raises(TypeError, match=r"^source must have shape, dtype and row_blocks"):
                call()


def test_an_unknown_keyword_names_the_function_that_was_called():
    source = SimpleNamespace(shape=(2, 2), dtype="float32", row_blocks=lambda n: iter([]))
    with pytest.raises(TypeError, match=r"^partition_rows\(\) got an unexpected .*'keeps'$"):
        partition_rows(source, 1.0, keeps="abs")
    with pytest.raises(TypeError, match=r"^compress_rows\(\) got an unexpected .*'sede'$"):
        compress_rows(None, "w", source, 1.0, sede=1)
