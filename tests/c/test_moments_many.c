#include "htst_isa.h"
#include "htst_moments_many.h"
#include "htst_test.h"

#include <stdint.h>
#include <string.h>

enum { MOST_N = HTST_MOMENTS_BLOCK };

static const double MOST = 0x1p93; /* the largest sum of squares that fits, in units u^2 */

static uint64_t state = 7;

static uint64_t
next(void)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return state >> 33;
}

static uint32_t
bits_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* A number of both signs, of 24 significant bits, times 2^(k - 41) for a k below `spread`. */
static float
number(int e, int spread)
{
    int32_t value = (int32_t) ((next() & 0x7fffff) | 0x800000);
    return (float) ldexp(next() & 1 ? -value : value, e - 41 + (int) (next() % (uint64_t) spread));
}

/* What htst_moments_many_f32 promises, with integers: each square of 84 bits in three parts. */
static htst_moments_many_t
expected(const float *x, int64_t n, uint32_t least, int smaller, int e)
{
    const int64_t mask = (INT64_C(1) << 21) - 1;
    htst_moments_many_t sums = { .fits = 1 };
    int64_t part[3] = { 0 }; /* in units of 1, 2^21 and 2^42 */
    double squares = 0;
    for (int64_t i = 0; i < n; i++) {
        const int is_small = (bits_of(x[i]) & INT32_MAX) < least;
        if (is_small && smaller == HTST_MOMENTS_OMIT) {
            continue;
        }
        const int64_t value = (int64_t) ldexp(x[i], 41 - e), a = value < 0 ? -value : value;
        const int64_t upper = a >> 21, lower = a & mask;
        sums.fits &= !is_small || smaller == HTST_MOMENTS_ALLOW;
        sums.sum += value;
        part[0] += lower * lower;
        part[1] += 2 * upper * lower;
        part[2] += upper * upper;
        squares += (double) a * (double) a;
    }
    part[1] += part[0] >> 21;
    sums.low = (part[0] & mask) + ((part[1] & mask) << 21);
    sums.high = part[2] + (part[1] >> 21);
    return sums.fits && squares <= MOST ? sums : (htst_moments_many_t){ .fits = 0 };
}

static void
compare(int instructions, const float *x, int64_t n, uint32_t least, int smaller, int e)
{
    const int64_t mask = (INT64_C(1) << 42) - 1;
    htst_moments_many_t right = expected(x, n, least, smaller, e);
    htst_moments_many_t found = htst_moments_many_f32(instructions, x, n, least, smaller, e);
    CHECK(found.fits == right.fits);
    CHECK(found.sum == right.sum);
    CHECK(found.high + (found.low >> 42) == right.high);
    CHECK((found.low & mask) == right.low);
}

static void
test_sums(int instructions, int64_t n, int e)
{
    static float x[MOST_N];
    const uint32_t least = bits_of((float) ldexp(1, e - 18));
    for (int spread = 1; spread <= 18; spread += 1 + (n > 100)) {
        for (int64_t i = 0; i < n; i++) {
            x[i] = number(e, spread);
        }
        compare(instructions, x, n, least, HTST_MOMENTS_REFUSE, e);
        compare(instructions, x, n, least, HTST_MOMENTS_OMIT, e);
        const int64_t at = n > 0 ? (int64_t) (next() % (uint64_t) n) : 0;
        x[at] = 0;
        compare(instructions, x, n, least, HTST_MOMENTS_ALLOW, e);
        compare(instructions, x, n, least, HTST_MOMENTS_REFUSE, e);
        x[at] = (float) ldexp(0x1.fffffep0, e - 19);
        compare(instructions, x, n, least, HTST_MOMENTS_REFUSE, e);
        for (int64_t i = n / 3; i < n; i += 7) {
            x[i] = i % 2 ? 0 : (float) ldexp(x[i], -30);
        }
        compare(instructions, x, n, least, HTST_MOMENTS_OMIT, e);
        compare(instructions, x, n, bits_of((float) ldexp(1, e - 18 + spread / 2)),
            HTST_MOMENTS_OMIT, e);
    }
}

/* The largest sums that fit, and larger ones. */
static void
test_full(int instructions)
{
    static float x[MOST_N];
    for (int exponent = 38; exponent <= 47; exponent++) {
        const int64_t largest = (INT64_C(1) << exponent) - (INT64_C(1) << (exponent - 24));
        for (int64_t n = 1; n <= MOST_N; n *= 2) {
            for (int64_t i = 0; i < n; i++) {
                x[i] = (float) ldexp((double) largest, -41);
            }
            compare(instructions, x, n, bits_of(0x1p-18f), HTST_MOMENTS_REFUSE, 0);
        }
    }
}

static void
test_not_finite(int instructions)
{
    const float values[3] = { INFINITY, -INFINITY, NAN };
    float x[40];
    for (int k = 0; k < 3; k++) {
        for (int at = 0; at < 40; at++) {
            for (int i = 0; i < 40; i++) {
                x[i] = i == at ? values[k] : 1.0f;
            }
            for (int smaller = 0; smaller < 3; smaller++) {
                const uint32_t least = bits_of(0.5f);
                CHECK(htst_moments_many_f32(instructions, x, 40, least, smaller, 0).fits == 0);
            }
        }
    }
}

int
main(void)
{
    CHECK(htst_moments_power(-1022) == 0x1p-1022 && htst_moments_power(1023) == 0x1p1023);
    for (int instructions = 0; instructions <= htst_moments_best(); instructions++) {
        for (int64_t n = 0; n < 70; n++) {
            test_sums(instructions, n, 0);
        }
        for (int e = -107; e <= 127; e += 39) {
            test_sums(instructions, MOST_N, e);
            test_sums(instructions, MOST_N - 9, e);
        }
        test_full(instructions);
        test_not_finite(instructions);
    }
    return htst_test_report("moments_many");
}
