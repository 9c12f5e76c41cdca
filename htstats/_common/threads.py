"""Work on threads. No result depends on the number of threads.

run_each      one call for each item; returns the results in the order of the items
run_ranges    one call for each range of an array; returns the results in the order of the ranges
call_aside    one call that an interrupt ends at once
run_as_done   one call for each item; yields each result as soon as it is available
Turns         the numbers from 0 on: threads work on them concurrently and hand in results in order
"""

from __future__ import annotations

import atexit
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from contextvars import copy_context
from itertools import pairwise
from threading import Condition, Lock, current_thread, main_thread
from typing import TypeVar

__all__ = ["Turns", "call_aside", "run_as_done", "run_each", "run_ranges"]


R = TypeVar("R")
T = TypeVar("T")

# Starting a thread takes about as long as reading this many elements.
_WORTH_A_THREAD = 1 << 17


def run_each(
    work: Callable[[T], R],
    items: Iterable[T],
    n_threads: int,
    *,
    cancel: Callable[[], None] = lambda: None,
) -> list[R]:
    """Call `work` on each item; return the results in the order of the items.

    A thread takes the next item when it has finished one. `items` can therefore be a generator: at
    most `n_threads` items exist at a time. If a call fails or an interrupt occurs, no further item
    is begun, and `cancel` is called, which may ask running calls to end early. If several calls
    fail, the error of the first of their items is raised.
    """
    if n_threads == 1:
        return [work(item) for item in items]
    from concurrent.futures import ThreadPoolExecutor  # takes longer to load than a small fit

    results: dict[int, R] = {}
    errors: dict[int, BaseException] = {}
    left, lock = iter(enumerate(items)), Lock()

    def take_items() -> None:
        while True:
            with lock:
                if errors or (found := next(left, None)) is None:
                    return
            number, item = found
            try:
                results[number] = work(item)
            except BaseException as error:
                errors[number] = error
                cancel()

    with ThreadPoolExecutor(n_threads) as pool:
        try:
            for thread in [pool.submit(take_items) for _ in range(n_threads)]:
                thread.result()
        except BaseException as error:  # an interrupt, or `items` itself fails
            errors[-1] = error
            cancel()
            raise
    if errors:
        raise errors[min(errors)]
    return [results[number] for number in range(len(results))]


def run_ranges(work: Callable[[slice], R], length: int, elements: int, n_threads: int) -> list[R]:
    """Call `work` on ranges of about equal length that cover `length`, each on its own thread.

    Fewer threads run if the number of `elements` is too small to be worth their start.
    """
    n = max(1, min(n_threads, length, elements // _WORTH_A_THREAD))
    edges = [length * k // n for k in range(n + 1)]
    return run_each(work, [slice(start, stop) for start, stop in pairwise(edges)], n)


def run_as_done(
    work: Callable[[T], R],
    items: Iterable[T],
    n_threads: int,
    *,
    aside: bool = False,
    is_waited_for: bool = False,
) -> Iterator[tuple[T, R]]:
    """Call `work` on each item; yield the item and its result as soon as the result is there.

    The items are begun in their order. An exception in `work` ends the iteration, and so does the
    caller by leaving the loop early. Calls that have begun then continue. Nothing waits for them,
    or if `is_waited_for` the end of the program does: a BLAS that computes while the program ends
    may block its end for ever. With `aside`, a single thread is not the caller's: an interrupt then
    ends the iteration at once, also in the middle of a long call into a library.
    """
    if n_threads == 1 and not aside:
        for item in items:
            yield item, work(item)
        return
    # concurrent.futures loads more slowly than a small matrix is fitted, and waits at exit
    from queue import SimpleQueue
    from threading import Thread

    todo = deque(items)
    done: SimpleQueue[tuple[T, R | None, BaseException | None]] = SimpleQueue()

    def take_items() -> None:
        with suppress(IndexError):
            while True:
                item = todo.popleft()
                try:
                    done.put((item, work(item), None))
                except BaseException as error:
                    done.put((item, None, error))

    n_left = len(todo)
    threads = [Thread(target=take_items, daemon=True) for _ in range(min(n_threads, n_left))]
    for thread in threads:
        thread.start()
    try:
        while n_left > 0:
            item, result, error = done.get()
            if error is not None:
                raise error
            n_left -= 1
            yield item, result  # type: ignore[misc]
    finally:
        todo.clear()
        if is_waited_for and n_left > 0:
            for thread in threads:
                atexit.register(thread.join)


def call_aside(work: Callable[[], R], *, is_waited_for: bool = False) -> R:
    """Call `work` and return its result; an interrupt ends the wait for it at once.

    Python handles an interrupt only between two steps of the main thread, and so not during a long
    call into a library. The main thread therefore waits for another one. After an interrupt the
    call continues without effect until it ends; for `is_waited_for` see `run_as_done`.
    """
    if current_thread() is not main_thread():
        return work()
    context = copy_context()
    for _, result in run_as_done(
        lambda _: context.run(work), [None], 1, aside=True, is_waited_for=is_waited_for
    ):
        return result
    raise AssertionError("unreachable: run_as_done yields the result or raises")


class Turns:
    """Distribute the numbers 0 to `end` - 1 to threads.

    A thread computes the result for its number at any time, but hands the result in only when the
    results for all lower numbers have been handed in."""

    def __init__(self, end: int) -> None:
        self._end = end
        self._given = self._taken = 0
        self._stopped = False
        self._changed = Condition()

    def take_turn(self, make: Callable[[int], T], hand_in: Callable[[T], None]) -> bool:
        """Make the result for the next number and hand it in; return False if no number is left.

        If calls fail, the error for the lowest number is raised, and no further turn is taken.
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
            hand_in(made.result())
        except BaseException:
            self.stop()
            raise
        with self._changed:
            self._taken += 1
            self._changed.notify_all()
        return True

    def stop(self) -> None:
        """Give no more turns, and wake the threads that wait to hand in a result."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
