#include "htst_binomial_invert.h"

#include "htst_binomial.h"
#include "htst_test.h"

/* Levels between two neighbouring tails, and the tails themselves: the result is exact. */
static void
test_log_isf(void)
{
    const double laws[][2] = { { 1, 0.5 }, { 7, 0.01 }, { 60, 0.3 }, { 60, 0.99 }, { 1e5, 0.3 },
        { 1e6, 3e-5 }, { 0x1p53, 1e-15 }, { 0x1p53, 0.5 }, { 1e9, 1e-290 }, { 3, 0x1p-1074 },
        { 1679, 2.5e-87 } };
    for (int law = 0; law < 11; law++) {
        double n = laws[law][0], p = laws[law][1];
        for (double level = -1e-300; level > -1e7; level *= level > -1e-3 ? 1e20 : 1.7) {
            double k = htst_binomial_log_isf(level, n, p);
            CHECK(k >= 0 && k <= n && htst_binomial_logsf(k, n, p) <= level);
            CHECK(htst_binomial_logsf(k - 1, n, p) > level);
            double met = htst_binomial_logsf(k, n, p);
            double again = htst_binomial_log_isf(met, n, p);
            CHECK(htst_binomial_logsf(again, n, p) <= met && again <= k);
            CHECK(htst_binomial_logsf(again - 1, n, p) > met);
        }
    }
    CHECK(htst_binomial_log_isf(0, 5, 0.5) == -1);
    CHECK(htst_binomial_log_isf(-INFINITY, 5, 0.5) == 5);
    CHECK(htst_binomial_log_isf(-1, 0, 0.5) == 0);
    CHECK(htst_binomial_log_isf(-1, 5, 0) == 0);
    CHECK(htst_binomial_log_isf(-1, 5, 1) == 5);
    CHECK(isnan(htst_binomial_log_isf(NAN, 3, 0.5)));
    CHECK(isnan(htst_binomial_log_isf(-1, 3.5, 0.5)));
    CHECK(isnan(htst_binomial_log_isf(-1, -3, 0.5)));
    CHECK(isnan(htst_binomial_log_isf(-1, 3, -0.5)));
    CHECK(isnan(htst_binomial_log_isf(-1, 3, NAN)));
}

/* The tail at the limit gives the level again, if an ulp of the limit is small enough. */
static void
test_limits_invert(void)
{
    const double counts[][2] = { { 3, 5 }, { 1, 100 }, { 98, 100 }, { 72, 1437 }, { 5e4, 1e5 } };
    double up[3], low[3];
    for (int i = 0; i < 5; i++) {
        double k = counts[i][0], n = counts[i][1];
        for (double level = -1e-3; level > -300; level *= 1.9) {
            htst_binomial_upper_limit(k, n, level, up);
            htst_binomial_lower_limit(n - k, n, level, low);
            /* an ulp of p changes 1 - p by a relative 1e-10 at most */
            CHECK(up[2] < log(1e-6)
                || fabs(htst_binomial_logcdf(k, n, up[0]) - level) <= 2e-10 * n * fmax(1, -level));
            CHECK_CLOSE(exp(up[1]), up[0], 1e-13);
            CHECK(up[1] == low[2] && up[2] == low[1]);
        }
    }
}

static void
test_closed_limits(void)
{
    double limit[3];
    htst_binomial_upper_limit(0, 1, -1e7, limit);
    CHECK(limit[0] == 1 && limit[2] == -1e7);
    htst_binomial_upper_limit(4, 5, -1e7, limit); /* 1 - p^5 */
    CHECK(limit[0] == 1);
    CHECK_CLOSE(limit[2], -1e7 - log(5), 1e-15);
    htst_binomial_upper_limit(4, 5, log(0.75), limit);
    CHECK_CLOSE(limit[0], pow(0.25, 0.2), 1e-15);
    htst_binomial_upper_limit(5, 5, -3, limit);
    CHECK(limit[0] == 1 && limit[1] == 0 && limit[2] == -INFINITY);
    htst_binomial_upper_limit(3, 5, 0, limit);
    CHECK(limit[0] == 0 && limit[1] == -INFINITY && limit[2] == 0);
    htst_binomial_upper_limit(3, 5, -INFINITY, limit);
    CHECK(limit[0] == 1 && limit[2] == -INFINITY);
    htst_binomial_lower_limit(0, 5, -3, limit);
    CHECK(limit[0] == 0 && limit[1] == -INFINITY && limit[2] == 0);
}

static void
test_outside(void)
{
    const double bad[][3] = { { 1, 3, 0.5 }, { -1, 3, -1 }, { 4, 3, -1 }, { 1.5, 3, -1 },
        { 1, 3.5, -1 }, { 1, 0x1p54, -1 }, { NAN, 3, -1 }, { 1, NAN, -1 }, { 1, 3, NAN } };
    double limit[3];
    for (int i = 0; i < 9; i++) {
        htst_binomial_upper_limit(bad[i][0], bad[i][1], bad[i][2], limit);
        CHECK(isnan(limit[0]) && isnan(limit[1]) && isnan(limit[2]));
        htst_binomial_lower_limit(bad[i][0], bad[i][1], bad[i][2], limit);
        CHECK(isnan(limit[1]) && isnan(limit[2]));
    }
}

static void
test_maps(void)
{
    const double k[] = { 1, 5 }, n[] = { 10, 20 }, level[] = { -3 };
    double out[6], one[3];
    for (int upper = 0; upper < 2; upper++) {
        CHECK(htst_binomial_map_limit(upper, 2, k, 1, n, 1, level, 0, out) == HTST_OK);
        (upper ? htst_binomial_upper_limit : htst_binomial_lower_limit)(5, 20, -3, one);
        CHECK(out[3] == one[0] && out[4] == one[1] && out[5] == one[2]);
    }
    const double p[] = { 0.5 };
    CHECK(htst_binomial_map_log_isf(2, level, 0, n, 1, p, 0, out) == HTST_OK);
    CHECK(out[1] == htst_binomial_log_isf(-3, 20, 0.5));
}

int
main(void)
{
    test_log_isf();
    test_limits_invert();
    test_closed_limits();
    test_outside();
    test_maps();
    return htst_test_report("test_binomial_invert");
}
