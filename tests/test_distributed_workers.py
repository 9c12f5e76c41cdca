"""When a worker is killed, the result is that of one process, bit by bit."""

import os
import signal
import time

import numpy as np
import pytest

from htstats.compression.container import ContainerWriter
from htstats.compression.partition import compress_rows as compress_here
from htstats.report.matrix import fit_matrix
from htstats.sketch import TailSketch
from htstats.weights import open_weights

as_completed = pytest.importorskip("distributed").as_completed

from htstats import distributed  # noqa: E402
from htstats.distributed._parts import Parts  # noqa: E402


def sketch_of(matrix):
    sketch = TailSketch(matrix.dtype)
    for block in matrix.row_blocks():
        sketch.update(block)
    return sketch


@pytest.fixture
def doomed():
    """A cluster for one test: whether and when a killed worker comes back is its nanny's affair."""
    with distributed.connect("local:2") as client:
        yield client


@pytest.fixture
def killed(doomed, monkeypatch):
    """A function that has a worker killed once, when the first of the tasks of a name is done."""
    pids = lambda: set(doomed.run(os.getpid, on_error="ignore").values())  # noqa: E731
    before, wanted, original = pids(), [], Parts.submit

    def submit(self, client, task, *args):
        futures = original(self, client, task, *args)
        if task.__name__ in wanted:
            wanted.clear()
            next(iter(as_completed(futures, loop=client.loop)))
            os.kill(min(before), signal.SIGKILL)
        return futures

    monkeypatch.setattr(Parts, "submit", submit)
    yield wanted.append
    assert not wanted
    while min(before) in pids():  # the scheduler hears of it in its own time
        time.sleep(0.01)


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """As many tasks as rows can be cut into for a sketch, eight for a split."""
    rng = np.random.default_rng(2)
    array = rng.standard_t(3, (8000, 1000)).astype(np.float16)
    path = tmp_path_factory.mktemp("many") / "w.npy"
    np.save(path, array)
    np.save(path.with_name("d.npy"), array[:2000, :12].astype(np.float64))
    return path


def test_a_worker_that_is_killed_while_it_sketches(doomed, killed, many):
    killed("sketch_task")
    found = distributed.sketch_rows(many, "w", client=doomed, task_bytes=1 << 17)
    assert found == sketch_of(open_weights(many)["w"])


@pytest.mark.parametrize("task", ["sketch_task", "_gather_task", "_gram_task"])
def test_a_worker_that_is_killed_while_it_fits(doomed, killed, many, task):
    path = many.with_name("d.npy")
    killed(task)
    found = distributed.fit_matrices(path, ["d"], client=doomed, task_bytes=100 * 12 * 8)
    ((_, row),) = found
    expected = fit_matrix(open_weights(path)["d"], "abs")
    ranks = row.pop("stable_rank"), expected.pop("stable_rank")
    assert ranks[0] == pytest.approx(ranks[1], rel=1e-6)
    assert row == expected


@pytest.mark.parametrize("task", ["sketch_task", "_split_task"])
def test_a_worker_that_is_killed_while_it_splits(doomed, killed, many, tmp_path, task):
    with ContainerWriter(tmp_path / "here.htz") as writer:
        compress_here(writer, "w", open_weights(many)["w"], noise="matched")
        writer.commit()
    killed(task)
    with ContainerWriter(tmp_path / "there.htz") as writer:
        distributed.compress_rows(writer, many, "w", noise="matched", client=doomed, task_bytes=1)
        writer.commit()
    assert (tmp_path / "there.htz").read_bytes() == (tmp_path / "here.htz").read_bytes()
    assert sorted(os.listdir(tmp_path)) == ["here.htz", "there.htz"]


def test_a_worker_that_is_killed_while_it_resolves_a_quantile(doomed, killed, many, tmp_path):
    path = many.with_name("d.npy")
    with ContainerWriter(tmp_path / "here.htz") as writer:
        compress_here(writer, "d", open_weights(path)["d"], "quantile:0.7")
        writer.commit()
    killed("_resolve_task")
    with ContainerWriter(tmp_path / "there.htz") as writer:
        distributed.compress_rows(writer, path, "d", "quantile:0.7", client=doomed, task_bytes=1)
        writer.commit()
    assert (tmp_path / "there.htz").read_bytes() == (tmp_path / "here.htz").read_bytes()
