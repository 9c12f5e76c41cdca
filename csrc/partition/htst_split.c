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
    piece_t piece = { row, MIN(height(cols), rows - row), col, MIN(PIECE, cols - col) };
    return piece;
}

/* Waits until the pieces before `turn` are counted, adds the elements that this one keeps, and
 * returns how many were kept before it. Who is waited for has the processor or will get it: pieces
 * are given out in turn. */
static int64_t
take_place(htst_split_turns_t *turns, int64_t turn, int64_t kept)
{
    for (int looks = 1; atomic_load_explicit(&turns->counted, memory_order_acquire) != turn;
         looks++) {
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

/* Fresh memory is cleared by whoever touches it first, a huge page at a time where there are such,
 * and threads that come upon one together each clear it. So whoever comes `ahead` bytes before one
 * has it cleared. Only a hint: what is there stays, and a system that cannot is left alone. */
static void
clear_ahead(void *array, int64_t size, int64_t from, int64_t to, int64_t ahead)
{
#ifdef __linux__
    enum { HUGE_PAGE = 1 << 21, POPULATE_WRITE = 23 /* Linux 5.14; headers may be older */ };
    const uintptr_t start = (uintptr_t) array, inside = HUGE_PAGE - 1;
    uintptr_t page = (start + (uintptr_t) (from + ahead) + inside) & ~inside;
    if (page < start + (uintptr_t) (to + ahead) && page + HUGE_PAGE <= start + (uintptr_t) size) {
        (void) madvise((char *) array + (page - start), HUGE_PAGE, POPULATE_WRITE);
    }
#else
    (void) array, (void) size, (void) from, (void) to, (void) ahead;
#endif
}

/* As much as all threads write while one clears a page, and no more: what is written soon after it
 * was cleared is still in a cache. */
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
    memcpy((char *) array + at, own, (size_t) bytes);
}

/* ---- split ----------------------------------------------------------------------------------- */

/* With AVX-512 a row need not be counted; without, the count leaves it in the nearest cache for the
 * fill. */
#ifdef HTST_PARTITION_HAS_X86
#define ROW_OF(format, ...)                                                                \
    (instructions == HTST_PARTITION_VBMI2 ? htst_partition_row_vbmi2_##format(__VA_ARGS__) \
                                          : htst_partition_row_avx512_##format(__VA_ARGS__))
#else
#define ROW_OF(format, ...) 0 /* never reached: see htst_partition_best */
#endif

#define BITS uint16_t
#define INT int16_t
#define OUT uint32_t
#define INFINITE 0x7c00
#define OUT_INFINITE UINT32_C(0x7f800000)
#define COUNT(w, cols, low, high, ...) \
    htst_partition_count_b16(w, 1, cols, low, high, 0x7c00, __VA_ARGS__)
#define ROW(...) ROW_OF(f16, __VA_ARGS__)
#define FILL htst_partition_fill_f16
#define OF(name) name##_f16
#include "htst_split_template.h"

#define BITS uint16_t
#define INT int16_t
#define OUT uint32_t
#define INFINITE 0x7f80
#define OUT_INFINITE UINT32_C(0x7f800000)
#define COUNT(w, cols, low, high, ...) \
    htst_partition_count_b16(w, 1, cols, low, high, 0x7f80, __VA_ARGS__)
#define ROW(...) ROW_OF(bf16, __VA_ARGS__)
#define FILL htst_partition_fill_bf16
#define OF(name) name##_bf16
#include "htst_split_template.h"

#define BITS uint32_t
#define INT int32_t
#define OUT uint32_t
#define INFINITE INT32_C(0x7f800000)
#define OUT_INFINITE UINT32_C(0x7f800000)
#define COUNT(w, cols, low, high, ...) htst_partition_count_b32(w, 1, cols, low, high, __VA_ARGS__)
#define ROW(...) ROW_OF(b32, __VA_ARGS__)
#define FILL htst_partition_fill_b32
#define OF(name) name##_b32
#include "htst_split_template.h"

#define BITS uint64_t
#define INT int64_t
#define OUT uint64_t
#define INFINITE INT64_C(0x7ff0000000000000)
#define OUT_INFINITE UINT64_C(0x7ff0000000000000)
#define COUNT(w, cols, low, high, ...) htst_partition_count_b64(w, 1, cols, low, high, __VA_ARGS__)
#define ROW(...) ROW_OF(b64, __VA_ARGS__)
#define FILL htst_partition_fill_b64
#define OF(name) name##_b64
#include "htst_split_template.h"
