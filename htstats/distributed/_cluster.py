"""A client of a cluster, trees of tasks, and tasks that are started ahead of their use."""

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
    "same",
    "start_ahead",
    "tree",
    "watch",
]

Report = Callable[[int], None]
S = TypeVar("S")
T = TypeVar("T")

# Errors that a matrix may cause; the loss of the cluster is not one of them.
FAILURES = (ValueError, TypeError, OSError, ArithmeticError, MemoryError, KilledWorker)
LOST = (CancelledError, CommClosedError)

# Results that one task merges: the tree over 10,000 tasks is five levels high.
FAN_IN = 8


@contextlib.contextmanager
def connect(where: str) -> Iterator[Client]:
    """A client of a scheduler, or of worker processes on this machine.

    Parameters
    ----------
    where : str
        The scheduler's address, such as ``tcp://host:8786``, or ``local:N`` for N processes here,
        which end with the block and leave no files.

    Raises
    ------
    ValueError
        If N is not a number of at least 1.
    OSError
        If no scheduler answers, or it goes away inside the block.
    """
    try:
        # the caller reports a failure, and once is enough
        with silence_logging_cmgr(logging.CRITICAL), _client(where) as client:
            yield client
    except LOST as error:
        raise ConnectionError(f"the cluster {where} has gone: {error}") from error


@contextlib.contextmanager
def _client(where: str) -> Iterator[Client]:
    kind, _, number = where.partition(":")
    if kind != "local":
        # a client that fails over its address leaves a thread that the exit waits for
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
            # workers start below: an interrupt meanwhile then leaves by the cluster's own exit
            n_workers=0,
            threads_per_worker=1,
            processes=True,
            dashboard_address=":0",  # None would still ask for port 8787, which may be taken
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
    """An event loop on a thread that Ctrl-C does not reach; nor does it reach its processes.

    A terminal sends it to all of them, and workers would tell of it in a page of tracebacks each;
    the one who started them ends them.
    """
    runner = LoopRunner()
    resource_tracker.ensure_running()  # it would let the signal through again when it starts
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        runner.start()  # threads and processes begin with the mask of the thread they come from
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    try:
        yield runner.loop
    finally:
        runner.stop()


def same(value: T) -> T:
    """A task that returns its argument: others then fetch it from a worker, not from the client."""
    return value


def tree(client: Client, merge: Callable[[list[Any]], Any], level: list[Any]) -> Any:
    """The future of all results merged in a tree on the cluster, neighbours first."""
    while len(level) > 1:
        groups = [level[i : i + FAN_IN] for i in range(0, len(level), FAN_IN)]
        level = [client.submit(merge, group, pure=False) for group in groups]
    return level[0]


def watch(client: Client, leaves: list[Any], sizes: list[int], report: Report | None) -> None:
    """Report the size of each task when it is done; a failure shows where its result is used."""
    if report is not None:
        left = dict(zip(leaves, sizes, strict=True))
        for future in as_completed(list(left), loop=client.loop):
            report(left.pop(future))


def start_ahead(items: Iterable[S], start: Callable[[S], T], ahead: int) -> Iterator[T]:
    """What `start` makes of each item, in their order; `ahead` of them are started at a time."""
    left, waiting = iter(items), deque[T]()
    while True:
        waiting.extend(start(item) for item in islice(left, ahead - len(waiting)))
        if not waiting:
            return
        yield waiting.popleft()


def count_ahead(client: Client) -> int:
    """How many tasks keep all threads of the workers busy while results are taken."""
    workers = client.scheduler_info(n_workers=-1)["workers"]
    return 2 * max(sum(int(worker["nthreads"]) for worker in workers.values()), 1)
