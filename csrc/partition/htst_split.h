/* htst_split: count and fill of htst_partition in one reading of the matrix, by any number of threads.
 *
 * Threads take pieces of a matrix in turn. A thread gathers what a piece keeps in arrays of its own,
 * waits until it is known how much all the pieces before it keep, and copies its own to their place. So
 * the matrix is read once, and the result does not depend on who took which piece.
 *
 * Elements and bounds are those of htst_partition.h.
 */
#ifndef HTST_SPLIT_H
#define HTST_SPLIT_H

#include <stdatomic.h>
#include <stdint.h>

/* What the threads share that split one matrix; all bytes 0 before the first of them starts. */
typedef struct {
    _Atomic int64_t threads; /* those that have started */
    _Atomic int64_t next;    /* the piece to be taken next */
    _Atomic int64_t counted; /* pieces, from the first on, whose places in the result are known */
    int64_t kept;            /* elements of those; belongs to whoever has the piece `counted` */
} htst_split_turns_t;

/* Elements of a piece at most: whole rows, or a part of one. */
#define HTST_SPLIT_PIECE 65536
/* Elements of a thread's own arrays. */
#define HTST_SPLIT_OWN (HTST_SPLIT_PIECE + 64)

/* Splits a matrix of less than 2^31 elements and at least one. All threads give the same arguments, but
 * for own_indices[HTST_SPLIT_OWN], own_values[HTST_SPLIT_OWN] and `not_finite`; when all have returned,
 * indptr[1] to indptr[rows] and the first indptr[rows] of `indices` and `values` (which have room for
 * rows * cols) are there. `instructions` as htst_partition_fill takes it.
 *
 * A thread that is alone may have no own arrays, NULL: then it writes to the result at once, which has
 * room for HTST_SPLIT_OWN more.
 *
 * *not_finite is how many elements this thread has found NaN or infinite: where it is not 0 for all,
 * the result means nothing.
 *
 * ERRORS HTST_ERR_BAD_ARG if the matrix changed meanwhile. */
int htst_split_f16(const uint16_t *w, int64_t rows, int64_t cols, int16_t low, int16_t high,
    int instructions, htst_split_turns_t *turns, int32_t *own_indices, uint32_t *own_values,
    int64_t *indptr, int32_t *indices, uint32_t *values, int64_t *not_finite);
int htst_split_bf16(const uint16_t *w, int64_t rows, int64_t cols, int16_t low, int16_t high,
    int instructions, htst_split_turns_t *turns, int32_t *own_indices, uint32_t *own_values,
    int64_t *indptr, int32_t *indices, uint32_t *values, int64_t *not_finite);
int htst_split_b32(const uint32_t *w, int64_t rows, int64_t cols, int32_t low, int32_t high,
    int instructions, htst_split_turns_t *turns, int32_t *own_indices, uint32_t *own_values,
    int64_t *indptr, int32_t *indices, uint32_t *values, int64_t *not_finite);
int htst_split_b64(const uint64_t *w, int64_t rows, int64_t cols, int64_t low, int64_t high,
    int instructions, htst_split_turns_t *turns, int32_t *own_indices, uint64_t *own_values,
    int64_t *indptr, int32_t *indices, uint64_t *values, int64_t *not_finite);

#endif /* HTST_SPLIT_H */
