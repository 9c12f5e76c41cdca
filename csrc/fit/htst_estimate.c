#include "htst_estimate.h"

#include <math.h>
#include <string.h>

#include "htst_truncated.h"
#include "htst_isa.h"

/* Number of terms whose sum is computed in double precision before it is added in twice the
 * precision. */
#define GROUP (BLOCK / GROUPS)

#define BLOCK HTST_ESTIMATE_BLOCK
#define GROUPS HTST_ESTIMATE_GROUPS

/* Number of blocks whose groups are held in the L1 cache. */
#define SOME_BLOCKS 64

/* Blocks are read in descending order, and each block upwards. Processors do not prefetch this
 * pattern, so the block AHEAD blocks further down is prefetched, LINE bytes at a time. */
#define AHEAD 4
#define LINE 64

double
htst_estimate_log_ratio(double a, double b)
{
    double z = (b - a) / a; /* the difference is exact for b <= 2 a */

    return HTST_LIKELY(z < 0x1p1000) ? log1p(z) : log(b) - log(a);
}

/* Number of values that are compared together, without branches, to find equal neighbours. */
#define RUN 64

#define FLOAT float
#define OF(name) name##_f32
#include "htst_estimate_template.h"

#define FLOAT double
#define OF(name) name##_f64
#include "htst_estimate_template.h"

/* A sum of non-negative terms in twice the precision (Knuth's two-sum). */
typedef struct {
    double high, low;
} sum_t;

static inline void
add(sum_t *sum, double term)
{
    double total = sum->high + term, rest = total - sum->high;

    sum->low += (sum->high - (total - rest)) + (term - rest);
    sum->high = total;
}

static inline double
value(const sum_t *sum)
{
    return sum->high + sum->low;
}

/* True if the series of small_steps does not cover the step from a to b, or a + b may overflow. */
static inline int
is_large(double a, double b)
{
    return (b > (1 + 0x1p-4) * a) | (b > 0x1p1022);
}

/* The number of values between two counts. Counts that fall are refused, but after this: they must
 * not overflow. */
static inline double
values_between(int64_t first, int64_t end)
{
    return (double) (int64_t) ((uint64_t) end - (uint64_t) first);
}

/* Flags of a block: some step does not go up; some step is large. */
typedef struct {
    int64_t wrong, large;
} steps_t;

/* Replace each term of a block by the sum of this term and all later ones, including those after
 * the block (*total); then add the block to *total. The last term stands at the block's end. */
HTST_VOID_KERNEL(add_block, (double *HTST_RESTRICT term, sum_t *total), (term, total))
{
    double sums[GROUP][GROUPS], high[GROUPS + 1], low[GROUPS + 1];
    sum_t sum = *total;

    for (int i = GROUP - 1; i >= 0; i--) { /* one vector holds a term of each group */
        for (int g = 0; g < GROUPS; g++) {
            sums[i][g] = term[GROUP * g + i] + (i < GROUP - 1 ? sums[i + 1][g] : 0);
        }
    }
    high[GROUPS] = sum.high;
    low[GROUPS] = sum.low;
    for (int g = GROUPS - 1; g >= 0; g--) {
        add(&sum, sums[0][g]);
        high[g] = sum.high;
        low[g] = sum.low;
    }
    for (int g = 0; g < GROUPS; g++) {
        for (int i = 0; i < GROUP; i++) {
            term[GROUP * g + i] = high[g + 1] + (low[g + 1] + sums[i][g]);
        }
        term[GROUP * g] = high[g] + low[g]; /* the *total that the next block starts from */
    }
    *total = sum;
}

/* The sums of the groups of a block. */
HTST_VOID_KERNEL(
    sum_groups, (const double *HTST_RESTRICT term, double *HTST_RESTRICT all), (term, all))
{
    for (int g = 0; g < GROUPS; g++) {
        all[g] = term[GROUP * g + GROUP - 1];
    }
    for (int i = GROUP - 2; i >= 0; i--) {
        for (int g = 0; g < GROUPS; g++) {
            all[g] = term[GROUP * g + i] + all[g];
        }
    }
}

/* Add the groups of a block to *total, as add_block does. */
static void
add_groups(const double *all, sum_t *total)
{
    sum_t sum = *total;

    for (int g = GROUPS - 1; g >= 0; g--) {
        add(&sum, all[g]);
    }
    *total = sum;
}

HTST_VOID_KERNEL(negate, (int64_t size, const double *HTST_RESTRICT reach, double *HTST_RESTRICT y),
    (size, reach, y))
{
    for (int64_t j = 0; j < size; j++) {
        y[j] = -reach[j];
    }
}

/* The rates if there is an upper end: for each value, the root of the truncated law's equation. */
static void
solve(int64_t m, const double *v, const int64_t *first, double xmax, const double *y, double *rate)
{
    double margin = htst_estimate_log_ratio(v[m - 1], xmax);
    sum_t above = { values_between(first[m - 1], first[m]) * margin, 0 };

    for (int64_t k = m - 2; k >= 0; k--) {
        add(&above, values_between(first[k], first[k + 1]) * (margin - y[k]));
        rate[k] = htst_truncated_root(rate[k], value(&above)) / htst_estimate_log_ratio(v[k], xmax);
    }
}

#define VALUE double
#define COUNT int64_t
#define OF(name) name
#include "htst_estimate_blocks_template.h"

#define VALUE float
#define COUNT uint32_t
#define OF(name) name##_narrow
#include "htst_estimate_blocks_template.h"

int
htst_estimate_rates(
    int64_t m, const double *v, const int64_t *first, double xmax, double *y, double *rate)
{
    double step[BLOCK], term[BLOCK];
    sum_t reach = { 0, 0 }, sum = { 0, 0 };
    int status = check(m, v, first, xmax);

    if (status != HTST_OK) {
        return status;
    }
    y[m - 1] = 0;
    rate[m - 1] = INFINITY;
    for (int64_t end = m - 1; end > 0; end -= BLOCK) {
        int64_t size = steps_before(end, v, first, first[m], step, term);
        if (HTST_UNLIKELY(size < 0)) {
            return HTST_ERR_BAD_ARG;
        }
        add_block(step, &reach);
        add_block(term, &sum);
        negate(size, step + BLOCK - size, y + end - size);
        if (xmax < INFINITY) {
            memcpy(rate + end - size, term + BLOCK - size, (size_t) size * sizeof term[0]);
        }
        else {
            divide(size, first + end - size, first[m], term + BLOCK - size, rate + end - size);
        }
    }
    if (xmax < INFINITY) {
        solve(m, v, first, xmax, y, rate);
    }
    return HTST_OK;
}

int64_t
htst_estimate_blocks(int64_t m)
{
    return (m - 1 + BLOCK - 1) / BLOCK;
}

void
htst_estimate_add_groups(
    int64_t size, const htst_estimate_groups_t *groups, htst_estimate_mark_t *marks)
{
    sum_t reach = { marks[0].reach_high, marks[0].reach_low };
    sum_t sum = { marks[0].sum_high, marks[0].sum_low };

    for (int64_t i = 0; i < size; i++) {
        add_groups(groups[i].steps, &reach);
        add_groups(groups[i].terms, &sum);
        marks[i + 1] = (htst_estimate_mark_t){ reach.high, reach.low, sum.high, sum.low };
    }
}

int
htst_estimate_marks(int64_t m, const double *v, const int64_t *first, htst_estimate_mark_t *marks)
{
    const int64_t blocks = htst_estimate_blocks(m);
    htst_estimate_groups_t groups[SOME_BLOCKS];
    int status = check(m, v, first, INFINITY);

    marks[0] = (htst_estimate_mark_t){ 0, 0, 0, 0 };
    for (int64_t i = 0; i < blocks && status == HTST_OK; i += SOME_BLOCKS) {
        int64_t end = blocks - i < SOME_BLOCKS ? blocks : i + SOME_BLOCKS;
        status = htst_estimate_groups(m, v, first, i, end, groups);
        htst_estimate_add_groups(status == HTST_OK ? end - i : 0, groups, marks + i);
    }
    return status;
}

int
htst_estimate_part(int64_t m, const double *v, const int64_t *first, int64_t n,
    htst_estimate_mark_t *mark, double *y, double *rate)
{
    double step[BLOCK], term[BLOCK];
    sum_t reach = { mark->reach_high, mark->reach_low }, sum = { mark->sum_high, mark->sum_low };

    if (m < 1 || !(v[0] > 0) || !(v[m - 1] < INFINITY) || first[m - 1] > n) {
        return HTST_ERR_BAD_ARG;
    }
    for (int64_t end = m - 1; end > 0; end -= BLOCK) {
        int64_t size = steps_before(end, v, first, n, step, term);
        if (HTST_UNLIKELY(size < 0)) {
            return HTST_ERR_BAD_ARG;
        }
        add_block(step, &reach);
        add_block(term, &sum);
        negate(size, step + BLOCK - size, y + end - size);
        divide(size, first + end - size, n, term + BLOCK - size, rate + end - size);
    }
    *mark = (htst_estimate_mark_t){ reach.high, reach.low, sum.high, sum.low };
    return HTST_OK;
}

int
htst_estimate_rates_of_logs(int64_t m, const double *y, const int64_t *first, double *rate)
{
    double term[BLOCK];
    sum_t sum = { 0, 0 };

    if (m < 1) {
        return HTST_ERR_BAD_ARG;
    }
    if (first[m] <= first[0]) {
        return HTST_ERR_TOO_FEW;
    }
    rate[m - 1] = INFINITY;
    for (int64_t end = m - 1; end > 0; end -= BLOCK) {
        int64_t begin = end > BLOCK ? end - BLOCK : 0, size = end - begin, pad = BLOCK - size;
        int wrong = 0;
        memset(term, 0, (size_t) pad * sizeof term[0]);
        for (int64_t j = 0; j < size; j++) {
            double step = y[begin + j + 1] - y[begin + j];
            wrong |= !(step > 0) | (first[begin + j + 1] < first[begin + j]);
            term[pad + j] = values_between(first[begin + j + 1], first[m]) * step;
        }
        if (HTST_UNLIKELY(wrong)) {
            return HTST_ERR_BAD_ARG;
        }
        add_block(term, &sum);
        divide(size, first + begin, first[m], term + pad, rate + begin);
    }
    return HTST_OK;
}
