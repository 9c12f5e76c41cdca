"""`.htz`: what goes in comes out to the bit, and the file is written all or not at all."""

import contextlib
import errno
import os
import signal
import stat
import subprocess
import sys
import time

import numpy as np
import pytest
from containers import make, records, same, write
from reference import normal_twin
from scipy import sparse

import htstats
from htstats.compression import container
from htstats.compression.container import (
    ContainerWriter,
    RecordSizes,
    is_container,
    open_container,
)
from htstats.compression.matrix import DTYPES, CompressedMatrix

# ---- files -----------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_matrix_comes_back(tmp_path, dtype):
    c = make(dtype=dtype, keep="centered", support="full", noise="matched", rule="quantile:0.8")
    path = write(tmp_path / "a.htz", {"w": c}, sizes=RecordSizes(400))
    assert [kind for kind, _, _ in records(path.read_bytes())].count("ROWS") == 5
    with open_container(path) as opened:
        stored = opened.matrices["w"]
        assert same(stored.matrix(), c)
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
    matrices = {"w": make(), "v": make(seed=1)}
    path = write(tmp_path / "a.htz", matrices, sizes=RecordSizes(400))
    found = [item for item in records(path.read_bytes()) if item[0] == "ROWS"]
    size = {tuple(fields["rows"]): len(payload) for _, fields, payload in found[5:]}
    sizes, read = [], os.pread
    monkeypatch.setattr(os, "pread", lambda f, n, at: sizes.append(n) or read(f, n, at))
    with open_container(path) as opened:
        stored = opened.matrices["v"]
        assert (stored.nnz, stored.info.shape) == (make(seed=1).nnz, (50, 40))
        assert set(sizes).isdisjoint(len(payload) for _, _, payload in found)
        sizes.clear()
        stored.gaussian_rows(0, 50)
        assert sizes == []
        stored.sparse(12, 19)
        assert sizes == [size[10, 20]]
        sizes.clear()
        stored.row_block(19, 31)
        assert sizes == [size[rows] for rows in [(10, 20), (20, 30), (30, 40)]]


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (0, 0), (1, 1), (1, 3000), (3000, 1)])
def test_extreme_shapes(tmp_path, shape):
    c = make(*shape)
    with open_container(write(tmp_path / "a.htz", {"w": c}, sizes=RecordSizes(1000))) as opened:
        stored = opened.matrices["w"]
        assert same(stored.matrix(), c)
        assert np.array_equal(stored.row_block(0, shape[0]), c.toarray())
        assert stored.row_block(0, shape[0]).shape == shape
        blocks = [block.copy() for block in stored.row_blocks()]
        assert sum(map(len, blocks)) == shape[0]
        assert stored.gaussian_rows(0, shape[0]).shape == shape
        opened.verify()


def test_the_same_content_is_the_same_file_however_it_comes(tmp_path):
    sizes, c = RecordSizes(300, 1000), make()
    whole = write(tmp_path / "a.htz", {"w": c}, {"t": np.arange(900.0)}, sizes=sizes).read_bytes()
    with ContainerWriter(tmp_path / "b.htz", sizes=sizes) as writer:
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


# ---- writing is atomic -----------------------------------------------------------------------


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path):
    path = write(tmp_path / "a.htz", {"w": make()})
    old = path.read_bytes()
    with pytest.raises(ValueError, match="'v' is in"):
        write(path, {"v": make(4, 4)}, {"v": np.arange(3)})
    assert path.read_bytes() == old
    assert os.listdir(tmp_path) == ["a.htz"]


def test_resume_keeps_metadata_and_ties_in_pieces(tmp_path):
    """Metadata and tensors of several records, cut anywhere."""
    matrix, data = make(9, 10), bytes(range(200))
    steps = {
        "w": lambda writer: writer.add_matrix("w", matrix),
        "v": lambda writer: writer.add_tied("v", "w"),
        "t": lambda writer: writer.add_tensor("t", "uint8", (200,), [data]),
        "u": lambda writer: writer.add_tied("u", "t"),
    }
    said = {"format": "pt", "long": "x" * 150}
    how = {"metadata": said, "resume": True, "sizes": RecordSizes(tensor_bytes=64)}
    path, partial = tmp_path / "a.htz", tmp_path / "a.htz.partial"
    whole, resumed = None, set()
    for end in [0, *range(0, 3000, 3)]:
        if whole is not None:
            partial.write_bytes(whole[:end])
        with ContainerWriter(path, **how) as writer:
            resumed.add(tuple(writer.finished))
            for name, step in steps.items():
                if name not in writer.finished:
                    step(writer)
            writer.commit()
        whole = whole or path.read_bytes()
        assert path.read_bytes() == whole
        if end > len(whole):
            break
    assert resumed == {tuple("wvtu"[:n]) for n in range(5)}
    with open_container(path) as opened:
        assert (opened.metadata, opened.tied) == (said, {"v": "w", "u": "t"})


def test_resume_goes_on_after_the_last_finished_entry(tmp_path):
    sizes = RecordSizes(300)
    matrices = {name: make(seed=i) for i, name in enumerate("abc")}
    whole = write(tmp_path / "whole.htz", matrices, sizes=sizes, seed=1).read_bytes()
    path = tmp_path / "r.htz"
    partial = tmp_path / "r.htz.partial"
    for n in range(0, len(whole), 211):
        partial.write_bytes(whole[:n])
        with ContainerWriter(path, options={"seed": 1}, resume=True, sizes=sizes) as writer:
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
    with ContainerWriter(path, options={"seed": 1}, resume=True, sizes=sizes) as writer:
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
import containers as t
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
import containers as t
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
import containers as t
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
