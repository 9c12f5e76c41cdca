#include <stdint.h>
#include <string.h>

#include "htst_moments.h"
#include "htst_test.h"

/* A small generator of its own, so that the test needs nothing but the header. */
static uint64_t
next(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 17;
}

static int
is_zero(const uint64_t *words, int count)
{
    uint64_t any = 0;
    for (int k = 0; k < count; k++) {
        any |= words[k];
    }
    return any == 0;
}

#define FLOAT float
#define N_SUM HTST_MOMENTS_SUM_F32
#define N_SQUARES HTST_MOMENTS_SQUARES_F32
#define OF(name) name##_f32
#include "test_moments_template.h"

#define FLOAT double
#define N_SUM HTST_MOMENTS_SUM_F64
#define N_SQUARES HTST_MOMENTS_SQUARES_F64
#define OF(name) name##_f64
#include "test_moments_template.h"

static void
test_f32(void)
{
    static float x[5000], y[5000];
    uint64_t state = 1;
    for (int i = 0; i < 5000; i++) {
        uint32_t bits = (uint32_t) next(&state);
        if (i < 2500) { /* a narrow range: most elements take the fast path */
            bits = (bits & 0x807fffff) | (uint32_t) (120 + (i & 7)) << 23;
        }
        if ((bits & 0x7f800000) == 0x7f800000) {
            bits ^= 0x40000000;
        }
        memcpy(x + i, &bits, sizeof bits);
    }
    check_sums_f32(x, y, 5000);
}

static void
test_f64(void)
{
    static double x[5000], y[5000];
    uint64_t state = 2;
    for (int i = 0; i < 5000; i++) {
        uint64_t bits = next(&state) << 17 ^ next(&state);
        if (i < 2500) {
            bits = (bits & UINT64_C(0x800fffffffffffff)) | (uint64_t) (1000 + (i & 63)) << 52;
        }
        if ((bits >> 52 & 2047) == 2047) {
            bits ^= UINT64_C(1) << 60;
        }
        memcpy(x + i, &bits, sizeof bits);
    }
    check_sums_f64(x, y, 5000);
}

/* Values whose sums are known: units of 2^-149 and 2^-298. */
static void
test_known(void)
{
    float x[5] = { 0x1p-149f, -0x1p-148f, 0.0f, 1.0f, INFINITY };
    uint64_t sum[HTST_MOMENTS_SUM_F32] = { 0 }, squares[HTST_MOMENTS_SQUARES_F32] = { 0 };
    int64_t bad = 0;
    htst_moments_add_f32(x, 3, sum, squares, &bad);
    CHECK(sum[0] == UINT64_MAX && sum[5] == UINT64_MAX); /* -1 */
    CHECK(squares[0] == 5 && squares[1] == 0);
    CHECK(bad == 0);
    htst_moments_add_f32(x + 3, 2, sum, squares, &bad);
    CHECK(bad == 1);
    CHECK(sum[0] == UINT64_MAX && sum[2] == (UINT64_C(1) << (149 - 128)) - 1 && sum[3] == 0);
    CHECK(squares[0] == 5 && squares[4] == UINT64_C(1) << (298 - 256));
    double y[3] = { 0x1p-1074, -3.0, NAN };
    uint64_t total[HTST_MOMENTS_SUM_F64] = { 0 }, second[HTST_MOMENTS_SQUARES_F64] = { 0 };
    htst_moments_add_f64(y, 3, total, second, &bad);
    CHECK(bad == 2);
    CHECK(total[0] == 1 && second[0] == 1);
    CHECK(second[2148 / 64] == UINT64_C(9) << 2148 % 64);
    CHECK(htst_moments_add_f64(y, 0, total, second, &bad) == 0);
}

/* More squares of one exponent than 64 bits hold, none of them among the block's largest: one call
 * must give the sum over the parts. */
static void
test_many_of_one_exponent(void)
{
    enum { N = 1 << 18, PART = 1 << 12 };
    static float x[N];
    uint64_t sum[2][HTST_MOMENTS_SUM_F32] = { { 0 } },
             squares[2][HTST_MOMENTS_SQUARES_F32] = { { 0 } };
    int64_t bad = 0;
    for (int i = 0; i < N; i++) {
        x[i] = i % 1024 == 0 ? 1e30f : 1.9999999f;
    }
    CHECK(htst_moments_add_f32(x, N, sum[0], squares[0], &bad) == 0);
    for (int i = 0; i < N; i += PART) {
        CHECK(htst_moments_add_f32(x + i, PART, sum[1], squares[1], &bad) == 0);
    }
    CHECK(memcmp(sum[0], sum[1], sizeof sum[0]) == 0);
    CHECK(memcmp(squares[0], squares[1], sizeof squares[0]) == 0);
}

static void
test_all(void)
{
    test_f32();
    test_many_of_one_exponent();
    test_f64();
    test_known();
}

int
main(void)
{
    test_all();
    htst_test_ignore_denormals();
    test_all();
    return htst_test_report("test_moments");
}
