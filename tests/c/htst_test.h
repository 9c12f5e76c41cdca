/* A C test is a program whose main calls CHECK and returns htst_test_report("its name"). */
#ifndef HTST_TEST_H
#define HTST_TEST_H

#include <math.h>
#include <stdio.h>

static int htst_test_failed;
static int htst_test_count;

#define CHECK(condition)                                                    \
    do {                                                                    \
        htst_test_count++;                                                  \
        if (!(condition)) {                                                 \
            htst_test_failed++;                                             \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
        }                                                                   \
    } while (0)

#define CHECK_CLOSE(a, b, rtol) CHECK(fabs((a) - (b)) <= (rtol) *fabs(b))

/* Set the processor to the state in which a library built with -ffast-math leaves it: denormal
 * inputs and results count as zero.
 */
static inline void
htst_test_ignore_denormals(void)
{
#ifdef __SSE2__
    __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 0x8040u);
#endif
}

static inline int
htst_test_report(const char *name)
{
    printf("%s: %d checks, %d failed\n", name, htst_test_count, htst_test_failed);
    return htst_test_failed != 0;
}

#endif
