#include "htst_counts.h"
#include "htst_test.h"
#include "htst_test_bits.h"

#include <string.h>

enum { N = 3000, SLOTS = 40, ROOM = HTST_COUNTS_AHEAD + 3 };

/* Counts of slots of 2^42 patterns of doubles from 1 on (2^13 of floats), one of them common. */
static void
fill(double *x, float *narrow)
{
    for (int i = 0; i < N; i++) {
        int slot = i % 3 ? 5 : i * 5 % (SLOTS + 9) - 4;
        x[i] = (i % 5 ? 1 : -1) * (1 + slot * 0x1p-10 + (i % 8) * 0x1p-13);
        narrow[i] = (float) x[i];
    }
}

static void
expect(const double *x, htst_tail_side_t side, int64_t *count)
{
    memset(count, 0, SLOTS * sizeof *count);
    for (int i = 0; i < N; i++) {
        double a = side == HTST_TAIL_ABS ? fabs(x[i]) : side == HTST_TAIL_NEGATIVE ? -x[i] : x[i];
        double at = floor((a - 1) * 0x1p10);
        if (a > 0 && at >= 0 && at < SLOTS) {
            count[(int) at]++;
        }
    }
}

/* Count in several calls, with the smallest room for slots that wrap. */
#define CHECK_COUNTS(SUFFIX, X, LOW, HIGH, SHIFT, BITS)                                         \
    do {                                                                                        \
        uint##BITS##_t table[SLOTS + 1] = { 0 };                                                \
        int64_t anew[ROOM + 1], total[SLOTS] = { 0 }, found, read = 0, times = 0;               \
        anew[ROOM] = 77;                                                                        \
        while (read < N) {                                                                      \
            int64_t step = htst_counts_add_##SUFFIX##_u##BITS(N - read, (X) + read,             \
                (htst_tail_side_t) side, LOW, HIGH, SHIFT, table, ROOM, anew, &found);          \
            CHECK(step > 0 && found <= ROOM);                                                   \
            for (int64_t i = 0; i < found; i++) {                                               \
                total[anew[i]] += (int64_t) 1 << BITS;                                          \
            }                                                                                   \
            times += found;                                                                     \
            read += step;                                                                       \
        }                                                                                       \
        for (int i = 0; i < SLOTS; i++) {                                                       \
            total[i] += table[i];                                                               \
        }                                                                                       \
        CHECK(!memcmp(total, expected, sizeof total) && table[SLOTS] == 0 && anew[ROOM] == 77); \
        CHECK((times > 0) == (BITS == 8 && side != HTST_TAIL_NEGATIVE) || times == 1);          \
    } while (0)

static void
test_against_the_definition(void)
{
    static double x[N];
    static float narrow[N];
    const int64_t low = htst_test_bits(1), high = htst_test_bits(1 + SLOTS * 0x1p-10) - 1;
    const int64_t low32 = htst_test_bits_f32(1),
                  high32 = htst_test_bits_f32(1 + SLOTS * 0x1p-10f) - 1;

    fill(x, narrow);
    for (int side = HTST_TAIL_ABS; side <= HTST_TAIL_NEGATIVE; side++) {
        int64_t expected[SLOTS];
        expect(x, (htst_tail_side_t) side, expected);
        CHECK(expected[5] > 300 && expected[0] > 0 && expected[SLOTS - 1] > 0);
        CHECK_COUNTS(f64, x, low, high, 42, 8);
        CHECK_COUNTS(f64, x, low, high, 42, 16);
        CHECK_COUNTS(f64, x, low, high, 42, 32);
        CHECK_COUNTS(f32, narrow, low32, high32, 13, 8);
        CHECK_COUNTS(f32, narrow, low32, high32, 13, 16);
        CHECK_COUNTS(f32, narrow, low32, high32, 13, 32);
    }
}

/* Every element wraps its counter: no more elements are read than there is room for. */
static void
test_the_room_is_kept(void)
{
    enum { MANY = 10 * HTST_COUNTS_AHEAD };
    static float x[MANY];
    uint8_t table[1] = { 255 };
    int64_t anew[HTST_COUNTS_AHEAD], found;

    for (int i = 0; i < MANY; i++) {
        x[i] = 1;
    }
    CHECK(htst_counts_add_f32_u8(MANY, x, HTST_TAIL_ABS, htst_test_bits_f32(1),
              htst_test_bits_f32(1), 0, table, HTST_COUNTS_AHEAD, anew, &found)
        == HTST_COUNTS_AHEAD);
    CHECK(found == 1 && anew[0] == 0 && table[0] == HTST_COUNTS_AHEAD - 1);
    CHECK(htst_counts_add_f32_u8(MANY, x, HTST_TAIL_ABS, htst_test_bits_f32(1),
              htst_test_bits_f32(1), 0, table, HTST_COUNTS_AHEAD - 1, anew, &found)
        == 0);
    CHECK(found == 0);
}

int
main(void)
{
    test_against_the_definition();
    test_the_room_is_kept();
    return htst_test_report("counts");
}
