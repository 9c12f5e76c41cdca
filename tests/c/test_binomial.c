#include "htst_binomial.h"

#include "htst_test.h"

/* Reference values: 25 digits from two independent methods (tests/tables/make_binomial_reference.py). */
static void
test_known_values(void)
{
    CHECK_CLOSE(htst_binomial_logcdf(5, 1e6, 1e-3), -970.73905392309905, 1e-15);
    CHECK_CLOSE(htst_binomial_logsf(899, 1000, 0.9), -0.64131577651855187983, 1e-15);
    CHECK_CLOSE(htst_binomial_logcdf(900, 1000, 0.9), -0.66277762053556667309, 1e-15);
    CHECK_CLOSE(htst_binomial_logpmf(900, 1000, 0.9), -3.1696859581836668326, 1e-15);
    CHECK_CLOSE(htst_binomial_logsf(300144913, 1e9, 0.3), -53.226501158446195373, 1e-15);
    CHECK_CLOSE(htst_binomial_logsf(500000000000, 1e12, 0.5), -0.69314797844482442214, 1e-15);
    CHECK_CLOSE(htst_binomial_logsf(0, 1e12, 0x1p-1074), -716.80905080545271411, 1e-15);
    CHECK_CLOSE(htst_binomial_logcdf(0, 1e12, 1e-40), -1e-28, 1e-15);
    CHECK_CLOSE(htst_binomial_kl(500000, 1e6, 0x1.ffe5c91d14e3cp-2), 0.0200000003999956053, 1e-15);
}

static void
test_outside(void)
{
    CHECK(isnan(htst_binomial_logsf(1, -1, 0.5)));
    CHECK(isnan(htst_binomial_logsf(1, 2.5, 0.5)));
    CHECK(isnan(htst_binomial_logsf(1, 0x1p54, 0.5)));
    CHECK(isnan(htst_binomial_logsf(1, 3, -0.1)));
    CHECK(isnan(htst_binomial_logsf(1, 3, 1.1)));
    CHECK(isnan(htst_binomial_logsf(1, 3, NAN)));
    CHECK(isnan(htst_binomial_logsf(NAN, 3, 0.5)));
    CHECK(isnan(htst_binomial_kl(4, 3, 0.5)));
    CHECK(isnan(htst_binomial_log_isf(NAN, 3, 0.5)));
    double limit[3];
    htst_binomial_upper_limit(1, 3, 0.5, limit);
    CHECK(isnan(limit[0]));
    double one = 1, out;
    CHECK(htst_binomial_map(99, 1, &one, 1, &one, 1, &one, 1, &out) == HTST_ERR_BAD_ARG);
}

static void
test_ends(void)
{
    const double most = HTST_BINOMIAL_MAX_N;
    CHECK(htst_binomial_logsf(most, most, 0.5) == -INFINITY);
    CHECK(htst_binomial_logsf(1e300, most, 0.5) == -INFINITY);
    CHECK(htst_binomial_logsf(-1e300, most, 0.5) == 0);
    for (double p = 0.25; p < 1; p += 0.5) { /* 2^53 + 1 is not a double */
        CHECK(htst_binomial_logsf(-1, most, p) == 0);
        CHECK(htst_binomial_logcdf(-1, most, p) == -INFINITY);
        CHECK(htst_binomial_logpmf(-1, most, p) == -INFINITY);
        CHECK(htst_binomial_logpmf(most + 2, most, p) == -INFINITY);
        CHECK(htst_binomial_logcdf(most, most, p) == 0);
    }
    CHECK(htst_binomial_pmf(0, 5, 0) == 1);
    CHECK(htst_binomial_pmf(5, 5, 1) == 1);
    CHECK(htst_binomial_cdf(1, 2, 0) == 1);
    CHECK(htst_binomial_logcdf(1, 2, 1) == -INFINITY);
    CHECK(htst_binomial_log_isf(0, 5, 0.5) == -1);
    CHECK(htst_binomial_chernoff_logsf(most, most, 0.5) == -INFINITY);
}

static void
test_inversions(void)
{
    for (double level = -0.1; level > -1e4; level *= 3) {
        double k = htst_binomial_log_isf(level, 1e5, 0.3);
        CHECK(htst_binomial_logsf(k, 1e5, 0.3) <= level);
        CHECK(htst_binomial_logsf(k - 1, 1e5, 0.3) > level);
        double up[3], low[3];
        htst_binomial_upper_limit(72, 1437, level, up);
        htst_binomial_lower_limit(1437 - 72, 1437, level, low);
        CHECK_CLOSE(htst_binomial_logcdf(72, 1437, up[0]), level, 1e-11);
        CHECK(up[1] == low[2] && up[2] == low[1]);
    }
    double far[3];
    htst_binomial_upper_limit(0, 1, -1e7, far);
    CHECK(far[0] == 1 && far[2] == -1e7);
}

int
main(void)
{
    test_known_values();
    test_outside();
    test_ends();
    test_inversions();
    return htst_test_report("test_binomial");
}
