/* The tests run with the kernels of each kind of processor, if the library has them. */
#ifndef HTST_HAVE_CLONES
#define HTST_HAVE_CLONES 1
#endif
#include "htst_isa.h"

#include "htst_stable_sample.h"

#include <stdlib.h>
#include <string.h>

#include "htst_test.h"

#define N 1000

static htst_stable_sample_law_t
make_law(double alpha, double beta, int parameterization)
{
    htst_stable_sample_law_t law = { alpha, beta, 0.0, 1.0, parameterization };
    return law;
}

static uint64_t
hash_of(const double *x, int n)
{
    uint64_t hash = UINT64_C(0xCBF29CE484222325);

    for (int e = 0; e < n; e++) {
        uint64_t bits;
        memcpy(&bits, &x[e], sizeof(bits));
        for (int b = 0; b < 64; b += 8) {
            hash = (hash ^ (bits >> b & 0xFF)) * UINT64_C(0x100000001B3);
        }
    }
    return hash;
}

/* Each path through the code, as the FNV-1a hash of the numbers' bytes: compilers and processors
 * must agree. test_known_values compares with mpmath. */
static void
test_pinned_bits(void)
{
    static const struct {
        double alpha, beta;
        int parameterization;
        uint64_t hash;
    } pinned[] = {
        { 2.0, 0.0, 0, UINT64_C(0x6A3B140DC7144E5A) },
        { 1.5, 0.3, 0, UINT64_C(0xD224BCE46B311A21) },
        { 1.9, -1.0, 1, UINT64_C(0x7114E3CE79BE3D55) },
        { 1.05, 0.7, 0, UINT64_C(0xF56E708DDA42F9E1) },
        { 1.0, 0.0, 0, UINT64_C(0x6F10ADD0D7618600) },
        { 1.0, 0.5, 1, UINT64_C(0x4D718C3E4F610005) },
        { 0.999999999, -0.8, 0, UINT64_C(0x5A17153741AC9AA7) },
        { 0.9, 1.0, 1, UINT64_C(0xC34ADD4387E81E3A) },
        { 0.7, 0.2, 1, UINT64_C(0x3881A634D7362B6B) },
        { 0.3, 1.0, 1, UINT64_C(0x64B46F1C8E340BDD) },
        { 0.1, -1.0, 0, UINT64_C(0x6A8E47243DE2FB03) },
    };
    static double out[N];

    for (size_t k = 0; k < sizeof(pinned) / sizeof(pinned[0]); k++) {
        htst_stable_sample_law_t law =
            make_law(pinned[k].alpha, pinned[k].beta, pinned[k].parameterization);
        CHECK(htst_stable_sample(20240229, (INT64_C(1) << 32) - 500, N, &law, out) == HTST_OK);
        CHECK(hash_of(out, N) == pinned[k].hash);
    }
}

/* Numbers 3 and 10^12 of seed 2^40 + 7, from the formula in mpmath at 60 digits. */
static void
test_known_values(void)
{
    static const struct {
        double alpha, beta;
        int parameterization;
        double first, second;
    } known[] = {
        { 2.0, 0.0, 0, 1.4486061679580641494, -1.7302801829943639376 },
        { 1.5, 0.3, 0, 1.2075655332077184319, -6.9314959632616877241 },
        { 1.9, -1.0, 1, 1.5230333214765973092, -3.7238849693474542234 },
        { 1.05, 0.7, 0, 1.2301459784668557805, -10.192265508380826799 },
        { 1.0, 0.0, 0, 0.83115736064239086278, -41.683043830063820589 },
        { 1.0, 0.5, 1, 1.0821226054767301083, -20.096124983417352724 },
        { 0.999999999, -0.8, 0, 0.75308055669116107868, -76.863302254755196869 },
        { 0.9, 1.0, 1, 7.7368378385621322548, 5.6530534859581023341 },
        { 0.7, 0.2, 1, 1.0905592303984178414, -141.68369122776261898 },
        { 0.3, 1.0, 1, 1.2356857835634298918, 0.37657204606051803078 },
        { 0.1, -1.0, 0, 0.15175450727323514502, -3404047329478.8226373 },
    };

    for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++) {
        htst_stable_sample_law_t law =
            make_law(known[k].alpha, known[k].beta, known[k].parameterization);
        double out[2];
        const uint64_t seed = (UINT64_C(1) << 40) + 7;
        CHECK(htst_stable_sample(seed, 3, 1, &law, &out[0]) == HTST_OK);
        CHECK(htst_stable_sample(seed, INT64_C(1000000000000), 1, &law, &out[1]) == HTST_OK);
        CHECK_CLOSE(out[0], known[k].first, 1e-13);
        CHECK_CLOSE(out[1], known[k].second, 1e-13);
    }
}

/* A part of a stream has the same numbers as the complete stream. Location and scale are applied to
 * them. */
static void
test_parts(void)
{
    static double whole[N], part[N];
    htst_stable_sample_law_t law = make_law(1.3, 0.4, HTST_STABLE_SAMPLE_S0);

    CHECK(htst_stable_sample(9, 0, N, &law, whole) == HTST_OK);
    for (int first = 0; first < N; first += 111) {
        int n = N - first < 300 ? N - first : 300;
        part[n < N ? n : 0] = 99;
        CHECK(htst_stable_sample(9, first, n, &law, part) == HTST_OK);
        CHECK(memcmp(part, whole + first, (size_t) n * sizeof(*part)) == 0);
        CHECK(n == N || part[n] == 99);
    }
    law.loc = -2.5;
    law.scale = 3;
    CHECK(htst_stable_sample(9, 0, N, &law, part) == HTST_OK);
    for (int e = 0; e < N; e++) {
        CHECK(part[e] == whole[e] * 3 - 2.5);
    }
}

/* In S1 at alpha = 1, a number with scale s is s x + beta (2/pi) s log s. */
static void
test_scale_at_alpha_1(void)
{
    static double plain[N], scaled[N];
    htst_stable_sample_law_t law = make_law(1.0, 0.5, HTST_STABLE_SAMPLE_S1);
    const double shift = 3 * log(3.0) / 3.141592653589793;

    CHECK(htst_stable_sample(9, 0, N, &law, plain) == HTST_OK);
    law.scale = 3;
    CHECK(htst_stable_sample(9, 0, N, &law, scaled) == HTST_OK);
    for (int e = 0; e < N; e++) {
        double exact = 3 * plain[e] + shift;
        CHECK(fabs(scaled[e] - exact) <= 1e-15 * (fabs(3 * plain[e]) + fabs(shift)));
    }
}

/* No number of beta = 1, alpha < 1 lies below the end of the support, -tan(pi alpha/2) in S0. */
static void
test_support(void)
{
    static double out[N];

    for (int k = 1; k < 87; k++) {
        htst_stable_sample_law_t law = make_law(k / 100.0, 1, HTST_STABLE_SAMPLE_S1);
        double least = HUGE_VAL, end = tan(1.5707963267948966 * law.alpha);
        CHECK(htst_stable_sample(1, 0, N, &law, out) == HTST_OK);
        for (int e = 0; e < N; e++) {
            least = out[e] < least ? out[e] : least;
        }
        CHECK(least >= 0);
        law.parameterization = HTST_STABLE_SAMPLE_S0;
        CHECK(htst_stable_sample(1, 0, N, &law, out) == HTST_OK);
        for (int e = 0; e < N; e++) {
            CHECK(out[e] >= -end * (1 + 1e-15));
        }
    }
}

static void
test_bad_arguments(void)
{
    double out[2] = { 7, 7 };
    const htst_stable_sample_law_t bad[] = {
        { 0, 0, 0, 1, 0 },
        { -1, 0, 0, 1, 0 },
        { 2.0000001, 0, 0, 1, 0 },
        { NAN, 0, 0, 1, 0 },
        { 1, 1.0001, 0, 1, 0 },
        { 1, -1.0001, 0, 1, 0 },
        { 1, NAN, 0, 1, 0 },
        { 1, 0, INFINITY, 1, 0 },
        { 1, 0, NAN, 1, 0 },
        { 1, 0, 0, 0, 0 },
        { 1, 0, 0, -1, 0 },
        { 1, 0, 0, INFINITY, 0 },
        { 1, 0, 0, NAN, 0 },
        { 1, 0, 0, 1, 2 },
        { 1, 0, 0, 1, -1 },
    };
    htst_stable_sample_law_t good = make_law(1, 0, 0);

    for (size_t k = 0; k < sizeof(bad) / sizeof(bad[0]); k++) {
        CHECK(htst_stable_sample(0, 0, 2, &bad[k], out) == HTST_ERR_BAD_ARG);
    }
    CHECK(htst_stable_sample(0, -1, 1, &good, out) == HTST_ERR_BAD_ARG);
    CHECK(htst_stable_sample(0, 0, -1, &good, out) == HTST_ERR_BAD_ARG);
    CHECK(htst_stable_sample(0, INT64_MAX, 1, &good, out) == HTST_ERR_BAD_ARG);
    CHECK(out[0] == 7 && out[1] == 7);
    CHECK(htst_stable_sample(0, INT64_MAX - 1, 1, &good, out) == HTST_OK);
    CHECK(htst_stable_sample(0, 0, 0, &good, NULL) == HTST_OK);
}

static void
test_all(void)
{
    test_pinned_bits();
    test_known_values();
    test_parts();
    test_scale_at_alpha_1();
    test_support();
    test_bad_arguments();
}

int
main(void)
{
#ifdef HTST_ISA_HAS_X86
    for (int kind = HTST_ISA_PLAIN; kind <= htst_isa_best(); kind++) {
        htst_isa_in_use = kind;
        test_all();
    }
#else
    test_all();
#endif
    return htst_test_report("test_stable_sample");
}
