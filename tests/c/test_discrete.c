#include "htst_discrete.h"
#include "htst_test.h"
#include "htst_zeta.h"

static void
test_two_values_by_hand(void)
{
    double x[2] = { 1, 2 }, mean[2], alpha[1], norm[1], d, z[3];
    int64_t first[3] = { 0, 3, 4 }, k;
    htst_discrete_t scan = { 2, x, first, 2, alpha, norm, 0 };

    CHECK(htst_discrete_means(2, x, first, mean) == HTST_OK);
    CHECK_CLOSE(mean[0], log(2.0) / 4, 1e-15);
    CHECK(mean[1] == 0);
    /* on {1, 2} the law is free: P(2) = 1/4, so 2^-alpha = 1/3 and all distances are 0 */
    CHECK(htst_discrete_estimate(x, mean, 0, 1, 2, 0, alpha, norm) == HTST_OK);
    CHECK_CLOSE(alpha[0], log2(3.0), 1e-14);
    CHECK_CLOSE(norm[0], 4.0 / 3, 1e-14);
    scan.is_two_sided = 1;
    htst_discrete_curve(&scan, 0, 1, &d);
    CHECK(d < 1e-15);
    /* on all integers they are not: below 2 the distance is P(1) - 3/4, above 2 it is the
     * remaining tail */
    CHECK(htst_discrete_estimate(x, mean, 0, 1, INFINITY, 1, alpha, norm) == HTST_OK);
    htst_zeta_log(alpha[0], 1, z);
    CHECK_CLOSE(-z[1], log(2.0) / 4, 1e-14);
    CHECK_CLOSE(norm[0], exp(z[0]), 1e-14);
    scan.top = INFINITY;
    scan.is_two_sided = 0;
    htst_discrete_best(&scan, 0, 1, 1e-13, &k, &d);
    CHECK(k == 0);
    CHECK_CLOSE(d, fabs(1 / norm[0] - 0.75), 1e-13);
    scan.is_two_sided = 1;
    htst_discrete_best(&scan, 0, 1, 1e-13, &k, &d);
    CHECK_CLOSE(d, fmax(fabs(1 / norm[0] - 0.75), 1 - (1 + exp2(-alpha[0])) / norm[0]), 1e-13);
}

/* Over several parts, with counts of 0, against the sum that defines the mean. */
static void
test_means_of_parts(void)
{
    enum { M = 9001 };
    static double x[M], mean[M], short_mean[M];
    static int64_t first[M + 1], short_first[M + 1];
    const int64_t from = 5000;
    long double logs = 0, lost = 0; /* compensated: in valgrind a long double is a double */

    for (int i = 0; i < M; i++) {
        x[i] = i == 0 ? 1 : x[i - 1] + 1 + (i * 31) % 17 * (i > 8990 ? 1e12 : 1);
        first[i + 1] = first[i] + (i * 37) % 11;
    }
    CHECK(htst_discrete_means(M, x, first, mean) == HTST_OK);
    CHECK(mean[M - 1] == 0);
    for (int k = M - 2; k >= 0; k--) {
        long double n = (long double) (first[M] - first[k]);
        long double above = (long double) (first[M] - first[k + 1]);
        long double part = above * log1pl((long double) ((x[k + 1] - x[k]) / x[k]));
        long double sum = logs + part;
        lost += logs > part ? logs - sum + part : part - sum + logs;
        logs = sum;
        CHECK_CLOSE(mean[k], (double) ((logs + lost) / n), 2.2e-15);
    }
    for (int64_t k = from; k <= M; k++) { /* values below change no bit */
        short_first[k - from] = first[k] - first[from];
    }
    CHECK(htst_discrete_means(M - from, x + from, short_first, short_mean) == HTST_OK);
    for (int64_t k = from; k < M; k++) {
        CHECK(short_mean[k - from] == mean[k]);
    }
}

/* Without a tolerance the search and the scan find the smallest distance to the bit. The law of a
 * candidate is the same just above x and just below x + 1, but the two are rounded differently: a
 * probe point there must not exclude the candidate by its last bit. Neighbours without counts
 * between them make such points the largest ones. */
static void
test_smallest_distance_to_the_bit(void)
{
    enum { M = 12, SAMPLES = 2000 };
    double x[M], mean[M], alpha[M], norm[M], d[M], found;
    int64_t first[M + 1] = { 0 }, k;
    uint64_t state = 1;

    for (int sample = 0; sample < SAMPLES; sample++) {
        htst_discrete_t scan = { M, x, first, INFINITY, alpha, norm, sample % 2 };
        htst_discrete_best_t best;
        int64_t want = -1;
        for (int i = 0; i < M; i++) {
            state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            int64_t step = state >> 63 ? 1 : (int64_t) (1 + (state >> 60 & 7)) << 17;
            x[i] = i ? x[i - 1] + (double) step : 1e5;
            first[i + 1] = first[i] + (state >> 58 & 3 ? (int64_t) (state >> 40) % 60 : 0);
        }
        first[M] += first[M] == first[M - 1];
        CHECK(htst_discrete_means(M, x, first, mean) == HTST_OK);
        CHECK(htst_discrete_estimate(x, mean, 0, M, INFINITY, 1, alpha, norm) == HTST_OK);
        htst_discrete_curve(&scan, 0, M, d);
        for (int i = 0; i < M; i++) {
            want = !isnan(d[i]) && (want < 0 || d[i] < d[want]) ? i : want;
        }
        htst_discrete_best(&scan, 0, M, 0, &k, &found);
        CHECK(k == want && (want < 0 || found == d[want]));
        CHECK(htst_discrete_search(&scan, mean, 1, 0, M, 0, &best) == HTST_OK);
        CHECK(best.k == want && (want < 0 || best.distance == d[want]));
    }
}

/* Among equal distances the smallest candidate is chosen, even if another one is better by less
 * than the tolerance. */
static void
test_first_within_the_tolerance(void)
{
    enum { M = 40 };
    double x[M], mean[M], alpha[M], norm[M], d[M], least = INFINITY, found;
    int64_t first[M + 1] = { 0 }, k;
    htst_discrete_t scan = { M, x, first, INFINITY, alpha, norm, 0 };
    htst_discrete_best_t best;
    int64_t answers = 0, before = -1;

    for (int i = 0; i < M; i++) {
        x[i] = i + 1;
        /* a flat body below the law: distances fall gradually to the smallest one */
        first[i + 1] = first[i] + 1 + (i * 37) % 11 + (i < 9 ? 30 : 4000 / ((i + 1) * (i + 1)));
    }
    CHECK(htst_discrete_means(M, x, first, mean) == HTST_OK);
    CHECK(htst_discrete_estimate(x, mean, 0, M - 1, INFINITY, 1, alpha, norm) == HTST_OK);
    htst_discrete_curve(&scan, 0, M - 1, d);
    for (int i = 0; i < M - 1; i++) {
        least = fmin(least, d[i]);
    }
    for (double tolerance = 0; tolerance < 0.2; tolerance += 0.01) {
        int64_t want = 0;
        while (d[want] > least + tolerance) {
            want++;
        }
        htst_discrete_best(&scan, 0, M - 1, tolerance, &k, &found);
        CHECK(k == want && found == d[want]);
        CHECK(htst_discrete_search(&scan, mean, 1, 0, M - 1, tolerance, &best) == HTST_OK);
        CHECK(best.k == want && best.distance == d[want] && best.alpha == alpha[want]);
        answers += k != before;
        before = k;
    }
    CHECK(answers >= 4);
    htst_discrete_best(&scan, 5, 5, 0, &k, &found);
    CHECK(k == -1);
    CHECK(htst_discrete_search(&scan, mean, 1, 5, 5, 0, &best) == HTST_OK && best.k == -1);
    CHECK(htst_discrete_search(&scan, mean, .5, 0, 5, 0, &best) == HTST_ERR_BAD_ARG);
    scan.top = 1000;
    CHECK(htst_discrete_search(&scan, mean, 1, 0, 5, 0, &best) == HTST_ERR_BAD_ARG);
}

static void
test_no_estimate_at_the_top(void)
{
    /* most values lie at the top: the truncated estimate is below any bound */
    double x[3] = { 1, 9, 10 }, mean[3], alpha[3], norm[3], d;
    int64_t first[4] = { 0, 1, 2, 52 }, k;
    htst_discrete_t scan = { 3, x, first, 10, alpha, norm, 0 };

    CHECK(htst_discrete_means(3, x, first, mean) == HTST_OK);
    CHECK(htst_discrete_estimate(x, mean, 0, 3, 10, 0, alpha, norm) == HTST_OK);
    CHECK(isnan(alpha[0]) && isnan(alpha[1]) && isnan(alpha[2]));
    htst_discrete_best(&scan, 0, 3, 0, &k, &d);
    CHECK(k == -1);
}

/* Equally many of every integer up to the top are the law with alpha = 0, for every candidate. Any
 * change that makes small integers more frequent gives an estimate. */
static void
test_uniform_integers(void)
{
    enum { M = 60 };
    double x[M], mean[M], alpha[M], norm[M], least;
    int64_t first[M + 1] = { 0 };

    for (int q = 1; q < 4000; q = q < 20 ? q + 1 : 3 * q) {
        for (int m = 2; m <= M; m += m < 8 ? 1 : 13) {
            for (int i = 0; i < m; i++) {
                x[i] = q + i;
                first[i + 1] = first[i] + 139;
            }
            CHECK(htst_discrete_means(m, x, first, mean) == HTST_OK);
            CHECK(htst_discrete_estimate(x, mean, 0, m, x[m - 1], 0, alpha, norm) == HTST_OK);
            for (int i = 0; i < m; i++) {
                CHECK(isnan(alpha[i]) && isnan(norm[i]));
            }
            for (int i = 0; i <= m; i++) {
                first[i] += i > 0;
            }
            CHECK(htst_discrete_means(m, x, first, mean) == HTST_OK);
            CHECK(htst_discrete_estimate(x, mean, 0, 1, x[m - 1], 0, alpha, norm) == HTST_OK);
            least = 1e-3 / log(x[m - 1] / x[0]) / m;
            CHECK(alpha[0] > least && norm[0] > 1);
        }
    }
}

static void
test_errors(void)
{
    double x[2] = { 1, 1.5 }, mean[2], alpha[1], norm[1];
    int64_t first[3] = { 0, 1, 2 }, none[3] = { 0, 0, 0 }, late[3] = { 1, 2, 3 };
    int64_t falling[3] = { 0, 2, 1 }, negative[3] = { 0, -1, 2 };

    CHECK(htst_discrete_means(0, x, first, mean) == HTST_ERR_BAD_ARG);
    CHECK(htst_discrete_means(2, x, first, mean) == HTST_ERR_BAD_ARG);
    x[1] = 0x1p54;
    CHECK(htst_discrete_means(2, x, first, mean) == HTST_ERR_BAD_ARG);
    x[1] = 1;
    CHECK(htst_discrete_means(2, x, first, mean) == HTST_ERR_BAD_ARG);
    x[0] = 0;
    CHECK(htst_discrete_means(2, x, first, mean) == HTST_ERR_BAD_ARG);
    x[0] = 1;
    x[1] = 0x1p53;
    CHECK(htst_discrete_means(2, x, none, mean) == HTST_ERR_TOO_FEW);
    CHECK(htst_discrete_means(2, x, late, mean) == HTST_ERR_BAD_ARG);
    CHECK(htst_discrete_means(2, x, falling, mean) == HTST_ERR_BAD_ARG);
    CHECK(htst_discrete_means(2, x, negative, mean) == HTST_ERR_BAD_ARG);
    CHECK(htst_discrete_means(2, x, first, mean) == HTST_OK);
    x[1] = NAN;
    CHECK(htst_discrete_means(2, x, first, mean) == HTST_ERR_BAD_ARG);
    CHECK(htst_discrete_estimate(x, mean, 0, 1, INFINITY, 0.5, alpha, norm) == HTST_ERR_BAD_ARG);
    CHECK(htst_discrete_estimate(x, mean, 1, 0, INFINITY, 1, alpha, norm) == HTST_ERR_BAD_ARG);
}

int
main(void)
{
    test_two_values_by_hand();
    test_means_of_parts();
    test_first_within_the_tolerance();
    test_smallest_distance_to_the_bit();
    test_no_estimate_at_the_top();
    test_uniform_integers();
    test_errors();
    return htst_test_report("discrete");
}
