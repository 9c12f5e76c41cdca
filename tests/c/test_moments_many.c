#include "htst_isa.h"
#include "htst_moments_many.h"
#include "htst_test.h"

#include <stdint.h>
#include <string.h>

/* Integers below 2^24, of both signs, of which some are small. Returns the largest. */
static int32_t
fill(float *x, int64_t n, int32_t least)
{
    uint64_t state = 7;
    int32_t largest = least;
    for (int64_t i = 0; i < n; i++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        int32_t value = (int32_t) (state >> 40) % (i % 9 == 4 ? 2 * least : 1 << 24);
        largest = value > largest ? value : largest;
        x[i] = (float) (state >> 39 & 1 ? -value : value);
    }
    return largest;
}

/* The sums over n elements, of those that are not below `least`, with integers. A sum of squares
 * is compared in two parts, because a double does not hold it. */
static void
test_sums(int isa, int64_t n, int32_t least)
{
    static float x[HTST_MOMENTS_BLOCK];
    const int32_t largest = fill(x, n, 1 << 10);
    const double magic = 1.5 * ldexp(1, 2 * ilogb(largest) + 12);
    const float bound = (float) least;
    const int64_t mask = (1 << 20) - 1;
    int64_t sum = 0, low = 0, high = 0;
    uint32_t bits;
    memcpy(&bits, &bound, sizeof bits);
    for (int64_t i = 0; i < n; i++) {
        int64_t value = (int64_t) x[i], square = value * value;
        if (value >= least || value <= -least) {
            sum += value;
            high += square >> 20;
            low += square & mask;
        }
    }
    high += low >> 20;
    htst_moments_many_t found = htst_moments_many_f32(isa, x, n, bits, magic);
    CHECK(found.sum == (double) sum);
    CHECK((found.high - (double) high * 0x1p20) + found.low == (double) (low & mask));
}

/* The most and largest elements for which there is room. */
static void
test_full(int isa)
{
    static float x[HTST_MOMENTS_BLOCK];
    const int64_t n = HTST_MOMENTS_BLOCK, largest = (1 << 24) - 1, square = largest * largest;
    for (int64_t i = 0; i < n; i++) {
        x[i] = (float) largest;
    }
    htst_moments_many_t found = htst_moments_many_f32(isa, x, n, 0, 1.5 * ldexp(1, 2 * 23 + 12));
    CHECK(found.sum == (double) (n * largest));
    /* both parts of a sum of 59 bits are multiples of 1 */
    CHECK((int64_t) found.high + (int64_t) found.low == n * square);
}

int
main(void)
{
    for (int isa = HTST_ISA_PLAIN; isa <= htst_isa_best(); isa++) {
        for (int64_t n = 0; n < 70; n++) {
            test_sums(isa, n, 0);
            test_sums(isa, n, 1 << 10);
            test_sums(isa, n, 1 << 16);
        }
        test_full(isa);
        test_sums(isa, HTST_MOMENTS_BLOCK, 0);
        test_sums(isa, HTST_MOMENTS_BLOCK, 1 << 12);
    }
    return htst_test_report("moments_many");
}
