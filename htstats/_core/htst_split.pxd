"""Declarations of htst_split.h."""

from libc.stdint cimport int16_t, int32_t, int64_t, uint16_t, uint32_t, uint64_t

cdef extern from "htst_split.h" nogil:
    int HTST_SPLIT_PIECE
    int HTST_SPLIT_OWN
    ctypedef struct htst_split_turns_t:
        pass
    ctypedef struct htst_split_look_t:
        void (*read)(const void *x, int64_t n, void *state) noexcept nogil
        void *state
    int htst_split_f16(const uint16_t *w, int64_t rows, int64_t cols, int16_t low, int16_t high,
                       int instructions, htst_split_turns_t *turns, const htst_split_look_t *elements,
                       const htst_split_look_t *kept, int32_t *own_indices, uint32_t *own_values,
                       int64_t *indptr, int32_t *indices, uint32_t *values,
                       int64_t *not_finite) noexcept
    int htst_split_bf16(const uint16_t *w, int64_t rows, int64_t cols, int16_t low, int16_t high,
                       int instructions, htst_split_turns_t *turns, const htst_split_look_t *elements,
                       const htst_split_look_t *kept, int32_t *own_indices, uint32_t *own_values,
                       int64_t *indptr, int32_t *indices, uint32_t *values,
                       int64_t *not_finite) noexcept
    int htst_split_b32(const uint32_t *w, int64_t rows, int64_t cols, int32_t low, int32_t high,
                       int instructions, htst_split_turns_t *turns, const htst_split_look_t *elements,
                       const htst_split_look_t *kept, int32_t *own_indices, uint32_t *own_values,
                       int64_t *indptr, int32_t *indices, uint32_t *values,
                       int64_t *not_finite) noexcept
    int htst_split_b64(const uint64_t *w, int64_t rows, int64_t cols, int64_t low, int64_t high,
                       int instructions, htst_split_turns_t *turns, const htst_split_look_t *elements,
                       const htst_split_look_t *kept, int32_t *own_indices, uint64_t *own_values,
                       int64_t *indptr, int32_t *indices, uint64_t *values,
                       int64_t *not_finite) noexcept
