#include <string.h>

#include "htst_estimate.h"
#include "htst_test.h"

/* Of v[j] = 2^(j/8): every step is log(2)/8, every n is known, and so is every sum. */
static void
check_grid(int m, int count)
{
    enum { M = 700 };
    double v[M], y[M], rate[M], rate_of_logs[M], step = log(2.0) / 8;
    int64_t first[M + 1] = { 0 };

    for (int j = 0; j < m; j++) {
        v[j] = exp2(j / 8.);
        first[j + 1] = first[j] + count;
    }
    CHECK(htst_estimate_rates(m, v, first, INFINITY, y, rate) == HTST_OK);
    for (int k = 0; k < m - 1; k++) {
        double n = m - k;
        CHECK_CLOSE(rate[k], n / (step * n * (n - 1) / 2), 8 * 0x1p-52);
        CHECK_CLOSE(y[k], -step * (m - 1 - k), 8 * 0x1p-52);
    }
    CHECK(y[m - 1] == 0 && isinf(rate[m - 1]));
    CHECK(htst_estimate_rates_of_logs(m, y, first, rate_of_logs) == HTST_OK);
    for (int k = 0; k < m - 1; k++) {
        CHECK_CLOSE(rate_of_logs[k], rate[k], 1e-14 * (m - k));
    }
}

static void
test_sums_by_formula(void)
{
    for (int m = 2; m < 40; m++) {
        check_grid(m, 1);
    }
    check_grid(256, 3);
    check_grid(257, 1);
    check_grid(258, 1);
    check_grid(700, 2);
}

/* Values below v must change no bit of the estimates from v on. */
static void
test_a_tail_has_the_estimates_of_the_whole(void)
{
    enum { M = 600 };
    double v[M], y[2][M], rate[2][M];
    int64_t first[M + 1], from_zero[M + 1];
    uint64_t state = 7;

    first[0] = 0;
    for (int j = 0; j < M; j++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        v[j] = (j > 0 ? v[j - 1] : 1) * (1 + (double) (state >> 40) * 0x1p-26);
        first[j + 1] = first[j] + 1 + (int64_t) (state >> 61);
    }
    CHECK(htst_estimate_rates(M, v, first, INFINITY, y[0], rate[0]) == HTST_OK);
    for (int cut = 1; cut < M - 1; cut += 37) {
        for (int j = cut; j <= M; j++) {
            from_zero[j - cut] = first[j] - first[cut];
        }
        CHECK(htst_estimate_rates(M - cut, v + cut, from_zero, INFINITY, y[1], rate[1]) == HTST_OK);
        for (int j = cut; j < M; j++) {
            CHECK(y[1][j - cut] == y[0][j] && rate[1][j - cut] == rate[0][j]);
        }
    }
}

enum { BLOCKS = 160 };

/* The groups of two ranges of blocks, the later one first, give the marks. */
static void
check_groups(int64_t m, const double *v, const int64_t *first, const htst_estimate_mark_t *marks)
{
    static htst_estimate_mark_t same[BLOCKS];
    static htst_estimate_groups_t groups[BLOCKS];
    int64_t blocks = htst_estimate_blocks(m), part = blocks / 3;

    CHECK(htst_estimate_groups(m, v, first, part, blocks, groups + part) == HTST_OK);
    CHECK(htst_estimate_groups(m, v, first, 0, part, groups) == HTST_OK);
    memset(same, 0, sizeof same);
    htst_estimate_add_groups(part, groups, same);
    htst_estimate_add_groups(blocks - part, groups + part, same + part);
    CHECK(!memcmp(same, marks, (size_t) (blocks + 1) * sizeof *marks));
}

/* Any block computed from its mark is bit-identical. */
static void
test_blocks(void)
{
    enum { M = 9000 };
    static double v[M], y[M], rate[M];
    static int64_t first[M + 1];
    static htst_estimate_mark_t marks[BLOCKS];
    static htst_estimate_groups_t groups[2];
    double y_of_block[HTST_ESTIMATE_BLOCK], rate_of_block[HTST_ESTIMATE_BLOCK];

    for (int j = 0; j < M; j++) {
        v[j] = pow(1 - (double) j / M, -.7) + 1e-9 * j;
        first[j + 1] = first[j] + 1 + j % 3;
    }
    for (int m = 1; m <= M; m += m < 600 ? 1 : m < 1300 ? 97 : 1711) {
        int64_t end = m - 1, blocks = htst_estimate_blocks(m);
        CHECK(htst_estimate_rates(m, v, first, INFINITY, y, rate) == HTST_OK);
        CHECK(htst_estimate_marks(m, v, first, marks) == HTST_OK);
        for (int64_t i = 0; i < blocks; i++) {
            int64_t low = htst_estimate_block(m, v, first, marks, i, y_of_block, rate_of_block);
            CHECK(low == (end > HTST_ESTIMATE_BLOCK ? end - HTST_ESTIMATE_BLOCK : 0));
            for (int64_t k = low; k < end; k++) {
                CHECK(y_of_block[k - low] == y[k] && rate_of_block[k - low] == rate[k]);
            }
            CHECK(marks[i + 1].reach_high + marks[i + 1].reach_low == -y[low]
                || end < HTST_ESTIMATE_BLOCK);
            end = low;
        }
        CHECK(end == 0);
        check_groups(m, v, first, marks);
    }
    v[5] = v[4];
    CHECK(htst_estimate_marks(M, v, first, marks) == HTST_ERR_BAD_ARG);
    CHECK(htst_estimate_groups(M, v, first, 0, 2, groups) == HTST_OK);
    CHECK(htst_estimate_groups(
              M, v, first, htst_estimate_blocks(M) - 1, htst_estimate_blocks(M), groups)
        == HTST_ERR_BAD_ARG);
    CHECK(htst_estimate_groups(0, v, first, 0, 0, groups) == HTST_ERR_BAD_ARG);
}

/* Narrow arrays give the bits of wide ones, at every number of values and with large steps. */
static void
test_narrow_blocks(void)
{
    enum { M = 2500 };
    static double wide_v[M];
    static float v[M];
    static int64_t wide_first[M + 1];
    static uint32_t first[M + 1];
    static htst_estimate_mark_t marks[BLOCKS];
    static htst_estimate_groups_t groups[BLOCKS], wide_groups[BLOCKS];
    double y[HTST_ESTIMATE_BLOCK], rate[HTST_ESTIMATE_BLOCK], wide_y[HTST_ESTIMATE_BLOCK],
        wide_rate[HTST_ESTIMATE_BLOCK];

    for (int j = 0; j < M; j++) {
        v[j] = (float) (pow(1 - (double) j / M, -.7) * (j < M / 2 ? 1e-3 : 1) * (1 + 1e-6 * j));
        wide_v[j] = (double) v[j];
        first[j + 1] = first[j] + 1 + (j % 5 == 0 ? UINT32_C(1) << 20 : 0);
        wide_first[j + 1] = (int64_t) first[j + 1];
    }
    for (int m = 2; m <= M; m += m < 200 ? 1 : 97) {
        int64_t blocks = htst_estimate_blocks(m);
        CHECK(htst_estimate_groups(m, wide_v, wide_first, 0, blocks, wide_groups) == HTST_OK);
        CHECK(htst_estimate_groups_narrow(m, v, first, 0, blocks, groups) == HTST_OK);
        CHECK(!memcmp(groups, wide_groups, (size_t) blocks * sizeof groups[0]));
        CHECK(htst_estimate_marks(m, wide_v, wide_first, marks) == HTST_OK);
        for (int64_t i = 0; i < blocks; i++) {
            int64_t low = htst_estimate_block_narrow(m, v, first, marks, i, y, rate);
            CHECK(low == htst_estimate_block(m, wide_v, wide_first, marks, i, wide_y, wide_rate));
            size_t size = (size_t) (m - 1 - i * HTST_ESTIMATE_BLOCK - low) * sizeof y[0];
            CHECK(!memcmp(y, wide_y, size) && !memcmp(rate, wide_rate, size));
        }
    }
    CHECK(htst_estimate_groups_narrow(0, v, first, 0, 0, groups) == HTST_ERR_BAD_ARG);
    v[5] = v[4];
    CHECK(htst_estimate_groups_narrow(64, v, first, 0, 1, groups) == HTST_ERR_BAD_ARG);
    first[64] = first[0];
    CHECK(htst_estimate_groups_narrow(64, v, first, 0, 1, groups) == HTST_ERR_TOO_FEW);
}

static void
test_steps_of_every_size(void)
{
    const double a[] = { 1, 1, 5e-324, 1e-300, 0x1.8p1022, 0x1.fp1023, 3, 17 };
    const double b[] = { 1 + 0x1p-52, 2, 1e-323, 1e300, 0x1.9p1022, 0x1.fffffp1023, 3.1, 18 };

    for (int i = 0; i < 8; i++) {
        double v[2] = { a[i], b[i] }, y[2], rate[2];
        int64_t first[3] = { 0, 1, 2 };
        CHECK(htst_estimate_rates(2, v, first, INFINITY, y, rate) == HTST_OK);
        /* by formulas that do not need the extra digits of long double: valgrind lacks them */
        double step = (double) (b[i] / 2 < a[i] ? log1pl(((long double) b[i] - a[i]) / a[i])
                : isfinite(b[i] / a[i])         ? logl((long double) b[i] / a[i])
                                                : logl(b[i]) - logl(a[i]));
        CHECK_CLOSE(y[0], -step, 8 * 0x1p-52);
        CHECK_CLOSE(rate[0], 2 / step, 8 * 0x1p-52);
        CHECK_CLOSE(htst_estimate_log_ratio(a[i], b[i]), step, 8 * 0x1p-52);
    }
}

static void
test_distinct(void)
{
    float x[5] = { 1, 1, 2, 3, 3 };
    double v[5];
    int64_t first[6];

    CHECK(htst_estimate_distinct_f32(5, x, v, first) == 3);
    CHECK(v[0] == 1 && v[1] == 2 && v[2] == 3);
    CHECK(first[0] == 0 && first[1] == 2 && first[2] == 3 && first[3] == 5);
    CHECK(htst_estimate_distinct_f64(0, v, v, first) == 0 && first[0] == 0);
    double in_place[5] = { 1, 1, 2, 3, 3 };
    CHECK(htst_estimate_distinct_f64(5, in_place, in_place, first) == 3);
    CHECK(in_place[0] == 1 && in_place[1] == 2 && in_place[2] == 3);
    CHECK(first[0] == 0 && first[1] == 2 && first[2] == 3 && first[3] == 5);
}

/* Parts of a sorted array, each filled with room for exactly its distinct values, are the whole. */
static void
test_distinct_part(void)
{
    enum { N = 1000 };
    static float x[N];
    static double wide[N], v[N + 1], whole[N];
    static int64_t first[N + 1], counts[N + 1];

    for (int i = 0; i < N; i++) { /* runs without ties, with some, and of one value */
        x[i] = (float) (i < 300 ? i : i < 600 ? 300 + i / 3 * 3 : 900 + i / 150);
        wide[i] = x[i];
    }
    const int64_t m = htst_estimate_distinct_f32(N, x, whole, counts);
    int64_t m_part = 0;
    for (int64_t i = 0, end; i < N; i = end) {
        for (end = i + 70 < N ? i + 70 : N; end < N && !(x[end] > x[end - 1]);) {
            end++;
        }
        const int64_t room = htst_estimate_count_distinct_f32(end - i, x + i);
        CHECK(htst_estimate_count_distinct_f64(end - i, wide + i) == room);
        v[m_part + room] = -7;
        first[m_part + room] = -7;
        CHECK(htst_estimate_distinct_part_f64(
                  end - i, wide + i, i, room - 1, v + m_part, first + m_part)
            == HTST_ERR_BAD_ARG);
        CHECK(htst_estimate_distinct_part_f32(end - i, x + i, i, room, v + m_part, first + m_part)
            == room);
        m_part += room;
        CHECK(v[m_part] == -7 && first[m_part] == -7);
    }
    CHECK(m_part == m && !memcmp(v, whole, (size_t) m * sizeof v[0]));
    CHECK(!memcmp(first, counts, (size_t) m * sizeof first[0]));
    CHECK(htst_estimate_count_distinct_f32(0, x) == 0);
}

static void
test_errors(void)
{
    double v[2] = { 1, 1 }, y[2], rate[2];
    int64_t first[3] = { 0, 1, 2 }, none[3] = { 0, 0, 0 };

    CHECK(htst_estimate_rates(0, v, first, INFINITY, y, rate) == HTST_ERR_BAD_ARG);
    CHECK(htst_estimate_rates(2, v, first, INFINITY, y, rate) == HTST_ERR_BAD_ARG);
    v[1] = INFINITY;
    CHECK(htst_estimate_rates(2, v, first, INFINITY, y, rate) == HTST_ERR_BAD_ARG);
    v[1] = 2;
    CHECK(htst_estimate_rates(2, v, none, INFINITY, y, rate) == HTST_ERR_TOO_FEW);
}

static void
test_parts_are_the_whole(void)
{
    enum { M = 1 + 5 * HTST_ESTIMATE_BLOCK + 17 };
    static double v[M], y[M], rate[M], part_y[M], part_rate[M];
    static int64_t first[M + 1];
    const int64_t edges[4] = { M - 1, M - 1 - HTST_ESTIMATE_BLOCK, 17, 0 };
    htst_estimate_mark_t mark = { 0, 0, 0, 0 };

    for (int j = 0; j < M; j++) {
        v[j] = 1 + .01 * j * j + (j > M - 9 ? 1e6 * j : 0);
        first[j] = (int64_t) j * (j + 1) / 2;
    }
    first[M] = first[M - 1] + 5;
    CHECK(htst_estimate_rates(M, v, first, INFINITY, y, rate) == HTST_OK);
    part_y[M - 1] = 0;
    part_rate[M - 1] = INFINITY;
    for (int i = 0; i < 3; i++) {
        int64_t low = edges[i + 1], size = edges[i] - low + 1;
        CHECK(htst_estimate_part(
                  size, v + low, first + low, first[M], &mark, part_y + low, part_rate + low)
            == HTST_OK);
    }
    for (int j = 0; j < M; j++) {
        CHECK(part_y[j] == y[j] && part_rate[j] == rate[j]);
    }
    CHECK(htst_estimate_part(2, v + 5, first + 5, 3, &mark, y, rate) == HTST_ERR_BAD_ARG);
    v[6] = v[5];
    CHECK(htst_estimate_part(2, v + 5, first + 5, first[M], &mark, y, rate) == HTST_ERR_BAD_ARG);
}

int
main(void)
{
    test_sums_by_formula();
    test_a_tail_has_the_estimates_of_the_whole();
    test_blocks();
    test_narrow_blocks();
    test_steps_of_every_size();
    test_distinct();
    test_distinct_part();
    test_errors();
    test_parts_are_the_whole();
    return htst_test_report("estimate");
}
