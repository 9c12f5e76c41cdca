/* htst_partition: the split of a matrix at a threshold, count then fill.
 *
 * An element w is kept iff w > high or w < low. With low = -high that is abs(w) > high, with low =
 * -infinity w > high, and the two bounds need not lie evenly around 0. Bounds have the type of the
 * data; for real bounds the largest value of the type that is <= the upper one, and the smallest that
 * is >= the lower one, decide alike. 16-bit floats come as their bits, and their bounds as *ordered*
 * integers: the bits of a positive float, and -1 - bits(abs(w)) of a negative one (-0 is -1).
 *
 * A row is cut into segments of HTST_PARTITION_SEGMENT columns (the last one may be shorter). The count
 * leaves in `hits` how many elements of each segment are kept, cut off at 255, so that the fill need
 * not look at segments with none, and knows how dense the others are.
 *
 * Each function works on the rows it is given: the caller may share the rows of a matrix out among
 * threads, with `counts`, `hits` and `indptr` advanced to their first row. Nothing is written outside
 * the rows' own part of `indices` and `values`.
 */
#ifndef HTST_PARTITION_H
#define HTST_PARTITION_H

#include <stdint.h>

#define HTST_PARTITION_SEGMENT 256

/* Kept elements per row into counts[rows], per segment into hits[rows * segments], and how many
 * elements are NaN or infinite into *not_finite: where that is not 0, the counts mean nothing.
 *
 * `infinity` is the 16-bit format's pattern of infinity: 0x7c00 for float16, 0x7f80 for bfloat16. */
int htst_partition_count_f32(const float *w, int64_t rows, int64_t cols, float low, float high,
                             int64_t *counts, uint8_t *hits, int64_t *not_finite);
int htst_partition_count_f64(const double *w, int64_t rows, int64_t cols, double low, double high,
                             int64_t *counts, uint8_t *hits, int64_t *not_finite);
int htst_partition_count_u16(const uint16_t *w, int64_t rows, int64_t cols, int16_t low, int16_t high,
                             uint16_t infinity, int64_t *counts, uint8_t *hits,
                             int64_t *not_finite);

/* Column indices and values of the kept elements, row r into positions indptr[r] to indptr[r + 1] of
 * whole arrays. The matrix, bounds and hits must be those of the count, and indptr its running sum.
 * 16-bit floats widen to float32, which is exact. `_i64` writes 64-bit indices. */
int htst_partition_fill_f32_i32(const float *w, int64_t rows, int64_t cols, float low, float high,
                                const uint8_t *hits, const int64_t *indptr, int32_t *indices,
                                float *values);
int htst_partition_fill_f32_i64(const float *w, int64_t rows, int64_t cols, float low, float high,
                                const uint8_t *hits, const int64_t *indptr, int64_t *indices,
                                float *values);
int htst_partition_fill_f64_i32(const double *w, int64_t rows, int64_t cols, double low, double high,
                                const uint8_t *hits, const int64_t *indptr, int32_t *indices,
                                double *values);
int htst_partition_fill_f64_i64(const double *w, int64_t rows, int64_t cols, double low, double high,
                                const uint8_t *hits, const int64_t *indptr, int64_t *indices,
                                double *values);
int htst_partition_fill_f16_i32(const uint16_t *w, int64_t rows, int64_t cols, int16_t low,
                                int16_t high, const uint8_t *hits, const int64_t *indptr,
                                int32_t *indices, float *values);
int htst_partition_fill_f16_i64(const uint16_t *w, int64_t rows, int64_t cols, int16_t low,
                                int16_t high, const uint8_t *hits, const int64_t *indptr,
                                int64_t *indices, float *values);
int htst_partition_fill_bf16_i32(const uint16_t *w, int64_t rows, int64_t cols, int16_t low,
                                 int16_t high, const uint8_t *hits, const int64_t *indptr,
                                 int32_t *indices, float *values);
int htst_partition_fill_bf16_i64(const uint16_t *w, int64_t rows, int64_t cols, int16_t low,
                                 int16_t high, const uint8_t *hits, const int64_t *indptr,
                                 int64_t *indices, float *values);

#endif /* HTST_PARTITION_H */
