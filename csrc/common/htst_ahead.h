/* htst_ahead: prefetch memory that is not in the cache, from several pages at a time. */
#ifndef HTST_AHEAD_H
#define HTST_AHEAD_H

#include <stdint.h>

#include "htst_common.h"

/* Prefetch the memory that is read next. Call the function for every `bytes` bytes (a multiple of
 * 512) that begin at `from`, before they are read.
 *
 * METHOD: processors prefetch within a page of 4 KiB and start again with each page. Several pages
 * that are read in parallel arrive 1.5 times as fast as pages that are read in sequence. So, while
 * a window of eight pages is read from its beginning to its end, the next window is prefetched, one
 * line of each of its pages in turn. bench/races/bench_partition.py and
 * bench/races/bench_sketch.py measure the readers that use this function.
 *
 * Set `busy` if the caller writes much between two reads. On AMD processors (Zen 4) prefetching
 * takes longer than reading, and only such callers gain from it.
 *
 * ACCURACY, ERRORS: none. The addresses may lie beyond the end of the array: a prefetch is not an
 * access. (The function is always inlined because compilers drop calls of functions without an
 * effect.) */
HTST_INLINE void
htst_ahead(const void *from, int64_t bytes, int busy)
{
#if HTST_GNU_C
#ifdef HTST_ISA_HAS_X86
    if (!busy && HTST_CPU_IS("amd")) {
        return;
    }
#endif
    enum { LINE = 64, PAGE = 4096, PAGES = 8, WINDOW = PAGE * PAGES };
    uintptr_t at = (uintptr_t) from, next = (at & ~(uintptr_t) (WINDOW - 1)) + WINDOW;
    uintptr_t line = next + (at & (WINDOW - 1)) / (LINE * PAGES) * LINE;
    for (int64_t k = 0; k < bytes / (LINE * PAGES); k++, line += LINE) {
        for (uintptr_t page = 0; page < WINDOW; page += PAGE) {
            HTST_PREFETCH_READ((const void *) (line + page));
        }
    }
#else
    (void) from, (void) bytes, (void) busy;
#endif
}

#endif /* HTST_AHEAD_H */
