#include "htst_tridiagonal.h"
#include "htst_test.h"

enum { N = 60 };

/* 2 on the diagonal, 1 beside it: eigenvalues 2 + 2 cos(k pi / (n + 1)), vectors sin(k i pi / (n +
 * 1)). */
static void
test_known(void)
{
    const double pi = 3.14159265358979323846;
    double diagonal[N], beside[N], work[2 * N], value = -5, last = 0;
    for (int i = 0; i < N; i++) {
        diagonal[i] = 2;
        beside[i] = 1;
    }
    for (int n = 1; n <= N; n++) {
        CHECK(htst_tridiagonal_top(diagonal, beside, n, work, &value, &last) == HTST_OK);
        CHECK_CLOSE(value, 2 + 2 * cos(pi / (n + 1)), 4e-15);
        /* the vector moves by an ulp of the value over the gap, here up to 1 / .005 */
        CHECK_CLOSE(last, sin(pi / (n + 1)) * sqrt(2.0 / (n + 1)), 1e-12);
    }
    value = 0; /* not an upper bound: the iteration starts from Gershgorin's bound */
    CHECK(htst_tridiagonal_top(diagonal, beside, N, work, &value, &last) == HTST_OK);
    CHECK_CLOSE(value, 2 + 2 * cos(pi / (N + 1)), 4e-15);
}

/* A large first entry: the last of the vector is about the product of beside / (first - others). */
static void
test_tiny_last_entry(void)
{
    double diagonal[N] = { 1e3 }, beside[N], work[2 * N], value = 0, last = 0, expected = 1;
    beside[0] = 1;
    for (int i = 1; i < N; i++) {
        diagonal[i] = 0;
        beside[i] = 1;
    }
    for (int n = 1; n <= 40; n++) {
        CHECK(htst_tridiagonal_top(diagonal, beside, n, work, &value, &last) == HTST_OK);
        CHECK_CLOSE(last, expected, 1e-4); /* 1e-6 for each entry */
        expected *= 1e-3;
    }
    CHECK(last < 1e-110 && last > 0);
}

static void
test_decoupled(void)
{
    double diagonal[3] = { 1, 5, 3 }, beside[2] = { 0, 0 }, work[6], value = 0, last = 0;
    CHECK(htst_tridiagonal_top(diagonal, beside, 1, work, &value, &last) == HTST_OK);
    CHECK(value == 1 && last == 1);
    CHECK(htst_tridiagonal_top(diagonal, beside, 2, work, &value, &last) == HTST_OK);
    CHECK_CLOSE(value, 5.0, 4e-15);
    CHECK_CLOSE(last, 1.0, 4e-15);
    CHECK(htst_tridiagonal_top(diagonal, beside, 3, work, &value, &last) == HTST_OK);
    CHECK_CLOSE(value, 5.0, 4e-15);
    CHECK(last == 0);
    diagonal[0] = diagonal[1] = 0;
    value = 0;
    CHECK(htst_tridiagonal_top(diagonal, beside, 2, work, &value, &last) == HTST_OK);
    CHECK(fabs(value) < 1e-300 && last >= 0 && last <= 1);
}

static void
test_errors(void)
{
    double diagonal[2] = { 1, NAN }, beside[1] = { 1 }, work[4], value = 0, last = 0;
    CHECK(htst_tridiagonal_top(diagonal, beside, 0, work, &value, &last) == HTST_ERR_BAD_ARG);
    CHECK(
        htst_tridiagonal_top(diagonal, beside, 2, work, &value, &last) == HTST_ERR_NO_CONVERGENCE);
    diagonal[1] = 1;
    beside[0] = INFINITY;
    CHECK(
        htst_tridiagonal_top(diagonal, beside, 2, work, &value, &last) == HTST_ERR_NO_CONVERGENCE);
}

int
main(void)
{
    test_known();
    test_tiny_last_entry();
    test_decoupled();
    test_errors();
    return htst_test_report("test_tridiagonal");
}
