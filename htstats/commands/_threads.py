"""Work on threads, and no others beside them."""

from __future__ import annotations

import gc
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import TypeVar

__all__ = ["load_numpy_with_one_thread", "on_threads", "one_blas_thread"]

T = TypeVar("T")
R = TypeVar("R")

# What a BLAS asks for its number of threads when it is loaded.
VARIABLES = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def load_numpy_with_one_thread() -> None:
    """Import NumPy so that its BLAS starts no threads; those of OpenBLAS spin for a while on cores
    that ours could use. Nothing happens where NumPy is there already, or the user has chosen.

    The process keeps it so: this is for a program's own.
    """
    if "numpy" in sys.modules or any(name in os.environ for name in VARIABLES):
        return
    os.environ.update(dict.fromkeys(VARIABLES, "1"))
    gc.disable()  # what is loaded stays
    try:
        import numpy  # noqa: F401
    finally:
        gc.enable()
        for name in VARIABLES:
            del os.environ[name]  # children choose for themselves


def one_blas_thread() -> AbstractContextManager[object]:
    """Keeps a BLAS that has threads from using them.

    threadpoolctl comes with scikit-learn; without it nothing but time is lost.
    """
    with suppress(ImportError):
        from threadpoolctl import threadpool_limits

        return threadpool_limits(1, user_api="blas")  # type: ignore[no-any-return]
    return nullcontext()


def on_threads(work: Callable[[T], R], items: Iterable[T], n_threads: int) -> Iterator[tuple[T, R]]:
    """Each item and what `work` makes of it, in the order in which they are done.

    They are begun in their own order. An exception of `work` ends it, and so does leaving early;
    what has been begun then goes on unheard, and is no reason for the program to stay.
    """
    if n_threads == 1:
        for item in items:
            yield item, work(item)
        return
    # concurrent.futures takes longer to load than a small matrix to fit, and waits at the end
    from queue import SimpleQueue
    from threading import Thread

    todo = deque(items)
    done: SimpleQueue[tuple[T, R | None, BaseException | None]] = SimpleQueue()

    def run() -> None:
        with suppress(IndexError):
            while True:
                item = todo.popleft()
                try:
                    done.put((item, work(item), None))
                except BaseException as error:
                    done.put((item, None, error))

    n_items = len(todo)
    for _ in range(min(n_threads, n_items)):
        Thread(target=run, daemon=True).start()
    try:
        for _ in range(n_items):
            item, result, error = done.get()
            if error is not None:
                raise error
            yield item, result  # type: ignore[misc]
    finally:
        todo.clear()
