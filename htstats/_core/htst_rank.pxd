"""Declarations of htst_rank.h."""

from libc.stdint cimport int64_t, uint64_t

cdef extern from "htst_rank.h" nogil:
    int64_t htst_rank_words(int64_t n, int64_t k) noexcept
    int htst_rank_write(
        const int64_t *places, int64_t k, int64_t n, int64_t n_words, uint64_t *work,
        uint64_t *rank) noexcept
    int htst_rank_read(
        const uint64_t *rank, int64_t n_words, int64_t k, int64_t n, uint64_t *work,
        int64_t *places) noexcept
