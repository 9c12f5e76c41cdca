#include "htst_fit.h"

#include "htst_estimate.h"
#include "htst_test.h"

#include <stdlib.h>
#include <string.h>

#define M 700
#define ZEROS 5

/* Sorted values of a thin tail. In every group of `ties` values all but the last are equal. */
static void
fill(double *x, int ties)
{
    for (int i = 0; i < M; i++) {
        int last = ties > 0 ? i - i % ties + (i % ties == ties - 1) * (ties - 1) : i;
        x[i] = 1 / sqrt(1 - (last + .5 + .3 * sin(.05 * last)) / (M + 1));
    }
}

/* The same values in another order and on one side, mixed with zeros and as many values of the
 * other side. */
static int64_t
mix(const double *x, htst_tail_side_t side, double *mixed)
{
    int64_t n = 0;

    for (int i = 0; i < M; i++) {
        double v = x[(i * 451) % M];
        mixed[n++] = side == HTST_TAIL_NEGATIVE || (side == HTST_TAIL_ABS && i % 3) ? -v : v;
        if (i < ZEROS) {
            mixed[n++] = i % 2 ? -0. : 0.;
        }
        if (side != HTST_TAIL_ABS) {
            mixed[n++] = side == HTST_TAIL_NEGATIVE ? 3 * v : -3 * v;
        }
    }
    return n;
}

static void
test_one_call_is_its_steps(int ties, int two_sided, int64_t least, htst_tail_side_t side)
{
    enum { N = 2 * M + ZEROS, WORK = 50000 };
    static double x[M], v[M], mixed[N], y[M], rate[M], work[WORK];
    static int64_t counts[M + 1];
    static float narrow[N];
    htst_tail_seen_t seen;
    htst_fit_t fit, wide;

    fill(x, ties);
    int64_t n = mix(x, side, mixed), m = htst_estimate_distinct_f64(M, x, v, counts), end = 0;
    CHECK(ties ? m < M : m == M);
    while (end < m && M - counts[end] >= least) {
        end++;
    }
    htst_scan_t scan = { m, v, y, counts, rate, INFINITY, two_sided, NULL };
    htst_scan_allowed_t allowed = { 0, end, 1, INFINITY, INFINITY };
    CHECK(htst_estimate_rates(m, v, counts, INFINITY, y, rate) == HTST_OK);
    CHECK(htst_fit_workspace(n) <= WORK);
    htst_scan_best_t best = htst_scan_best(&scan, &allowed, 1e-13, work);
    CHECK(htst_fit_f64(n, mixed, side, two_sided, least, 1e-13, work, &seen, &fit) == HTST_OK);
    CHECK(fit.n == M && fit.m == m && !memcmp(work, v, (size_t) m * sizeof *v));
    CHECK(
        seen.zeros == ZEROS && seen.not_finite == 0 && seen.negative + seen.positive == n - ZEROS);
    CHECK(fit.best.k == best.k && fit.best.distance == best.distance);
    if (best.k < 0) {
        CHECK(least > M && fit.n_tail == 0);
        return;
    }
    CHECK(fit.best.rate == best.rate);
    CHECK(fit.xmin == v[best.k] && fit.n_tail == M - counts[best.k] && fit.n_tail >= least);

    for (int64_t i = 0; i < n; i++) {
        narrow[i] = (float) mixed[i];
        mixed[i] = narrow[i];
    }
    CHECK(htst_fit_f64(n, mixed, side, two_sided, least, 1e-13, work, &seen, &wide) == HTST_OK);
    CHECK(htst_fit_f32(n, narrow, side, two_sided, least, 1e-13, work, &seen, &fit) == HTST_OK);
    CHECK(fit.n == M && fit.m == wide.m && fit.n_tail == wide.n_tail && fit.xmin == wide.xmin);
    CHECK(fit.best.distance == wide.best.distance && fit.best.rate == wide.best.rate);
    CHECK(seen.zeros == ZEROS && seen.negative + seen.positive == n - ZEROS);
}

/* More values than HTST_FIT_ALL_AT_ONCE; the values below a tail do not change its fit.
 */
static void
test_of_many(void)
{
    const int64_t n = HTST_FIT_ALL_AT_ONCE + 1, words = htst_fit_workspace(n);
    double *x = malloc((size_t) n * sizeof *x), *work = malloc((size_t) words * sizeof *work);
    float *narrow = malloc((size_t) n * sizeof *narrow);
    htst_tail_seen_t seen;
    htst_fit_t all, fit;

    for (int64_t i = 0; i < n; i++) { /* no candidate below the first 3000 values is good */
        narrow[i] =
            (float) (i < 3000 ? 1000 / sqrt((double) i + .5) : 1 + 17 * (double) i / (double) n);
        x[i] = narrow[i];
    }
    CHECK(htst_fit_f64(n, x, HTST_TAIL_ABS, 0, 1000, 1e-13, work, &seen, &all) == HTST_OK);
    CHECK(all.n == n && all.m > HTST_FIT_ALL_AT_ONCE && all.n_tail > 2000);
    CHECK(htst_fit_f64(2 * all.n_tail, x, HTST_TAIL_ABS, 0, 1000, 1e-13, work, &seen, &fit)
        == HTST_OK);
    CHECK(fit.best.distance == all.best.distance && fit.best.rate == all.best.rate);
    CHECK(fit.xmin == all.xmin && fit.n_tail == all.n_tail);
    CHECK(htst_fit_f32(n, narrow, HTST_TAIL_ABS, 0, 1000, 1e-13, work, &seen, &fit) == HTST_OK);
    CHECK(fit.m == all.m && fit.best.k == all.best.k && fit.best.rate == all.best.rate);
    free(x);
    free(work);
    free(narrow);
}

static void
test_there_is_room_for_fewer_values(void)
{
    /* a grid over fewer values may have more points: all of 256, but every second one of 257 */
    for (int64_t m = 2, most = 0; m < 20000; m++) {
        int64_t words = htst_scan_workspace(m);
        CHECK(words >= most);
        most = words;
    }
    CHECK(htst_fit_workspace(HTST_FIT_ALL_AT_ONCE + 1)
        >= htst_fit_workspace(HTST_FIT_ALL_AT_ONCE)); /* estimates in place of marks */
}

static void
test_errors(void)
{
    double wrong[3] = { 3, NAN, 4 }, nothing[2] = { 0, -1 }, same[2] = { 5, 5 }, work[4096];
    float narrow[3] = { 3, INFINITY, 4 };
    htst_tail_seen_t seen;
    htst_fit_t fit;

    CHECK(htst_fit_workspace(3) <= 4096);
    CHECK(htst_fit_f64(3, wrong, HTST_TAIL_ABS, 0, 1, 0, work, &seen, &fit) == HTST_ERR_NOT_FINITE);
    CHECK(seen.not_finite == 1 && seen.positive == 2);
    CHECK(
        htst_fit_f32(3, narrow, HTST_TAIL_ABS, 0, 1, 0, work, &seen, &fit) == HTST_ERR_NOT_FINITE);
    CHECK(htst_fit_f64(2, nothing, HTST_TAIL_POSITIVE, 0, 1, 0, work, &seen, &fit)
        == HTST_ERR_TOO_FEW);
    CHECK(seen.negative == 1 && seen.zeros == 1);
    CHECK(htst_fit_f64(2, same, HTST_TAIL_ABS, 0, 1, 0, work, &seen, &fit) == HTST_OK);
    CHECK(fit.n == 2 && fit.m == 1 && fit.best.k == -1 && fit.n_tail == 0);
}

int
main(void)
{
    for (int i = 0; i < 4; i++) {
        test_one_call_is_its_steps(i & 1 ? 3 : 0, i >> 1, 1, HTST_TAIL_POSITIVE);
        test_one_call_is_its_steps(i & 1 ? 3 : 0, i >> 1, 350, HTST_TAIL_ABS);
        test_one_call_is_its_steps(i & 1 ? 3 : 0, i >> 1, M + 1, HTST_TAIL_NEGATIVE);
        test_one_call_is_its_steps(i & 1 ? 3 : 0, i >> 1, 20, HTST_TAIL_NEGATIVE);
    }
    test_of_many();
    test_there_is_room_for_fewer_values();
    test_errors();
    return htst_test_report("fit");
}
