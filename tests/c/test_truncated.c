#include <float.h>

#include "htst_test.h"
#include "htst_truncated.h"

/* 1/u - 1/(exp(u) - 1) in long double; below 1 the ratio of two series of positive terms:
 * (exp(u) - 1 - u) / (u (exp(u) - 1)). */
static long double
mean(long double u)
{
    long double term = u / 2, numerator = term, denominator = 1 + term;

    if (u > 1) {
        return 1 / u - 1 / expm1l(u);
    }
    for (int k = 3; k < 40; k++) {
        term *= u / k;
        numerator += term;
        denominator += term;
    }
    return numerator / denominator / u;
}

static void
test_mean_and_root(void)
{
    CHECK(htst_truncated_mean(0) == .5);
    for (double u = 1e-9; u < 1e6; u *= 1.3) {
        double g = (double) mean(u), root;
        CHECK_CLOSE(htst_truncated_mean(u), g, 1e-15);
        CHECK_CLOSE(htst_truncated_mean(-u), 1 - g, 1e-15);
        root = htst_truncated_root(g, (double) (1 - mean(u)));
        /* rounded shares: 1e-16 of them is 1e-16 of u^2 / 2 for large u, 12e-16 near 0 */
        CHECK(fabs(root - u) <= 4e-15 * (u < 1 ? 1 : u));
        CHECK(htst_truncated_root((double) (1 - mean(u)), g) == -root);
    }
    CHECK(htst_truncated_root(1, 1) == 0);
    CHECK(htst_truncated_root(DBL_MAX, DBL_MAX) == 0);
    CHECK(htst_truncated_root(0x1p1021, 3 * 0x1p1021) == htst_truncated_root(1, 3));
    CHECK(htst_truncated_root(.25, 0x1p1020) == 0x1p1022);
    CHECK(htst_truncated_root(.25, DBL_MAX) == INFINITY);
    CHECK(htst_truncated_root(DBL_MAX, .25) == -INFINITY);
    CHECK(htst_truncated_root(0x1p-1074, 0x1p-100) == 0x1p974);
    CHECK(fabs(htst_truncated_root(0x1p-1000, .5) / 0x1p999 - 1) < 1e-15);
    CHECK(fabs(htst_truncated_root(0x1p1022, DBL_MAX) - htst_truncated_root(.25, 1)) < 1e-14);
    CHECK(htst_truncated_root(0, 1) == INFINITY && htst_truncated_root(1, 0) == -INFINITY);
}

static void
test_distribution(void)
{
    CHECK(htst_truncated_cdf(0, 1, 3, 4) == .25);
    CHECK_CLOSE(htst_truncated_cdf(1e-10, 1, 3, 4), .25 + 3. / 8 * 1e-10, 1e-14);
    for (double rate = -1000; rate <= 1000; rate += 250) {
        double f = htst_truncated_cdf(rate, .75, .25, 1),
               g = htst_truncated_cdf(-rate, .25, .75, 1);
        CHECK(f >= 0 && f <= 1);
        CHECK(fabs(f + g - 1) < 1e-15);
        CHECK(htst_truncated_cdf(rate, 0, 1, 1) == 0 && htst_truncated_cdf(rate, 1, 0, 1) == 1);
    }
}

static void
test_nan_is_nan(void)
{
    CHECK(isnan(htst_truncated_mean(NAN)) && isnan(htst_truncated_mean(-NAN)));
    CHECK(htst_truncated_mean(INFINITY) == 0 && htst_truncated_mean(-INFINITY) == 1);
    CHECK(isnan(htst_truncated_cdf(NAN, 1, 1, 2)));
}

int
main(void)
{
    test_nan_is_nan();
    test_mean_and_root();
    test_distribution();
    return htst_test_report("truncated");
}
