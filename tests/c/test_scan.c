#include "htst_scan.h"
#include "htst_test.h"

static void
test_two_values_by_hand(void)
{
    double v[2] = { 1, 2 }, y[2], rate[2], plus, minus, d;
    int64_t first[3] = { 0, 3, 4 }, k;
    htst_scan_t scan = { 2, v, y, first, rate, INFINITY, 0 };
    htst_scan_allowed_t allowed = { 0, 1, 1, INFINITY, INFINITY };

    CHECK(htst_scan_prepare(2, v, first, INFINITY, y, rate) == HTST_OK);
    CHECK_CLOSE(rate[0], 4 / log(2.0), 1e-15);
    CHECK(isinf(rate[1]) && y[1] == 0);
    CHECK_CLOSE(y[0], -log(2.0), 1e-15);
    htst_scan_curve(&scan, 0, 1, &plus, &minus);
    CHECK_CLOSE(plus, 1 - exp(-4.0) - .75, 1e-14);
    CHECK(minus == 0);
    htst_scan_best(&scan, &allowed, 0, &k, &d);
    CHECK(k == 0 && d == plus);
    allowed.alpha_low = 1 + rate[0]; /* the range is open below */
    htst_scan_best(&scan, &allowed, 0, &k, &d);
    CHECK(k == -1);
    allowed.alpha_low = 1;
    scan.two_sided = 1; /* three quarters of the values are at xmin, where the model begins at 0 */
    htst_scan_best(&scan, &allowed, 0, &k, &d);
    CHECK(k == 0 && d == .75);
    scan.two_sided = 0;
    allowed.alpha_high = 3;
    htst_scan_best(&scan, &allowed, 0, &k, &d);
    CHECK(k == -1);
}

static void
test_truncated_by_hand(void)
{
    /* as much of log x below the middle of log xmin ... log xmax as above: alpha is 1 */
    double v[3] = { 1, 2, 4 }, y[3], rate[3], plus, minus;
    int64_t first[4] = { 0, 1, 2, 3 };
    htst_scan_t scan = { 3, v, y, first, rate, 4, 0 };

    CHECK(htst_scan_prepare(3, v, first, 4, y, rate) == HTST_OK);
    CHECK(fabs(rate[0]) < 1e-14);
    htst_scan_curve(&scan, 0, 1, &plus, &minus);
    CHECK_CLOSE(plus, 1. / 3, 1e-14);
    CHECK(htst_scan_prepare(3, v, first, 3.9, y, rate) == HTST_ERR_BAD_ARG);
}

static void
test_tolerance_takes_the_first(void)
{
    /* every candidate of a geometric grid with halving tails is the same law, up to the end */
    enum { M = 40 };
    double v[M], y[M], rate[M], plus[M], minus[M], best;
    int64_t first[M + 1], k, n = INT64_C(1) << 50, k_exact;
    htst_scan_t scan = { M, v, y, first, rate, INFINITY, 0 };
    htst_scan_allowed_t allowed = { 0, M - 1, 1, INFINITY, INFINITY };

    for (int j = 0; j < M; j++) {
        v[j] = ldexp(1, j);
        first[j] = n - (n >> j);
    }
    first[M] = n;
    CHECK(htst_scan_prepare(M, v, first, INFINITY, y, rate) == HTST_OK);
    htst_scan_curve(&scan, 0, M - 1, plus, minus);
    htst_scan_best(&scan, &allowed, 0, &k_exact, &best);
    for (int j = 0; j < M - 1; j++) {
        CHECK(fmax(plus[j], minus[j]) >= best);
    }
    htst_scan_best(&scan, &allowed, 1, &k, &best);
    CHECK(k == 0 && best == fmax(plus[0], minus[0]));
    htst_scan_best(&scan, &allowed, 1e-13, &k, &best);
    CHECK(k <= k_exact);
}

static void
test_distinct(void)
{
    float x[5] = { 1, 1, 2, 3, 3 };
    double v[5];
    int64_t first[6];

    CHECK(htst_scan_distinct_f32(5, x, v, first) == 3);
    CHECK(v[0] == 1 && v[1] == 2 && v[2] == 3);
    CHECK(first[0] == 0 && first[1] == 2 && first[2] == 3 && first[3] == 5);
    CHECK(htst_scan_distinct_f64(0, v, v, first) == 0 && first[0] == 0);
}

static void
test_errors(void)
{
    double v[2] = { 1, 1 }, y[2], rate[2];
    int64_t first[3] = { 0, 1, 2 }, none[3] = { 0, 0, 0 };

    CHECK(htst_scan_prepare(0, v, first, INFINITY, y, rate) == HTST_ERR_BAD_ARG);
    CHECK(htst_scan_prepare(2, v, first, INFINITY, y, rate) == HTST_ERR_BAD_ARG);
    v[1] = INFINITY;
    CHECK(htst_scan_prepare(2, v, first, INFINITY, y, rate) == HTST_ERR_BAD_ARG);
    v[1] = 2;
    CHECK(htst_scan_prepare(2, v, none, INFINITY, y, rate) == HTST_ERR_TOO_FEW);
}

int
main(void)
{
    test_two_values_by_hand();
    test_truncated_by_hand();
    test_tolerance_takes_the_first();
    test_distinct();
    test_errors();
    return htst_test_report("scan");
}
