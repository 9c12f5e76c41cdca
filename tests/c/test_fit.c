#include "htst_fit.h"

#include "htst_estimate.h"
#include "htst_test.h"

#include <stdlib.h>
#include <string.h>

#define M 700

/* Sorted values of a thin tail; of every group of `ties` each but the last is the same. */
static void
fill(double *x, int ties)
{
    for (int i = 0; i < M; i++) {
        int last = ties > 0 ? i - i % ties + (i % ties == ties - 1) * (ties - 1) : i;
        x[i] = 1 / sqrt(1 - (last + .5 + .3 * sin(.05 * last)) / (M + 1));
    }
}

static void
test_one_call_is_its_steps(int ties, int two_sided, int64_t least)
{
    enum { WORK = 40000 };
    static double x[M], v[M], own[M], y[M], rate[M], work[WORK];
    static int64_t first[M + 1], counts[M + 1];
    static float narrow[M];
    htst_fit_t fit;

    fill(x, ties);
    memcpy(own, x, sizeof x);
    int64_t m = htst_estimate_distinct_f64(M, x, v, counts), end = 0;
    CHECK(ties ? m < M : m == M);
    while (end < m && M - counts[end] >= least) {
        end++;
    }
    htst_scan_t scan = { m, v, y, counts, rate, INFINITY, two_sided, NULL };
    htst_scan_allowed_t allowed = { 0, end, 1, INFINITY, INFINITY };
    CHECK(htst_estimate_rates(m, v, counts, INFINITY, y, rate) == HTST_OK);
    CHECK(htst_fit_workspace(M) <= WORK);
    htst_scan_best_t best = htst_scan_best(&scan, &allowed, 1e-13, work);
    CHECK(htst_fit_sorted_f64(M, own, two_sided, least, 1e-13, first, work, &fit) == HTST_OK);
    CHECK(fit.m == m && !memcmp(own, v, (size_t) m * sizeof *v));
    CHECK(fit.best.k == best.k && fit.best.distance == best.distance);
    if (best.k < 0) {
        CHECK(least > M && fit.n_tail == 0);
        return;
    }
    CHECK(fit.best.rate == best.rate);
    CHECK(fit.xmin == v[best.k] && fit.n_tail == M - counts[best.k] && fit.n_tail >= least);

    for (int i = 0; i < M; i++) {
        narrow[i] = (float) x[i];
        own[i] = narrow[i];
    }
    htst_fit_t wide;
    CHECK(htst_fit_sorted_f64(M, own, two_sided, least, 1e-13, first, work, &wide) == HTST_OK);
    CHECK(htst_fit_sorted_f32(M, narrow, two_sided, least, 1e-13, v, first, work, &fit) == HTST_OK);
    CHECK(fit.m == wide.m && fit.best.distance == wide.best.distance && fit.xmin == wide.xmin);
}

static void
test_there_is_room_for_fewer_values(void)
{
    /* a grid over fewer values may have more places, as all of 256 and every other one of 257 */
    for (int64_t m = 2, most = 0; m < 20000; m++) {
        int64_t words = htst_scan_workspace(m);
        CHECK(words >= most);
        most = words;
    }
}

static void
test_errors(void)
{
    double wrong[3] = { 3, 2, 4 }, zero[2] = { 0, 1 }, same[2] = { 5, 5 }, work[4096];
    int64_t first[4];
    htst_fit_t fit;

    CHECK(htst_fit_workspace(3) <= 4096);
    CHECK(htst_fit_sorted_f64(3, wrong, 0, 1, 0, first, work, &fit) == HTST_ERR_BAD_ARG);
    CHECK(htst_fit_sorted_f64(2, zero, 0, 1, 0, first, work, &fit) == HTST_ERR_BAD_ARG);
    CHECK(htst_fit_sorted_f64(2, same, 0, 1, 0, first, work, &fit) == HTST_OK);
    CHECK(fit.m == 1 && fit.best.k == -1 && fit.n_tail == 0);
}

int
main(void)
{
    for (int i = 0; i < 4; i++) {
        test_one_call_is_its_steps(i & 1 ? 3 : 0, i >> 1, 1);
        test_one_call_is_its_steps(i & 1 ? 3 : 0, i >> 1, 350);
        test_one_call_is_its_steps(i & 1 ? 3 : 0, i >> 1, M + 1);
    }
    test_there_is_room_for_fewer_values();
    test_errors();
    return htst_test_report("fit");
}
