#ifdef __linux__
#define _DEFAULT_SOURCE /* for madvise */
#include <sys/mman.h>
#endif

#include "htst_split.h"

#include <string.h>

#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#undef INFINITE
#undef OUT
#define YIELD() ((void) SwitchToThread())
#else
#include <sched.h>
#define YIELD() ((void) sched_yield())
#endif

#include "htst_common.h"
#include "htst_isa.h"
#include "htst_partition.h"
#include "htst_partition_row.h"

#define PIECE HTST_SPLIT_PIECE
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
/* Elements that are read by a look before they are split: 32 to 64 KiB stay in the second cache.
 * bench/races/bench_partition.py measures the split with looks. */
#define LOOK 8192
/* Number of times that the counter is read before the thread yields the processor. Not tuned: waits
 * are rare and short. */
#define PATIENCE 1000

/* ------------------------------------------------------------------ turns */

typedef struct {
    int64_t row, rows, col, cols;
} piece_t;

/* The number of pieces of one row if the row is longer than a piece; else 1. */
static int64_t
parts(int64_t cols)
{
    return (cols + PIECE - 1) / PIECE;
}

/* The number of rows of one piece. */
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
    piece_t piece = {
        .row = row,
        .rows = MIN(height(cols), rows - row),
        .col = col,
        .cols = MIN(PIECE, cols - col),
    };
    return piece;
}

/* Wait until all pieces before `turn` are counted, then add the number of elements that this piece
 * keeps. Returns the number kept before it. The wait always ends: threads take pieces in order, so
 * the threads with the earlier pieces are running or will run. */
static int64_t
take_place(htst_split_turns_t *turns, int64_t turn, int64_t kept)
{
    for (int looks = 1; atomic_load_explicit(&turns->counted, memory_order_acquire) != turn;
         looks++) {
        if (looks == PATIENCE) {
            YIELD();
            looks = 0;
        }
    }
    int64_t before = turns->kept;
    turns->kept = before + kept;
    atomic_store_explicit(&turns->counted, turn + 1, memory_order_release);
    return before;
}

/* ------------------------------------------------------------------ memory */

/* The thread that touches new memory first clears it, one huge page at a time if the system has
 * huge pages. Threads that reach a page together would each clear it. Therefore the thread that
 * comes within `ahead` bytes of a page asks the system to clear it beforehand. This is only a
 * hint: the contents do not change, and an error is ignored. */
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

/* How far ahead pages are cleared: as much as all threads write while one page is cleared, and no
 * more, so that a page is still in a cache when it is written. Chosen on one machine; the result
 * does not depend on it. */
static int64_t
lead(const htst_split_turns_t *turns)
{
    enum { EACH = 1 << 18, MOST = 1 << 21 };
    int64_t threads = atomic_load_explicit(&turns->threads, memory_order_relaxed);
    return MIN(threads * EACH, MOST);
}

/* Copy the kept elements of a piece to byte `at` of an array of `size` bytes. */
static void
place(void *array, int64_t size, int64_t at, const void *own, int64_t bytes, int64_t ahead)
{
    clear_ahead(array, size, at, at + bytes, ahead);
    memcpy((char *) array + at, own, (size_t) bytes);
}

/* ---- split ----------------------------------------------------------------------------------- */

#ifdef HTST_ISA_HAS_X86
#define ROW_OF(format, ...)                                                                \
    (instructions == HTST_PARTITION_VBMI2 ? htst_partition_row_vbmi2_##format(__VA_ARGS__) \
            : instructions == HTST_PARTITION_AVX512                                        \
            ? htst_partition_row_avx512_##format(__VA_ARGS__)                              \
            : instructions == HTST_PARTITION_AVX2                                          \
            ? htst_partition_row_avx2_##format(__VA_ARGS__)                                \
            : htst_partition_row_plain_##format(__VA_ARGS__))
#else
#define ROW_OF(format, ...) ((void) instructions, htst_partition_row_plain_##format(__VA_ARGS__))
#endif

#define BITS uint16_t
#define INT int16_t
#define OUT uint32_t
#define INFINITE 0x7c00
#define OUT_INFINITE UINT32_C(0x7f800000)
#define ROW(...) ROW_OF(f16, __VA_ARGS__)
#define OF(name) name##_f16
#include "htst_split_template.h"

#define BITS uint16_t
#define INT int16_t
#define OUT uint32_t
#define INFINITE 0x7f80
#define OUT_INFINITE UINT32_C(0x7f800000)
#define ROW(...) ROW_OF(bf16, __VA_ARGS__)
#define OF(name) name##_bf16
#include "htst_split_template.h"

#define BITS uint32_t
#define INT int32_t
#define OUT uint32_t
#define INFINITE INT32_C(0x7f800000)
#define OUT_INFINITE UINT32_C(0x7f800000)
#define ROW(...) ROW_OF(b32, __VA_ARGS__)
#define OF(name) name##_b32
#include "htst_split_template.h"

#define BITS uint64_t
#define INT int64_t
#define OUT uint64_t
#define INFINITE INT64_C(0x7ff0000000000000)
#define OUT_INFINITE UINT64_C(0x7ff0000000000000)
#define ROW(...) ROW_OF(b64, __VA_ARGS__)
#define OF(name) name##_b64
#include "htst_split_template.h"
