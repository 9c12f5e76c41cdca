#include "htst_tail.h"
#include "htst_test.h"
#include "htst_test_bits.h"

#include <string.h>

#define MANY 1000

/* Groups without kept elements, one group with one, and groups of eight kinds of values. */
static void
fill(float *x, double *wide)
{
    const float values[8] = { 0, -0.0f, 1, -1, 5, -6, 1e-45f, -3 };
    for (int i = 0; i < MANY; i++) {
        x[i] = i < 300 && i != 7 ? 0.5f : values[i % 8];
        wide[i] = x[i];
    }
}

static void
test_survey(void)
{
    float x[MANY];
    double wide[MANY];
    htst_tail_seen_t seen = { 0, 0, 0, 0 }, wide_seen = { 0, 0, 0, 0 };
    fill(x, wide);
    htst_tail_survey_f32(MANY, x, &seen);
    htst_tail_survey_f64(MANY, wide, &wide_seen);
    CHECK(!memcmp(&seen, &wide_seen, sizeof seen));
    CHECK(seen.not_finite == 0 && seen.zeros + seen.negative + seen.positive == MANY);
    x[3] = INFINITY;
    x[4] = -INFINITY;
    x[900] = NAN;
    memset(&seen, 0, sizeof seen);
    htst_tail_survey_f32(MANY, x, &seen);
    CHECK(seen.not_finite == 3);
}

static void
test_select(htst_tail_side_t side)
{
    const int32_t low = (int32_t) htst_test_bits_f32(1), high = (int32_t) htst_test_bits_f32(5);
    float x[MANY], out[MANY], expected[MANY];
    double wide[MANY], wide_out[MANY];
    htst_tail_seen_t seen = { 0, 0, 0, 0 };
    int64_t m = 0, room = 5;
    fill(x, wide);
    htst_tail_survey_f32(MANY, x, &seen);
    for (int i = 0; i < MANY; i++) {
        float a = side == HTST_TAIL_POSITIVE ? x[i] : side ? -x[i] : fabsf(x[i]);
        if (a >= 1 && a <= 5) {
            expected[m++] = a;
        }
    }
    CHECK(htst_tail_select_f32(MANY, x, side, low, high, MANY, out) == m);
    CHECK(!memcmp(out, expected, (size_t) m * sizeof *out));
    out[room] = 77;
    CHECK(htst_tail_select_f32(MANY, x, side, low, high, room, out) == m);
    CHECK(out[room] == 77);
    CHECK(htst_tail_select_f64(MANY, wide, side, 1, INT64_C(0x7fefffffffffffff), MANY, wide_out)
        == (side == HTST_TAIL_ABS            ? seen.positive + seen.negative
                : side == HTST_TAIL_POSITIVE ? seen.positive
                                             : seen.negative));
}

/* To take is to survey and to select, also if a whole block is taken. */
static void
test_take(htst_tail_side_t side)
{
    float x[MANY], out[MANY], expected[MANY];
    double wide[MANY], wide_out[MANY];
    htst_tail_seen_t seen = { 0, 0, 0, 0 }, taken = { 0, 0, 0, 0 }, wide_taken = { 0, 0, 0, 0 };
    fill(x, wide);
    htst_tail_survey_f32(MANY, x, &seen);
    int64_t m = htst_tail_select_f32(MANY, x, side, 1, 0x7f7fffff, MANY, expected);
    CHECK(htst_tail_take_f32(MANY, x, side, &taken, out) == m);
    CHECK(!memcmp(out, expected, (size_t) m * sizeof *out));
    CHECK(!memcmp(&seen, &taken, sizeof seen));
    CHECK(htst_tail_take_f64(MANY, wide, side, &wide_taken, wide_out) == m);
    CHECK(!memcmp(&seen, &wide_taken, sizeof seen) && wide_out[m - 1] == expected[m - 1]);
    int64_t positive = htst_tail_take_f32(7, x, side, &taken, out);
    CHECK(positive == (side == HTST_TAIL_NEGATIVE ? 0 : 7) && taken.positive == seen.positive + 7);
}

/* The bucket of a number by its value: 512 for each power of two, the negative ones in the second
 * half. */
static int
bucket(double x, int bias, int half)
{
    int exponent, slot = 0;
    double fraction = frexp(fabs(x), &exponent);
    if (isinf(x)) {
        slot = (2 * bias + 1) * 512;
    }
    else if (x != 0 && exponent > 1 - bias) {
        slot = (exponent - 1 + bias) * 512 + (int) ((2 * fraction - 1) * 512);
    }
    else {
        slot =
            (int) ldexp(fabs(x), 9 + bias - 1); /* below the first power of two, evenly from 0 on */
    }
    return slot + (signbit(x) ? half : 0);
}

static void
test_histogram(void)
{
    enum { N = 5000, SINGLE = HTST_TAIL_SLOTS_F32, DOUBLE = HTST_TAIL_SLOTS_F64 };
    static uint32_t table[SINGLE], wide_table[DOUBLE], expected[SINGLE], wide_expected[DOUBLE];
    static float x[N];
    static double wide[N];
    const double few[8] = { 0, -0.0, INFINITY, -INFINITY, 0x1p-126, 0x1.8p-127, 0x1p-149,
        -0x1.fffffep127 };

    for (int i = 0; i < N; i++) {
        x[i] = (float) (i < 8 ? few[i] : ldexp(i % 2 ? 1 + i : -1 - i * 1.37, i % 37 - 25));
        wide[i] = i % 3 ? x[i] : ldexp(x[i], 20 * (i % 5 - 2));
        expected[bucket((double) x[i], 127, SINGLE / 2)]++;
        wide_expected[bucket(wide[i], 1023, DOUBLE / 2)]++;
    }
    expected[0] += 7; /* existing counts are kept */
    table[0] = 7;
    uint64_t checksum;
    CHECK(htst_tail_histogram_f32(N, x, HTST_TAIL_ABS, INT32_MAX, table, 0, NULL, &checksum) == 0);
    CHECK(checksum == htst_tail_checksum_f32(N, x));
    CHECK(htst_tail_histogram_f64(N, wide, HTST_TAIL_ABS, INT64_MAX, wide_table, 0, NULL, &checksum)
        == 0);
    CHECK(checksum == htst_tail_checksum_f64(N, wide));
    CHECK(!memcmp(table, expected, sizeof table));
    CHECK(!memcmp(wide_table, wide_expected, sizeof wide_table));
}

/* The pass that counts copies what htst_tail_select copies, in the same order, and no more than
 * there is room for. Vectors do not fit the lengths. */
static void
test_copied(htst_tail_side_t side, int64_t n, int64_t room)
{
    enum { N = 5000 };
    static uint32_t table[HTST_TAIL_SLOTS_F32], wide_table[HTST_TAIL_SLOTS_F64];
    static float x[N], out[N], expected[N];
    static double wide[N], wide_out[N], wide_expected[N];
    const float low = 3;
    uint64_t checksum;

    for (int i = 0; i < N; i++) {
        x[i] = (float) ((i % 2 ? 1 : -1) * (i * 37 % 101) * .05);
        wide[i] = x[i] * (1 + 0x1p-40);
        out[i] = -77;
        wide_out[i] = -77;
    }
    const int64_t key = htst_test_bits_f32(low), wide_key = htst_test_bits(low);
    int64_t m = htst_tail_select_f32(n, x, side, key, INT32_MAX, N, expected);
    int64_t copied = m < room ? m : room;
    CHECK(htst_tail_histogram_f32(n, x, side, key, table, room, out, &checksum) == m);
    CHECK(!memcmp(out, expected, (size_t) copied * sizeof out[0]) && out[copied] == -77);
    CHECK(checksum == htst_tail_checksum_f32(n, x));
    m = htst_tail_select_f64(n, wide, side, wide_key, INT64_MAX, N, wide_expected);
    copied = m < room ? m : room;
    CHECK(htst_tail_histogram_f64(n, wide, side, wide_key, wide_table, room, wide_out, &checksum)
        == m);
    CHECK(!memcmp(wide_out, wide_expected, (size_t) copied * sizeof wide_out[0]));
    CHECK(wide_out[copied] == -77 && checksum == htst_tail_checksum_f64(n, wide));
}

/* The definition of the header, in any order and in parts; a change of two elements changes the
 * checksum. */
static void
test_checksum(void)
{
    enum { N = 101 };
    double x[N];
    float single[N];
    uint16_t half[N];
    uint64_t expected[3] = { 0, 0, 0 };

    for (int i = 0; i < N; i++) {
        x[i] = (i % 7 - 3) * 1.37 + i;
        single[i] = (float) x[i];
        half[i] = (uint16_t) (i * 601);
        uint32_t bits;
        uint64_t words[3];
        memcpy(&words[0], x + i, sizeof words[0]);
        memcpy(&bits, single + i, sizeof bits);
        words[1] = (uint64_t) bits << 32;
        words[2] = (uint64_t) half[i] << 48;
        for (int k = 0; k < 3; k++) {
            uint64_t u = words[k] >> 32, l = words[k] & UINT32_MAX;
            uint64_t m = (l ^ u ^ u >> 15) * UINT64_C(0x9e3779b1) & UINT32_MAX;
            expected[k] += m * (u ^ m >> 13 ^ UINT64_C(0x85ebca6b)) + l;
        }
    }
    CHECK(htst_tail_checksum_f64(N, x) == expected[0]);
    CHECK(htst_tail_checksum_f32(N, single) == expected[1]);
    CHECK(htst_tail_checksum_u16(N, half) == expected[2]);
    static uint64_t counts[65536];
    memset(counts, 0, sizeof counts);
    for (int i = 0; i < N; i++) {
        counts[half[i]]++;
    }
    CHECK(htst_tail_checksum_counts_u16(counts) == expected[2]);
    CHECK(htst_tail_checksum_f64(40, x) + htst_tail_checksum_f64(N - 40, x + 40) == expected[0]);
    const double one[4] = { 4, 5, 6, 7 }, two[4] = { 5, 5, 6, 6 }, three[4] = { 7, 4, 6, 5 };
    CHECK(htst_tail_checksum_f64(4, one) != htst_tail_checksum_f64(4, two));
    CHECK(htst_tail_checksum_f64(4, one) == htst_tail_checksum_f64(4, three));
}

int
main(void)
{
    test_survey();
    for (int side = 0; side < 3; side++) {
        test_select((htst_tail_side_t) side);
        test_take((htst_tail_side_t) side);
        for (int64_t n = 4990; n >= 1; n /= 3) {
            test_copied((htst_tail_side_t) side, n, 4999);
            test_copied((htst_tail_side_t) side, n, n / 7);
        }
        test_copied((htst_tail_side_t) side, 0, 5);
    }
    test_histogram();
    test_checksum();
    return htst_test_report("tail");
}
