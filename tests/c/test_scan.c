#include "htst_scan.h"

#include "htst_estimate.h"
#include "htst_test.h"

#include <stdlib.h>

#define WORK 4096 /* words, for a few dozen values */

static void
test_two_values_by_hand(void)
{
    double v[2] = { 1, 2 }, y[2], rate[2], plus, minus, d, work[WORK];
    int64_t first[3] = { 0, 3, 4 }, k;
    htst_scan_t scan = { 2, v, y, first, rate, INFINITY, 0 };
    htst_scan_allowed_t allowed = { 0, 1, 1, INFINITY, INFINITY };

    CHECK(htst_estimate_rates(2, v, first, INFINITY, y, rate) == HTST_OK);
    CHECK_CLOSE(rate[0], 4 / log(2.0), 1e-15);
    CHECK(isinf(rate[1]) && y[1] == 0);
    CHECK_CLOSE(y[0], -log(2.0), 1e-15);
    htst_scan_curve(&scan, 0, 1, &plus, &minus);
    CHECK_CLOSE(plus, 1 - exp(-4.0) - .75, 1e-14);
    CHECK(minus == 0);
    htst_scan_best(&scan, &allowed, 0, work, &k, &d);
    CHECK(k == 0 && d == plus);
    allowed.alpha_low = 1 + rate[0]; /* the range is open below */
    htst_scan_best(&scan, &allowed, 0, work, &k, &d);
    CHECK(k == -1);
    allowed.alpha_low = 1;
    scan.two_sided = 1; /* three quarters of the values are at xmin, where the model begins at 0 */
    htst_scan_best(&scan, &allowed, 0, work, &k, &d);
    CHECK(k == 0 && d == .75);
    scan.two_sided = 0;
    allowed.alpha_high = 3;
    htst_scan_best(&scan, &allowed, 0, work, &k, &d);
    CHECK(k == -1);
}

static void
test_truncated_by_hand(void)
{
    /* as much of log x below the middle of log xmin ... log xmax as above: alpha is 1 */
    double v[3] = { 1, 2, 4 }, y[3], rate[3], plus, minus;
    int64_t first[4] = { 0, 1, 2, 3 };
    htst_scan_t scan = { 3, v, y, first, rate, 4, 0 };

    CHECK(htst_estimate_rates(3, v, first, 4, y, rate) == HTST_OK);
    CHECK(fabs(rate[0]) < 1e-14);
    htst_scan_curve(&scan, 0, 1, &plus, &minus);
    CHECK_CLOSE(plus, 1. / 3, 1e-14);
    CHECK(htst_estimate_rates(3, v, first, 3.9, y, rate) == HTST_ERR_BAD_ARG);
}

static void
test_tolerance_takes_the_first(void)
{
    /* every candidate of a geometric grid with halving tails is the same law, up to the end */
    enum { M = 40 };
    double v[M], y[M], rate[M], plus[M], minus[M], best, work[WORK];
    int64_t first[M + 1], k, n = INT64_C(1) << 50, k_exact;
    htst_scan_t scan = { M, v, y, first, rate, INFINITY, 0 };
    htst_scan_allowed_t allowed = { 0, M - 1, 1, INFINITY, INFINITY };

    for (int j = 0; j < M; j++) {
        v[j] = ldexp(1, j);
        first[j] = n - (n >> j);
    }
    first[M] = n;
    CHECK(htst_estimate_rates(M, v, first, INFINITY, y, rate) == HTST_OK);
    htst_scan_curve(&scan, 0, M - 1, plus, minus);
    htst_scan_best(&scan, &allowed, 0, work, &k_exact, &best);
    for (int j = 0; j < M - 1; j++) {
        CHECK(fmax(plus[j], minus[j]) >= best);
    }
    htst_scan_best(&scan, &allowed, 1, work, &k, &best);
    CHECK(k == 0 && best == fmax(plus[0], minus[0]));
    htst_scan_best(&scan, &allowed, 1e-13, work, &k, &best);
    CHECK(k <= k_exact);
}

/* Enough candidates for blocks and for a grid with values between its places. */
static void
test_best_is_the_smallest_of_the_curve(int two_sided, int ties)
{
    enum { M = 9000 };
    static double v[M], y[M], rate[M], plus[M], minus[M];
    static int64_t first[M + 1];
    double *work = malloc((size_t) htst_scan_workspace(M) * sizeof *work), best;
    int64_t k, smallest = 0;
    htst_scan_t scan = { M, v, y, first, rate, INFINITY, two_sided };
    htst_scan_allowed_t allowed = { 0, M - 1, 1, INFINITY, INFINITY };
    uint64_t state = 1;

    for (int j = 0; j < M; j++) { /* quantiles of a law with alpha = 2, shaken */
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        v[j] = 1 / (1 - (j + (double) (state >> 33) * 0x1p-31) / M);
        first[j + 1] = first[j] + (ties ? 1 + (int64_t) (state >> 62) : 1);
    }
    CHECK(htst_estimate_rates(M, v, first, INFINITY, y, rate) == HTST_OK);
    htst_scan_curve(&scan, 0, M - 1, plus, minus);
    for (int j = 1; j < M - 1; j++) {
        smallest = fmax(plus[j], minus[j]) < fmax(plus[smallest], minus[smallest]) ? j : smallest;
    }
    CHECK(work != NULL);
    htst_scan_best(&scan, &allowed, 0, work, &k, &best);
    CHECK(k == smallest && best == fmax(plus[k], minus[k]));
    for (allowed.begin = 700; allowed.begin <= 7000; allowed.begin += 6300) {
        smallest = allowed.begin;
        for (int64_t j = smallest; j < M - 1; j++) {
            smallest = fmax(plus[j], minus[j]) < fmax(plus[smallest], minus[smallest]) ? j : smallest;
        }
        htst_scan_best(&scan, &allowed, 0, work, &k, &best);
        CHECK(k == smallest && best == fmax(plus[k], minus[k]));
    }
    free(work);
}

int
main(void)
{
    test_two_values_by_hand();
    test_truncated_by_hand();
    test_tolerance_takes_the_first();
    for (int i = 0; i < 4; i++) {
        test_best_is_the_smallest_of_the_curve(i & 1, i >> 1);
    }
    return htst_test_report("scan");
}
