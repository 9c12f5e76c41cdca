/* htst_ahead: read memory that is not in the cache at the speed of several pages at once. */
#ifndef HTST_AHEAD_H
#define HTST_AHEAD_H

#include <stdint.h>

#include "htst_common.h"

/* Processors fetch ahead of a reader within a page of 4 KiB, and start anew with each. Pages that are
 * fetched side by side come at half again the speed of one after the other. So, while a window of eight
 * pages is read from its beginning to its end, the next one is asked for, a line of each of its pages
 * in turn. Call for every `bytes` (multiples of 512) from `from` on before they are read.
 *
 * AMD's processors (Zen 4) read as fast from end to end, and asking takes them longer than reading.
 * There it pays only for a reader that is `busy`: that writes much between one read and the next.
 *
 * What is asked for may lie behind the array: a hint is no access. (As a function of its own this would
 * be one without effect, which compilers leave out.) */
HTST_INLINE void
htst_ahead(const void *from, int64_t bytes, int busy)
{
#if defined(__GNUC__) || defined(__clang__)
#ifdef __x86_64__
    if (!busy && __builtin_cpu_is("amd")) {
        return;
    }
#endif
    enum { LINE = 64, PAGE = 4096, PAGES = 8, WINDOW = PAGE * PAGES };
    uintptr_t at = (uintptr_t) from, next = (at & ~(uintptr_t) (WINDOW - 1)) + WINDOW;
    uintptr_t line = next + (at & (WINDOW - 1)) / (LINE * PAGES) * LINE;
    for (int64_t k = 0; k < bytes / (LINE * PAGES); k++, line += LINE) {
        for (uintptr_t page = 0; page < WINDOW; page += PAGE) {
            __builtin_prefetch((const void *) (line + page));
        }
    }
#else
    (void) from, (void) bytes, (void) busy;
#endif
}

#endif /* HTST_AHEAD_H */
