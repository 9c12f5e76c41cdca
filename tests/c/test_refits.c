#include "htst_refits.h"
#include "htst_test.h"

enum { N = 200, R = 6 };

static double memory[24 * N];
static const double HEAD[3] = { -1, -1, -.5 };

static void
refit(uint64_t seed, int64_t replicate, int64_t n_replicates, double *d, double *a, double *x)
{
    CHECK(htst_refits(N, 3, HEAD, 0, 2.5, 1, seed, replicate, n_replicates, memory, d, a, x)
        == HTST_OK);
}

static void
test_refits_do_not_depend_on_the_split(void)
{
    double d[2][R], a[2][R], x[2][R];

    CHECK(htst_refits_workspace(N) <= (int64_t) sizeof memory);
    refit(7, 0, R, d[0], a[0], x[0]);
    for (int r = 0; r < R; r++) {
        refit(7, r, 1, &d[1][r], &a[1][r], &x[1][r]);
        CHECK(d[0][r] == d[1][r] && a[0][r] == a[1][r] && x[0][r] == x[1][r]);
    }
    CHECK(d[0][0] != d[0][1]);
}

static void
test_every_seed_draws_its_own(void)
{
    double d[2][R], a[2][R], x[2][R];

    refit(7, 0, R, d[0], a[0], x[0]);
    refit(8, 0, R, d[1], a[1], x[1]);
    for (int r = 0; r < R; r++) {
        for (int s = 0; s < R;
             s++) { /* a sample of the next seed is not that of the next replicate either */
            CHECK(d[0][r] != d[1][s]);
        }
    }
}

static void
test_errors(void)
{
    double d, a, x;

    CHECK(htst_refits(N, 3, HEAD, 0, 1, 1, 7, 0, 1, memory, &d, &a, &x) == HTST_ERR_BAD_ARG);
    CHECK(htst_refits(N, 3, HEAD, 0, 2.5, 0, 7, 0, 1, memory, &d, &a, &x) == HTST_ERR_BAD_ARG);
    CHECK(htst_refits(2, 3, HEAD, 0, 2.5, 1, 7, 0, 1, memory, &d, &a, &x) == HTST_ERR_BAD_ARG);
}

int
main(void)
{
    test_refits_do_not_depend_on_the_split();
    test_every_seed_draws_its_own();
    test_errors();
    return htst_test_report("refits");
}
