#include "htst_binomial_far.h"

#include "htst_test.h"

/* A as computed for logarithms against A as computed for exp(-A), which has more digits than
 * needed: all kinds near the mean. */
static void
test_exponents(int kind, double most_w, double most_error)
{
    int served = 0;
    double worst = 0.0;
    for (double n = 100; n < 1e15; n = floor(n * 1.7)) {
        for (double p = 0.0123; p < 1; p += 0.0471) {
            double sigma = sqrt(n * p * (1 - p));
            for (double w = most_w / 64; w < most_w; w *= 1.13) {
                double k = floor(n * p + w * sigma * sigma);
                if (htst_far_kind(1, htst_far_side(k, n, p), n) != kind || k <= n * p + 1) {
                    continue;
                }
                htst_far_t t = htst_far_of_tail(0, k, n, p, kind);
                double inverse = htst_near_inverses(&t).near;
                htst_pair_t a = htst_near_divergence(&t, inverse, kind);
                htst_pair_t log = htst_near_exponent(&t, inverse, kind);
                worst = fmax(worst, fabs((log.hi - a.hi) + (log.lo - a.lo)) / a.hi);
                served++;
            }
        }
    }
    CHECK(served > 1000);
    CHECK(worst < most_error);
}

int
main(void)
{
    test_exponents(HTST_BINOMIAL_SHORT, HTST_BINOMIAL_X_SHORT, 0x1p-54);
    test_exponents(HTST_BINOMIAL_LONG, HTST_BINOMIAL_W_END, 0x1p-53);
    return htst_test_report("test_binomial_far");
}
