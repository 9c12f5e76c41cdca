#include "htst_binomial.h"

#include "htst_test.h"

/* Reference values: 25 digits from two independent methods
 * (tests/tables/make_binomial_reference.py). */
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
    double one = 1, out;
    CHECK(htst_binomial_map(99, 1, &one, 1, &one, 1, &one, 1, &out) == HTST_ERR_BAD_ARG);
    /* one bad element among many is reported, and the others are computed */
    double n[300], many[300];
    for (int bad = 0; bad < 300; bad += 299) {
        for (int i = 0; i < 300; i++) {
            n[i] = i == bad ? -1 : 20;
        }
        double k = 11, p = 0.5;
        CHECK(htst_binomial_map(HTST_BINOMIAL_LOGSF, 300, &k, 0, n, 1, &p, 0, many)
            == HTST_ERR_BAD_ARG);
        CHECK(isnan(many[bad]) && many[150] == htst_binomial_logsf(11, 20, 0.5));
    }
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
    CHECK(htst_binomial_chernoff_logsf(most, most, 0.5) == -INFINITY);
}

/* P(X >= k) at the two points where the method changes: both sides must agree, for symmetric and
 * for Poisson-like laws */
static void
test_continuous(void)
{
    for (double n = 30; n < 1e9; n *= 3) {
        n = floor(n);
        double p = 0.5 - 0.4 / n, last = 1;
        for (double k = floor(n / 2); k < n * 0.9; k += fmax(1, floor(n / 50))) {
            double sf = htst_binomial_sf(k - 1, n, p), less = htst_binomial_sf(k, n, p);
            CHECK(fabs((sf - less) - htst_binomial_pmf(k, n, p)) <= 8e-15 * sf);
            CHECK(sf <= last * (1 + 8e-15));
            last = sf;
        }
    }
}

/* Closed forms: tails of a single outcome or of all but one, and other extreme arguments */
static void
test_closed_forms(void)
{
    CHECK_CLOSE(htst_binomial_logcdf(1, 2, 0x1p-10), log1p(-0x1p-20), 1e-15);
    CHECK(htst_binomial_logcdf(1, 2, 0x1p-1074) == 0);
    CHECK_CLOSE(htst_binomial_logsf(0, 2, 0x1p-10), log(0x1p-9 - 0x1p-20), 1e-15);
    CHECK_CLOSE(htst_binomial_sf(0, 2, 0x1p-600), 0x1p-599, 1e-15);
    CHECK_CLOSE(htst_binomial_sf(0, 2, 0.5), 0.75, 1e-15);
    CHECK_CLOSE(htst_binomial_cdf(0, 1e6, 1e-7), exp(1e6 * log1p(-1e-7)), 1e-15);
    CHECK_CLOSE(htst_binomial_pmf(3, 3, 0.25), 0x1p-6, 1e-15);
    CHECK_CLOSE(htst_binomial_pmf(2, 3, 0x1p-300), 3 * 0x1p-600, 1e-15);
    CHECK_CLOSE(
        htst_binomial_kl(1, 4, 0x1p-1000), 1000 * log(2) + log(0.25) + 3 * log(0.75), 1e-15);
    CHECK(htst_binomial_chernoff_logsf(-1, 10, 0.05) == 0);
    CHECK(htst_binomial_chernoff_logsf(4, 10, 0.5) == 0);
    CHECK(htst_binomial_chernoff_logsf(5, 10, 0.5) == -htst_binomial_kl(6, 10, 0.5));
}

int
main(void)
{
    test_known_values();
    test_outside();
    test_ends();
    test_continuous();
    test_closed_forms();
    return htst_test_report("test_binomial");
}
