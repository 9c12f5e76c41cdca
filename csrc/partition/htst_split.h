/* htst_split: the count and the fill of htst_partition in one pass over the matrix, by any number
 * of threads.
 *
 * METHOD: threads take pieces of the matrix in turn. A thread gathers the kept elements of a piece
 * in arrays of its own. It waits until the number of elements kept by all earlier pieces is known,
 * and then copies its elements to their place in the result. The matrix is therefore read only
 * once, and the result does not depend on which thread takes which piece.
 * ACCURACY: exact, as in htst_partition.h, which also defines elements and bounds. */
#ifndef HTST_SPLIT_H
#define HTST_SPLIT_H

#include <stdatomic.h>
#include <stdint.h>

/* The state that the threads of one split share. All bytes are 0 before the first thread starts. */
typedef struct {
    _Atomic int64_t threads; /* threads that have started */
    _Atomic int64_t next;    /* the next piece to be taken */
    _Atomic int64_t counted; /* number of leading pieces whose places are known */
    int64_t kept; /* elements kept by these; only the thread with piece `counted` writes it */
} htst_split_turns_t;

/* The largest number of elements of a piece. A piece is several whole rows or a part of one row.
 * bench/races/bench_partition.py measures the split. */
#define HTST_SPLIT_PIECE 65536
/* The number of elements of a thread's own arrays. Vectors are stored whole, so up to 64 elements
 * follow a piece. */
#define HTST_SPLIT_OWN (HTST_SPLIT_PIECE + 64)

/* A function that reads elements or values while they are in a cache: the split calls it with
 * disjoint parts x[n], in any order. */
typedef struct {
    void (*read)(const void *x, int64_t n, void *state);
    void *state;
} htst_split_look_t;

/* Split a matrix of at least one element and fewer than 2^31. All threads pass the same arguments,
 * except elements, kept, own_indices, own_values and not_finite. When all have returned, the result
 * is complete.
 *
 * w, rows, cols, low, high as in htst_partition.h.
 * instructions            at most htst_partition_best().
 * elements, kept          what reads all elements, and the kept values; NULL for nothing. Each
 *                         thread has states of its own, which together get every element once.
 * own_indices, own_values [HTST_SPLIT_OWN] each, workspace of one thread. A thread that is alone
 *                         may pass NULL for both: it then writes to the result directly.
 * indptr[rows + 1]        the caller sets indptr[0] to 0; the others are set.
 * indices, values         room for rows * cols elements, and for HTST_SPLIT_OWN more if the
 *                         workspace is NULL; the first indptr[rows] are set.
 * not_finite              set to the number of NaN or infinite elements that this thread found. If
 *                         it is not 0 for all threads, the result is meaningless.
 *
 * METHOD, ACCURACY: above. ERRORS: none; returns HTST_OK. */
int htst_split_f16(const uint16_t *w, int64_t rows, int64_t cols, int16_t low, int16_t high,
    int instructions, htst_split_turns_t *turns, const htst_split_look_t *elements,
    const htst_split_look_t *kept, int32_t *own_indices, uint32_t *own_values, int64_t *indptr,
    int32_t *indices, uint32_t *values, int64_t *not_finite);
int htst_split_bf16(const uint16_t *w, int64_t rows, int64_t cols, int16_t low, int16_t high,
    int instructions, htst_split_turns_t *turns, const htst_split_look_t *elements,
    const htst_split_look_t *kept, int32_t *own_indices, uint32_t *own_values, int64_t *indptr,
    int32_t *indices, uint32_t *values, int64_t *not_finite);
int htst_split_b32(const uint32_t *w, int64_t rows, int64_t cols, int32_t low, int32_t high,
    int instructions, htst_split_turns_t *turns, const htst_split_look_t *elements,
    const htst_split_look_t *kept, int32_t *own_indices, uint32_t *own_values, int64_t *indptr,
    int32_t *indices, uint32_t *values, int64_t *not_finite);
int htst_split_b64(const uint64_t *w, int64_t rows, int64_t cols, int64_t low, int64_t high,
    int instructions, htst_split_turns_t *turns, const htst_split_look_t *elements,
    const htst_split_look_t *kept, int32_t *own_indices, uint64_t *own_values, int64_t *indptr,
    int32_t *indices, uint64_t *values, int64_t *not_finite);

#endif /* HTST_SPLIT_H */
