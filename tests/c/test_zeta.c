#include "htst_zeta.h"
#include "htst_test.h"

#define PI 3.14159265358979323846

static void
test_known_values(void)
{
    double out[3];

    htst_zeta_log(2, 1, out);
    CHECK_CLOSE(out[0], log(PI * PI / 6), 1e-15);
    CHECK_CLOSE(out[1], -0.56996099309453283, 1e-14); /* zeta'(2)/zeta(2) */
    htst_zeta_log(2, 2, out);
    CHECK_CLOSE(out[0], log(PI * PI / 6 - 1), 1e-14);
    htst_zeta_log(4, 1, out);
    CHECK_CLOSE(out[0], log(PI * PI * PI * PI / 90), 1e-14);
    htst_zeta_log_scaled(400, 1, INFINITY, out); /* zeta - 1 = 2^-400 (1 + 1e-70) */
    CHECK_CLOSE(out[0], ldexp(1, -400), 1e-13);
    CHECK_CLOSE(out[1], -log(2.0) * ldexp(1, -400), 1e-13);
}

static void
test_truncated_by_adding(void)
{
    double s[6] = { 0, 0.3, 1, 1 + 1e-12, 2.5, 30 }, out[3];

    for (int i = 0; i < 6; i++) {
        for (int q = 1; q <= 100; q += 33) {
            long double rest = 0, z1 = 0; /* Z - 1 */
            for (int k = q + 1; k <= q + 700; k++) {
                long double u = log1pl((long double) (k - q) / q), w = expl(-s[i] * u);
                rest += w;
                z1 += u * w;
            }
            htst_zeta_log_scaled(s[i], q, q + 700, out);
            CHECK_CLOSE(out[0], (double) log1pl(rest), 1e-14);
            CHECK_CLOSE(out[1], (double) (-z1 / (1 + rest)), 1e-14);
            CHECK_CLOSE(htst_zeta_scaled(s[i], q, q + 700), (double) (1 + rest), 1e-14);
        }
    }
    CHECK(htst_zeta_scaled(0, 1e6, 2e6) == 1000001);
    CHECK(htst_zeta_scaled(3, 7, 7) == 1);
}

/* A law of one value: Z = 1, and its logarithm has no mean and no variance. */
static void
test_a_single_term_is_exact(void)
{
    double out[3];

    for (double s = 0; s < 1e5; s = 2 * s + 0.5) {
        for (double q = 1; q < 1e15; q = floor(q * 1.9) + 1) {
            htst_zeta_log_scaled(s, q, q, out);
            CHECK(out[0] == 0 && out[1] == 0 && out[2] == 0);
            CHECK(htst_zeta_scaled(s, q, q) == 1);
        }
    }
}

/* If s is so far above q that all terms but the first underflow, the sum ends at once. */
static void
test_underflow_ends_the_sum(void)
{
    double out[3];

    for (double q = 1; q < 1e12; q = floor(q * 9.7) + 1) {
        htst_zeta_log_scaled(1e16, q, INFINITY, out);
        CHECK(out[0] == 0 && out[1] == 0 && out[2] == 0);
        htst_zeta_log_scaled(1e16, q, 1e15, out);
        CHECK(out[0] == 0 && out[1] == 0 && out[2] == 0);
    }
}

static void
test_value_and_logarithm_agree(void)
{
    double out[3];

    for (double s = 1.0625; s < 1e5; s *= 1.7) {
        for (double q = 1; q < 1e15; q = floor(q * 1.9) + 1) {
            htst_zeta_log_scaled(s, q, INFINITY, out);
            CHECK_CLOSE(htst_zeta_scaled(s, q, INFINITY), exp(out[0]), 2e-14);
            if (s * log1p(1 / q) < 700) { /* beyond, all but the first term underflows */
                CHECK(out[1] < 0 && out[2] > 0);
            }
        }
    }
}

static void
test_outside(void)
{
    double out[3];

    CHECK(isnan(htst_zeta_scaled(1, 1, INFINITY)) && isnan(htst_zeta_scaled(2, 0.5, INFINITY)));
    CHECK(isnan(htst_zeta_scaled(2, 5, 4)) && isnan(htst_zeta_scaled(-1, 5, 9)));
    CHECK(isnan(htst_zeta_scaled(NAN, 1, 2)) && isnan(htst_zeta_scaled(2, NAN, NAN)));
    CHECK(
        isnan(htst_zeta_scaled(INFINITY, 1, 2)) && isnan(htst_zeta_scaled(2, INFINITY, INFINITY)));
    htst_zeta_log(0.5, 1, out);
    CHECK(isnan(out[0]) && isnan(out[1]) && isnan(out[2]));
}

int
main(void)
{
    test_known_values();
    test_truncated_by_adding();
    test_a_single_term_is_exact();
    test_underflow_ends_the_sum();
    test_value_and_logarithm_agree();
    test_outside();
    return htst_test_report("zeta");
}
