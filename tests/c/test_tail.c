#include "htst_tail.h"
#include "htst_test.h"

#include <string.h>

static int64_t
key(float x)
{
    int32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static void
test_survey_and_select(void)
{
    enum { N = 1000 };
    float x[N], out[N];
    double wide[N], wide_out[N];
    htst_tail_seen_t seen = { 0, 0, 0, 0 }, wide_seen = { 0, 0, 0, 0 };
    const float values[8] = { 0, -0.0f, 1, -1, 5, -6, 1e-45f, -3 };

    for (int i = 0; i < N; i++) {
        x[i] = i < 300 && i != 7 ? 0.5f : values[i % 8]; /* groups without any, and one with one */
        wide[i] = x[i];
    }
    htst_tail_survey_f32(N, x, &seen);
    htst_tail_survey_f64(N, wide, &wide_seen);
    CHECK(!memcmp(&seen, &wide_seen, sizeof seen));
    CHECK(seen.not_finite == 0 && seen.zeros + seen.negative + seen.positive == N);
    for (int side = 0; side < 3; side++) {
        int64_t m = 0, room = 5, found;
        float expected[N];
        for (int i = 0; i < N; i++) {
            float a = side == HTST_TAIL_POSITIVE ? x[i] : side ? -x[i] : fabsf(x[i]);
            if (a >= 1 && a <= 5) {
                expected[m++] = a;
            }
        }
        found = htst_tail_select_f32(N, x, (htst_tail_side_t) side, key(1), key(5), N, out);
        CHECK(found == m && !memcmp(out, expected, (size_t) m * sizeof *out));
        out[room] = 77;
        CHECK(htst_tail_select_f32(N, x, (htst_tail_side_t) side, key(1), key(5), room, out) == m);
        CHECK(out[room] == 77);
        CHECK(htst_tail_select_f64(N, wide, (htst_tail_side_t) side, 1, INT64_C(0x7fefffffffffffff),
                  N, wide_out)
            == (side == HTST_TAIL_ABS ? seen.positive + seen.negative
                    : side == HTST_TAIL_POSITIVE ? seen.positive : seen.negative));
    }
    for (int side = 0; side < 3; side++) { /* as both together, also where all of a block is taken */
        htst_tail_seen_t taken = { 0, 0, 0, 0 }, wide_taken = { 0, 0, 0, 0 };
        float expected[N];
        int64_t m = htst_tail_select_f32(N, x, (htst_tail_side_t) side, 1, 0x7f7fffff, N, expected);
        CHECK(htst_tail_take_f32(N, x, (htst_tail_side_t) side, &taken, out) == m);
        CHECK(!memcmp(out, expected, (size_t) m * sizeof *out));
        CHECK(!memcmp(&seen, &taken, sizeof seen));
        CHECK(htst_tail_take_f64(N, wide, (htst_tail_side_t) side, &wide_taken, wide_out) == m);
        CHECK(!memcmp(&seen, &wide_taken, sizeof seen) && wide_out[m - 1] == expected[m - 1]);
        int64_t positive = htst_tail_take_f32(7, x, (htst_tail_side_t) side, &taken, out);
        CHECK(positive == (side == HTST_TAIL_NEGATIVE ? 0 : 7) && taken.positive == seen.positive + 7);
    }
    x[3] = INFINITY;
    x[4] = -INFINITY;
    x[900] = NAN;
    memset(&seen, 0, sizeof seen);
    htst_tail_survey_f32(N, x, &seen);
    CHECK(seen.not_finite == 3);
}

static void
test_count(void)
{
    enum { M = 500, SLOTS = 12 };
    static float x[M];
    static double wide[M];
    const int64_t low = key(2), high = low + 11 * 1024 + 700;

    for (int i = 0; i < M; i++) {
        x[i] = (i % 2 ? -1.f : 1.f) * (1.999f + (float) (i * 37 % 100) * 5e-5f);
        wide[i] = (double) x[i];
    }
    for (int side = HTST_TAIL_ABS; side <= HTST_TAIL_NEGATIVE; side++) {
        uint32_t table[SLOTS + 1] = { 1 }, expected[SLOTS + 1] = { 1 }, sum = 0;
        for (int i = 0; i < M; i++) {
            float a = side == HTST_TAIL_POSITIVE ? x[i] : side ? -x[i] : fabsf(x[i]);
            if (a > 0 && key(a) >= low && key(a) <= high) {
                expected[(key(a) - low) >> 10]++;
                sum++;
            }
        }
        htst_tail_count_f32(M, x, (htst_tail_side_t) side, low, high, 10, table);
        CHECK(sum > 50 && !memcmp(table, expected, sizeof table));
        memset(table, 0, sizeof table); /* of doubles: from 2 to 4, its first half and the other */
        htst_tail_count_f64(M, wide, (htst_tail_side_t) side, INT64_C(0x4000000000000000),
            INT64_C(0x400fffffffffffff), 51, table);
        sum = 0;
        for (int i = 0; i < M; i++) {
            double a = side == HTST_TAIL_POSITIVE ? wide[i] : side ? -wide[i] : fabs(wide[i]);
            sum += a >= 2;
        }
        CHECK(table[0] == sum && table[1] == 0 && table[2] == 0);
    }
}

int
main(void)
{
    test_count();
    test_survey_and_select();
    return htst_test_report("tail");
}
