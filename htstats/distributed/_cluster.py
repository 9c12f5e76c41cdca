"""Connect to a cluster, merge results in a tree, and start tasks before they are needed."""

from __future__ import annotations

import contextlib
import logging
import signal
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from itertools import islice
from multiprocessing import resource_tracker
from typing import Any, TypeVar

from distributed import Client, KilledWorker, LocalCluster, as_completed
from distributed.comm.addressing import get_address_host_port
from distributed.comm.core import CommClosedError
from distributed.utils import LoopRunner, silence_logging_cmgr

__all__ = [
    "FAILURES",
    "LOST",
    "Report",
    "connect",
    "count_ahead",
    "identity",
    "start_ahead",
    "tree",
    "watch",
]

Report = Callable[[int], None]
S = TypeVar("S")
T = TypeVar("T")

# Errors that a matrix can cause. The loss of the cluster is not among them.
FAILURES = (ValueError, TypeError, OSError, ArithmeticError, MemoryError, KilledWorker)
LOST = (CancelledError, CommClosedError)

# Number of results that one task merges: a tree over 10,000 tasks has five levels. No benchmark
# depends on it: the merges are short compared with the reading.
FAN_IN = 8


@contextlib.contextmanager
def connect(where: str) -> Iterator[Client]:
    """Connect to a scheduler, or start worker processes on this machine.

    Parameters
    ----------
    where : str
        The address of the scheduler, such as ``tcp://host:8786``, or ``local:N`` for N processes on
        this machine. They end with the `with` block and leave no files.

    Raises
    ------
    ValueError
        If N is not a number of at least 1.
    OSError
        If no scheduler answers, or the connection is lost inside the block.
    """
    try:
        # the caller reports failures, so dask must not log them as well
        with silence_logging_cmgr(logging.CRITICAL), _client(where) as client:
            yield client
    except LOST as error:
        raise ConnectionError(f"the cluster {where} has gone: {error}") from error


@contextlib.contextmanager
def _client(where: str) -> Iterator[Client]:
    kind, _, number = where.partition(":")
    if kind != "local":
        # check the address here: a client with an invalid address leaves a thread that delays exit
        get_address_host_port(where)
        with Client(where, timeout="10s", set_as_default=False) as client:
            yield client
        return
    if not number.isdecimal() or int(number) < 1:
        raise ValueError(f"--dask must be an address or local:N with N at least 1, got {where!r}")
    n_workers = int(number)
    with (
        tempfile.TemporaryDirectory(prefix="htstats-", ignore_cleanup_errors=True) as folder,
        _loop_deaf_to_interrupts() as loop,
        LocalCluster(
            # workers start below, so that an interrupt meanwhile closes the cluster properly
            n_workers=0,
            threads_per_worker=1,
            processes=True,
            dashboard_address=":0",  # None would still try port 8787, which may be in use
            local_directory=folder,
            scheduler_kwargs={"local_directory": folder},
            silence_logs=logging.CRITICAL,
            loop=loop,
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        cluster.scale(n_workers)
        client.wait_for_workers(n_workers)
        yield client


@contextlib.contextmanager
def _loop_deaf_to_interrupts() -> Iterator[Any]:
    """Run an event loop on a thread that ignores Ctrl-C, as do the processes that it starts.

    A terminal sends the signal to all processes, and each worker would print a page of tracebacks.
    Instead, the parent process ends the workers.
    """
    runner = LoopRunner()
    resource_tracker.ensure_running()  # its start would unblock the signal again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        runner.start()  # new threads and processes inherit the signal mask
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    try:
        yield runner.loop
    finally:
        runner.stop()


def identity(value: T) -> T:
    """Return the argument. As a task, this lets others fetch it from a worker, not the client."""
    return value


def tree(client: Client, merge: Callable[[list[Any]], Any], level: list[Any]) -> Any:
    """Merge all results on the cluster in a tree, neighbours first; return the future of it."""
    while len(level) > 1:
        groups = [level[i : i + FAN_IN] for i in range(0, len(level), FAN_IN)]
        level = [client.submit(merge, group, pure=False) for group in groups]
    return level[0]


def watch(client: Client, leaves: list[Any], sizes: list[int], report: Report | None) -> None:
    """Report the size of each finished task. Errors are raised later, where results are used."""
    if report is not None:
        left = dict(zip(leaves, sizes, strict=True))
        for future in as_completed(list(left), loop=client.loop):
            report(left.pop(future))


def start_ahead(items: Iterable[S], start: Callable[[S], T], ahead: int) -> Iterator[T]:
    """Yield `start(item)` for each item in order; keep `ahead` items started at a time."""
    left, waiting = iter(items), deque[T]()
    while True:
        waiting.extend(start(item) for item in islice(left, ahead - len(waiting)))
        if not waiting:
            return
        yield waiting.popleft()


def count_ahead(client: Client) -> int:
    """Number of started tasks that keeps all threads of the workers busy."""
    workers = client.scheduler_info(n_workers=-1)["workers"]
    return 2 * max(sum(int(worker["nthreads"]) for worker in workers.values()), 1)
