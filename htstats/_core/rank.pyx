"""Bindings of htst_rank: the rank of a set of places, and the set of a rank."""

from libc.stdint cimport int64_t, uint64_t

from htstats._core.htst_rank cimport htst_rank_read, htst_rank_words, htst_rank_write
from htstats._core.status cimport check


def words(int64_t n, int64_t k):
    """The number of 64-bit words that hold every rank of k places among n."""
    cdef int64_t needed = htst_rank_words(n, k)
    check(<int> needed if needed < 0 else 0)
    return needed


def write(const int64_t[::1] places, int64_t n, uint64_t[::1] work, uint64_t[::1] rank):
    """Fill `rank`, and use `work` of the same size."""
    cdef int64_t k = places.shape[0], n_words = rank.shape[0]
    cdef int status
    if n_words < 1 or work.shape[0] != n_words:
        raise ValueError("rank and work must have the same number of words")
    cdef const int64_t *place = &places[0] if k else NULL
    with nogil:
        status = htst_rank_write(place, k, n, n_words, &work[0], &rank[0])
    check(status)


def read(const uint64_t[::1] rank, int64_t n, uint64_t[::1] work, int64_t[::1] places):
    """Fill `places`, and use `work` of 2 words(n, k) words."""
    cdef int64_t k = places.shape[0], n_words = rank.shape[0]
    cdef int status
    if work.shape[0] < 2 * words(n, k):
        raise ValueError(f"work must have {2 * words(n, k)} words, got {work.shape[0]}")
    cdef const uint64_t *word = &rank[0] if n_words else NULL
    cdef int64_t *place = &places[0] if k else NULL
    with nogil:
        status = htst_rank_read(word, n_words, k, n, &work[0], place)
    check(status)
