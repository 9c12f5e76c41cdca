#include <stdlib.h>

#include "htst_stable.h"
#include "htst_stable_invert.h"
#include "htst_stable_table.h"
#include "htst_test.h"

#define PI 3.14159265358979323846

static double
at(int function, double x, double alpha, double beta)
{
    return htst_stable_evaluate(function, 1, x, alpha, beta, 0.0, 1.0);
}

static void
test_closed_forms(void)
{
    for (double x = -20.0; x <= 20.0; x += 0.37) {
        CHECK_CLOSE(at(HTST_STABLE_PDF, x, 2, 0.3), exp(-x * x / 4) / sqrt(4 * PI), 1e-14);
        CHECK_CLOSE(at(HTST_STABLE_SF, x, 2, 0.3), 0.5 * erfc(x / 2), 1e-15);
        CHECK_CLOSE(at(HTST_STABLE_PDF, x, 1, 0), 1 / (PI * (1 + x * x)), 1e-15);
        CHECK_CLOSE(at(HTST_STABLE_CDF, x, 1, 0), atan2(1, -x) / PI, 1e-15);
        if (x > 0) {
            CHECK_CLOSE(at(HTST_STABLE_CDF, x, 0.5, 1), erfc(1 / sqrt(2 * x)), 1e-14);
            CHECK_CLOSE(at(HTST_STABLE_SF, x, 0.5, 1), erf(1 / sqrt(2 * x)), 1e-15);
            CHECK_CLOSE(at(HTST_STABLE_SF, -x, 0.5, -1), erfc(1 / sqrt(2 * x)), 1e-14);
        }
    }
}

/* Points on both sides of each boundary between two methods: both methods must agree there. */
static void
test_seams(void)
{
    static const double ALPHAS[12] = { 0.3, 0.7, 0.95, 1 - 1.0001e-3, 1 - 0.9999e-3, 1 - 1e-7, 1,
        1 + 1e-7, 1.0999, 1.1001, 1.6, 1.999 };
    static const double BETAS[8] = { -1, -0.6, -0.0500001, -0.0499999, 0, 0.3, 1 - 1e-9, 1 };

    for (int i = 0; i < 12; i++) {
        for (int j = 0; j < 8; j++) {
            double before = 1.0, alpha = ALPHAS[i], beta = BETAS[j];
            for (double x = -60.0; x < 60.0; x += 0.25) {
                double lower = htst_stable_evaluate(HTST_STABLE_CDF, 0, x, alpha, beta, 0.0, 1.0);
                double upper = htst_stable_evaluate(HTST_STABLE_SF, 0, x, alpha, beta, 0.0, 1.0);
                double density = htst_stable_evaluate(HTST_STABLE_PDF, 0, x, alpha, beta, 0.0, 1.0);
                CHECK(fabs(lower + upper - 1.0) < 1e-12);
                CHECK(upper <= before * (1 + 1e-12));
                CHECK(density >= 0.0);
                before = upper;
            }
        }
    }
}

static void
test_centre_of_symmetric_laws(void)
{
    for (double alpha = 0.125; alpha <= 2.0; alpha += 0.125) {
        CHECK(at(HTST_STABLE_CDF, 0, alpha, 0) == 0.5);
        CHECK(at(HTST_STABLE_SF, 0, alpha, 0) == 0.5);
        CHECK(at(HTST_STABLE_SF, 1e-10, alpha, 0) <= 0.5);
    }
}

static void
test_outside_the_domain(void)
{
    double nan = NAN, inf = INFINITY;

    CHECK(isnan(at(HTST_STABLE_PDF, nan, 1.5, 0)));
    CHECK(isnan(at(HTST_STABLE_PDF, 0, nan, 0)));
    CHECK(isnan(at(HTST_STABLE_PDF, 0, 0, 0)));
    CHECK(isnan(at(HTST_STABLE_PDF, 0, 2.1, 0)));
    CHECK(isnan(at(HTST_STABLE_PDF, 0, 1.5, -1.1)));
    CHECK(isnan(at(-1, 0, 1.5, 0)));
    CHECK(isnan(at(HTST_STABLE_N_FUNCTIONS, 0, 1.5, 0)));
    CHECK(isnan(htst_stable_evaluate(HTST_STABLE_PDF, 0, 0, 1.5, 0, 0, 0)));
    CHECK(isnan(htst_stable_evaluate(HTST_STABLE_PDF, 0, 0, 1.5, 0, inf, 1)));
    CHECK(isnan(htst_stable_invert(HTST_STABLE_PPF, 0, 1.5, 1.5, 0, 0, 1)));
    CHECK(isnan(htst_stable_invert(HTST_STABLE_LOG_ISF, 0, 0.5, 1.5, 0, 0, 1)));
    CHECK(at(HTST_STABLE_LOGSF, inf, 1.5, 0) == -inf);
    CHECK(at(HTST_STABLE_CDF, -inf, 1.5, 0) == 0);
    CHECK(at(HTST_STABLE_PDF, -1, 0.7, 1) == 0);
}

static void
test_maps_and_inverses(void)
{
    double x[5] = { -3, -0.5, 0.25, 2, 50 }, alpha = 1.3, beta = 0.4, loc = 1, scale = 2;
    double out[5], back[5];
    int64_t steps[5] = { 1, 0, 0, 0, 0 };

    CHECK(htst_stable_map(HTST_STABLE_SF, 0, 5, x, &alpha, &beta, &loc, &scale, steps, out)
        == HTST_OK);
    for (int i = 0; i < 5; i++) {
        CHECK(out[i] == htst_stable_evaluate(HTST_STABLE_SF, 0, x[i], alpha, beta, loc, scale));
    }
    CHECK(htst_stable_map_inverse(
              HTST_STABLE_ISF, 0, 5, out, &alpha, &beta, &loc, &scale, steps, back)
        == HTST_OK);
    for (int i = 0; i < 5; i++) {
        CHECK(fabs(back[i] - x[i]) < 1e-11 * fmax(1, fabs(x[i])));
    }
    beta = 2;
    CHECK(htst_stable_map(HTST_STABLE_SF, 0, 5, x, &alpha, &beta, &loc, &scale, steps, out)
        == HTST_ERR_BAD_ARG);
    CHECK(
        htst_stable_map(99, 0, 5, x, &alpha, &beta, &loc, &scale, steps, out) == HTST_ERR_BAD_ARG);
}

static void
test_table(void)
{
    htst_stable_table_t *table = malloc(sizeof *table);
    double x[7] = { -1e30, -40, -0.5, 0, 3, 1e9, INFINITY }, out[7];

    CHECK(table != NULL);
    CHECK(htst_stable_table_size() == (int64_t) sizeof *table);
    CHECK(htst_stable_table_build(3, 0, table) == HTST_ERR_BAD_ARG);
    CHECK(htst_stable_table_build(1.3, 0.4, table) == HTST_OK);
    for (int function = 0; function < HTST_STABLE_N_FUNCTIONS; function++) {
        CHECK(htst_stable_table_map(table, function, 0, 1.0, 2.0, 7, x, out) == HTST_OK);
        for (int i = 0; i < 7; i++) {
            double want = htst_stable_evaluate(function, 0, x[i], 1.3, 0.4, 1.0, 2.0);
            CHECK(out[i] == want || fabs(out[i] - want) <= 1e-12 * fabs(want) + 1e-13);
        }
    }
    CHECK(htst_stable_table_map(table, 99, 0, 1.0, 2.0, 7, x, out) == HTST_ERR_BAD_ARG);
    /* where the tail of a small alpha is long, the table has no polynomials */
    x[0] = 7.4e139;
    CHECK(htst_stable_table_build(0.0487, -0.2986, table) == HTST_OK);
    CHECK(htst_stable_table_map(table, HTST_STABLE_SF, 1, 0.0, 1.0, 7, x, out) == HTST_OK);
    for (int i = 0; i < 7; i++) {
        CHECK(out[i] == htst_stable_evaluate(HTST_STABLE_SF, 1, x[i], 0.0487, -0.2986, 0, 1));
    }
    free(table);
}

/* Both x and scale times a power of two: the same bits, also where products would overflow. */
static void
test_sizes_of_scale(void)
{
    const int powers[9] = { -900, -300, 300, 900, 970, 990, 996, 1000, 1020 };
    const double x[6] = { -7.3, -1.1e-9, -1.2e-234, 1e-30, 0.7, 5.9 };
    const double laws[4][2] = { { 0.496, 0.505 }, { 1.3, 0.4 }, { 1.0, -0.7 }, { 2.0, 0.0 } };
    for (int law = 0; law < 4; law++) {
        for (int i = 0; i < 6; i++) {
            for (int k = 0; k < 9; k++) {
                double unit = ldexp(1, powers[k]), alpha = laws[law][0], beta = laws[law][1];
                double one = htst_stable_evaluate(HTST_STABLE_SF, 0, x[i], alpha, beta, 0, 1.7);
                double other = htst_stable_evaluate(
                    HTST_STABLE_SF, 0, x[i] * unit, alpha, beta, 1e-316, 1.7 * unit);
                CHECK(other == one || fabs(other - one) <= 1e-15 * one);
            }
        }
    }
}

int
main(void)
{
    test_closed_forms();
    test_seams();
    test_centre_of_symmetric_laws();
    test_outside_the_domain();
    test_maps_and_inverses();
    test_table();
    test_sizes_of_scale();
    return htst_test_report("stable");
}
