#include "htst_scan.h"
#include "htst_test.h"

static void
test_two_values_by_hand(void)
{
    double y[2] = { 0, log(2.0) }, alpha[2], plus, minus, d;
    int64_t count[2] = { 3, 1 }, first[3], k;

    CHECK(htst_scan_prepare(2, y, count, first, alpha) == HTST_OK);
    CHECK(first[1] == 3 && first[2] == 4);
    CHECK_CLOSE(alpha[0], 1 + 4 / log(2.0), 1e-15);
    CHECK(isinf(alpha[1]));
    htst_scan_curve(2, y, first, alpha, 0, 1, &plus, &minus);
    CHECK_CLOSE(plus, 1 - exp(-4.0) - .75, 1e-14);
    CHECK(minus == 0);
    htst_scan_best(2, y, first, alpha, 0, 1, 1, INFINITY, INFINITY, &k, &d);
    CHECK(k == 0 && d == plus);
    htst_scan_best(2, y, first, alpha, 0, 1, 1, 3, INFINITY, &k, &d); /* alpha not allowed */
    CHECK(k == -1);
}

static void
test_errors(void)
{
    double y[2] = { 1, 1 }, alpha[2];
    int64_t count[2] = { 1, 1 }, none[2] = { 0, 0 }, first[3];

    CHECK(htst_scan_prepare(0, y, count, first, alpha) == HTST_ERR_BAD_ARG);
    CHECK(htst_scan_prepare(2, y, count, first, alpha) == HTST_ERR_BAD_ARG);
    y[1] = 2;
    CHECK(htst_scan_prepare(2, y, none, first, alpha) == HTST_ERR_TOO_FEW);
}

static void
test_refits_do_not_depend_on_the_split(void)
{
    enum { N = 200, R = 6 };
    static double memory[8 * N];
    double head[3] = { -1, -1, -.5 }, d[2][R], a[2][R], x[2][R];

    CHECK(htst_scan_refits_workspace(N) <= (int64_t) sizeof memory);
    CHECK(htst_scan_refits(N, 3, head, 0, 2.5, 1, 7, 0, R, memory, d[0], a[0], x[0]) == HTST_OK);
    for (int r = 0; r < R; r++) {
        CHECK(htst_scan_refits(N, 3, head, 0, 2.5, 1, 7, r, 1, memory, &d[1][r], &a[1][r], &x[1][r])
            == HTST_OK);
        CHECK(d[0][r] == d[1][r] && a[0][r] == a[1][r] && x[0][r] == x[1][r]);
    }
    CHECK(d[0][0] != d[0][1]);
    CHECK(htst_scan_refits(N, 3, head, 0, 1, 1, 7, 0, 1, memory, d[0], a[0], x[0])
        == HTST_ERR_BAD_ARG);
}

int
main(void)
{
    test_two_values_by_hand();
    test_errors();
    test_refits_do_not_depend_on_the_split();
    return htst_test_report("scan");
}
