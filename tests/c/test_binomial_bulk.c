#include "htst_binomial_bulk.h"

#include "htst_binomial.h"
#include "htst_test.h"

/* Symmetric laws say what the two middle tails are; the table of references is Python's. */
static void
test_known_values(void)
{
    /* one of each kind of the series, by its size, against the halves of a symmetric law */
    for (double size = 1e4; size < 1e15; size *= 10) {
        double half = size / 2, centre = htst_binomial_logpmf(half, size, 0.5);
        double above = htst_binomial_bulk_log(size, half, half, 0, half, half, 0);
        double below = htst_binomial_bulk_log(size, half + 1, half - 1, 1, half, half, 1);
        CHECK_CLOSE(above, log(0.5 + 0.5 * exp(centre)), 1e-15);
        CHECK_CLOSE(below, above, 1e-15); /* P(X <= n/2) = P(X >= n/2) */
    }
    CHECK(htst_binomial_bulk_log(1e6, 500500, 499500, 500, 5e5, 5e5, 0)
        == htst_binomial_logsf(500499, 1e6, 0.5));
}

static void
test_not_served(void)
{
    CHECK(isnan(htst_binomial_bulk_log(40, 20, 20, 0, 20, 20, 0)));      /* sigma < 5 */
    CHECK(isnan(htst_binomial_bulk_log(1e4, 7e3, 3e3, 2e3, 5e3, 5e3, 0))); /* w > .6 */
    CHECK(isnan(htst_binomial_bulk_log(1e9, 5.3e8, 4.7e8, 3e7, 5e8, 5e8, 1))); /* 1 - P = 1 */
    CHECK(!isnan(htst_binomial_bulk_log(1e9, 5.3e8, 4.7e8, 3e7, 5e8, 5e8, 0)));
}

/* Arrays give the bits of numbers, in every length of chunk and kind of element. */
static void
test_chunks(void)
{
    enum { N = HTST_BINOMIAL_BULK_CHUNK };
    double k[N], n[N], p[N], out[N + 1];
    uint8_t done[N];
    int served = 0;

    for (int i = 0; i < N; i++) {
        n[i] = floor(pow(10, 1 + 14.0 * ((i * 7) % N) / N));
        p[i] = (0.5 + i) / N;
        k[i] = floor(n[i] * p[i] + (i % 11 - 5.0) * sqrt(n[i] * p[i] * (1 - p[i])));
    }
    k[3] = NAN;
    p[4] = -0.5;
    p[5] = 1.5;
    p[6] = NAN;
    n[7] = 1000.5;
    n[8] = -1000;
    n[9] = 0x1p54;
    k[10] = INFINITY;
    k[11] = -1;
    for (int upper = 0; upper < 2; upper++) {
        for (int count = 0; count <= N; count += count < 20 ? 1 : 59) {
            out[count] = 7;
            htst_binomial_bulk_chunk(upper, count, k, n, p, out, done);
            CHECK(out[count] == 7);
            for (int i = 0; i < count; i++) {
                double one = (upper ? htst_binomial_logsf : htst_binomial_logcdf)(k[i], n[i], p[i]);
                CHECK(!done[i] || out[i] == one);
                CHECK(!done[i] || i < 3 || i > 11);
                served += done[i];
            }
        }
    }
    CHECK(served > N);
}

int
main(void)
{
    test_known_values();
    test_not_served();
    test_chunks();
    return htst_test_report("test_binomial_bulk");
}
