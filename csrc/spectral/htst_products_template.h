/* htst_products_template: htst_products.c for one type of W. That file includes it once for each
 * type. It defines FLOAT, the type; LOAD(from), which widens LANES elements; and OF(name), the name
 * with the type's suffix.
 *
 * dot and dots compute dot products with v, of one row and of the rows w[0], w[1], ... of a group.
 * add computes out += factor[0] w[0] + factor[1] w[1] + ..., in this order. squares_of computes the
 * sum of at most PIECE squares. */

static double
OF(rest)(const FLOAT *w, int64_t j, int64_t cols, const double *v, doubles_t *sums)
{
    for (int k = 0; j + LANES <= cols; j += LANES, k++) {
        ADD_PRODUCT(sums[k], LOAD(w + j), AS_IT_IS(v + j));
    }
    sums[0] = PLUS(PLUS(sums[0], sums[1]), PLUS(sums[2], sums[3]));
    double lanes[LANES];
    memcpy(lanes, sums, sizeof lanes);
    for (int k = 0; j < cols; j++, k++) {
        lanes[k] += (double) w[j] * v[j];
    }
    return sum_of_lanes(lanes);
}

HTST_KERNEL(double, OF(dot), (const FLOAT *w, int64_t cols, const double *v), (w, cols, v))
{
    doubles_t sums[SUMS] = { { 0 } };
    int64_t j = 0;
    for (; j + SUMS * LANES <= cols; j += SUMS * LANES) {
        for (int k = 0; k < SUMS; k++) {
            ADD_PRODUCT(sums[k], LOAD(w + j + k * LANES), AS_IT_IS(v + j + k * LANES));
        }
    }
    return OF(rest)(w, j, cols, v, sums);
}

HTST_VOID_KERNEL(OF(dots),
    (const FLOAT *const w[GROUP], int64_t cols, const double *v, double dots[GROUP]),
    (w, cols, v, dots))
{
    const FLOAT *w0 = w[0], *w1 = w[1], *w2 = w[2], *w3 = w[3];
    doubles_t sums[GROUP][SUMS] = { { { 0 } } };
    int64_t j = 0;
    for (; j + SUMS * LANES <= cols; j += SUMS * LANES) {
        for (int k = 0; k < SUMS; k++) {
            doubles_t x = AS_IT_IS(v + j + k * LANES);
            ADD_PRODUCT(sums[0][k], LOAD(w0 + j + k * LANES), x);
            ADD_PRODUCT(sums[1][k], LOAD(w1 + j + k * LANES), x);
            ADD_PRODUCT(sums[2][k], LOAD(w2 + j + k * LANES), x);
            ADD_PRODUCT(sums[3][k], LOAD(w3 + j + k * LANES), x);
        }
    }
    for (int row = 0; row < GROUP; row++) {
        dots[row] = OF(rest)(w[row], j, cols, v, sums[row]);
    }
}

HTST_VOID_KERNEL(OF(add),
    (const FLOAT *const w[GROUP], int64_t cols, const double factor[GROUP],
        double *HTST_RESTRICT out),
    (w, cols, factor, out))
{
    const FLOAT *HTST_RESTRICT w0 = w[0], *HTST_RESTRICT w1 = w[1];
    const FLOAT *HTST_RESTRICT w2 = w[2], *HTST_RESTRICT w3 = w[3];
    double f0 = factor[0], f1 = factor[1], f2 = factor[2], f3 = factor[3];
    for (int64_t j = 0; j < cols; j++) {
        out[j] = (((out[j] + f0 * (double) w0[j]) + f1 * (double) w1[j]) + f2 * (double) w2[j])
            + f3 * (double) w3[j];
    }
}

HTST_KERNEL(double, OF(squares_of), (const FLOAT *x, int64_t n), (x, n))
{
    doubles_t sum = { 0 };
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        doubles_t value = LOAD(x + i);
        ADD_PRODUCT(sum, value, value);
    }
    double lanes[LANES];
    memcpy(lanes, &sum, sizeof lanes);
    for (int64_t k = i; k < n; k++) {
        lanes[k - i] += (double) x[k] * (double) x[k];
    }
    return sum_of_lanes(lanes);
}

/* A group that is not full repeats its first row, with the factor 0. */
int
OF(htst_products_gram)(const FLOAT *w, int64_t rows, int64_t cols, const double *v, double *out)
{
    if (rows < 0 || cols < 0) {
        return HTST_ERR_BAD_ARG;
    }
    for (int64_t row = 0; row < rows; row += GROUP) {
        const FLOAT *group[GROUP];
        double dots[GROUP] = { 0 };
        int full = (int) (rows - row < GROUP ? rows - row : GROUP);
        for (int k = 0; k < GROUP; k++) {
            group[k] = w + (row + (k < full ? k : 0)) * cols;
        }
        if (cols > NARROW && full == GROUP) {
            OF(dots)(group, cols, v, dots);
        }
        else {
            for (int k = 0; k < full; k++) {
                dots[k] = OF(dot)(group[k], cols, v);
            }
        }
        OF(add)(group, cols, dots, out);
    }
    return HTST_OK;
}

int
OF(htst_products_squares)(const FLOAT *x, int64_t n, double sum[2])
{
    if (n < 0) {
        return HTST_ERR_BAD_ARG;
    }
    for (int64_t i = 0; i < n; i += PIECE) {
        add_to(sum, OF(squares_of)(x + i, n - i < PIECE ? n - i : PIECE));
    }
    return HTST_OK;
}

#undef FLOAT
#undef LOAD
#undef OF
