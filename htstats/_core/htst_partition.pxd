"""Declarations of htst_partition.h."""

from libc.stdint cimport int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t

cdef extern from "htst_partition.h" nogil:
    int HTST_PARTITION_SEGMENT
    int htst_partition_best() noexcept
    int htst_partition_count_b16(const uint16_t *w, int64_t rows, int64_t cols, int16_t low,
                                 int16_t high, uint16_t infinity, int64_t *counts, uint8_t *hits,
                                 int64_t *not_finite) noexcept
    int htst_partition_count_b32(const uint32_t *w, int64_t rows, int64_t cols, int32_t low,
                                 int32_t high, int64_t *counts, uint8_t *hits,
                                 int64_t *not_finite) noexcept
    int htst_partition_count_b64(const uint64_t *w, int64_t rows, int64_t cols, int64_t low,
                                 int64_t high, int64_t *counts, uint8_t *hits,
                                 int64_t *not_finite) noexcept
    int htst_partition_fill_f16(const uint16_t *w, int64_t rows, int64_t cols, int16_t low,
                                int16_t high, const uint8_t *hits, const int64_t *indptr,
                                int instructions, int wide, void *indices, uint32_t *values) noexcept
    int htst_partition_fill_bf16(const uint16_t *w, int64_t rows, int64_t cols, int16_t low,
                                int16_t high, const uint8_t *hits, const int64_t *indptr,
                                int instructions, int wide, void *indices, uint32_t *values) noexcept
    int htst_partition_fill_b32(const uint32_t *w, int64_t rows, int64_t cols, int32_t low,
                                int32_t high, const uint8_t *hits, const int64_t *indptr,
                                int instructions, int wide, void *indices, uint32_t *values) noexcept
    int htst_partition_fill_b64(const uint64_t *w, int64_t rows, int64_t cols, int64_t low,
                                int64_t high, const uint8_t *hits, const int64_t *indptr,
                                int instructions, int wide, void *indices, uint64_t *values) noexcept
