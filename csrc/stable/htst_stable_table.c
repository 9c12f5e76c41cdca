#include "htst_stable_table.h"

#include <stddef.h>

#include "htst_stable.h"
#include "htst_stable_math.h"
#include "htst_stable_values.h"
#include "htst_isa.h"

#define N (HTST_STABLE_TABLE_DEGREE + 1)
#define ROOT 512 /* cells of an interval before the first halving */
#define LEAST_LOG (-800.0)
#define LEAST_ALPHA 0.1 /* below it the range of polynomials does not reach far enough */
#define SMALL_ALPHA 0.7 /* up to this alpha the law is concentrated around x_S1 = 0 */
#define INSIDE 1.5      /* asinh(t/width) of a point inside a law whose support begins at t = 0 */
#define ENOUGH 6e-15    /* of the last coefficients, relative to max(1, the largest coefficient) */
#define BLOCK 64
#define LANES 8 /* N is three times as many */
#define OFFSET(field) ((int64_t) (offsetof(htst_stable_leaf_t, field) / sizeof(double)))
#define LEAF_DOUBLES ((int64_t) (sizeof(htst_stable_leaf_t) / sizeof(double)))
#define HALF_LOG (-0.69314718055994530942)

int64_t
htst_stable_table_size(void)
{
    return (int64_t) sizeof(htst_stable_table_t);
}

/* ---- building ------------------------------------------------------------------------------- */

typedef struct {
    htst_stable_law_t law;
    htst_stable_table_t *table;
    double cosine[4 * N];   /* cos(pi i/(2 N)) */
    double chebyshev[N][N]; /* T_k(u) = sum over j of chebyshev[k][j] u^j */
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

static void
set_polynomials(builder_t *b)
{
    memset(b->chebyshev, 0, sizeof b->chebyshev);
    b->chebyshev[0][0] = b->chebyshev[1][1] = 1.0;
    for (int k = 2; k < N; k++) {
        for (int j = 0; j <= k; j++) {
            double shifted = j > 0 ? b->chebyshev[k - 1][j - 1] : 0.0;
            b->chebyshev[k][j] = 2.0 * shifted - b->chebyshev[k - 2][j];
        }
    }
}

/* Replaces coefficients of Chebyshev polynomials by those of powers. The coefficients decay so fast
 * that the large integers in the polynomials cost no digits. */
static void
to_powers(const builder_t *b, double *coefficients)
{
    double powers[N] = { 0.0 };
    for (int k = N - 1; k >= 0; k--) {
        for (int j = 0; j <= k; j++) {
            powers[j] += coefficients[k] * b->chebyshev[k][j];
        }
    }
    memcpy(coefficients, powers, sizeof powers);
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
    bool resolved = is_resolved(leaf->log_density) && is_resolved(leaf->log_lower)
        && is_resolved(leaf->log_upper);
    to_powers(b, leaf->log_density);
    to_powers(b, leaf->log_lower);
    to_powers(b, leaf->log_upper);
    return resolved;
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
    set_polynomials(&b);
    table->alpha = alpha;
    table->beta = beta;
    table->n_leaves = 0;
    set_range(&b);
    table->cells_a_unit = HTST_STABLE_TABLE_CELLS / (table->high - table->low);
    for (size_t i = 0; i < sizeof table->cell / sizeof *table->cell; i++) {
        table->cell[i] = -1;
    }
    if (alpha < LEAST_ALPHA) {
        table->zero_low = -INFINITY;
        table->zero_high = INFINITY;
        return HTST_OK;
    }
    for (int first = 0; first < HTST_STABLE_TABLE_CELLS; first += ROOT) {
        fill_cells(&b, first, ROOT);
    }
    return HTST_OK;
}

/* ---- evaluation ----------------------------------------------------------------------------- */

typedef struct {
    double shift, shift_low, loc, inverse_scale, inverse_width;
} coordinate_t;

static coordinate_t
set_coordinate(const htst_stable_table_t *table, const htst_stable_law_t *law, bool is_s1,
    double loc, double scale)
{
    /* the coordinate t of the point x = loc */
    htst_stable_point_t zero = htst_stable_standard_point(law, loc, loc, scale, is_s1);
    htst_pair_t shift = table->is_x1 ? zero.x1 : zero.x0;
    return (coordinate_t){ shift.hi, shift.lo, loc, 1.0 / scale, 1.0 / table->width };
}

/* log(1 + x) for x >= 0, with one division: what the rounding of 1 + x loses matters only if 1 + x
 * is below sqrt 2, and there it is so small that two terms of 1/(1 + x) suffice. */
HTST_INLINE double
log_of_sum(double x)
{
    double u = 1.0 + x, f, e;
    htst_split(u, &f, &e);
    double lost = (x - (u - 1.0)) * (1.0 - f);
    return htst_log_sum(f, e) + (e == 0.0 ? lost : 0.0);
}

/* asinh(t/width) of x */
HTST_INLINE double
coordinate_of(const coordinate_t *to, double x)
{
    double q = (x - to->loc) * to->inverse_scale;
    double t = ((q + to->shift) + to->shift_low) * to->inverse_width, size = fabs(t);
    size = size < 1e150 ? size : 1e150;
    double square = size * size;
    return copysign(log_of_sum(size + square / (1.0 + sqrt(1.0 + square))), t);
}

/* Writes asinh(t/width) of a block of points, and their cells. A NaN is outside the range. */
HTST_VOID_KERNEL(find_places,
    (const coordinate_t *HTST_RESTRICT to, double low, double cells_a_unit,
        const double *HTST_RESTRICT x, double *HTST_RESTRICT s, int32_t *HTST_RESTRICT cell),
    (to, low, cells_a_unit, x, s, cell))
{
    const coordinate_t fixed = *to;
    const double count = HTST_STABLE_TABLE_CELLS;
    for (int i = 0; i < BLOCK; i++) {
        s[i] = coordinate_of(&fixed, x[i]);
    }
    for (int i = 0; i < BLOCK; i++) {
        double at = (s[i] - low) * cells_a_unit;
        int inside = (at >= 0.0) & (at < count);
        cell[i] = (int32_t) (inside ? at : count);
    }
}

/* Writes where the leaf of each point begins, in doubles: 0 for a point without a leaf, which is
 * evaluated later. Returns true if all points have leaves. */
static bool
find_leaves(const htst_stable_table_t *table, const int32_t *cell, int64_t *start)
{
    int32_t all = 0;
    for (int i = 0; i < BLOCK; i++) {
        int32_t leaf = table->cell[cell[i]];
        all |= leaf;
        start[i] = (leaf < 0 ? 0 : leaf) * LEAF_DOUBLES;
    }
    return all >= 0;
}

/* The polynomials of a block of points. A point's coefficients are read as three vectors of eight
 * consecutive numbers, because gathers of single numbers would take four times as long. Each step
 * halves the number of coefficients. */
HTST_VOID_KERNEL(sum_block,
    (const double *HTST_RESTRICT leaves, const int64_t *HTST_RESTRICT start,
        const double *HTST_RESTRICT s, int64_t offset, double *HTST_RESTRICT out),
    (leaves, start, s, offset, out))
{
    double u[BLOCK], u2[BLOCK], u4[BLOCK], u8[BLOCK], part[BLOCK][LANES];
    for (int i = 0; i < BLOCK; i++) {
        u[i] = (s[i] - leaves[start[i]]) * leaves[start[i] + 1];
    }
    for (int i = 0; i < BLOCK; i++) {
        u2[i] = u[i] * u[i];
        u4[i] = u2[i] * u2[i];
        u8[i] = u4[i] * u4[i];
    }
    for (int i = 0; i < BLOCK; i++) {
        const double *c = leaves + start[i] + offset;
        for (int j = 0; j < LANES; j++) {
            double high = htst_fma(c[2 * LANES + j], u8[i], c[LANES + j]);
            part[i][j] = htst_fma(high, u8[i], c[j]);
        }
    }
    for (int i = 0; i < BLOCK; i++) {
        for (int j = 0; j < LANES / 2; j++) {
            part[i][j] = htst_fma(part[i][LANES / 2 + j], u4[i], part[i][j]);
        }
    }
    for (int i = 0; i < BLOCK; i++) {
        for (int j = 0; j < LANES / 4; j++) {
            part[i][j] = htst_fma(part[i][LANES / 4 + j], u2[i], part[i][j]);
        }
    }
    for (int i = 0; i < BLOCK; i++) {
        out[i] = htst_fma(part[i][1], u[i], part[i][0]);
    }
}

HTST_VOID_KERNEL(exponentials, (const double *HTST_RESTRICT x, double *HTST_RESTRICT out), (x, out))
{
    for (int i = 0; i < BLOCK; i++) {
        out[i] = htst_exp(x[i]);
    }
}

/* out = log(1 - exp(other)) if `own` is near 0, else own. */
HTST_VOID_KERNEL(sharpen,
    (const double *HTST_RESTRICT own, const double *HTST_RESTRICT other, double *HTST_RESTRICT out),
    (own, other, out))
{
    for (int i = 0; i < BLOCK; i++) {
        double sharp = htst_log1p(-htst_exp(other[i] < HALF_LOG ? other[i] : HALF_LOG));
        out[i] = own[i] > HALF_LOG ? sharp : own[i];
    }
}

/* Evaluates the function at a block of points in the range of the table. */
static void
evaluate_block(const htst_stable_table_t *table, int function, const int64_t *start,
    const double *s, double log_scale, double *out)
{
    double logs[BLOCK], other[BLOCK];
    bool density = function == HTST_STABLE_PDF || function == HTST_STABLE_LOGPDF;
    bool lower = function == HTST_STABLE_CDF || function == HTST_STABLE_LOGCDF;
    int64_t offset = density ? OFFSET(log_density) : lower ? OFFSET(log_lower) : OFFSET(log_upper);
    const double *leaves = &table->leaf[0].middle;
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
    if ((low || high) && !is_log && !isnan(x)) {
        return (function == HTST_STABLE_CDF && high) || (function == HTST_STABLE_SF && low) ? 1.0
                                                                                            : 0.0;
    }
    return htst_stable_evaluate(function, is_s1, x, table->alpha, table->beta, loc, scale);
}

/* The arguments of htst_stable_table_map, apart from the points. */
typedef struct {
    const htst_stable_table_t *table;
    int function, is_s1;
    double loc, scale, log_scale;
    coordinate_t to;
} request_t;

/* Writes the function at a block of points, of which the first n are wanted. Returns false if one
 * of these is NaN. */
static bool
map_block(const request_t *request, const double *x, int64_t n, double *out)
{
    const htst_stable_table_t *table = request->table;
    double s[BLOCK];
    int32_t cell[BLOCK];
    int64_t start[BLOCK];
    bool is_legal = true;
    find_places(&request->to, table->low, table->cells_a_unit, x, s, cell);
    bool is_inside = find_leaves(table, cell, start);
    evaluate_block(table, request->function, start, s, request->log_scale, out);
    for (int64_t i = 0; i < n && !is_inside; i++) {
        if (table->cell[cell[i]] < 0) {
            out[i] = direct_value(
                table, request->function, request->is_s1, request->loc, request->scale, x[i], s[i]);
            is_legal = is_legal && !isnan(out[i]);
        }
    }
    return is_legal;
}

int
htst_stable_table_map(const htst_stable_table_t *table, int function, int is_s1, double loc,
    double scale, int64_t count, const double *x, double *out)
{
    htst_stable_law_t law;
    if (function < 0 || function >= HTST_STABLE_N_FUNCTIONS || !isfinite(loc)
        || !(scale > 0.0 && isfinite(scale))) {
        return HTST_ERR_BAD_ARG;
    }
    htst_stable_prepare(table->alpha, table->beta, &law);
    request_t request = { table, function, is_s1, loc, scale, log(scale),
        set_coordinate(table, &law, is_s1 != 0, loc, scale) };
    bool is_legal = true;
    int64_t whole = count - count % BLOCK, rest = count - whole;
    for (int64_t first = 0; first < whole; first += BLOCK) {
        is_legal = map_block(&request, x + first, BLOCK, out + first) && is_legal;
    }
    if (rest > 0) {
        double last[BLOCK] = { 0.0 }, values[BLOCK];
        memcpy(last, x + whole, (size_t) rest * sizeof *x);
        is_legal = map_block(&request, last, rest, values) && is_legal;
        memcpy(out + whole, values, (size_t) rest * sizeof *out);
    }
    return is_legal ? HTST_OK : HTST_ERR_BAD_ARG;
}
