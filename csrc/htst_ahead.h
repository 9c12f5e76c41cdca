/* htst_ahead: read memory that is not in the cache at the speed of several pages at once. */
#ifndef HTST_AHEAD_H
#define HTST_AHEAD_H

#include <stdint.h>

/* Processors fetch ahead of a reader within a page of 4 KiB, and start anew with each. Pages that are
 * fetched side by side come at half again the speed of one after the other. So, while a window of eight
 * pages is read from its beginning to its end, the next one is asked for, a line of each of its pages
 * in turn. Call for every `bytes` (multiples of 512) from `from` on before they are read.
 *
 * What is asked for may lie behind the array: a hint is no access. */
static inline void
htst_ahead(const void *from, int64_t bytes)
{
#if defined(__GNUC__) || defined(__clang__)
    enum { LINE = 64, PAGE = 4096, PAGES = 8, WINDOW = PAGE * PAGES };
    uintptr_t at = (uintptr_t)from, next = (at & ~(uintptr_t)(WINDOW - 1)) + WINDOW;
    uintptr_t line = next + (at & (WINDOW - 1)) / (LINE * PAGES) * LINE;
    for (int64_t k = 0; k < bytes / (LINE * PAGES); k++, line += LINE) {
        for (uintptr_t page = 0; page < WINDOW; page += PAGE) {
            __builtin_prefetch((const void *)(line + page));
        }
    }
#else
    (void)from, (void)bytes;
#endif
}

#endif /* HTST_AHEAD_H */
