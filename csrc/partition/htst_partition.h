/* htst_partition: the elements of a matrix outside two bounds, as CSR: count, then fill.
 *
 * Floats are passed as their bits and compared as *ordered* integers. The ordered integer of a
 * positive float is its bits; that of a negative float is -1 - bits(abs(w)) (-0 is -1). Ordered
 * integers grow with the number, and do not depend on how the processor treats denormals. An
 * element is kept if and only if ordered(w) > high or ordered(w) < low. For real bounds, `high` is
 * the ordered integer of the largest number of the format that is <= the upper bound, and `low` is
 * that of the smallest number that is >= the lower bound. If `low` is the smallest integer, no
 * element is kept on the lower side.
 *
 * METHOD: a row is cut into segments of HTST_PARTITION_SEGMENT columns; the last may be shorter.
 * The count writes to `hits` the number of kept elements of each segment, at most 255. The fill
 * skips segments without kept elements, and writes dense and sparse segments in different ways.
 * Instructions that compress vectors are used where the processor has them (htst_partition_row.h).
 * ACCURACY: exact: float16 and bfloat16 are widened to float32 without rounding. The result does
 * not depend on the instructions.
 *
 * A caller may distribute the rows of a matrix among threads. Each thread then passes `counts`,
 * `hits` and `indptr` from its own first row on. The fill writes nothing outside the rows' own
 * part of `indices` and `values`, even if the matrix has changed since the count.
 *
 * Arguments of all functions:
 * w[rows * cols]                 the matrix, row by row.
 * low, high                      the bounds as ordered integers.
 * hits[rows * segments of a row] see METHOD; written by the count, read by the fill. */
#ifndef HTST_PARTITION_H
#define HTST_PARTITION_H

#include <stdint.h>

#define HTST_PARTITION_SEGMENT 256

/* Count: set counts[rows] to the number of kept elements of each row, and *not_finite to the number
 * of elements that are NaN or infinite. If *not_finite is not 0, the counts are meaningless.
 * infinity: the 16-bit format's pattern of infinity, 0x7c00 for float16, 0x7f80 for bfloat16.
 * METHOD, ACCURACY: above. ERRORS: none; returns HTST_OK. */
int htst_partition_count_b16(const uint16_t *w, int64_t rows, int64_t cols, int16_t low,
    int16_t high, uint16_t infinity, int64_t *counts, uint8_t *hits, int64_t *not_finite);
int htst_partition_count_b32(const uint32_t *w, int64_t rows, int64_t cols, int32_t low,
    int32_t high, int64_t *counts, uint8_t *hits, int64_t *not_finite);
int htst_partition_count_b64(const uint64_t *w, int64_t rows, int64_t cols, int64_t low,
    int64_t high, int64_t *counts, uint8_t *hits, int64_t *not_finite);

/* The instructions that the fill may use. */
enum {
    HTST_PARTITION_PLAIN = 0,
    HTST_PARTITION_AVX2 = 1,
    HTST_PARTITION_AVX512 = 2,
    HTST_PARTITION_VBMI2 = 3, /* AVX-512 with an instruction that compresses bytes */
};

/* The best of these instructions that this processor has, within the kind in use (htst_isa.h).
 * METHOD: asks the processor. ACCURACY: exact. ERRORS: none. */
int htst_partition_best(void);

/* Fill: write the column indices and the values of the kept elements, in row-major order. The
 * matrix, the bounds and the hits must be those of the count.
 *
 * indptr[rows + 1] the running sum of the counts: row r goes to positions indptr[r] to indptr[r +
 *                  1] - 1.
 * instructions     at most htst_partition_best().
 * wide             the type of `indices`: 1 for int64_t, 0 for int32_t.
 * indices, values  the complete arrays of the caller, with room for indptr[rows] elements.
 *
 * METHOD, ACCURACY: above.
 * ERRORS: HTST_ERR_BAD_ARG if a row keeps fewer elements than indptr says. */
int htst_partition_fill_f16(const uint16_t *w, int64_t rows, int64_t cols, int16_t low,
    int16_t high, const uint8_t *hits, const int64_t *indptr, int instructions, int wide,
    void *indices, uint32_t *values);
int htst_partition_fill_bf16(const uint16_t *w, int64_t rows, int64_t cols, int16_t low,
    int16_t high, const uint8_t *hits, const int64_t *indptr, int instructions, int wide,
    void *indices, uint32_t *values);
int htst_partition_fill_b32(const uint32_t *w, int64_t rows, int64_t cols, int32_t low,
    int32_t high, const uint8_t *hits, const int64_t *indptr, int instructions, int wide,
    void *indices, uint32_t *values);
int htst_partition_fill_b64(const uint64_t *w, int64_t rows, int64_t cols, int64_t low,
    int64_t high, const uint8_t *hits, const int64_t *indptr, int instructions, int wide,
    void *indices, uint64_t *values);

#endif /* HTST_PARTITION_H */
