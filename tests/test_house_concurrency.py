"""The same results from eight threads at once, and in processes by fork and by spawn."""

import multiprocessing
import sys
import threading
import warnings

import numpy as np
import pytest
from fingerprints import fingerprint
from public_calls import CALLS, call
from public_calls_world import World
from test_house_public_calls import RANDOM

N_THREADS = 8

# These set numbers of threads or generators of torch for the whole process while they run.
TORCH_STATE = {name for name in CALLS if name.startswith("torch.")}
# In a process each call is made once more: those that take a second are left to the threads.
SLOW = {"certificate.digits_examples", "report.stable.stable_numbers", "stable.fit_stable"}

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def world():
    return World()


def run_at_once(work):
    """What `work` returns in each of eight threads, which begin together."""
    barrier, found = threading.Barrier(N_THREADS), [None] * N_THREADS

    def run(number):
        barrier.wait()
        try:
            found[number] = work(number)
        except Exception as error:
            found[number] = error

    threads = [threading.Thread(target=run, args=(n,)) for n in range(N_THREADS)]
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)  # threads change places often, which finds more
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    return found


@pytest.mark.parametrize("name", sorted(CALLS.keys() - RANDOM.keys() - TORCH_STATE))
def test_eight_threads_get_the_result_of_one(name, world):
    call(name, world)  # what the threads share exists, as fits and files of a user do
    expected = fingerprint(call(name, world))
    found = run_at_once(lambda number: fingerprint(call(name, world)))
    for one in found:
        if isinstance(one, Exception):
            raise one
    assert all(one == expected for one in found)


def methods_of_shared_objects(world):
    """Objects that keep tables, files or data, each with calls of their methods."""
    from htstats import fit_power_law
    from htstats.stable import StableDistribution, fit_stable

    x = np.linspace(-9, 9, 3000)
    law = StableDistribution(1.37, 0.21)
    yield "a law with tables", lambda: (law.pdf(x), law.logsf(x), law.ppf(world.p), law.cdf(x[:5]))
    fit = fit_power_law(world.sample)
    yield "a fit", lambda: (fit.logsf(world.sample), fit.goodness_of_fit(20), fit.compare_all())
    whole = fit_power_law(np.ceil(world.sample), discrete=True)
    yield "a discrete fit", lambda: (whole.logsf(np.arange(1.0, 9)), whole.goodness_of_fit(20))
    stable = fit_stable(world.signed, "ecf")
    yield "a stable fit", lambda: (stable.compare("normal"), stable.law.sf(x), stable.stderr)
    yield (
        "a container",
        lambda: [
            (stored.sparse(), stored.row_block(3, 30))
            for stored in world.container.matrices.values()
        ],
    )
    yield (
        "tensors of a container",
        lambda: [b"".join(tensor.chunks()) for tensor in world.container.tensors.values()],
    )
    yield "a checkpoint", lambda: [matrix.toarray() for matrix in world.weights.values()]
    split = world.split
    yield "a split", lambda: (split.toarray(), split.row_block(0, 7))


def test_eight_threads_share_objects(world):
    for what, use in methods_of_shared_objects(world):
        found = run_at_once(lambda number, use=use: [fingerprint(use()) for _ in range(4)])
        for one in found:
            if isinstance(one, Exception):
                raise AssertionError(what) from one
        expected = fingerprint(use())
        assert all(part == expected for one in found for part in one), what


def test_eight_threads_write_files_with_the_permissions_of_new_files(tmp_path):
    """To read the umask is to change it for a moment: then files of other threads are open to all,
    and the umask may stay so."""
    import os

    from htstats._common.files import atomic_write

    before = os.umask(0o027)
    try:

        def write(number):
            for n in range(50):
                with atomic_write(tmp_path / f"{number}.{n}") as file:
                    file.write(b"x")

        run_at_once(write)
        assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o640}
        assert len([*tmp_path.iterdir()]) == 50 * N_THREADS
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(before)


def results(names, world):
    """The fingerprint of each call, with threads where a function takes their number."""
    found = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in names:
            found[name] = fingerprint(call(name, world))
        found["threads"] = fingerprint(thread_calls())
    return found


def thread_calls():
    """Calls that start threads."""
    from htstats import fit_power_law, partition, stable

    x = np.random.default_rng(1).pareto(1.5, 300_000) + 1
    return (
        fit_power_law(x, n_threads=3).alpha,
        partition(x.reshape(500, 600), 5.0, n_threads=3),
        stable.sample(200_000, 1.4, 0.2, seed=1, n_threads=3),
        fit_power_law(x[:500]).goodness_of_fit(40, n_threads=3),
    )


def answer(names, world, queue):
    queue.put(results(names, world or World()))


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_processes_get_the_results_of_their_parent(method, world):
    """The parent has used every function, its caches and its threads before it forks."""
    names = sorted(CALLS.keys() - RANDOM.keys() - TORCH_STATE - SLOW)
    names = [name for name in names if "output" not in CALLS[name].__code__.co_names]
    # paths of the world are part of some results
    named = {
        "report.html_report", "compression.container.partial_of", "open_weights", "open_container",
        "weights.files_at", "weights.files_of", "report.pictures.picture_paths",
        "weights.columns.open_column", "certificate.load_examples", "report.tables.as_text",
    }  # fmt: skip
    names = [name for name in names if name not in named]
    expected = results(names, world)
    context = multiprocessing.get_context(method)
    queue = context.Queue()
    inherited = world if method == "fork" else None
    process = context.Process(target=answer, args=(names, inherited, queue))
    process.start()
    found = queue.get(timeout=300)
    process.join(timeout=60)
    assert process.exitcode == 0
    assert sorted(name for name in expected if found[name] != expected[name]) == []


def read_all(readers):
    return [fingerprint(read()) for read in readers]


def test_readers_of_files_go_to_processes(world):
    """A pickled reader opens its file again: a descriptor is a number of one process only."""
    stored = world.container.matrices["w"]
    readers = [stored.sparse, world.container.verify, world.rows.toarray,
               world.container.tensors["b"].chunks]  # fmt: skip
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(read_all, (readers,)) == read_all(readers)


@pytest.mark.parametrize("kind", ["container", "weights"])
def test_a_pickled_reader_refuses_another_file(world, tmp_path, kind):
    import pickle
    import shutil

    from htstats import open_container, open_weights

    path = tmp_path / "copy"
    if kind == "container":
        path = path.with_suffix(".htz")
        shutil.copy(world.container_file, path)
        reader = open_container(path)
    else:
        path = path.with_suffix(".safetensors")
        shutil.copy(world.checkpoint, path)
        reader = open_weights(path)
    data = pickle.dumps(reader)
    pickle.loads(data)
    content = path.read_bytes()
    path.unlink()
    with pytest.raises(FileNotFoundError):
        pickle.loads(data)
    path.write_bytes(content)
    with pytest.raises(ValueError, match="has changed since"):
        pickle.loads(data)
