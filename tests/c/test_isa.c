/* Kernels of this file have a copy for each kind of processor, whatever the library's options. */
#ifndef HTST_HAVE_CLONES
#define HTST_HAVE_CLONES 1
#endif
#include "htst_isa.h"

#include <stdint.h>
#include <stdlib.h>

#include "htst_test.h"

HTST_KERNEL(double, sum, (const double *x, int64_t n), (x, n))
{
    double lanes[8] = { 0 };
    for (int64_t i = 0; i + 8 <= n; i += 8) {
        for (int k = 0; k < 8; k++) {
            lanes[k] += x[i + k] * x[i + k];
        }
    }
    return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3]))
        + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
}

HTST_VOID_KERNEL(scale, (double *HTST_RESTRICT x, int64_t n, double factor), (x, n, factor))
{
    for (int64_t i = 0; i < n; i++) {
        x[i] = x[i] * factor + 1.0;
    }
}

static void
test_names(void)
{
    CHECK(htst_isa_of_name("plain") == HTST_ISA_PLAIN);
    CHECK(htst_isa_of_name("avx2") == HTST_ISA_AVX2);
    CHECK(htst_isa_of_name("avx512") == HTST_ISA_AVX512);
    const char *wrong[] = { "", "AVX2", "avx", "avx5122", " plain", "plain " };
    for (int i = 0; i < 6; i++) {
        CHECK(htst_isa_of_name(wrong[i]) == HTST_ERR_BAD_ARG);
    }
}

static void
test_the_kind_in_use(void)
{
    const char *name = getenv("HTST_ISA");
    int asked = name == NULL || *name == '\0' ? htst_isa_best() : htst_isa_of_name(name);
    int is_usable = asked >= HTST_ISA_PLAIN && asked <= htst_isa_best();
    CHECK(htst_isa_best() >= HTST_ISA_PLAIN && htst_isa_best() <= HTST_ISA_AVX512);
    CHECK(htst_isa_status() == (is_usable ? HTST_OK : HTST_ERR_BAD_ARG));
    CHECK(htst_isa() == (is_usable ? asked : htst_isa_best()));
}

enum { N = 1003 };

/* A sum, and elements after scaling, that are `expected` and those of one element at a time. */
static void
check_copy(const double x[N], double expected)
{
    double y[N];
    for (int i = 0; i < N; i++) {
        y[i] = x[i];
    }
    CHECK(sum(x, N) == expected);
    scale(y, N, 0.3);
    for (int i = 0; i < N; i++) {
        volatile double product = x[i] * 0.3;
        CHECK(y[i] == product + 1.0);
    }
}

static void
test_copies_give_the_same_bits(void)
{
    double x[N], expected = 0;
    for (int i = 0; i < N; i++) {
        x[i] = 1.0 / (i + 1);
    }
    expected = sum(x, N);
    CHECK(expected > 1.6 && expected < 1.65);
#ifdef HTST_ISA_HAS_X86
    const int kept = htst_isa_in_use;
    for (int kind = HTST_ISA_PLAIN; kind <= htst_isa_best(); kind++) {
        htst_isa_in_use = kind;
        CHECK(htst_isa() == kind);
        check_copy(x, expected);
    }
    htst_isa_in_use = kept;
#else
    check_copy(x, expected);
#endif
}

int
main(void)
{
    test_names();
    test_the_kind_in_use();
    test_copies_give_the_same_bits();
    return htst_test_report("isa");
}
