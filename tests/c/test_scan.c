#include "htst_scan.h"

#include "htst_estimate.h"
#include "htst_test.h"

#include <stdlib.h>

#define WORK 4096 /* words, for a few dozen values */

static void
test_two_values_by_hand(void)
{
    double v[2] = { 1, 2 }, y[2], rate[2], plus, minus, work[WORK];
    int64_t first[3] = { 0, 3, 4 };
    htst_scan_best_t found;
    htst_scan_t scan = { 2, v, y, first, rate, INFINITY, 0, NULL };
    htst_scan_allowed_t allowed = { 0, 1, 1, INFINITY, INFINITY };

    CHECK(htst_estimate_rates(2, v, first, INFINITY, y, rate) == HTST_OK);
    CHECK_CLOSE(rate[0], 4 / log(2.0), 1e-15);
    CHECK(isinf(rate[1]) && y[1] == 0);
    CHECK_CLOSE(y[0], -log(2.0), 1e-15);
    htst_scan_curve(&scan, 0, 1, &plus, &minus);
    CHECK_CLOSE(plus, 1 - exp(-4.0) - .75, 1e-14);
    CHECK(minus == 0);
    found = htst_scan_best(&scan, &allowed, 0, work);
    CHECK(found.k == 0 && found.distance == plus && found.rate == rate[0]);
    allowed.alpha_low = 1 + rate[0]; /* the range is open below */
    found = htst_scan_best(&scan, &allowed, 0, work);
    CHECK(found.k == -1);
    allowed.alpha_low = 1;
    scan.two_sided = 1; /* three quarters of the values are at xmin, where the model begins at 0 */
    found = htst_scan_best(&scan, &allowed, 0, work);
    CHECK(found.k == 0 && found.distance == .75);
    scan.two_sided = 0;
    allowed.alpha_high = 3;
    found = htst_scan_best(&scan, &allowed, 0, work);
    CHECK(found.k == -1);
}

static void
test_truncated_by_hand(void)
{
    /* as much of log x below the middle of log xmin ... log xmax as above: alpha is 1 */
    double v[3] = { 1, 2, 4 }, y[3], rate[3], plus, minus;
    int64_t first[4] = { 0, 1, 2, 3 };
    htst_scan_t scan = { 3, v, y, first, rate, 4, 0, NULL };

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
    double v[M], y[M], rate[M], plus[M], minus[M], work[WORK];
    int64_t first[M + 1], n = INT64_C(1) << 50;
    htst_scan_best_t found, exact;
    htst_scan_t scan = { M, v, y, first, rate, INFINITY, 0, NULL };
    htst_scan_allowed_t allowed = { 0, M - 1, 1, INFINITY, INFINITY };

    for (int j = 0; j < M; j++) {
        v[j] = ldexp(1, j);
        first[j] = n - (n >> j);
    }
    first[M] = n;
    CHECK(htst_estimate_rates(M, v, first, INFINITY, y, rate) == HTST_OK);
    htst_scan_curve(&scan, 0, M - 1, plus, minus);
    exact = htst_scan_best(&scan, &allowed, 0, work);
    for (int j = 0; j < M - 1; j++) {
        CHECK(fmax(plus[j], minus[j]) >= exact.distance);
    }
    found = htst_scan_best(&scan, &allowed, 1, work);
    CHECK(found.k == 0 && found.distance == fmax(plus[0], minus[0]));
    found = htst_scan_best(&scan, &allowed, 1e-13, work);
    CHECK(found.k <= exact.k);
}

static void
test_within_is_all_that_the_curve_has(void)
{
    enum { M = 700 };
    static double v[M], y[M], rate[M], plus[M], minus[M], distance[M];
    static int64_t first[M + 1], found[M];
    double *work = malloc((size_t) htst_scan_workspace(M) * sizeof *work);
    htst_scan_t scan = { M, v, y, first, rate, INFINITY, 0, NULL };
    htst_scan_allowed_t allowed = { 3, M, 1, INFINITY, INFINITY };
    int64_t m = 0;

    CHECK(work != NULL);
    for (int j = 0; j < M && work != NULL; j++) {
        v[j] = 1 + .003 * j + .5 * (j % 7 == 3 ? .003 : 0);
        first[j] = j + (j > 300 ? 40 : 0);
    }
    first[M] = M + 40;
    CHECK(htst_estimate_rates(M, v, first, INFINITY, y, rate) == HTST_OK);
    htst_scan_curve(&scan, 3, M - 1, plus, minus);
    for (int limit = 1; limit < 8; limit++) {
        for (int step = 1; step < 4; step += 2) {
            int64_t i = 0;
            m = htst_scan_within(&scan, &allowed, step, .05 * limit, M, found, distance, work);
            for (int k = 3; k < M - 1; k += step) {
                double d = fmax(plus[k - 3], minus[k - 3]);
                if (d <= .05 * limit) {
                    CHECK(i < m && found[i] == k && distance[i] == d);
                    i++;
                }
            }
            CHECK(i == m);
        }
    }
    CHECK(m > 100); /* with the largest limit many are found, but not more than the room */
    CHECK(htst_scan_within(&scan, &allowed, 1, .05 * 7, 5, found, distance, work) == 5);
    allowed.begin = M - 1; /* the largest value has no tail above it */
    CHECK(htst_scan_within(&scan, &allowed, 1, 1, M, found, distance, work) == 0);
    free(work);
}

/* The steps for three ranges of candidates, in the order in which threads do them. */
static htst_scan_best_t
best_in_parts(
    const htst_scan_t *scan, const htst_scan_allowed_t *allowed, double tolerance, double *work)
{
    int64_t third = (allowed->end - allowed->begin) / 3;
    double limit = INFINITY;
    htst_scan_best_t found = { 0 };

    htst_scan_prepare(scan, allowed->begin, work);
    for (int step = HTST_SCAN_FEW; step <= HTST_SCAN_LOWEST; step++) {
        for (int range = 0; range < 3; range++) {
            htst_scan_allowed_t part = *allowed;
            part.begin = allowed->begin + range * third;
            part.end = range < 2 ? part.begin + third : allowed->end;
            found =
                htst_scan_part(scan, &part, (htst_scan_step_t) step, limit, allowed->begin, work);
            CHECK(found.k >= 0 || (found.k == -1 && found.distance == limit));
            CHECK(found.k < 0 || (found.k >= part.begin && found.k < part.end));
            if (step == HTST_SCAN_LOWEST && found.k >= 0) {
                return found;
            }
            limit = step < HTST_SCAN_LOWEST ? found.distance : limit;
        }
        limit += step == HTST_SCAN_LEAST ? tolerance : 0;
    }
    return found;
}

/* Enough candidates for blocks and for a grid with values between its points. The scan reads all
 * logarithms and rates, or the marks of blocks. */
static void
test_best_is_the_smallest_of_the_curve(int two_sided, int ties)
{
    enum { M = 9000, BLOCKS = 160 };
    static double v[M], y[M], rate[M], plus[M], minus[M];
    static int64_t first[M + 1];
    static htst_estimate_mark_t marks[BLOCKS];
    double *work = malloc((size_t) htst_scan_workspace(M) * sizeof *work);
    htst_scan_t scan = { M, v, y, first, rate, INFINITY, two_sided, NULL };
    htst_scan_t marked = { M, v, NULL, first, NULL, INFINITY, two_sided, marks };
    htst_scan_allowed_t allowed = { 0, M - 1, 1, INFINITY, INFINITY };
    uint64_t state = 1;

    for (int j = 0; j < M; j++) { /* quantiles of a law with alpha = 2, plus noise */
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        v[j] = 1 / (1 - (j + (double) (state >> 33) * 0x1p-31) / M);
        first[j + 1] = first[j] + (ties ? 1 + (int64_t) (state >> 62) : 1);
    }
    CHECK(htst_estimate_blocks(M) < BLOCKS && work != NULL);
    CHECK(htst_estimate_rates(M, v, first, INFINITY, y, rate) == HTST_OK);
    CHECK(htst_estimate_marks(M, v, first, marks) == HTST_OK);
    htst_scan_curve(&scan, 0, M - 1, plus, minus);
    for (allowed.begin = 0; allowed.begin < M - 1000; allowed.begin += 700) {
        int64_t k = allowed.begin;
        for (int64_t j = k; j < allowed.end; j++) {
            k = fmax(plus[j], minus[j]) < fmax(plus[k], minus[k]) ? j : k;
        }
        htst_scan_best_t a = htst_scan_best(&scan, &allowed, 0, work);
        htst_scan_best_t b = htst_scan_best(&marked, &allowed, 0, work);
        CHECK(a.k == k && a.distance == fmax(plus[k], minus[k]) && a.rate == rate[k]);
        CHECK(b.k == k && b.distance == a.distance && b.rate == a.rate);
        htst_scan_best_t c = best_in_parts(&marked, &allowed, 0, work);
        CHECK(c.k == k && c.distance == a.distance && c.rate == a.rate);
        htst_scan_best_t first_near = htst_scan_best(&scan, &allowed, .01, work);
        c = best_in_parts(&scan, &allowed, .01, work);
        CHECK(c.k == first_near.k && c.distance == first_near.distance);
        allowed.end -= 17;
    }
    free(work);
}

/* Narrow arrays give the bits of wide ones. */
static void
test_narrow_is_the_same(int two_sided, int ties)
{
    enum { M = 9000, BLOCKS = 160 };
    static float v[M];
    static double wide_v[M];
    static uint32_t first[M + 1];
    static int64_t wide_first[M + 1];
    static htst_estimate_mark_t marks[BLOCKS];
    double *work = malloc((size_t) htst_scan_workspace(M) * sizeof *work);
    htst_scan_t wide = { M, wide_v, NULL, wide_first, NULL, INFINITY, two_sided, marks };
    htst_scan_narrow_t narrow = { { M, NULL, NULL, NULL, NULL, INFINITY, two_sided, marks }, v,
        first };
    htst_scan_allowed_t allowed = { 0, M - 1, 1, INFINITY, INFINITY };
    uint64_t state = 7;

    for (int j = 0; j < M; j++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        v[j] = (float) (1 / (1 - (j + (double) (state >> 33) * 0x1p-31 * .9) / M));
        wide_v[j] = (double) v[j];
        first[j + 1] = first[j] + (ties ? 1 + (uint32_t) (state >> 62) : 1);
        wide_first[j + 1] = (int64_t) first[j + 1];
    }
    CHECK(work != NULL);
    CHECK(htst_estimate_marks(M, wide_v, wide_first, marks) == HTST_OK);
    for (allowed.begin = 0; allowed.begin < M - 1000; allowed.begin += 1700) {
        for (double tolerance = 0; tolerance < .02; tolerance += .01) {
            htst_scan_best_t a = htst_scan_best(&wide, &allowed, tolerance, work);
            htst_scan_best_t b = htst_scan_best(&narrow.scan, &allowed, tolerance, work);
            htst_scan_best_t c = best_in_parts(&narrow.scan, &allowed, tolerance, work);
            CHECK(a.k >= 0 && b.k == a.k && b.distance == a.distance && b.rate == a.rate);
            CHECK(c.k == a.k && c.distance == a.distance && c.rate == a.rate);
        }
    }
    free(work);
}

int
main(void)
{
    test_two_values_by_hand();
    test_truncated_by_hand();
    test_tolerance_takes_the_first();
    test_within_is_all_that_the_curve_has();
    for (int i = 0; i < 4; i++) {
        test_best_is_the_smallest_of_the_curve(i & 1, i >> 1);
        test_narrow_is_the_same(i & 1, i >> 1);
    }
    return htst_test_report("scan");
}
