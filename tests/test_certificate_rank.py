"""Ranks of supports (csrc/coding/htst_rank.h) against twins in Python's integers."""

import itertools
import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference.certificate_twin import rank_of, support_of

from htstats._core import rank
from htstats.certificate import decode, format_for
from htstats.certificate._coder import BitWriter, rank_of_support, support_of_rank
from htstats.certificate._formats import write_format


def test_supports_of_all_small_sizes():
    for n, k in itertools.product(range(9), range(9)):
        if k > n:
            continue
        found = [support_of_rank(r, k, n) for r in range(math.comb(n, k))]
        assert sorted(map(tuple, found)) == sorted(itertools.combinations(range(n), k))
        assert found == [support_of(r, k, n) for r in range(len(found))]
        assert [rank_of_support(places) for places in found] == list(range(len(found)))


@given(st.integers(0, 10**9), st.integers(0, 90), st.integers(0, 2000))
def test_any_rank_gives_the_support_of_the_twin(seed, k, more):
    number = random.Random(seed).randrange(math.comb(k + more, k))
    places = support_of_rank(number, k, k + more)
    assert rank_of(places) == number == rank_of_support(places)
    if k + more < 200:
        assert places == support_of(number, k, k + more)


@given(st.sets(st.one_of(st.integers(0, 400), st.integers(0, 2**18)), max_size=150))
def test_any_support_has_the_rank_of_the_twin(places):
    places = sorted(places)
    number = rank_of_support(places)
    assert number == rank_of(places)
    assert support_of_rank(number, len(places), 2**18 + 1) == places


@pytest.mark.parametrize(
    ("n", "k"),
    [(0, 0), (1, 1), (64, 32), (65, 64), (128, 1), (7290, 60), (7290, 7280), (2**32 - 1, 2)],
)
def test_first_and_last_rank(n, k):
    last = math.comb(n, k) - 1
    assert support_of_rank(0, k, n) == list(range(k))
    if n < 2**20:
        assert support_of_rank(last, k, n) == list(range(n - k, n))
        assert rank_of_support(list(range(n - k, n))) == last
    assert last < 1 << 64 * rank.words(n, k)
    for wrong in (last + 1, last + 2**64, 1 << 64 * rank.words(n, k), -1):
        with pytest.raises(ValueError, match=r"HTST_ERR_BAD_ARG|rank must be"):
            support_of_rank(wrong, k, n)


def test_neighbours_of_a_coefficient():
    """The leading 31 bits cannot tell C(p, i) from the numbers beside it."""
    n, k = 5000, 40
    for p in (40, 41, 100, 999, 4321, 4999):
        for number in (math.comb(p, k) - 1, math.comb(p, k), math.comb(p, k) + 1):
            if 0 <= number < math.comb(n, k):
                places = support_of_rank(number, k, n)
                assert rank_of(places) == number
                assert (places[-1] >= p) == (number >= math.comb(p, k))


def test_the_words_that_a_rank_needs_are_few():
    for n, k in [(7290, 60), (60_000, 300), (4_000_000, 20_000), (100, 50), (9999, 9990)]:
        needed = math.comb(n, k).bit_length()
        assert needed <= 64 * rank.words(n, k) <= needed + min(k, n - k) + 2 * 64


@pytest.mark.parametrize(
    ("places", "n"),
    [([3, 3], 5), ([3, 2], 5), ([-1, 2], 5), ([1, 5], 5), ([0, 1, 2], 2), ([0], 2**32)],
)
def test_places_that_do_not_increase_below_n_are_refused(places, n):
    work = np.zeros((2, 4), np.uint64)
    with pytest.raises(ValueError, match="HTST_ERR_BAD_ARG"):
        rank.write(np.array(places, np.int64), n, *work)


def test_too_little_room_is_refused():
    places = np.arange(0, 6000, 60)
    words = rank.words(6000, 100)
    for n_words in (1, words - 1):
        with pytest.raises(ValueError, match="HTST_ERR_BAD_ARG"):
            rank.write(places, 6000, *np.zeros((2, n_words), np.uint64))
    for shapes in ((words, words - 1), (0, 0)):
        with pytest.raises(ValueError, match="same number of words"):
            rank.write(places, 6000, *(np.zeros(s, np.uint64) for s in shapes))
    number = np.zeros(words, np.uint64)
    with pytest.raises(ValueError, match=f"must have {2 * words} words, got"):
        rank.read(number, 6000, np.zeros(2 * words - 1, np.uint64), places)


@pytest.mark.parametrize(("n", "k"), [(-1, 0), (3, 4), (3, -1), (2**32, 1)])
def test_impossible_counts_are_refused(n, k):
    with pytest.raises(ValueError, match="HTST_ERR_BAD_ARG"):
        rank.words(n, k)


def test_a_short_message_of_many_non_zeros_is_refused_before_any_coefficient(monkeypatch):
    """C(n, k) of a damaged k may have more digits than the message."""
    writer = BitWriter()
    write_format(writer, format_for("columns", 1, 1 << 20, 16))
    require_refusal_of_many(writer, monkeypatch)


def test_a_short_network_of_many_non_zeros_is_refused_before_any_coefficient(monkeypatch):
    writer = BitWriter()
    write_format(writer, format_for("columns", 1, 1 << 18, 16, network=True))
    for _ in range(4):  # one matrix, values of 1, no mean, no noise: gamma codes of 1
        writer.write(1, 1)
    require_refusal_of_many(writer, monkeypatch)


def require_refusal_of_many(writer, monkeypatch):
    writer.write(255, 8)
    writer.write(1 << 15, 32)
    writer.write(0, 6)
    data = writer.finish() + bytes(1 << 14)  # four bits a non-zero, where ten are needed
    monkeypatch.setattr(math, "comb", lambda n, k: pytest.fail(f"C({n}, {k}) was computed"))
    with pytest.raises(ValueError, match="32768 non-zeros do not fit the message"):
        decode(data)
