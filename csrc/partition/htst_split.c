#ifdef __linux__
#define _DEFAULT_SOURCE /* for madvise */
#include <sys/mman.h>
#endif

#include "htst_split.h"

#include <sched.h>
#include <string.h>

#include "htst_common.h"
#include "htst_partition.h"
#include "htst_partition_x86.h"

#define PIECE HTST_SPLIT_PIECE
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
/* Looks at the counter before the processor is offered to others. */
#define PATIENCE 1000

/* ------------------------------------------------------------------ turns */

typedef struct {
    int64_t row, rows, col, cols;
} piece_t;

/* Pieces of a row that is longer than one; 1 if it is not. */
static int64_t
parts(int64_t cols)
{
    return (cols + PIECE - 1) / PIECE;
}

/* Rows of a piece. */
static int64_t
height(int64_t cols)
{
    return cols > PIECE ? 1 : PIECE / cols;
}

static int64_t
pieces(int64_t rows, int64_t cols)
{
    return (rows + height(cols) - 1) / height(cols) * parts(cols);
}

static piece_t
piece_at(int64_t turn, int64_t rows, int64_t cols)
{
    int64_t row = turn / parts(cols) * height(cols), col = turn % parts(cols) * PIECE;
    piece_t piece = {row, MIN(height(cols), rows - row), col, MIN(PIECE, cols - col)};
    return piece;
}

/* Waits until the pieces before `turn` are counted, adds the elements that this one keeps, and returns
 * how many were kept before it. Who is waited for has the processor or will get it: pieces are given
 * out in turn. */
static int64_t
take_place(htst_split_turns_t *turns, int64_t turn, int64_t kept)
{
    for (int looks = 1; atomic_load_explicit(&turns->counted, memory_order_acquire) != turn; looks++) {
        if (looks == PATIENCE) {
            sched_yield();
            looks = 0;
        }
    }
    int64_t before = turns->kept;
    turns->kept = before + kept;
    atomic_store_explicit(&turns->counted, turn + 1, memory_order_release);
    return before;
}

/* ------------------------------------------------------------------ memory */

/* Fresh memory is cleared by whoever touches it first, a huge page at a time where there are such, and
 * threads that come upon one together each clear it. So whoever comes `ahead` bytes before one has it
 * cleared. Only a hint: what is there stays, and a system that cannot is left alone. */
static void
clear_ahead(void *array, int64_t size, int64_t from, int64_t to, int64_t ahead)
{
#ifdef __linux__
    enum { HUGE_PAGE = 1 << 21, POPULATE_WRITE = 23 /* Linux 5.14; headers may be older */ };
    const uintptr_t start = (uintptr_t)array, inside = HUGE_PAGE - 1;
    uintptr_t page = (start + (uintptr_t)(from + ahead) + inside) & ~inside;
    if (page < start + (uintptr_t)(to + ahead) && page + HUGE_PAGE <= start + (uintptr_t)size) {
        (void)madvise((char *)array + (page - start), HUGE_PAGE, POPULATE_WRITE);
    }
#else
    (void)array, (void)size, (void)from, (void)to, (void)ahead;
#endif
}

/* As much as all threads write while one clears a page, and no more: what is written soon after it was
 * cleared is still in a cache. */
static int64_t
lead(const htst_split_turns_t *turns)
{
    enum { EACH = 1 << 18, MOST = 1 << 21 };
    int64_t threads = atomic_load_explicit(&turns->threads, memory_order_relaxed);
    return MIN(threads * EACH, MOST);
}

/* What a piece keeps, to its place among `size` bytes from byte `at` on. */
static void
place(void *array, int64_t size, int64_t at, const void *own, int64_t bytes, int64_t ahead)
{
    clear_ahead(array, size, at, at + bytes, ahead);
    memcpy((char *)array + at, own, (size_t)bytes);
}

/* ------------------------------------------------------------------ split */

#define DEFINE_NOT_FINITE(b, unsigned_t)                                                           \
    HTST_CLONES static int64_t not_finite_##b(const unsigned_t *values, int64_t n,                 \
                                              unsigned_t infinity)                                 \
    {                                                                                              \
        unsigned_t bad = 0;                                                                        \
        for (int64_t i = 0; i < n; i++) {                                                          \
            bad += (unsigned_t)(values[i] << 1) >= (unsigned_t)(infinity << 1);                    \
        }                                                                                          \
        return (int64_t)bad;                                                                       \
    }

DEFINE_NOT_FINITE(b32, uint32_t)
DEFINE_NOT_FINITE(b64, uint64_t)

#define COUNT_F16(w, cols, low, high, ...)                                                         \
    htst_partition_count_b16(w, 1, cols, low, high, 0x7c00, __VA_ARGS__)
#define COUNT_BF16(w, cols, low, high, ...)                                                        \
    htst_partition_count_b16(w, 1, cols, low, high, 0x7f80, __VA_ARGS__)
#define COUNT_B32(w, cols, ...) htst_partition_count_b32(w, 1, cols, __VA_ARGS__)
#define COUNT_B64(w, cols, ...) htst_partition_count_b64(w, 1, cols, __VA_ARGS__)

/* With AVX-512 a row need not be counted; without, it is in the nearest cache for the fill. */
#ifdef HTST_PARTITION_HAS_X86
#define WITHOUT_COUNT(name, ...)                                                                   \
    (instructions == HTST_PARTITION_VBMI2 ? htst_partition_row_vbmi2_##name(__VA_ARGS__)           \
                                          : htst_partition_row_avx512_##name(__VA_ARGS__))
#else
#define WITHOUT_COUNT(name, ...) 0 /* never: see htst_partition_best */
#endif

/* A row or a part of one: what it keeps, and how much. */
#define DEFINE_SPLIT_ROW(name, unsigned_t, signed_t, out_t, out_b, out_infinity, COUNT)            \
    static int split_row_##name(const unsigned_t *w, int64_t cols, signed_t low, signed_t high,    \
                                int instructions, int32_t *indices, out_t *values,                 \
                                int64_t *kept, int64_t *not_finite)                                \
    {                                                                                              \
        uint8_t hits[PIECE / HTST_PARTITION_SEGMENT];                                              \
        int64_t indptr[2] = {0}, bad;                                                              \
        if (instructions >= HTST_PARTITION_AVX512) {                                               \
            *kept = WITHOUT_COUNT(name, w, cols, low, high, NULL, cols + HTST_SPLIT_OWN - PIECE,   \
                                  indices, values);                                                \
            *not_finite += not_finite_##out_b(values, *kept, out_infinity);                        \
            return HTST_OK;                                                                        \
        }                                                                                          \
        COUNT(w, cols, low, high, indptr + 1, hits, &bad);                                         \
        *kept = indptr[1];                                                                         \
        *not_finite += bad;                                                                        \
        return htst_partition_fill_##name(w, 1, cols, low, high, hits, indptr, instructions, 0,    \
                                          indices, values);                                        \
    }

#define DEFINE_SPLIT(name, unsigned_t, signed_t, infinity, out_t, out_b, out_infinity, COUNT)      \
    DEFINE_SPLIT_ROW(name, unsigned_t, signed_t, out_t, out_b, out_infinity, COUNT)                \
    int htst_split_##name(const unsigned_t *w, int64_t rows, int64_t cols, signed_t low,           \
                          signed_t high, int instructions, htst_split_turns_t *turns,              \
                          int32_t *own_indices, out_t *own_values, int64_t *indptr,                \
                          int32_t *indices, out_t *values, int64_t *not_finite)                    \
    {                                                                                              \
        const int64_t last = pieces(rows, cols), size = rows * cols, each = sizeof(out_t);         \
        const int alone = own_indices == NULL;                                                     \
        int64_t turn;                                                                              \
        int status = HTST_OK;                                                                      \
        *not_finite = 0;                                                                           \
        atomic_fetch_add(&turns->threads, 1);                                                      \
        /* so that what is not finite is kept, and found among the few values */                   \
        low = (signed_t)MAX(low, -infinity);                                                       \
        high = (signed_t)MIN(high, infinity - 1);                                                  \
        while ((turn = atomic_fetch_add(&turns->next, 1)) < last) {                                \
            piece_t piece = piece_at(turn, rows, cols);                                            \
            const unsigned_t *from = w + piece.row * cols + piece.col;                             \
            int64_t *ends = indptr + piece.row + 1, k = 0;                                         \
            int64_t n_ends = piece.col + piece.cols == cols ? piece.rows : 0;                      \
            int32_t *to_indices = alone ? indices + turns->kept : own_indices;                     \
            out_t *to_values = alone ? values + turns->kept : own_values;                          \
            for (int64_t r = 0; r < piece.rows; r++, from += cols) {                               \
                int64_t kept;                                                                      \
                int done = split_row_##name(from, piece.cols, low, high, instructions,             \
                                            to_indices + k, to_values + k, &kept, not_finite);     \
                status = done == HTST_OK ? status : done;                                          \
                k += kept;                                                                         \
                if (r < n_ends) {                                                                  \
                    ends[r] = k;                                                                   \
                }                                                                                  \
            }                                                                                      \
            for (int64_t i = 0; piece.col > 0 && i < k; i++) {                                     \
                to_indices[i] += (int32_t)piece.col;                                               \
            }                                                                                      \
            int64_t at = take_place(turns, turn, k);                                               \
            for (int64_t r = 0; r < n_ends; r++) {                                                 \
                ends[r] += at;                                                                     \
            }                                                                                      \
            if (!alone) {                                                                          \
                place(indices, size * 4, at * 4, own_indices, k * 4, lead(turns));                 \
                place(values, size * each, at * each, own_values, k * each, lead(turns));          \
            }                                                                                      \
        }                                                                                          \
        return status;                                                                             \
    }

DEFINE_SPLIT(f16, uint16_t, int16_t, 0x7c00, uint32_t, b32, UINT32_C(0x7f800000), COUNT_F16)
DEFINE_SPLIT(bf16, uint16_t, int16_t, 0x7f80, uint32_t, b32, UINT32_C(0x7f800000), COUNT_BF16)
DEFINE_SPLIT(b32, uint32_t, int32_t, INT32_C(0x7f800000), uint32_t, b32, UINT32_C(0x7f800000),
             COUNT_B32)
DEFINE_SPLIT(b64, uint64_t, int64_t, INT64_C(0x7ff0000000000000), uint64_t, b64,
             UINT64_C(0x7ff0000000000000), COUNT_B64)
