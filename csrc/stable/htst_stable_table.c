#include "htst_stable_table.h"

#include <stddef.h>

#include "htst_stable.h"
#include "htst_stable_math.h"
#include "htst_stable_values.h"
#include "htst_isa.h"

#define N (HTST_STABLE_TABLE_DEGREE + 1)
#define ROOTS 16    /* intervals before the first halving */
#define MAX_DEPTH 9 /* ROOTS 2^MAX_DEPTH cells */
#define LEAST_LOG (-800.0)
#define SMALL_ALPHA 0.7 /* up to this alpha the law is concentrated around x_S1 = 0 */
#define INSIDE 1.5      /* asinh(t/width) of a point inside a law whose support begins at t = 0 */
#define ENOUGH 6e-15    /* of the last coefficients, relative to max(1, the largest coefficient) */
#define BLOCK 64

int64_t
htst_stable_table_size(void)
{
    return (int64_t) sizeof(htst_stable_table_t);
}

/* ---- building ------------------------------------------------------------------------------- */

typedef struct {
    htst_stable_law_t law;
    htst_stable_table_t *table;
    double cosine[4 * N]; /* cos(pi i/(2 N)) */
} builder_t;

static htst_stable_values_t
values_at(const builder_t *b, double s)
{
    double t = b->table->width * sinh(s);
    htst_pair_t x = { t, 0.0 };
    return htst_stable_values(&b->law, htst_stable_point(&b->law, x, b->table->is_x1 != 0));
}

static double
log_density_at(const builder_t *b, double s)
{
    htst_stable_values_t v = values_at(b, s);
    return htst_stable_tell(HTST_STABLE_LOGPDF, &v);
}

/* An s between `inside` and `outside` at which the density is still above exp(LEAST_LOG). Writes to
 * *zero an s from which on the density is below it; *zero is infinite if the density is above it at
 * `outside`, too. */
static double
find_end(const builder_t *b, double inside, double outside, double *zero)
{
    *zero = copysign(INFINITY, outside);
    if (log_density_at(b, outside) > LEAST_LOG) {
        return outside;
    }
    for (int i = 0; i < 40 && fabs(outside - inside) > 0.01; i++) {
        double middle = 0.5 * (inside + outside);
        if (log_density_at(b, middle) > LEAST_LOG) {
            inside = middle;
        }
        else {
            outside = middle;
        }
    }
    *zero = outside;
    return inside;
}

static void
transform(const builder_t *b, const double *values, double *coefficients)
{
    for (int k = 0; k < N; k++) {
        double sum = 0.0;
        for (int j = 0; j < N; j++) {
            sum += values[j] * b->cosine[(2 * j + 1) * k % (4 * N)];
        }
        coefficients[k] = sum * (k == 0 ? 1.0 : 2.0) / N;
    }
}

static bool
is_resolved(const double *c)
{
    double largest = 1.0, last = fmax(fabs(c[N - 1]), fmax(fabs(c[N - 2]), fabs(c[N - 3])));
    for (int k = 0; k < N; k++) {
        largest = fmax(largest, fabs(c[k]));
    }
    return last < ENOUGH * largest;
}

/* Fills the leaf of an interval; returns false if the polynomials are not accurate enough. */
static bool
fill_leaf(const builder_t *b, double low, double high, htst_stable_leaf_t *leaf)
{
    double density[N], lower[N], upper[N];
    leaf->middle = 0.5 * (low + high);
    leaf->inverse = 2.0 / (high - low);
    for (int j = 0; j < N; j++) {
        double s = leaf->middle + 0.5 * (high - low) * b->cosine[2 * j + 1];
        htst_stable_values_t v = values_at(b, s);
        density[j] = htst_stable_tell(HTST_STABLE_LOGPDF, &v);
        lower[j] = htst_stable_tell(HTST_STABLE_LOGCDF, &v);
        upper[j] = htst_stable_tell(HTST_STABLE_LOGSF, &v);
    }
    transform(b, density, leaf->log_density);
    transform(b, lower, leaf->log_lower);
    transform(b, upper, leaf->log_upper);
    return is_resolved(leaf->log_density) && is_resolved(leaf->log_lower)
        && is_resolved(leaf->log_upper);
}

/* Makes leaves for the cells [first, first + count), where count is a power of 2. */
static void
fill_cells(const builder_t *b, int first, int count)
{
    htst_stable_table_t *table = b->table;
    double low = table->low + first / table->cells_a_unit;
    double high = table->low + (first + count) / table->cells_a_unit;
    int leaf = -1;
    if (table->n_leaves < HTST_STABLE_TABLE_LEAVES) {
        if (fill_leaf(b, low, high, &table->leaf[table->n_leaves])) {
            leaf = table->n_leaves++;
        }
        else if (count > 1) {
            fill_cells(b, first, count / 2);
            fill_cells(b, first + count / 2, count / 2);
            return;
        }
    }
    for (int i = 0; i < count; i++) {
        table->cell[first + i] = leaf;
    }
}

static void
set_range(builder_t *b)
{
    htst_stable_table_t *table = b->table;
    double alpha = table->alpha, log_width = 0.0;
    table->is_x1 = alpha <= SMALL_ALPHA;
    if (table->is_x1) {
        log_width = log(tgamma(fmin(1.0 / alpha, 85.0)) / tgamma(fmin(2.0 / alpha, 170.0)));
    }
    table->width = exp(log_width);
    double end = fmin(28.0 / alpha, 570.0) - log_width;
    double inside = log_density_at(b, 0.0) > LEAST_LOG ? 0.0 : copysign(INSIDE, b->law.beta);
    table->low = find_end(b, inside, -end, &table->zero_low);
    table->high = find_end(b, inside, end, &table->zero_high);
}

int
htst_stable_table_build(double alpha, double beta, htst_stable_table_t *table)
{
    if (!(alpha > 0.0 && alpha <= 2.0 && fabs(beta) <= 1.0)) {
        return HTST_ERR_BAD_ARG;
    }
    builder_t b = { .table = table };
    htst_stable_prepare(alpha, beta, &b.law);
    for (int i = 0; i < 4 * N; i++) {
        b.cosine[i] = cos(HTST_PI * i / (2.0 * N));
    }
    table->alpha = alpha;
    table->beta = beta;
    table->n_leaves = 0;
    set_range(&b);
    table->cells_a_unit = HTST_STABLE_TABLE_CELLS / (table->high - table->low);
    int count = HTST_STABLE_TABLE_CELLS / ROOTS;
    for (int i = 0; i < ROOTS; i++) {
        fill_cells(&b, i * count, count);
    }
    return HTST_OK;
}

/* ---- evaluation ----------------------------------------------------------------------------- */

typedef struct {
    double shift, shift_low, loc, scale, inverse_width;
} coordinate_t;

static coordinate_t
set_coordinate(const htst_stable_table_t *table, const htst_stable_law_t *law, bool is_s1,
    double loc, double scale)
{
    /* the coordinate t of the point x = loc */
    htst_stable_point_t zero = htst_stable_standard_point(law, loc, loc, scale, is_s1);
    htst_pair_t shift = table->is_x1 ? zero.x1 : zero.x0;
    return (coordinate_t){ shift.hi, shift.lo, loc, scale, 1.0 / table->width };
}

/* asinh(t/width) of x */
HTST_INLINE double
coordinate_of(const coordinate_t *to, double x)
{
    double q = (x - to->loc) / to->scale;
    double t = ((q + to->shift) + to->shift_low) * to->inverse_width, size = fabs(t);
    size = size < 1e150 ? size : 1e150;
    double square = size * size;
    double s = htst_log1p(size + square / (1.0 + sqrt(1.0 + square)));
    return t < 0.0 ? -s : s;
}

HTST_VOID_KERNEL(find_places,
    (const coordinate_t *HTST_RESTRICT to, const double *HTST_RESTRICT x, double *HTST_RESTRICT s),
    (to, x, s))
{
    const coordinate_t fixed = *to;
    for (int i = 0; i < BLOCK; i++) {
        s[i] = coordinate_of(&fixed, x[i]);
    }
}

/* The cell of s, or -1 outside the range. */
HTST_INLINE int
cell_of(const htst_stable_table_t *table, double s)
{
    double at = (s - table->low) * table->cells_a_unit;
    return at >= 0.0 && at < HTST_STABLE_TABLE_CELLS ? (int) at : -1;
}

/* Writes the index of the leaf of each point of a block; -1 for a point without a leaf. */
static void
find_leaves(const htst_stable_table_t *table, const double *s, int32_t *leaf)
{
    for (int i = 0; i < BLOCK; i++) {
        int cell = cell_of(table, s[i]);
        leaf[i] = cell < 0 ? -1 : table->cell[cell];
    }
}

/* Clenshaw's sums for a block of points: the outer loop runs over the coefficients. */
HTST_VOID_KERNEL(sum_block,
    (const double *HTST_RESTRICT leaves, const int64_t *HTST_RESTRICT start,
        const double *HTST_RESTRICT s, int64_t offset, double *HTST_RESTRICT out),
    (leaves, start, s, offset, out))
{
    double b1[BLOCK] = { 0.0 }, b2[BLOCK] = { 0.0 }, u[BLOCK];
    for (int i = 0; i < BLOCK; i++) {
        u[i] = (s[i] - leaves[start[i]]) * leaves[start[i] + 1];
    }
    for (int k = N - 1; k > 0; k--) {
        const double *c = leaves + offset + k;
        for (int i = 0; i < BLOCK; i++) {
            double b0 = htst_fma(2.0 * u[i], b1[i], c[start[i]] - b2[i]);
            b2[i] = b1[i];
            b1[i] = b0;
        }
    }
    for (int i = 0; i < BLOCK; i++) {
        out[i] = htst_fma(u[i], b1[i], leaves[start[i] + offset] - b2[i]);
    }
}

HTST_VOID_KERNEL(exponentials, (const double *HTST_RESTRICT x, double *HTST_RESTRICT out), (x, out))
{
    for (int i = 0; i < BLOCK; i++) {
        out[i] = htst_exp(x[i]);
    }
}

#define OFFSET(field) ((int64_t) (offsetof(htst_stable_leaf_t, field) / sizeof(double)))
#define LEAF_DOUBLES ((int64_t) (sizeof(htst_stable_leaf_t) / sizeof(double)))
#define HALF_LOG (-0.69314718055994530942)

/* out = log(1 - exp(other)) if `own` is near 0, else own. */
static void
sharpen(const double *own, const double *other, double *out)
{
    for (int i = 0; i < BLOCK; i++) {
        out[i] = own[i] > HALF_LOG ? log1p(-exp(other[i])) : own[i];
    }
}

/* Evaluates the function at a block of points in the range of the table. */
static void
evaluate_block(const htst_stable_table_t *table, int function, const int32_t *leaf, const double *s,
    double log_scale, double *out)
{
    double logs[BLOCK], other[BLOCK];
    bool density = function == HTST_STABLE_PDF || function == HTST_STABLE_LOGPDF;
    bool lower = function == HTST_STABLE_CDF || function == HTST_STABLE_LOGCDF;
    int64_t offset = density ? OFFSET(log_density) : lower ? OFFSET(log_lower) : OFFSET(log_upper);
    const double *leaves = &table->leaf[0].middle;
    int64_t start[BLOCK];
    for (int i = 0; i < BLOCK; i++) { /* a point without a leaf is evaluated later */
        start[i] = leaf[i] < 0 ? 0 : leaf[i] * LEAF_DOUBLES;
    }
    sum_block(leaves, start, s, offset, logs);
    if (function == HTST_STABLE_LOGCDF || function == HTST_STABLE_LOGSF) {
        sum_block(leaves, start, s, lower ? OFFSET(log_upper) : OFFSET(log_lower), other);
        sharpen(logs, other, out);
        return;
    }
    for (int i = 0; i < BLOCK; i++) {
        logs[i] -= density ? log_scale : 0.0;
    }
    if (function == HTST_STABLE_LOGPDF) {
        memcpy(out, logs, sizeof logs);
        return;
    }
    exponentials(logs, out);
    if (!density) {
        for (int i = 0; i < BLOCK; i++) {
            out[i] = out[i] < 1.0 ? out[i] : 1.0;
        }
    }
}

/* The function at a point without a leaf. Beyond the end of a light tail the density is 0 and tails
 * are 0 or 1, but their logarithms are computed. */
static double
direct_value(const htst_stable_table_t *table, int function, int is_s1, double loc, double scale,
    double x, double s)
{
    bool low = s <= table->zero_low, high = s >= table->zero_high;
    bool is_log = function == HTST_STABLE_LOGPDF || function == HTST_STABLE_LOGCDF
        || function == HTST_STABLE_LOGSF;
    if ((low || high) && !is_log) {
        return (function == HTST_STABLE_CDF && high) || (function == HTST_STABLE_SF && low) ? 1.0
                                                                                            : 0.0;
    }
    return htst_stable_evaluate(function, is_s1, x, table->alpha, table->beta, loc, scale);
}

int
htst_stable_table_map(const htst_stable_table_t *table, int function, int is_s1, double loc,
    double scale, int64_t count, const double *x, double *out)
{
    coordinate_t to;
    htst_stable_law_t law;
    if (function < 0 || function >= HTST_STABLE_N_FUNCTIONS || !isfinite(loc)
        || !(scale > 0.0 && isfinite(scale))) {
        return HTST_ERR_BAD_ARG;
    }
    htst_stable_prepare(table->alpha, table->beta, &law);
    to = set_coordinate(table, &law, is_s1 != 0, loc, scale);
    int status = HTST_OK;
    double log_scale = log(scale);
    for (int64_t start = 0; start < count; start += BLOCK) {
        int64_t n = count - start < BLOCK ? count - start : BLOCK;
        double block[BLOCK] = { 0.0 }, s[BLOCK], values[BLOCK];
        int32_t leaf[BLOCK];
        memcpy(block, x + start, (size_t) n * sizeof *x);
        find_places(&to, block, s);
        find_leaves(table, s, leaf);
        evaluate_block(table, function, leaf, s, log_scale, values);
        for (int64_t i = 0; i < n; i++) {
            double value = values[i];
            if (leaf[i] < 0) {
                value = direct_value(table, function, is_s1, loc, scale, block[i], s[i]);
            }
            status = isnan(value) ? HTST_ERR_BAD_ARG : status;
            out[start + i] = value;
        }
    }
    return status;
}
