#include "htst_spread.h"

#include "htst_estimate.h"
#include "htst_sort.h"
#include "htst_test.h"

#include <stdlib.h>
#include <string.h>

enum { N = 60000 };

static float x[N], taken[N], room[N], v[N];
static double wide_v[N];
static int64_t wide_first[N + 1];
static uint32_t first[N], count[HTST_SPREAD_LOWER], starts[HTST_SPREAD_BUCKETS + 1],
    next[2][HTST_SPREAD_BUCKETS];
static uint16_t lower[2 * N];
static uint64_t state = 3;

static double
uniform(void)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return ((double) (state >> 33) + .5) * 0x1p-31;
}

static int64_t
bucket_of(float value)
{
    uint32_t key;

    memcpy(&key, &value, sizeof key);
    return key >> HTST_TAIL_DROPPED_F32;
}

/* Spread two ranges of x from a bucket on, and compare with sorting. Returns the number of distinct
 * values. */
static int64_t
check_tail(int64_t n, htst_tail_side_t side, int64_t begin, int64_t cut)
{
    const int64_t low = begin > 0 ? begin << HTST_TAIL_DROPPED_F32 : 1,
                  size = HTST_SPREAD_BUCKETS - begin;
    int64_t all = htst_tail_select_f32(n, x, side, low, 0x7f7fffff, N, taken);
    int64_t lower_half = htst_tail_select_f32(cut, x, side, low, 0x7f7fffff, N, room);

    memset(starts, 0, sizeof starts);
    for (int64_t i = 0; i < all; i++) {
        starts[bucket_of(taken[i]) - begin + 1]++;
    }
    for (int64_t b = 0; b < size; b++) {
        next[0][b] = starts[b];
        next[1][b] = starts[b];
        starts[b + 1] += starts[b];
    }
    for (int64_t i = 0; i < lower_half; i++) {
        next[1][bucket_of(room[i]) - begin]++;
    }
    CHECK(htst_spread_f32(cut, x, side, begin, size, next[0], lower) == lower_half);
    CHECK(htst_spread_f32(n - cut, x + cut, side, begin, size, next[1], lower) == all - lower_half);
    CHECK(!memcmp(next[1], starts + 1, (size_t) size * sizeof starts[0]));
    int64_t m = htst_spread_distinct_f32(begin, size, starts, lower, 0, count, v, first);
    htst_sort_f32(all, taken, room);
    CHECK(m == htst_estimate_distinct_f32(all, taken, wide_v, wide_first));
    for (int64_t j = 0; j < m; j++) {
        CHECK((double) v[j] == wide_v[j] && (int64_t) first[j] == wide_first[j]);
    }
    memset(v, 0, sizeof v);
    CHECK(htst_spread_distinct_f32(begin, size, starts, lower, 1, count, v, first) == m);
    for (int64_t j = 0; j < m; j++) {
        CHECK(
            (double) v[all - m + j] == wide_v[j] && (int64_t) first[all - m + j] == wide_first[j]);
    }
    CHECK(m == all || v[all - m - 1] == 0);
    for (int64_t d = 0; d < HTST_SPREAD_LOWER; d++) {
        CHECK(count[d] == 0);
    }
    return m;
}

static void
test_spread_is_the_sorted_sample(void)
{
    for (int kind = 0; kind < 5; kind++) {
        for (int i = 0; i < N; i++) {
            double u = uniform();
            double sign = kind == 1 && uniform() < .4 ? -1 : 1;
            double value = kind == 2 ? exp(160 * (u - .5)) /* few elements in a bucket */
                : kind == 3          ? 1 + .03 * u         /* dense buckets */
                : kind == 4          ? 1 + floor(4 * u)    /* ties */
                                     : 1 / (1 - u);
            x[i] = (float) (sign * value);
        }
        x[7] = 0;
        x[8] = -0.f;
        x[9] = 0x1p-149f;
        x[10] = 0x1.fffffep127f;
        for (int side = 0; side < 3; side++) {
            CHECK(check_tail(N, (htst_tail_side_t) side, 0, N / 3) >= (side == 2 ? 0 : 2));
            CHECK(check_tail(N, (htst_tail_side_t) side, bucket_of(1.5f), 1) >= 0);
        }
    }
    CHECK(check_tail(11, HTST_TAIL_ABS, 0, 11) > 2);
}

static void
test_wrong_places(void)
{
    const uint32_t falls[3] = { 0, 5, 3 };

    memset(lower, 0, sizeof lower);
    CHECK(htst_spread_distinct_f32(70000, 2, falls, lower, 0, count, v, first) == HTST_ERR_BAD_ARG);
}

int
main(void)
{
    test_spread_is_the_sorted_sample();
    test_wrong_places();
    return htst_test_report("spread");
}
