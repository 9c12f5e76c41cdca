"""A real cluster of processes gives what one process does, to the bit."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from typing import ClassVar

import ml_dtypes
import numpy as np
import pytest
from checkpoints import write_safetensors

from htstats.cli import main
from htstats.compression.container import ContainerWriter
from htstats.compression.partition import compress_rows as compress_here
from htstats.compression.partition import partition
from htstats.power_law import fit_power_law
from htstats.report.matrix import fit_matrix
from htstats.sketch import TailSketch
from htstats.weights import open_weights

dask_array = pytest.importorskip("dask.array")


as_completed = pytest.importorskip("distributed").as_completed


from htstats import distributed  # noqa: E402
from htstats.distributed._fit import fit_parts  # noqa: E402
from htstats.distributed._parts import FileId, FileRows, Parts  # noqa: E402
from htstats.distributed._sketch import sketch_task  # noqa: E402


class WatchedParts(Parts):
    """Parts that note the tasks which read them."""

    tasks: ClassVar[list[str]] = []

    def submit(self, client, task, *args):
        self.tasks.append(task.__name__)
        return super().submit(client, task, *args)


@pytest.fixture(scope="module")
def client():
    with distributed.connect("local:2") as client:
        yield client


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    rng = np.random.default_rng(0)
    arrays = {
        "single": rng.standard_t(3, (300, 70)).astype(np.float32),
        "double": rng.standard_t(3, (100, 40)),
        "half": rng.standard_normal((90, 50)).astype(np.float16),
        "brain": rng.standard_normal((90, 50)).astype(ml_dtypes.bfloat16).view(np.uint16),
        "nothing": np.zeros((0, 5), np.float32),
        "bad": np.full((4, 4), np.nan, np.float32),
    }
    path = tmp_path_factory.mktemp("cluster") / "model.safetensors"
    return write_safetensors(path, arrays, {"brain": "BF16"})


def sketch_here(matrix):
    sketch = TailSketch(matrix.dtype)
    for block in matrix.row_blocks():
        sketch.update(block)
    return sketch


@pytest.mark.parametrize("name", ["single", "double", "half", "brain", "nothing", "bad"])
@pytest.mark.parametrize("task_bytes", [1000, 1 << 26])
def test_sketches_are_the_local_ones(client, checkpoint, name, task_bytes):
    found = distributed.sketch_rows(checkpoint, name, client=client, task_bytes=task_bytes)
    assert found == sketch_here(open_weights(checkpoint)[name])


def test_many_matrices_at_once(client, checkpoint):
    weights = open_weights(checkpoint)
    found = dict(distributed.sketch_matrices(checkpoint, weights, client=client, task_bytes=5000))
    assert found == {name: sketch_here(matrix) for name, matrix in weights.items()}


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int16"])
def test_dask_arrays(client, dtype):
    values = (100 * np.random.default_rng(1).standard_normal((50, 60))).astype(dtype)
    chunked = dask_array.from_array(values, chunks=(7, 25))
    expected = TailSketch(dtype if dtype != "int16" else "float64").update(values)
    assert distributed.sketch_array(chunked, client=client) == expected
    scaled = 2 * chunked.T[3:]
    assert distributed.sketch_array(scaled, client=client) == TailSketch(expected.dtype).update(
        np.ascontiguousarray(2 * values.T[3:])
    )
    with pytest.raises(TypeError, match="x must be real numbers, got dtype complex"):
        distributed.sketch_array(1j * chunked, client=client)


@pytest.mark.parametrize("name", ["single", "double", "half", "brain", "nothing"])
@pytest.mark.parametrize(
    ("threshold", "words"),
    [
        (0.5, {}),
        ("std", {"noise": "matched"}),
        ("std", {"keep": "centered", "support": "full"}),
        ("quantile:0.9", {"keep": "upper", "seed": 5, "layer": 2}),
    ],
)
def test_compressed_files_are_the_local_ones(client, checkpoint, tmp_path, name, threshold, words):
    matrix = open_weights(checkpoint)[name]
    if name == "nothing" and threshold != 0.5:
        pytest.skip("an empty matrix has no order statistic and no sigma")
    shape = {"source_shape": matrix.source_shape}
    with ContainerWriter(tmp_path / "here.htz", options={}) as writer:
        compress_here(writer, name, matrix, threshold, **shape, **words)
        writer.commit()
    with ContainerWriter(tmp_path / "there.htz", options={}) as writer:
        distributed.compress_rows(
            writer, checkpoint, name, threshold, client=client, task_bytes=1500, **words
        )
        writer.commit()
    assert (tmp_path / "there.htz").read_bytes() == (tmp_path / "here.htz").read_bytes()


def test_errors_leave_the_container_as_it_was(client, checkpoint, tmp_path):
    with ContainerWriter(tmp_path / "a.htz", options={}) as writer:
        with pytest.raises(ValueError, match="W must be finite, got 16 NaN"):
            distributed.compress_rows(writer, checkpoint, "bad", client=client)
        for bad in ({"keep": "low"}, {"noise": "loud"}, {"support": "none"}):
            with pytest.raises(ValueError, match="must be one of"):
                distributed.compress_rows(writer, checkpoint, "single", client=client, **bad)
        assert writer.finished == []
    with pytest.raises(ValueError, match="no tensor named 'absent'"):
        distributed.sketch_rows(checkpoint, "absent", client=client)
    with pytest.raises(FileNotFoundError):
        distributed.sketch_rows("absent.npy", "absent", client=client)
    with pytest.raises(ValueError, match="task_bytes must be at least 1"):
        distributed.sketch_rows(checkpoint, "single", client=client, task_bytes=0)


# ---- fits ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["single", "double", "half", "brain"])
@pytest.mark.parametrize("side", ["abs", "negative"])
def test_fits_by_row_blocks_are_the_local_ones(client, checkpoint, name, side):
    values = open_weights(checkpoint)[name].toarray()
    expected = fit_power_law(values.reshape(-1), side=side)
    words = {"side": side, "client": client}
    assert distributed.fit_rows(checkpoint, name, task_bytes=2000, **words) == expected
    assert distributed.fit_rows(checkpoint, name, **words) == expected


def test_a_power_law_from_its_smallest_element_on(client, tmp_path):
    """All of it is gathered, or nothing, and one worker reads it in ranges."""
    values = (np.random.default_rng(5).pareto(1.5, (400, 100)) + 1).astype(np.float32)
    np.save(tmp_path / "w.npy", values)
    found = distributed.fit_rows(tmp_path / "w.npy", "w", client=client, task_bytes=9000)
    assert found == fit_power_law(values, side="abs")
    matrix = open_weights(tmp_path / "w.npy")["w"]
    for most, tasks in [(1 << 25, ["sketch_task", "_gather_task"]), (20_000, ["sketch_task"])]:
        parts = WatchedParts.of_file(FileId.of(tmp_path / "w.npy"), matrix, 9000)
        WatchedParts.tasks.clear()
        assert fit_parts(client, parts, "abs", most_gathered=most) == found
        assert WatchedParts.tasks == tasks
    assert found.n_tail > 0.5 * values.size


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int16"])
def test_fits_of_dask_arrays(client, dtype):
    values = (100 * np.random.default_rng(1).standard_t(3, (50, 60))).astype(dtype)
    chunked = dask_array.from_array(values, chunks=(7, 25))
    for side in ("abs", "positive"):
        found = distributed.fit_array(chunked, side=side, client=client)
        assert found == fit_power_law(values, side=side)
    read = []
    found = distributed.fit_array(
        abs(chunked).T[None],
        ks="two-sided",
        min_tail=40,
        client=client,
        report=read.append,
    )
    assert found == fit_power_law(abs(values), ks="two-sided", min_tail=40)
    assert found.side == "positive"
    assert sum(read) == pytest.approx(values.nbytes, rel=0.1)  # of blocks of unequal size


def test_dask_arrays_where_arrays_are_asked_for():
    """They are then computed as a whole, here."""
    values = np.random.default_rng(1).standard_t(3, (50, 60)).astype(np.float32)
    chunked = dask_array.from_array(values, chunks=(7, 25))
    assert fit_power_law(chunked, side="abs") == fit_power_law(values, side="abs")
    assert TailSketch("float32").update(chunked) == TailSketch("float32").update(values)
    assert np.array_equal(partition(chunked).toarray(), partition(values).toarray())


def test_fits_of_dask_arrays_say_what_is_wrong(client):
    values = dask_array.from_array(np.random.default_rng(1).standard_normal(100), chunks=30)
    with pytest.raises(ValueError, match=r"x has \d+ negative values: side must be one of"):
        distributed.fit_array(values, client=client)
    with pytest.raises(ValueError, match="at least two distinct usable values, got 0"):
        distributed.fit_array(values[:0], client=client)
    with pytest.raises(ValueError, match="x must be finite, got 100 NaN"):
        distributed.fit_array(values * np.nan, side="abs", client=client)
    with pytest.raises(TypeError, match="x must be real numbers"):
        distributed.fit_array(1j * values, side="abs", client=client)
    for bad in ({"side": "left"}, {"ks": "right"}, {"min_tail": 0}):
        with pytest.raises(ValueError, match=f"{next(iter(bad))} must be"):
            distributed.fit_array(values, client=client, **bad)


def test_all_that_a_row_says_by_row_blocks(client, checkpoint):
    """The stable rank too, without the matrix on one machine."""
    weights, read = open_weights(checkpoint), []
    found = dict(
        distributed.fit_matrices(
            checkpoint, weights, client=client, task_bytes=3000, report=read.append
        )
    )
    for name, matrix in weights.items():
        row, expected = found[name], fit_matrix(matrix, "abs")
        rank = row.pop("stable_rank", 0.0)
        # products are added in another order
        assert rank == pytest.approx(expected.pop("stable_rank", 0.0), rel=1e-6)
        assert row == expected
    assert "finite" in found["bad"]["error"]
    assert sum(read) == sum(m.nbytes for n, m in weights.items() if n != "nothing")


@pytest.mark.parametrize(
    "rule",
    [{"xmin": 1.0}, {"xmin": (0.5, 2.0), "xmax": 6.0}, {"ks": "two-sided", "min_tail": 20}],
    ids=str,
)
def test_rules_of_fits_by_row_blocks(client, checkpoint, rule):
    weights = open_weights(checkpoint)
    found = dict(
        distributed.fit_matrices(checkpoint, weights, rule=rule, client=client, task_bytes=9000)
    )
    for name, matrix in weights.items():
        row, expected = found[name], fit_matrix(matrix, "abs", rule=rule)
        row.pop("stable_rank", None), expected.pop("stable_rank", None)
        assert row == expected


# ---- splits ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """Three records of the container for each matrix, and two small ones."""
    rng = np.random.default_rng(3)
    arrays = {
        "first": rng.standard_t(3, (40, 30)).astype(np.float32),
        "single": rng.standard_t(3, (2500, 1000)).astype(np.float32),
        "bad": np.full((3, 3), np.inf, np.float32),
        "brain": rng.standard_t(3, (2500, 1000)).astype(ml_dtypes.bfloat16).view(np.uint16),
        "worse": np.full((1100, 1000), np.inf, np.float32),
        "double": np.round(rng.standard_t(3, (2200, 1000)), 1),
    }
    path = tmp_path_factory.mktemp("large") / "model.safetensors"
    return write_safetensors(path, arrays, {"brain": "BF16"})


@pytest.mark.parametrize("name", ["single", "brain", "double"])
@pytest.mark.parametrize(
    ("threshold", "words"),
    [
        (0.5, {"noise": "matched"}),
        (2, {"noise": "none", "keep": "upper"}),
        ("std", {"keep": "centered", "noise": "matched", "support": "full"}),
        ("quantile:0.9", {"seed": 5, "layer": 2}),
        ("nnz:1000", {"keep": "centered"}),
        ("xmin", {"keep": "upper"}),
        ("error:100,0.1", {}),
    ],
)
def test_row_blocks_make_the_local_file(client, large, tmp_path, name, threshold, words):
    matrix, read = open_weights(large)[name], []
    with ContainerWriter(tmp_path / "here.htz") as writer:
        compress_here(writer, name, matrix, threshold, **words)
        writer.commit()
    with ContainerWriter(tmp_path / "there.htz") as writer:
        info = distributed.compress_rows(
            writer, large, name, threshold, client=client, task_bytes=1, report=read.append, **words
        )
        writer.commit()
    assert (tmp_path / "there.htz").read_bytes() == (tmp_path / "here.htz").read_bytes()
    assert info.name == name
    assert sum(read) == 2 * matrix.nbytes
    assert len(read) > 3


@pytest.mark.filterwarnings("ignore:Sending large graph")  # the data of this test are in it
@pytest.mark.parametrize("dtype", ["float32", "int16"])
@pytest.mark.parametrize("threshold", [30.0, "quantile:0.9", "xmin"])
def test_splits_of_dask_arrays(client, tmp_path, dtype, threshold):
    values = (20 * np.random.default_rng(1).standard_t(3, (2500, 1000))).astype(dtype)
    chunked = dask_array.from_array(values, chunks=(700, 300))
    with ContainerWriter(tmp_path / "here.htz") as writer:
        writer.add_matrix("w", partition(values, threshold, noise="matched", seed=3))
        writer.commit()
    with ContainerWriter(tmp_path / "there.htz") as writer:
        distributed.compress_array(
            writer, "w", chunked, threshold, noise="matched", seed=3, client=client, task_bytes=1
        )
        writer.commit()
    assert (tmp_path / "there.htz").read_bytes() == (tmp_path / "here.htz").read_bytes()


def test_splits_of_dask_arrays_say_what_is_wrong(client, tmp_path):
    values = dask_array.ones((20, 30), chunks=10)
    with ContainerWriter(tmp_path / "a.htz") as writer:
        for bad, message in [(values[0], "2-D"), (values[values[:, 0] > 0], "known shape")]:
            with pytest.raises(ValueError, match=message):
                distributed.compress_array(writer, "w", bad, client=client)
        with pytest.raises(ValueError, match="W must be finite, got 600 NaN"):
            distributed.compress_array(writer, "w", values * np.nan, client=client)
        with pytest.raises(ValueError, match="layer must be"):
            distributed.compress_array(writer, "w", values, layer=-1, client=client)
        assert writer.finished == []


@pytest.mark.parametrize("threshold", ["std", "quantile:0.8", 1.0, "error:100,0.1"])
@pytest.mark.parametrize("noise", ["paper", "matched"])
def test_a_checkpoint_of_small_and_large_matrices(client, large, tmp_path, threshold, noise):
    """All rules give the file that they give here."""
    weights, read = open_weights(large), []
    with ContainerWriter(tmp_path / "here.htz") as writer:
        for layer, (name, matrix) in enumerate(weights.items()):
            with contextlib.suppress(ValueError):
                compress_here(writer, name, matrix, threshold, noise=noise, layer=layer)
        writer.commit()
    layers = {name: layer for layer, name in enumerate(weights)}
    with ContainerWriter(tmp_path / "there.htz") as writer:
        found = dict(
            distributed.compress_matrices(
                writer,
                large,
                layers,
                threshold,
                noise=noise,
                client=client,
                task_bytes=1 << 20,
                report=read.append,
            )
        )
        writer.commit()
    assert list(found) == list(weights)
    assert {n for n, info in found.items() if isinstance(info, Exception)} <= {"bad", "worse"}
    assert "finite" in str(found["bad"])
    assert (tmp_path / "there.htz").read_bytes() == (tmp_path / "here.htz").read_bytes()
    good = sum(2 * m.nbytes for n, m in weights.items() if n not in ("bad", "worse"))
    assert good <= sum(read) <= good + 2 * 4_400_000


def test_an_address_without_a_port_is_refused_at_once():
    with pytest.raises(ValueError, match="missing port number in address 'nowhere'"):
        with distributed.connect("nowhere"):
            pass


# ---- places ----------------------------------------------------------------------------------


def test_another_file_on_the_worker_is_noticed(client, tmp_path):
    path = tmp_path / "w.npy"
    np.save(path, np.ones((3, 3)))
    file = FileId.of(path)
    np.save(path, np.ones((3, 4)))
    task = client.submit(sketch_task, FileRows(file, "w", 0, 3), "float64", pure=False)
    with pytest.raises(ValueError, match="another file on this worker"):
        task.result()


@pytest.mark.parametrize("where", ["local:0", "local:", "local:x", "local:-1"])
def test_places_that_are_none(where):
    with pytest.raises(ValueError, match="--dask must be an address or local:N"):
        distributed.connect(where).__enter__()


def test_the_command_on_a_running_cluster(client, checkpoint, capsys):
    assert os.getpid() not in client.run(os.getpid).values()
    answers = []
    for extra in ([], ["--dask", client.scheduler.address]):
        assert main(["fit", str(checkpoint), "--json", *extra]) == 1
        answers.append(json.loads(capsys.readouterr().out))
    for rows in zip(*(answer["matrices"] for answer in answers), strict=True):
        # BLAS adds in another order on a worker's one thread; the fits are ours, and the same
        ranks = [row.pop("stable_rank", 0.0) for row in rows]
        assert ranks[0] == pytest.approx(ranks[1], rel=1e-6)
    assert answers[0] == answers[1]
    assert sum("alpha" in row for row in answers[0]["matrices"]) == 4


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs process groups")
def test_ctrl_c_is_one_line_and_leaves_nothing(checkpoint, tmp_path):
    """As a terminal sends it: to the command and to all workers, here while these start."""
    psutil = pytest.importorskip("psutil")
    command = [sys.executable, "-m", "htstats", "fit", str(checkpoint), "--dask", "local:2"]
    process = subprocess.Popen(
        command,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        start_new_session=True,
        # a suite that runs in the background of a shell may not hear Ctrl-C, nor what it starts
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    own = psutil.Process(process.pid)
    while process.poll() is None:
        with contextlib.suppress(psutil.Error):
            lines = [" ".join(child.cmdline()) for child in own.children(recursive=True)]
            if sum("spawn_main" in line for line in lines) >= 2:
                break
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate()
    assert (process.returncode, out, err) == (130, "", "htstats: interrupted\n")
    assert list(tmp_path.iterdir()) == []
