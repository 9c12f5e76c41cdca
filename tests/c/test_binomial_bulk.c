#include "htst_binomial_bulk.h"

#include <string.h>

#include "htst_binomial.h"
#include "htst_test.h"

enum { N = HTST_BINOMIAL_BULK_CHUNK };
typedef double function_t(double, double, double);
static function_t *const functions[HTST_BINOMIAL_N_FUNCTIONS] = { htst_binomial_logsf,
    htst_binomial_logcdf, htst_binomial_logpmf, htst_binomial_sf, htst_binomial_cdf,
    htst_binomial_pmf, htst_binomial_kl, htst_binomial_chernoff_logsf };

/* Arrays and single numbers give bit-identical results, except for elements that are left to the
 * caller. Returns the number of elements that were computed. */
static int
compare(int function, int count, const double *k, const double *n, const double *p)
{
    double out[N + 1];
    uint8_t left[N + 1], is_left[N] = { 0 };
    out[count] = 7;
    left[count] = 99;
    int n_left = htst_binomial_bulk_chunk(function, count, k, n, p, out, left);
    CHECK(out[count] == 7 && left[count] == 99 && n_left >= 0 && n_left <= count);
    for (int i = 0; i < n_left; i++) {
        is_left[left[i]] = 1;
    }
    for (int i = 0; i < count; i++) {
        double one = functions[function](k[i], n[i], p[i]);
        CHECK(is_left[i] || memcmp(&out[i], &one, sizeof one) == 0);
        CHECK(is_left[i] || !isnan(one));
    }
    return count - n_left;
}

/* n, p and k of every kind, at `spread` standard deviations at most from the mean */
static void
draw(double spread, double *k, double *n, double *p)
{
    for (int i = 0; i < N; i++) {
        n[i] = floor(pow(10, 1 + 14.0 * ((i * 7) % N) / N));
        p[i] = i % 5 ? (0.5 + i) / N : 30 / (n[i] + 100);
        k[i] = floor(n[i] * p[i] + spread * (i % 11 - 5.0) * sqrt(n[i] * p[i] * (1 - p[i])));
    }
}

static void
test_every_length_and_kind(void)
{
    double k[N], n[N], p[N];
    for (int function = 0; function < HTST_BINOMIAL_N_FUNCTIONS; function++) {
        for (double spread = 1; spread < 1e3; spread *= 8) {
            draw(spread, k, n, p);
            for (int count = 0; count <= N; count += count < 20 ? 1 : 59) {
                compare(function, count, k, n, p);
            }
            CHECK(compare(function, N, k, n, p) > N / 3);
        }
    }
}

/* Chunks with elements of only one kind: near the mean, less near, far away, Poisson. */
static void
test_one_kind(void)
{
    const double laws[][3] = { { 500100, 1e6, 0.5 }, { 700, 1e4, 0.06 }, { 9e5, 1e6, 0.5 },
        { 20, 1e9, 3e-9 } };
    double k[N], n[N], p[N];
    for (int law = 0; law < 4; law++) {
        for (int i = 0; i < N; i++) {
            k[i] = laws[law][0] + i % 3;
            n[i] = laws[law][1];
            p[i] = laws[law][2];
        }
        for (int function = 0; function < HTST_BINOMIAL_N_FUNCTIONS; function++) {
            CHECK(compare(function, N, k, n, p) == N);
            CHECK(compare(function, N - 5, k, n, p) == N - 5);
        }
    }
}

/* Invalid arguments and closed forms are left to the caller. */
static void
test_left(void)
{
    double k[N], n[N], p[N];
    draw(1, k, n, p);
    for (int i = 0; i < N; i++) {
        n[i] += 1000;
        k[i] = floor(n[i] / 3);
        p[i] = 0.25;
    }
    k[3] = NAN;
    p[4] = -0.5;
    p[5] = 1.5;
    p[6] = NAN;
    n[7] = 1000.5;
    n[8] = -1000;
    n[9] = 0x1p54;
    k[10] = INFINITY;
    k[11] = -1e300;
    k[12] = n[12] + 5;
    p[13] = 1e-300;
    p[14] = 0;
    p[15] = 1;
    n[16] = NAN;
    n[17] = INFINITY;
    n[18] = 0;
    for (int function = 0; function < HTST_BINOMIAL_N_FUNCTIONS; function++) {
        int served = compare(function, N, k, n, p);
        /* below the support Chernoff's bound is 0 and is not left to the caller */
        CHECK(served == N - 16 || (function == HTST_BINOMIAL_CHERNOFF_LOGSF && served == N - 15));
    }
    for (int i = 0; i < N; i++) {
        k[i] += 0.5;
    }
    CHECK(compare(HTST_BINOMIAL_KL, N, k, n, p) == 0);
    CHECK(compare(HTST_BINOMIAL_LOGSF, N, k, n, p) == N - 16);
}

int
main(void)
{
    test_every_length_and_kind();
    test_one_kind();
    test_left();
    return htst_test_report("test_binomial_bulk");
}
