/* test_moments_template: sums of x and of -x cancel, squares add, and one element at a time gives
 * the same; y[n] is workspace. test_moments.c includes it once for each type, with FLOAT, the type;
 * N_SUM and N_SQUARES, the words of the sums; and OF(name), the name with the type's suffix. */

static void
OF(check_sums)(const FLOAT *x, FLOAT *y, int n)
{
    uint64_t sum[N_SUM] = { 0 }, squares[N_SQUARES] = { 0 };
    uint64_t one[N_SUM] = { 0 }, one_squared[N_SQUARES] = { 0 };
    int64_t bad = 0;
    CHECK(OF(htst_moments_add)(x, n, sum, squares, &bad) == 0);
    for (int i = 0; i < n; i++) {
        OF(htst_moments_add)(x + i, 1, one, one_squared, &bad);
    }
    CHECK(bad == 0);
    CHECK(memcmp(sum, one, sizeof sum) == 0);
    CHECK(memcmp(squares, one_squared, sizeof squares) == 0);
    for (int i = 0; i < n; i++) {
        y[i] = -x[i];
    }
    OF(htst_moments_add)(y, n, sum, one_squared, &bad);
    CHECK(is_zero(sum, N_SUM));
    CHECK(!is_zero(squares, N_SQUARES));
}

#undef FLOAT
#undef N_SUM
#undef N_SQUARES
#undef OF
