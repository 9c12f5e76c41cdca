#include "htst_prune.h"

#include <float.h>
#include <math.h>
#include <stddef.h>

/* The buckets at which bounds are evaluated, as proportions of a candidate's tail: multiples of
 * 1/32, and powers of 4 below them. Any choice gives correct bounds; a finer choice excludes more
 * candidates. */
#define N_SHARES 40
#define N_FINE 31

/* Number of tails that a guess evaluates for each halving of the tail. */
#define GUESSES_PER_HALVING 8

/* Bound of the rounding errors in the last steps of a bound, quotients and exponentials, and in the
 * distances with which it is compared (htst_scan.h). */
#define ROUNDING 1e-8

/* Bound of the error of a logarithm less that of the largest value. Both are at most 745, where a
 * unit in the last place is 2^-43; each is within one unit, and their difference is rounded.
 * Neighbouring doubles, whose logarithms differ by less, thus count as equal. */
#define LOG_ERROR 4e-13

/* Below it, a mean may have lost digits to underflow. */
#define TINY 0x1p-900

/* The parts of the workspace. */
typedef struct {
    const double *log_lower, *log_upper;
    const double *low, *high; /* bounds of the sum of logarithms over all buckets above */
} logs_t;

static logs_t
logs_of(const htst_prune_t *p)
{
    logs_t logs = { p->work, p->work + p->m, p->work + 2 * p->m, p->work + 3 * p->m };

    return logs;
}

/* Bounds of the sum of the logarithms of bucket b, except for rounding. */
static void
bound_logs(const htst_prune_t *p, int64_t b, double top, double *low, double *high)
{
    double count = (double) p->count[b], lower = p->lower[b], upper = p->upper[b];
    double log_lower = p->work[b], log_upper = p->work[p->m + b];

    *low = count * log_lower;
    *high = count * log_upper;
    if (p->total != NULL && isfinite(p->total[b]) && upper > lower && lower >= TINY) {
        /* the logarithm is concave: above its chord, and below it at the mean */
        double share = (p->total[b] / count - lower) / (upper - lower);
        share = share > 0 ? share < 1 ? share : 1 : 0;
        *low = count * (log_lower + share * (log_upper - log_lower));
        *high = count * (log(lower + share * (upper - lower)) - top);
    }
}

int
htst_prune_prepare(const htst_prune_t *p)
{
    double *log_lower = p->work, *log_upper = p->work + p->m;
    double *low = p->work + 2 * p->m, *high = p->work + 3 * p->m;
    double sum_low = 0, sum_high = 0, slack = 0, top;

    if (p->m < 1) {
        return HTST_ERR_BAD_ARG;
    }
    top = log(p->upper[p->m - 1]);
    p->tail[p->m] = 0;
    for (int64_t b = p->m - 1; b >= 0; b--) {
        double lower = p->lower[b], upper = p->upper[b], less, more;
        if (!(lower > 0) || !(upper >= lower) || !(upper < INFINITY) || p->count[b] < 1) {
            return HTST_ERR_BAD_ARG;
        }
        log_lower[b] = log(lower) - top;
        log_upper[b] = log(upper) - top;
        low[b] = sum_low - slack;
        high[b] = sum_high + slack;
        p->tail[b] = p->tail[b + 1] + p->count[b];
        bound_logs(p, b, top, &less, &more);
        sum_low += less;
        sum_high += more;
        /* two products and a sum are rounded; both sums are negative, and sum_low is below */
        slack += 2 * LOG_ERROR * (double) p->count[b] + 4 * DBL_EPSILON * -sum_low;
    }
    return HTST_OK;
}

/* Bounds of the tails' sizes and of the exponents of a bucket's candidates. */
typedef struct {
    int64_t b;
    double least, most, slow, fast, middle;
} range_t;

static range_t
range_of(const htst_prune_t *p, const logs_t *logs, int64_t b)
{
    range_t r;
    double above = (double) p->tail[b + 1], width = logs->log_upper[b] - logs->log_lower[b];
    double slack = 3 * LOG_ERROR * (double) p->tail[b]
        - 4 * DBL_EPSILON * (logs->low[b] + above * logs->log_lower[b]);
    double sum_low = logs->low[b] - above * logs->log_upper[b] - slack;
    double sum_high =
        logs->high[b] - above * logs->log_lower[b] + (double) p->count[b] * width + slack;

    r.b = b;
    r.least = above + 1;
    r.most = (double) p->tail[b];
    r.slow = sum_high > 0 ? r.least / sum_high : 0;
    r.fast = sum_low > 0 ? r.most / sum_low : INFINITY;
    r.middle = r.most / (.5 * (logs->low[b] + logs->high[b]) - above * logs->log_lower[b]);
    r.middle = r.middle > r.slow ? r.middle < r.fast ? r.middle : r.fast : r.slow;
    return r;
}

static double
bound_at(const htst_prune_t *p, const logs_t *logs, const range_t *r, int64_t e)
{
    double near = logs->log_lower[e] - logs->log_upper[r->b] - 2 * LOG_ERROR;
    double far = logs->log_lower[e] - logs->log_lower[r->b] + 2 * LOG_ERROR;
    double plus = (double) p->tail[e] / r->most - (near > 0 ? exp(-r->slow * near) : 1);
    double survival = r->fast < INFINITY ? exp(-r->fast * far) : 0;
    double minus = survival - (double) p->tail[e - 1] / r->least;

    return (plus > minus ? plus : minus) - ROUNDING;
}

/* The first bucket above b from whose lower edge at most `share` of the tail of b remains. */
static int64_t
edge_of(const htst_prune_t *p, int64_t b, double share)
{
    double wanted = share * (double) p->tail[b];
    int64_t low = b + 1, high = p->m - 1;

    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if ((double) p->tail[middle] <= wanted) {
            high = middle;
        }
        else {
            low = middle + 1;
        }
    }
    return low;
}

static double
share_of(int i)
{
    return i < N_FINE ? (i + 1) / (double) (N_FINE + 1) : ldexp(1, -2 * (i - N_FINE) - 6);
}

/* True if a bound above `distance` is found for bucket b. Bucket *e is tried first. Sets *e to the
 * bucket at which the bound was found. */
static int
is_out(const htst_prune_t *p, const logs_t *logs, int64_t b, double distance, int64_t *e)
{
    range_t r = range_of(p, logs, b);

    if (*e > b && bound_at(p, logs, &r, *e) > distance) {
        return 1;
    }
    for (int i = 0; i < N_SHARES && b + 1 < p->m; i++) {
        int64_t edge = edge_of(p, b, share_of(i));
        if (bound_at(p, logs, &r, edge) > distance) {
            *e = edge;
            return 1;
        }
    }
    return 0;
}

double
htst_prune_bound(const htst_prune_t *p, int64_t b)
{
    logs_t logs = logs_of(p);
    range_t r = range_of(p, &logs, b);
    double best = 0;

    for (int i = 0; i < N_SHARES && b + 1 < p->m; i++) {
        double bound = bound_at(p, &logs, &r, edge_of(p, b, share_of(i)));
        best = bound > best ? bound : best;
    }
    return best;
}

int64_t
htst_prune_lowest(const htst_prune_t *p, double distance)
{
    logs_t logs = logs_of(p);
    int64_t e = -1, b = 0;

    while (b < p->m && is_out(p, &logs, b, distance, &e)) {
        b++;
    }
    return b;
}

/* An estimate of the distance of a candidate at the lower edge of bucket b. */
static double
about(const htst_prune_t *p, const logs_t *logs, int64_t b)
{
    range_t r = range_of(p, logs, b);
    double largest = 1 / r.most;

    for (int i = 0; i < N_SHARES && b + 1 < p->m; i++) {
        int64_t e = edge_of(p, b, share_of(i));
        double model = exp(-r.middle * (logs->log_lower[e] - logs->log_lower[b]));
        double gap = fabs(model - (double) p->tail[e] / r.most);
        largest = gap > largest ? gap : largest;
    }
    return largest;
}

double
htst_prune_guess(const htst_prune_t *p, int64_t least)
{
    logs_t logs = logs_of(p);
    double smallest = 1, share = exp2(-1. / GUESSES_PER_HALVING);
    int64_t b = 0;

    while (b < p->m && p->tail[b] >= least) {
        double distance = about(p, &logs, b);
        smallest = distance < smallest ? distance : smallest;
        b = b + 1 < p->m ? edge_of(p, b, share) : p->m;
    }
    return smallest;
}
