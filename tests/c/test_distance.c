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

/* Distances with a grid, rough and exact, against the search by halves. */
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

/* Several values have the same distance except for the last digits, so no single value decides.
 * The counts are computed from a law, and the law is estimated from the counts, until both agree.
 */
static void
test_equal_distances(void)
{
    enum { K = 24 };
    double work[4096], values[K], logs[K], rates[K], law = 1, share = .03;
    int64_t before[K + 1] = { 0 }, n = INT64_C(1) << 50, where = 1;
    htst_scan_t scan = { K, values, logs, before, rates, INFINITY, 0, NULL };
    htst_found_t plain = { 0, 0, 0, 0, 0, 0 };
    int differ = 0;

    CHECK(htst_distance_grid_words(K) <= 4096);
    before[K] = n;
    for (int trial = 0; trial < 25; trial++, share += .0007) {
        for (int round = 0; round < 200; round++) {
            for (int j = 0; j < K; j++) {
                values[j] = exp2(.2 * j);
                before[j] = j > 0 ? (int64_t) ((double) n * (1 - exp2(-.2 * law * j) - share)) : 0;
            }
            CHECK(htst_estimate_rates(K, values, before, INFINITY, logs, rates) == HTST_OK);
            law = rates[0];
        }
        htst_candidate_t c = htst_distance_candidate(&scan, 0, logs[0], rates[0]);
        htst_grid_t grid = htst_distance_grid(&scan, 0, work);
        CHECK(htst_distance_measure(&c, NULL, INFINITY, &plain));
        CHECK(fabs(plain.plus - share) < 1e-10);
        CHECK(htst_distance_up_to(&c, &grid, INFINITY, &where) == fmax(plain.plus, plain.minus));
        differ += where != 1;
    }
    CHECK(differ > 0);
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
    test_equal_distances();
    for (int i = 0; i < 4; i++) {
        make(i >> 1);
        test_a_grid_changes_nothing(i & 1);
    }
    return htst_test_report("distance");
}
