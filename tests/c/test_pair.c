#include "htst_pair.h"

#include "htst_test.h"

/* Pairs keep the digits that sums of doubles lose: powers of two far apart. */
static void
test_sums_and_products(void)
{
    htst_pair_t sum = htst_pair_sum(1, 0x1p-80), fast = htst_pair_fast_sum(0x1p60, 3);
    CHECK(sum.hi == 1 && sum.lo == 0x1p-80);
    CHECK(htst_pair_sum(0x1p-80, 1).lo == 0x1p-80);
    CHECK(fast.hi == 0x1p60 && fast.lo == 3);
    htst_pair_t product = htst_pair_product(0x1p27 + 1, 0x1p27 + 1); /* 2^54 + 2^28 + 1 */
    CHECK(product.hi == 0x1p54 + 0x1p28 && product.lo == 1);
    CHECK(htst_residual(0x1p54 + 0x1p28, 0x1p27 + 1, 0x1p27 + 1) == -1);
    htst_pair_t third = htst_pair_quotient((htst_pair_t){ 1, 0 }, (htst_pair_t){ 3, 0 }, 1.0 / 3);
    htst_pair_t one = htst_pair_mul(third, (htst_pair_t){ 3, 0 });
    CHECK(fabs((one.hi - 1) + one.lo) < 0x1p-100);
    htst_pair_t two = htst_pair_add(one, (htst_pair_t){ 1, 0x1p-70 });
    CHECK(fabs((two.hi - 2) + two.lo - 0x1p-70) < 0x1p-100);
}

/* log 2^e is e log 2; log(x y) = log x + log y, in pairs; libm's log to its last place. */
static void
test_logs(void)
{
    for (double e = -900; e < 900; e += 61) {
        htst_pair_t found = htst_pair_log(ldexp(1, (int) e), 0, 0),
                    shifted = htst_pair_log(1, 0, e);
        CHECK(found.hi == shifted.hi && found.lo == shifted.lo);
        CHECK_CLOSE(found.hi, e * 0x1.62E42FEFA39EFp-1, 3e-16);
    }
    for (double x = 1.25; x < 1e5; x *= 1.37) {
        double f, e, square = floor(x * 256) / 256; /* its square is a double */
        htst_pair_t once = htst_pair_log(square, 0, 0),
                    twice = htst_pair_log(square * square, 0, 0);
        CHECK(fabs((twice.hi - 2 * once.hi) + (twice.lo - 2 * once.lo)) < 0x1p-61 * twice.hi);
        CHECK_CLOSE(once.hi, log(square), 3e-16);
        htst_split(x, &f, &e);
        CHECK((1 + f) * exp2(e) == x && f >= -0.293 && f < 0.4143);
        CHECK_CLOSE(htst_log_sum(f, e), log(x), 4e-16);
        CHECK_CLOSE(htst_log_sum(-1e-9 * x, 0), log1p(-1e-9 * x), 4e-16);
    }
}

static void
test_exp(void)
{
    for (double x = 0; x < 690; x += 0.83) {
        CHECK_CLOSE(htst_exp_negative((htst_pair_t){ x, 0 }, 1), exp(-x), 5e-16);
        double lower = htst_exp_negative((htst_pair_t){ x, 0x1p-40 }, 1);
        CHECK_CLOSE(lower, exp(-x) * (1 - 0x1p-40), 5e-16);
    }
    for (double x = 709; x < 746; x += 0.5) { /* denormals, rounded once */
        CHECK(fabs(htst_exp_negative((htst_pair_t){ x, 0 }, 1) - exp(-x)) <= 0x1p-1074);
    }
    CHECK(htst_exp_negative((htst_pair_t){ 1e6, 0 }, 1) == 0);
    CHECK(isnan(htst_exp_negative((htst_pair_t){ NAN, NAN }, 1)));
}

int
main(void)
{
    test_sums_and_products();
    test_logs();
    test_exp();
    return htst_test_report("test_pair");
}
