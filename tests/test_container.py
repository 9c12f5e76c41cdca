"""`.htz`: what goes in comes out to the bit, and no damaged byte passes unnoticed."""

import contextlib
import errno
import json
import os
import signal
import stat
import struct
import subprocess
import sys
import time
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import normal_twin
from scipy import sparse

import htstats
from htstats._core import gaps
from htstats.compression import container
from htstats.compression.container import ContainerWriter, is_container, open_container
from htstats.compression.container import _rice as _chunks
from htstats.compression.container._records import FRAME_BYTES, SIGNATURE, Meta, write_record
from htstats.compression.matrix import DTYPES, CompressedMatrix


def make(rows=50, cols=40, density=0.2, dtype="float32", seed=0, **changes):
    rng = np.random.default_rng([seed, rows, cols])
    values = _chunks.decode_values(
        _chunks.encode_values(rng.standard_normal(rows * cols), dtype)
        if dtype != "bfloat16"
        else _chunks.encode_values(rng.standard_normal(rows * cols).astype("f4"), dtype),
        dtype,
    ).reshape(rows, cols)
    values[rng.random((rows, cols)) >= density] = 0
    fields = dict(
        mean=0.1, std=0.5, threshold=1.0, seed=2**63 + 1, layer=3, shape=(rows, cols), dtype=dtype,
        keep="abs", noise="paper", support="replaced", rule="std",
    )  # fmt: skip
    return CompressedMatrix(sparse=sparse.csr_array(values), **{**fields, **changes})


def write(path, matrices, tensors=(), **options):
    with ContainerWriter(path, options=options) as writer:
        for name, matrix in matrices.items():
            writer.add_matrix(name, matrix)
        for name, array in dict(tensors).items():
            writer.add_tensor(name, array.dtype.name, array.shape, [array.tobytes()])
        writer.commit()
    return path


def same(a, b):
    return (
        all(getattr(a, f) == getattr(b, f) for f in vars(a) if f != "sparse")
        and all(
            np.array_equal(getattr(a.sparse, f), getattr(b.sparse, f))
            and getattr(a.sparse, f).dtype == getattr(b.sparse, f).dtype
            for f in ("data", "indices", "indptr")
        )
    )  # fmt: skip


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


# ---- files -----------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_matrix_comes_back(tmp_path, dtype, monkeypatch):
    monkeypatch.setattr(container._info, "CHUNK_ELEMENTS", 400)
    c = make(dtype=dtype, keep="centered", support="full", noise="matched", rule="quantile:0.8")
    with open_container(write(tmp_path / "a.htz", {"w": c})) as opened:
        stored = opened.matrices["w"]
        assert same(stored.matrix(), c)
        assert len(stored._chunks) == 5
        assert np.array_equal(stored.row_block(7, 31), c.toarray()[7:31])
        assert np.array_equal(np.concatenate([b.copy() for b in stored.row_blocks()]), c.toarray())
        assert np.array_equal(stored.sparse(9, 22).toarray(), c.sparse[9:22].toarray())
        assert stored.sparse(4, 4).shape == (0, 40)
        g = stored.gaussian_rows(3, 6)
        assert g[2, 39] == normal_twin.normal(2**63 + 1, 3, 5, 39)
        assert np.array_equal(g, c.gaussian_rows(3, 6))
        opened.verify()


def test_tensors_options_and_order_come_back(tmp_path):
    tensors = {
        "bias": np.arange(5, dtype="f4"),
        "steps": np.array(7, dtype="i8"),
        "none": np.empty((0, 3), "f2"),
    }
    path = write(tmp_path / "a.htz", {"w": make(), "v": make(3, 2)}, tensors, rule="std", seed=4)
    with open_container(path) as opened:
        assert opened.options == {"rule": "std", "seed": 4}
        assert list(opened) == ["w", "v", "bias", "steps", "none"]
        for name, array in tensors.items():
            tensor = opened.tensors[name]
            assert (tensor.dtype, tensor.shape) == (array.dtype.name, array.shape)
            assert b"".join(tensor.chunks()) == array.tobytes()
        total = sum(entry.stored_bytes for entry in opened.entries.values())
        assert 0 < path.stat().st_size - total < 300
        assert "2 matrices, 3 carried" in repr(opened)
    assert is_container(path)


def test_nothing_is_read_before_it_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.setattr(container._info, "CHUNK_ELEMENTS", 400)
    path, read = write(tmp_path / "a.htz", {"w": make(), "v": make(seed=1)}), []
    original = container._entries.read_payload

    def watched(file, record):
        read.append(record.meta.fields["rows"])
        return original(file, record)

    monkeypatch.setattr(container._entries, "read_payload", watched)
    with open_container(path) as opened:
        stored = opened.matrices["v"]
        assert (stored.nnz, stored.info.shape) == (make(seed=1).nnz, (50, 40))
        stored.gaussian_rows(0, 50)
        assert read == []
        stored.sparse(12, 19)
        assert read == [[10, 20]]
        stored.row_block(19, 31)
        assert read == [[10, 20], [10, 20], [20, 30], [30, 40]]


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (0, 0), (1, 1), (1, 3000), (3000, 1)])
def test_extreme_shapes(tmp_path, shape, monkeypatch):
    monkeypatch.setattr(container._info, "CHUNK_ELEMENTS", 1000)
    c = make(*shape)
    with open_container(write(tmp_path / "a.htz", {"w": c})) as opened:
        stored = opened.matrices["w"]
        assert same(stored.matrix(), c)
        assert np.array_equal(stored.row_block(0, shape[0]), c.toarray())
        assert stored.row_block(0, shape[0]).shape == shape
        blocks = [block.copy() for block in stored.row_blocks()]
        assert sum(map(len, blocks)) == shape[0]
        assert stored.gaussian_rows(0, shape[0]).shape == shape
        opened.verify()


def test_the_same_content_is_the_same_file_however_it_comes(tmp_path, monkeypatch):
    monkeypatch.setattr(container._info, "CHUNK_ELEMENTS", 300)
    monkeypatch.setattr(container._info, "CHUNK_BYTES", 1000)
    c = make()
    whole = write(tmp_path / "a.htz", {"w": c}, {"t": np.arange(900.0)}).read_bytes()
    with ContainerWriter(tmp_path / "b.htz") as writer:
        sink = writer.matrix("w", c.shape, c.dtype)
        for start in range(0, 50, 3):
            b = c.sparse[start : start + 3]
            sink.add(b.indptr, b.indices, b.data)
        law = {k: v for k, v in vars(c).items() if k != "sparse"}
        sink.finish(container.MatrixInfo(name="w", source_shape=c.shape, **law))
        data = np.arange(900.0).tobytes()
        pieces = (data[i : i + 77] for i in range(0, len(data), 77))
        writer.add_tensor("t", "float64", (900,), pieces)
        writer.commit()
    assert (tmp_path / "b.htz").read_bytes() == whole


def test_it_is_really_smaller(tmp_path):
    """Per non-zero: the value, and at density .05 some 6 bits for the place (entropy 5.73)."""
    c = make(1000, 1000, 0.05)
    path = write(tmp_path / "a.htz", {"w": c})
    assert path.stat().st_size < c.nnz * (4 + 6 / 8) + 1000
    quantized = make(1000, 1000, 0.05)
    quantized.sparse.data[:] = np.round(quantized.sparse.data * 4) / 4
    path = write(tmp_path / "b.htz", {"w": quantized})
    assert path.stat().st_size < c.nnz * (6 / 8 + 6 / 8) + 1000


def test_more_than_2_31_columns(tmp_path):
    """The index type widens, in memory and in the file."""
    cols = 2**31 + 10
    b = sparse.csr_array(
        (np.float32([5, 6]), np.array([3, cols - 1]), np.array([0, 1, 2])), shape=(2, cols)
    )
    c = make(2, 2)
    wide = CompressedMatrix(**{**vars(c), "sparse": b, "shape": (2, cols)})
    with open_container(write(tmp_path / "a.htz", {"w": wide})) as opened:
        back = opened.matrices["w"].sparse()
        assert back.indices.dtype == np.int64
        assert back.indices.tolist() == [3, cols - 1]


# ---- damage ----------------------------------------------------------------------------------


@pytest.fixture
def damaged(tmp_path, monkeypatch):
    """A small file, and a function that says what reading all of some bytes raises."""
    monkeypatch.setattr(container._info, "CHUNK_ELEMENTS", 30)
    path = write(tmp_path / "a.htz", {"w": make(9, 10)}, {"b": np.arange(9, dtype="f4")}, seed=1)
    good = path.read_bytes()

    def read(data):
        path.write_bytes(data)
        with open_container(path) as opened:
            opened.verify()

    read(good)
    return good, read


def test_every_flipped_bit_is_an_error(damaged):
    good, read = damaged
    for at in range(len(good)):
        for bit in (0, 3, 7):
            bad = bytearray(good)
            bad[at] ^= 1 << bit
            with pytest.raises(ValueError, match=r"a\.htz"):
                read(bytes(bad))


def test_every_cut_and_any_extra_byte_is_an_error(damaged):
    good, read = damaged
    for n in range(len(good)):
        with pytest.raises(ValueError, match=r"a\.htz"):
            read(good[:n])
    with pytest.raises(ValueError, match="1 bytes follow"):
        read(good + b"\0")


def records(data):
    """(kind, fields, payload) of each record."""
    at = len(SIGNATURE)
    while at < len(data):
        kind, n_meta, n_payload, _, _ = struct.unpack_from("<4sIQII", data, at)
        at += FRAME_BYTES
        yield kind.decode(), json.loads(data[at : at + n_meta]), data[at + n_meta :][:n_payload]
        at += n_meta + n_payload


def rebuilt(items):
    """A file of these records with right checksums, as a forger would write it."""

    class Sink(bytearray):
        write = bytearray.extend

    out, chain, count = Sink(SIGNATURE), 0, 0
    for kind, fields, payload in items:
        if kind == "DONE":
            fields = {"records": count, "chain": chain, **fields.get("forged", {})}
        chain = zlib.crc32(write_record(out, kind, fields, [payload]), chain)
        count += 1
    return bytes(out)


HOSTILE = [-1, 0, 1, 2**31, 2**62, 2**64, 2**200, 1.5, 1e308, "x", "", None, True, [], [1], {}]


def test_every_forged_field_is_an_error_or_harmless(damaged):
    """Checksums are made right: only the checks on the fields stand between them and a crash."""
    good, read = damaged
    original = list(records(good))
    assert rebuilt(original) == good
    refused = tried = 0
    for number, (kind, fields, payload) in enumerate(original):
        for key, old in fields.items():
            for value in HOSTILE:
                forged = {**fields, key: value}
                if kind == "DONE":
                    forged = {"forged": {key: value}}
                items = list(original)
                items[number] = (kind, forged, payload)
                tried += 1
                try:
                    read(rebuilt(items))
                except ValueError:
                    refused += 1
                else:  # free text, numbers of the law, and what was there before
                    free = {"name", "rule", "writer", "options", "mean", "std", "threshold",
                            "seed", "layer", "dtype", "source_shape", "shape",
                            "version"}  # fmt: skip
                    assert value == old or key in free, (kind, key, value)
            without = {k: v for k, v in fields.items() if k != key}
            items = list(original)
            items[number] = (kind, without, payload)
            if key != "writer" and kind != "DONE":
                with pytest.raises(ValueError, match=r"a\.htz"):
                    read(rebuilt(items))
    assert refused > 0.7 * tried


def test_forged_order_and_names(damaged):
    good, read = damaged
    items = list(records(good))
    kinds = [kind for kind, _, _ in items]
    assert kinds == ["HEAD", "ROWS", "ROWS", "ROWS", "MATX", "DATA", "TENS", "DONE"]
    for order in ([0, 2, 1, 3, 4, 5, 6, 7], [0, 1, 2, 4, 5, 6, 7], [1, 0, 2, 3, 4, 5, 6, 7],
                  [0, 1, 2, 3, 4, 1, 2, 3, 4, 5, 6, 7], [0, 1, 2, 3, 4, 5, 7], [0, 1, 2, 3, 4, 5],
                  [0, 1, 2, 3, 5, 4, 6, 7], [0, 0, 1, 2, 3, 4, 5, 6, 7], []):  # fmt: skip
        with pytest.raises(ValueError, match=r"a\.htz"):
            read(rebuilt([items[i] for i in order]))
    newer = [("HEAD", {**items[0][1], "version": 3}, b""), *items[1:]]
    with pytest.raises(ValueError, match="newer"):
        read(rebuilt(newer))
    deep = ("HEAD", items[0][1] | {"options": 1}, b"")
    data = rebuilt([deep, *items[1:]]).replace(b"", b"")
    with pytest.raises(ValueError, match="options"):
        read(data)


def test_claimed_sizes_allocate_nothing(damaged, monkeypatch):
    good, read = damaged
    items = list(records(good))
    original, largest = np.empty, []

    def watched(shape, *args, **options):
        largest.append(int(np.prod(shape, dtype=object)))
        return original(shape, *args, **options)

    monkeypatch.setattr(np, "empty", watched)
    for key, value in [("nnz", 2**40), ("rows", [0, 2**32]), ("gap_bytes", 2**40)]:
        forged = [*items[:1], ("ROWS", {**items[1][1], key: value}, items[1][2]), *items[2:]]
        if key == "rows":
            matrix = {**items[4][1], "shape": [2**32, 0], "source_shape": [0], "chunks": 1}
            forged = [items[0], forged[1], ("MATX", matrix, b""), items[-1]]
        with pytest.raises(ValueError, match=r"a\.htz"):
            read(rebuilt(forged))
    assert max(largest, default=0) < 1000


@settings(max_examples=300)
@given(st.binary(max_size=200))
def test_noise_is_no_container(data):
    import tempfile

    with tempfile.NamedTemporaryFile(suffix=".htz") as file:
        file.write(SIGNATURE + data)
        file.flush()
        with pytest.raises(ValueError, match=r"\.htz"):
            open_container(file.name)


# ---- writing is atomic -----------------------------------------------------------------------


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path):
    path = write(tmp_path / "a.htz", {"w": make()})
    old = path.read_bytes()
    with pytest.raises(ValueError, match="'v' is in"):
        write(path, {"v": make(4, 4)}, {"v": np.arange(3)})
    assert path.read_bytes() == old
    assert os.listdir(tmp_path) == ["a.htz"]


def test_resume_goes_on_after_the_last_finished_entry(tmp_path, monkeypatch):
    monkeypatch.setattr(container._info, "CHUNK_ELEMENTS", 300)
    matrices = {name: make(seed=i) for i, name in enumerate("abc")}
    whole = write(tmp_path / "whole.htz", matrices, seed=1).read_bytes()
    path = tmp_path / "r.htz"
    partial = tmp_path / "r.htz.partial"
    for n in range(0, len(whole), 211):
        partial.write_bytes(whole[:n])
        with ContainerWriter(path, options={"seed": 1}, resume=True) as writer:
            done = list(writer.finished)
            assert done == list("abc")[: len(done)]
            for name in "abc"[len(done) :]:
                writer.add_matrix(name, matrices[name])
            writer.commit()
        assert path.read_bytes() == whole
        assert not partial.exists()
    assert len(done) == 3
    # damage inside what was finished: from there on it is made again
    bad = bytearray(whole[:-60])
    bad[len(bad) // 2] ^= 1
    partial.write_bytes(bad)
    with ContainerWriter(path, options={"seed": 1}, resume=True) as writer:
        assert writer.finished == ["a"]
        with pytest.raises(ValueError, match="'a' is in"):
            writer.add_matrix("a", matrices["a"])
    assert partial.exists()
    with pytest.raises(ValueError, match="seed 1, not 2"):
        ContainerWriter(path, options={"seed": 2}, resume=True)
    with ContainerWriter(path, options={"seed": 2}) as writer:
        assert writer.finished == []
    assert not partial.exists()


def test_a_second_writer_is_kept_out(tmp_path):
    with ContainerWriter(tmp_path / "a.htz"):
        with pytest.raises(OSError, match="another process"):
            ContainerWriter(tmp_path / "a.htz")


def test_links_modes_and_wrong_places(tmp_path):
    target = write(tmp_path / "real.htz", {"w": make()})
    os.chmod(target, 0o640)
    link = tmp_path / "link.htz"
    link.symlink_to(target)
    write(link, {"v": make(3, 3)})
    assert link.is_symlink()
    with open_container(target) as opened:
        assert list(opened) == ["v"]
    for bad, error in [
        (tmp_path, IsADirectoryError),
        (tmp_path / "none" / "a.htz", FileNotFoundError),
        ("/dev/null", OSError),
    ]:
        with pytest.raises(error):
            ContainerWriter(bad)
    (tmp_path / "p.htz.partial").symlink_to(target)
    with pytest.raises(OSError) as caught:
        ContainerWriter(tmp_path / "p.htz")
    assert caught.value.errno == errno.ELOOP


KILLED = """
import os, sys
sys.path.insert(0, {tests!r})
import test_container as t
from htstats.compression.container import ContainerWriter
for _ in sys.stdin:
    if (child := os.fork()) == 0:
        with ContainerWriter({path!r}, options={{"k": 1}}, resume=True) as writer:
            for name in "abcdefgh":
                if name not in writer.finished:
                    writer.add_matrix(name, t.make(200, 200, seed=ord(name)))
            writer.commit()
        os._exit(0)
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def kill_at_random(tmp_path, kills, ends, seed):
    """Kill a resuming writer again and again: the target is the old file or the new, always.

    Until so many were killed and so many came to their end: how long a writer has grows until some
    do, and shrinks until some do not, on any machine. One process forks all writers, for to import
    everything takes longer than to write.
    """
    rng = np.random.default_rng(seed)
    path = tmp_path / "a.htz"
    old = write(path, {"old": make()}).read_bytes()
    other = {n: make(200, 200, seed=ord(n)) for n in "abcdefgh"}
    new = write(tmp_path / "n.htz", other, k=1).read_bytes()
    code = KILLED.format(tests=os.path.dirname(__file__), path=str(path))
    killed = finished = 0
    longest = 0.02
    parent = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    while killed < kills or finished < ends:
        parent.stdin.write("\n")
        parent.stdin.flush()
        writer = int(parent.stdout.readline())
        time.sleep(rng.uniform(0, longest))
        with contextlib.suppress(ProcessLookupError):
            os.kill(writer, signal.SIGKILL)
        status = int(parent.stdout.readline())
        assert status in (0, -signal.SIGKILL)
        if status == 0:
            finished += 1
            longest *= 0.8
            assert path.read_bytes() == new
            path.write_bytes(old)
        else:
            killed += 1
            longest *= 1.1
            assert path.read_bytes() in (old, new)
            if path.read_bytes() == new:
                path.write_bytes(old)
    parent.communicate()
    assert parent.returncode == 0


def test_kill_9_leaves_the_old_file_or_the_new(tmp_path):
    kill_at_random(tmp_path, kills=6, ends=0, seed=0)


@pytest.mark.slow
def test_kill_9_a_hundred_times(tmp_path):
    kill_at_random(tmp_path, kills=90, ends=10, seed=1)


def test_a_full_disk_is_one_clear_error(tmp_path):
    """A file-size limit stands for it where no small disk can be mounted."""
    code = f"""
import resource, signal, sys
sys.path.insert(0, {os.path.dirname(__file__)!r})
import test_container as t
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    t.write({str(tmp_path / "a.htz")!r}, {{"w": t.make(500, 500, 0.5)}})
except OSError as error:
    print(error)
"""
    path = write(tmp_path / "a.htz", {"w": make()})
    old = path.read_bytes()
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "a.htz" in answer.stdout, answer.stderr
    assert "File too large" in answer.stdout
    assert path.read_bytes() == old
    assert os.listdir(tmp_path) == ["a.htz"]


SMALL_DISK = """
import os, sys
sys.path.insert(0, {tests!r})
import test_container as t
path = "a.htz"
os.chdir({folder!r})
old = t.write(path, {{"w": t.make()}}) and open(path, "rb").read()
for resume in (False, True):
    try:
        with t.ContainerWriter(path, resume=resume) as writer:
            writer.add_matrix("w", t.make(500, 500, 0.9))
    except OSError as error:
        print(error)
    print(open(path, "rb").read() == old, sorted(os.listdir()))
os.remove("a.htz.partial")
os.system("mount -o remount,ro .")
try:
    t.ContainerWriter(path)
except OSError as error:
    print(error)
"""


def test_a_small_disk_and_a_read_only_one(tmp_path):
    """Real ones, in a mount namespace of their own, where the system grants one."""
    mount = f"mount -t tmpfs -o size=400k none {tmp_path}"
    unshare = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    code = SMALL_DISK.format(tests=os.path.dirname(__file__), folder=str(tmp_path))
    script = tmp_path.with_suffix(".py")
    script.write_text(code)
    try:
        subprocess.run([*unshare, mount], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no mount namespace: {error}")
    there = {**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(htstats.__file__))}
    command = [*unshare, f"{mount} && {sys.executable} {script}"]
    said = subprocess.check_output(command, text=True, env=there)
    lines = said.splitlines()
    assert lines[0] == lines[2] == f"[Errno 28] No space left on device: '{tmp_path}/a.htz.partial'"
    assert lines[1] == "True ['a.htz']"
    assert lines[3] == "True ['a.htz', 'a.htz.partial']"
    assert lines[4] == f"[Errno 30] Read-only file system: '{tmp_path}/a.htz.partial'"
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_no_space_is_named(tmp_path, monkeypatch):
    """ENOSPC itself, from the device that always has it."""
    writer = ContainerWriter(tmp_path / "a.htz")
    writer._file.close()
    full = open("/dev/full", "wb")
    monkeypatch.setattr(writer, "_file", full)
    with pytest.raises(OSError, match=r"No space left .*a\.htz"):
        writer.add_matrix("w", make(300, 300))
    assert writer.__exit__(OSError, OSError(), None) is None
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root writes anywhere")
def test_a_read_only_folder(tmp_path):
    path = write(tmp_path / "a.htz", {"w": make()})
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    with pytest.raises(PermissionError):
        ContainerWriter(path)
    tmp_path.chmod(stat.S_IRWXU)
