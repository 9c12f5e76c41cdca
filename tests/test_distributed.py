"""A real cluster of processes gives what one process does, to the bit, also when workers die."""

import json
import os
import signal
import threading
import time

import ml_dtypes
import numpy as np
import pytest
from checkpoints import write_safetensors

from htstats.cli import main
from htstats.container import ContainerWriter
from htstats.sketch import TailSketch
from htstats.streaming import compress_rows as compress_here
from htstats.weights import open_weights

dask_array = pytest.importorskip("dask.array")
pytest.importorskip("distributed")

from htstats import distributed  # noqa: E402


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


def test_a_worker_that_is_killed_in_the_middle(client, tmp_path):
    np.save(tmp_path / "w.npy", np.random.default_rng(2).standard_normal((2000, 64)))
    matrix = open_weights(tmp_path / "w.npy")["w"]
    found = []

    def work():
        found.append(
            distributed.sketch_rows(tmp_path / "w.npy", "w", client=client, task_bytes=4 * 64 * 8)
        )

    def pids():
        return set(client.run(os.getpid).values())

    before, thread = pids(), threading.Thread(target=work)
    scheduler = client.cluster.scheduler
    thread.start()
    while sum(task.state == "memory" for task in list(scheduler.tasks.values())) < 10:
        time.sleep(0.001)
        assert thread.is_alive()
    os.kill(min(before), signal.SIGKILL)
    assert thread.is_alive()
    assert not found
    thread.join(120)
    assert found == [sketch_here(matrix)]
    client.wait_for_workers(2, timeout=60)
    assert min(before) not in pids()


def test_another_file_on_the_worker_is_noticed(client, tmp_path):
    path = tmp_path / "w.npy"
    np.save(path, np.ones((3, 3)))
    file = distributed._FileId.of(path)
    np.save(path, np.ones((3, 4)))
    task = client.submit(distributed._sketch_task, file, "w", 0, 3, pure=False)
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
