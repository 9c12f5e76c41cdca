/* htst_partition: the split of a matrix at a threshold, count then fill.
 *
 * Floats come as their bits, and are compared as *ordered* integers: the bits of a positive float, and
 * -1 - bits(abs(w)) of a negative one (-0 is -1), which grow with the number and do not depend on how
 * the processor treats denormals. An element is kept iff ordered(w) > high or ordered(w) < low. For
 * real bounds, high stands for the largest number of the format that is <= the upper one, and low for
 * the smallest that is >= the lower one; the smallest integer as low keeps nothing below.
 *
 * A row is cut into segments of HTST_PARTITION_SEGMENT columns (the last one may be shorter). The count
 * leaves in `hits` how many elements of each segment are kept, cut off at 255, so that the fill need
 * not look at segments with none, and knows how dense the others are.
 *
 * Each function works on the rows it is given: the caller may share the rows of a matrix out among
 * threads, with `counts`, `hits` and `indptr` advanced to their first row. Nothing is written outside
 * the rows' own part of `indices` and `values`, even if the matrix has changed since the count.
 */
#ifndef HTST_PARTITION_H
#define HTST_PARTITION_H

#include <stdint.h>

#define HTST_PARTITION_SEGMENT 256

/* Kept elements per row into counts[rows], per segment into hits[rows * segments], and how many
 * elements are NaN or infinite into *not_finite: where that is not 0, the counts mean nothing.
 * `infinity` is the 16-bit format's pattern of infinity: 0x7c00 for float16, 0x7f80 for bfloat16. */
int htst_partition_count_b16(const uint16_t *w, int64_t rows, int64_t cols, int16_t low,
    int16_t high, uint16_t infinity, int64_t *counts, uint8_t *hits, int64_t *not_finite);
int htst_partition_count_b32(const uint32_t *w, int64_t rows, int64_t cols, int32_t low,
    int32_t high, int64_t *counts, uint8_t *hits, int64_t *not_finite);
int htst_partition_count_b64(const uint64_t *w, int64_t rows, int64_t cols, int64_t low,
    int64_t high, int64_t *counts, uint8_t *hits, int64_t *not_finite);

/* How the fill writes: the instructions it may use, and the type of `indices`. */
enum {
    HTST_PARTITION_PLAIN = 0,
    HTST_PARTITION_AVX2 = 1,
    HTST_PARTITION_AVX512 = 2,
    HTST_PARTITION_VBMI2 = 3, /* AVX-512 with an instruction that compresses bytes */
};

/* The best of these that this processor has (and this library was built with). */
int htst_partition_best(void);

/* Column indices and values of the kept elements, row r into positions indptr[r] to indptr[r + 1] of
 * whole arrays. The matrix, bounds and hits must be those of the count, and indptr its running sum.
 * 16-bit floats widen to float32, which is exact. `indices` holds int64_t if `wide`, else int32_t.
 * The result does not depend on `instructions`, of which the processor must be capable.
 *
 * ERRORS HTST_ERR_BAD_ARG if a row keeps fewer elements than indptr says. */
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
