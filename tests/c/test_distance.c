#include "htst_distance.h"
#include "htst_estimate.h"
#include "htst_test.h"

#include <stdlib.h>

enum { M = 9000 };
static double v[M], y[M], rate[M];
static int64_t first[M + 1];

static void
make(int ties)
{
    uint64_t state = 3;

    for (int j = 0; j < M; j++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        v[j] = pow(1 - (j + (double) (state >> 33) * 0x1p-31) / M, -.4);
        first[j + 1] = first[j] + (ties ? 1 + (int64_t) (state >> 62) : 1);
    }
    CHECK(htst_estimate_rates(M, v, first, INFINITY, y, rate) == HTST_OK);
}

/* With a grid, roughly and exactly, beside descending over halves. */
static void
test_a_grid_changes_nothing(int two_sided)
{
    htst_scan_t scan = { M, v, y, first, rate, INFINITY, two_sided, NULL };
    double *work = malloc((size_t) htst_distance_grid_words(M) * sizeof *work);

    CHECK(work != NULL);
    for (int64_t begin = 0; begin < M - 1; begin += 2999) {
        htst_grid_t grid = htst_distance_grid(&scan, begin, work);
        for (int64_t k = begin; k < M - 1; k += k < M - 100 ? 53 : 1) {
            htst_candidate_t c = htst_distance_candidate(&scan, k, y[k], rate[k]);
            htst_found_t plain = { 0, 0, 0, 0, 0, 0 };
            htst_found_t exact = { 0, 0, 0, 1, 0, 0 }, rough = { 0, 0, 0, 1, 1, 0 };
            CHECK(htst_distance_measure(&c, NULL, INFINITY, &plain));
            CHECK(htst_distance_measure(&c, &grid, INFINITY, &exact));
            CHECK(htst_distance_measure(&c, &grid, INFINITY, &rough));
            double d = fmax(plain.plus, plain.minus);
            CHECK(exact.plus == d && exact.minus == d);
            CHECK(rough.plus <= d && rough.plus > d - 3 * c.slack);
            int64_t where = k % 7 == 0 ? exact.where : M / 2;
            CHECK(htst_distance_up_to(&c, &grid, INFINITY, &where) == d && where == exact.where);
            CHECK(htst_distance_up_to(&c, &grid, d, &where) == d);
            CHECK(htst_distance_up_to(&c, &grid, d * (1 - 1e-15), &where) < 0);
            CHECK(htst_distance_measure(&c, &grid, d, &exact));
            CHECK(!htst_distance_measure(&c, &grid, d - 3 * c.slack, &exact));
            double t = log(v[exact.where] / v[k]);
            CHECK(fabs(htst_distance_quick(&c, y[exact.where]) + expm1(-rate[k] * t)) <= c.slack);
        }
    }
    free(work);
}

static void
test_exp_minus(void)
{
    for (double t = 0; t < 800; t += .37) {
        double held = t < 700 ? t : 700;
        CHECK_CLOSE(htst_distance_exp_minus(t), exp(-held), 2e-11);
    }
}

int
main(void)
{
    test_exp_minus();
    for (int i = 0; i < 4; i++) {
        make(i >> 1);
        test_a_grid_changes_nothing(i & 1);
    }
    return htst_test_report("distance");
}
