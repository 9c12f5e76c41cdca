"""Work on threads: results, errors and order do not depend on the number of threads."""

import threading

import pytest

from htstats._common.threads import Turns, run_as_done, run_each, run_ranges

THREADS = [1, 2, 3, 7]


@pytest.mark.parametrize("n_threads", THREADS)
@pytest.mark.parametrize("n_items", [0, 1, 2, 50])
def test_results_are_in_the_order_of_the_items(n_items, n_threads):
    expected = [k * k for k in range(n_items)]
    assert run_each(lambda k: k * k, iter(range(n_items)), n_threads) == expected
    found = dict(run_as_done(lambda k: k * k, range(n_items), n_threads))
    assert found == dict(enumerate(expected))


@pytest.mark.parametrize("n_threads", THREADS)
@pytest.mark.parametrize(("length", "elements"), [(10, 1 << 22), (3, 1 << 22), (10, 5), (0, 0)])
def test_ranges_cover_the_length_in_order(length, elements, n_threads):
    parts = run_ranges(lambda part: part, length, elements, n_threads)
    assert [k for part in parts for k in range(part.start, part.stop)] == list(range(length))
    assert 1 <= len(parts) <= n_threads
    if elements < 1 << 17:
        assert len(parts) == 1


@pytest.mark.parametrize("n_threads", THREADS)
def test_the_error_of_the_first_item_that_fails_is_raised(n_threads):
    """Item 5 fails after item 6 has failed, and no item much further on is begun."""
    later, begun, cancelled = threading.Event(), [], []

    def work(k):
        begun.append(k)
        if k == 5:
            if n_threads > 1:
                assert later.wait(60)
            raise ValueError("item 5")
        if k == 6:
            later.set()
            raise ValueError("item 6")

    with pytest.raises(ValueError, match="item 5"):
        run_each(work, range(1000), n_threads, cancel=lambda: cancelled.append(True))
    assert max(begun) <= 5 + n_threads
    assert n_threads == 1 or cancelled


@pytest.mark.parametrize("n_threads", THREADS)
def test_items_are_made_on_the_way(n_threads):
    """No more items are made than threads can work on."""
    made, done, most = [], [], []

    def items():
        for k in range(100):
            made.append(k)
            most.append(len(made) - len(done))
            yield k

    run_each(done.append, items(), n_threads)
    assert max(most) <= n_threads


@pytest.mark.parametrize("n_threads", THREADS)
def test_an_error_of_the_items_is_raised(n_threads):
    def items():
        yield 1
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        run_each(lambda k: k, items(), n_threads)


def test_turns_are_handed_in_in_order():
    """Number 0 is made last."""
    turns, others, taken = Turns(5), threading.Event(), []

    def make(number):
        if number == 0:
            assert others.wait(60)
        elif number == 1:
            others.set()
        return number

    def take_all(_):
        while turns.take_turn(make, taken.append):
            pass

    run_each(take_all, range(2), 2, cancel=turns.stop)
    assert taken == list(range(5))
