"""Work on threads: ranges of an array, a list of items, numbers taken in their order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import pairwise
from threading import Condition
from typing import TypeVar

__all__ = ["Turns", "on_threads", "share"]


T = TypeVar("T")

# A thread takes about as long to start as this many elements take to read.
_WORTH_A_THREAD = 1 << 17


def share(work: Callable[[slice], T], length: int, elements: int, n_threads: int) -> list[T]:
    """Call `work` on ranges of about equal length that cover `length`, each on its own thread.

    Threads are left out where there are too few `elements` in all for them to pay.
    """
    n = max(1, min(n_threads, length, elements // _WORTH_A_THREAD))
    edges = [length * k // n for k in range(n + 1)]
    parts = [slice(start, stop) for start, stop in pairwise(edges)]
    if n == 1:
        return [work(parts[0])]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(n) as pool:
        return list(pool.map(work, parts))


R = TypeVar("R")


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


class Turns:
    """Numbers for threads that ask, each made something of whenever, and taken in order."""

    def __init__(self, end: int) -> None:
        self._end = end
        self._given = self._taken = 0
        self._stopped = False
        self._changed = Condition()

    def have(self, make: Callable[[int], T], take: Callable[[T], None]) -> bool:
        """Make something of the next number and, in its turn, take it; False if there is none.

        The error raised is that of the lowest number, and there are no turns after it.
        """
        with self._changed:
            if self._stopped or self._given == self._end:
                return False
            number, self._given = self._given, self._given + 1
        from concurrent.futures import Future  # takes longer to load than a small fit

        made: Future[T] = Future()
        try:
            made.set_result(make(number))
        except BaseException as error:
            made.set_exception(error)
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or self._taken == number)
            if self._stopped:
                return False
        try:
            take(made.result())
        except BaseException:
            self.stop()
            raise
        with self._changed:
            self._taken += 1
            self._changed.notify_all()
        return True

    def stop(self) -> None:
        """No more turns, for whoever waits for one either."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
