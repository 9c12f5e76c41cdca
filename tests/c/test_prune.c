#include "htst_prune.h"
#include "htst_estimate.h"
#include "htst_scan.h"
#include "htst_test.h"

/* Values and the buckets [1, 2), [2, 4), [4, 8), [8, 16) that hold them. */
enum { VALUES = 7, BUCKETS = 4 };
static const double X[VALUES] = { 1, 1.25, 1.5, 2.5, 3, 5, 9 };
static const int64_t HOME[VALUES] = { 0, 0, 0, 1, 1, 2, 3 };

static const double LOWER[BUCKETS] = { 1, 2, 4, 8 }, UPPER[BUCKETS] = { 2, 4, 8, 16 };
static const int64_t COUNT[BUCKETS] = { 3, 2, 1, 1 };
static const double TOTAL[BUCKETS] = { 3.75, 5.5, 5, 9 };

/* The distance D of every candidate, computed by the scan. */
static void
distances(double *d)
{
    double y[VALUES], rate[VALUES], plus[VALUES], minus[VALUES];
    int64_t first[VALUES + 1];
    htst_scan_t scan = { VALUES, X, y, first, rate, INFINITY, 0, NULL };

    for (int64_t i = 0; i <= VALUES; i++) {
        first[i] = i;
    }
    CHECK(htst_estimate_rates(VALUES, X, first, INFINITY, y, rate) == HTST_OK);
    htst_scan_curve(&scan, 0, VALUES - 1, plus, minus);
    for (int64_t i = 0; i < VALUES - 1; i++) {
        d[i] = fmax(plus[i], minus[i]);
    }
}

static void
test_bounds_hold(const double *total)
{
    double work[4 * BUCKETS], d[VALUES], best = 1;
    int64_t tail[BUCKETS + 1], home = 0;
    htst_prune_t b = { BUCKETS, LOWER, UPPER, COUNT, total, work, tail };

    CHECK(htst_prune_prepare(&b) == HTST_OK);
    CHECK(tail[0] == 7 && tail[1] == 4 && tail[2] == 2 && tail[3] == 1 && tail[4] == 0);
    distances(d);
    for (int64_t i = 0; i < VALUES - 1; i++) {
        CHECK(htst_prune_bound(&b, HOME[i]) <= d[i]);
        if (d[i] < best) {
            best = d[i];
            home = HOME[i];
        }
    }
    CHECK(htst_prune_lowest(&b, best) <= home);
    CHECK(htst_prune_lowest(&b, 1) == 0);
    CHECK(htst_prune_guess(&b, 1) > 0);
}

static void
test_what_is_far_from_a_power_law_is_pruned(void)
{
    /* nine of ten values in one narrow bucket far above the first: no law that begins at the first
     * fits */
    const double lower[3] = { 1, 100, 101 }, upper[3] = { 1.01, 101, 102 };
    const int64_t count[3] = { 100, 810, 90 };
    double work[12];
    int64_t tail[4];
    htst_prune_t b = { 3, lower, upper, count, NULL, work, tail };

    CHECK(htst_prune_prepare(&b) == HTST_OK);
    CHECK(htst_prune_bound(&b, 0) > .5);
    CHECK(htst_prune_lowest(&b, .5) == 1);
}

int
main(void)
{
    test_bounds_hold(TOTAL);
    test_bounds_hold(NULL);
    test_what_is_far_from_a_power_law_is_pruned();
    return htst_test_report("prune");
}
