/* What the programs of this folder share: a clock, and numbers to call kernels with. Include it
 * before other headers. */
#ifndef HTST_BENCH_H
#define HTST_BENCH_H

#define _POSIX_C_SOURCE 199309L

#include <stdint.h>
#include <time.h>

/* Nanoseconds of a clock. */
static inline double
htst_bench_now(clockid_t clock)
{
    struct timespec at;
    clock_gettime(clock, &at);
    return (double) at.tv_sec * 1e9 + (double) at.tv_nsec;
}

/* The next whole number below 2^53, of Knuth's generator modulo 2^64 (MMIX). */
static inline double
htst_bench_draw(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double) (*state >> 11);
}

#endif
