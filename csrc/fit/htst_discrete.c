#include "htst_discrete.h"

#include <math.h>

#include "htst_discrete_solve.h"
#include "htst_zeta.h"

#define N_PROBES 6
#define N_STRATA 24
#define STACK 128 /* room for two segments for each of 63 halvings */

/* distance_up_to skips values that cannot exceed its maximum; by rounding, look() there may exceed
 * it in the last bits. A probe point therefore excludes a candidate only by more than this. */
#define PROBE_ROUNDING 1e-11

/* ---- distances ------------------------------------------------------------------------------ */

typedef struct {
    const htst_discrete_t *scan;
    int64_t k;
    double alpha, norm, inverse_n;
} candidate_t;

/* One value x[j]: the law's P(K < x[j]) and P(K <= x[j]), and the distance there. */
typedef struct {
    double below, upto, d;
} place_t;

/* The values between a and b, and the law at both ends. */
typedef struct {
    int64_t a, b;
    double upto_a, below_b;
} segment_t;

static candidate_t
candidate(const htst_discrete_t *scan, int64_t begin, int64_t k)
{
    candidate_t c = { scan, k, scan->alpha[k - begin], scan->norm[k - begin],
        1 / (double) (scan->first[scan->m] - scan->first[k]) };
    return c;
}

/* The proportion of the tail below x[j]. */
static double
empirical(const candidate_t *c, int64_t j)
{
    return (double) (c->scan->first[j] - c->scan->first[c->k]) * c->inverse_n;
}

static place_t
look(const candidate_t *c, int64_t j)
{
    const double *x = c->scan->x;
    double scale = exp(-c->alpha * log1p((x[j] - x[c->k]) / x[c->k])) / c->norm;
    double z = j == c->k ? c->norm : htst_zeta_scaled(c->alpha, x[j], c->scan->top);
    place_t p = { 1 - scale * z, 1 - scale * (z - 1), 0 };

    p.d = fabs(p.below - empirical(c, j));
    if (c->scan->is_two_sided) {
        p.d = fmax(p.d, fabs(p.upto - empirical(c, j + 1)));
    }
    return p;
}

/* True if no value strictly between a and b has a distance above `bound`. There the law lies in
 * [upto_a, below_b], and the sample's function in [E(a + 1), E(b - 1)], or up to E(b) if
 * two-sided. */
static int
is_below(const candidate_t *c, const segment_t *s, double bound)
{
    double high = empirical(c, c->scan->is_two_sided ? s->b : s->b - 1);

    return s->b - s->a < 2
        || (s->below_b - empirical(c, s->a + 1) <= bound && high - s->upto_a <= bound);
}

/* The distance of a candidate, or the first distance found that exceeds `limit`. Sets *where to the
 * place of this distance. Halves of a segment are searched depth first. */
static double
distance_up_to(const candidate_t *c, double limit, int64_t *where)
{
    segment_t stack[STACK];
    int depth = 1;
    int64_t last = c->scan->m - 1;
    place_t left = look(c, c->k), right = look(c, last);
    double best = fmax(left.d, right.d);

    *where = right.d >= left.d ? last : c->k;
    stack[0] = (segment_t){ c->k, last, left.upto, right.below };
    while (depth > 0 && best <= limit) {
        segment_t s = stack[--depth];
        if (is_below(c, &s, best)) {
            continue;
        }
        int64_t j = s.a + (s.b - s.a) / 2;
        place_t p = look(c, j);
        if (p.d > best) {
            best = p.d;
            *where = j;
        }
        stack[depth++] = (segment_t){ s.a, j, s.upto_a, p.below };
        stack[depth++] = (segment_t){ j, s.b, p.upto, s.below_b };
    }
    return best;
}

/* Move a place to the front of the list; the last one is dropped. */
static void
remember(int64_t *probes, int64_t j, int from)
{
    for (int p = from; p > 0; p--) {
        probes[p] = probes[p - 1];
    }
    probes[0] = j;
}

/* The distance of a candidate, or -1 if it exceeds `bound`. */
static double
survivor(const candidate_t *c, int64_t *probes, double bound)
{
    int64_t where;

    for (int p = 0; p < N_PROBES; p++) {
        int64_t j = probes[p];
        if (j > c->k && look(c, j).d > bound + PROBE_ROUNDING) {
            remember(probes, j, p);
            return -1;
        }
    }
    double d = distance_up_to(c, bound, &where);
    if (d > bound) {
        remember(probes, where, N_PROBES - 1);
        return -1;
    }
    return d;
}

/* The smallest distance among N_STRATA evenly spread candidates. It is an upper bound of the
 * smallest distance of all candidates. */
static double
first_bound(const htst_discrete_t *scan, int64_t begin, int64_t end, int64_t *probes)
{
    int64_t n = end - begin < N_STRATA ? end - begin : N_STRATA;
    double bound = INFINITY;

    for (int64_t i = 0; i < n; i++) {
        candidate_t c = candidate(scan, begin, begin + (end - begin) * i / n);
        double d = isnan(c.alpha) ? -1 : survivor(&c, probes, bound);
        bound = d >= 0 ? d : bound;
    }
    return bound;
}

/* The first candidate, from k on, whose distance is at most `limit`; `end` if there is none. */
static int64_t
first_up_to(const htst_discrete_t *scan, int64_t begin, int64_t k, int64_t end, double limit,
    int64_t *probes, double *d)
{
    for (; k < end; k++) {
        candidate_t c = candidate(scan, begin, k);
        *d = isnan(c.alpha) ? -1 : survivor(&c, probes, limit);
        if (*d >= 0) {
            break;
        }
    }
    return k;
}

void
htst_discrete_best(const htst_discrete_t *scan, int64_t begin, int64_t end, double tolerance,
    int64_t *best_k, double *best_distance)
{
    int64_t probes[N_PROBES] = { 0 };
    double bound = first_bound(scan, begin, end, probes), d = 0;
    int64_t first = end; /* candidates below this are excluded */

    for (int64_t k = begin; k < end; k++) {
        k = first_up_to(scan, begin, k, end, bound + tolerance, probes, &d);
        if (k < end) {
            bound = d < bound ? d : bound;
            first = k < first ? k : first;
        }
    }
    first = first_up_to(scan, begin, first, end, bound + tolerance, probes, &d);
    *best_k = first < end ? first : -1;
    *best_distance = first < end ? d : INFINITY;
}

/* ---- many candidates ------------------------------------------------------------------------ */

#define WIDE 2048 /* candidates of the widest range that is tested as a whole */
#define FEW 12    /* candidates of a range that are tested one by one */

/* The error of the bounds of a range, in units of s / (s - 1): estimates have relative errors of
 * 1e-12. */
#define ROUNDING 1e-9

typedef struct {
    const htst_discrete_t *scan;
    const double *mean;
    double alpha_low;
    int64_t probes[N_PROBES];
    int status;
    htst_discrete_best_t best;
} search_t;

/* The distance of a candidate, or -1 if it is above `limit` or has no estimate. */
static double
attempt(search_t *search, int64_t k, double limit, double *alpha)
{
    const htst_discrete_t *s = search->scan;
    candidate_t c = { s, k, NAN, NAN, 1 / (double) (s->first[s->m] - s->first[k]) };
    int status = htst_discrete_solve(s->x[k], s->top, search->mean[k], search->alpha_low,
        htst_discrete_closed_estimate(s->x[k], search->mean[k]), &c.alpha, &c.norm);

    search->status = status == HTST_OK ? search->status : status;
    *alpha = c.alpha;
    return isnan(c.alpha) ? -1 : survivor(&c, search->probes, limit);
}

/* A law that bounds the laws of a range of candidates. */
typedef struct {
    double q, alpha, norm;
} law_t;

static double
survival(const law_t *law, double x)
{
    double decay = law->alpha * log1p((x - law->q) / law->q);

    return exp(-decay) * htst_zeta_scaled(law->alpha, x, INFINITY) / law->norm;
}

/* The law that begins at x[from] and has the exponent of a candidate at x[at] with this mean.
 * Returns 0 if there is none. */
static int
law_of(const search_t *search, int64_t at, double mean, int64_t from, law_t *law)
{
    const double *x = search->scan->x;
    int status = htst_discrete_solve(x[at], INFINITY, mean, search->alpha_low,
        htst_discrete_closed_estimate(x[at], mean), &law->alpha, &law->norm);

    law->q = x[from];
    law->norm = htst_zeta_scaled(law->alpha, x[from], INFINITY);
    return status == HTST_OK && law->norm >= 1;
}

/* True if a probe point proves that all candidates of [a, b) have distances above `limit`. */
static int
is_out(search_t *search, int64_t a, int64_t b, double limit)
{
    const htst_discrete_t *s = search->scan;
    double n = (double) s->first[s->m], most = n - (double) s->first[a];
    double least = n - (double) s->first[b - 1], low = search->mean[a], high = low;
    law_t heavy, light;

    if (most > 2 * least) { /* the sizes of their tails differ too much for a useful bound */
        return 0;
    }
    for (int64_t k = a; k < b; k++) {
        low = search->mean[k] < low ? search->mean[k] : low;
        high = search->mean[k] > high ? search->mean[k] : high;
    }
    if (!law_of(search, a, high, b - 1, &heavy) || !law_of(search, b - 1, low, a, &light)) {
        return 0;
    }
    double slack = ROUNDING * heavy.alpha / (heavy.alpha - 1);
    for (int p = 0; p < N_PROBES; p++) {
        int64_t j = search->probes[p];
        if (j < b) {
            continue;
        }
        double tail = n - (double) s->first[j];
        if (tail / most - survival(&heavy, s->x[j]) - slack > limit
            || survival(&light, s->x[j]) - tail / least - slack > limit) {
            remember(search->probes, j, p);
            return 1;
        }
    }
    return 0;
}

/* Test the candidates of [begin, end) in order, and lower *smallest to the smallest distance found.
 * Returns the first candidate whose distance was within the tolerance of *smallest when it was
 * tested. With `is_last`, *smallest is already final: the first candidate found is the answer. */
static int64_t
walk(search_t *search, int64_t begin, int64_t end, double tolerance, int is_last, double *smallest)
{
    int64_t first = end, ends[STACK];

    for (int64_t wide = begin; wide < end; wide += WIDE) {
        int depth = 1;
        int64_t a = wide;
        ends[0] = end - wide < WIDE ? end : wide + WIDE;
        while (
            depth > 0 && search->status == HTST_OK) { /* the next range is [a, ends[depth - 1]) */
            int64_t b = ends[depth - 1];
            if (b - a > FEW) {
                if (!is_out(search, a, b, *smallest + tolerance)) {
                    ends[depth++] = a + (b - a) / 2;
                    continue;
                }
                a = b;
            }
            for (; a < b; a++) {
                double alpha, d = attempt(search, a, *smallest + tolerance, &alpha);
                first = d >= 0 && a < first ? a : first;
                if (d >= 0 && is_last) {
                    search->best = (htst_discrete_best_t){ a, d, alpha };
                    return a;
                }
                *smallest = d >= 0 && d < *smallest ? d : *smallest;
            }
            depth--;
        }
    }
    return first;
}

int
htst_discrete_search(const htst_discrete_t *scan, const double *mean, double alpha_low,
    int64_t begin, int64_t end, double tolerance, htst_discrete_best_t *best)
{
    search_t search = { scan, mean, alpha_low, { 0 }, HTST_OK, { -1, INFINITY, NAN } };
    double smallest = INFINITY, alpha, d;
    int64_t gap = (end - begin) / N_STRATA + 1;

    if (begin < 0 || begin > end || !isinf(scan->top) || !(alpha_low >= 1)) {
        return HTST_ERR_BAD_ARG;
    }
    /* from coarse to fine: the distances of neighbours fall slowly towards a minimum, so that in
     * ascending order nearly all of them would have to be measured */
    for (int64_t k = begin; k < end; k += gap) {
        d = attempt(&search, k, smallest, &alpha);
        smallest = d >= 0 && d < smallest ? d : smallest;
    }
    for (; gap > WIDE; gap = (gap + 1) / 2) {
        for (int64_t k = begin + gap / 2; k < end; k += gap) {
            d = attempt(&search, k, smallest, &alpha);
            smallest = d >= 0 && d < smallest ? d : smallest;
        }
    }
    int64_t first = walk(&search, begin, end, tolerance, 0, &smallest);
    (void) walk(&search, first, end, tolerance, 1, &smallest);
    *best = search.best;
    return search.status;
}

void
htst_discrete_curve(const htst_discrete_t *scan, int64_t begin, int64_t end, double *distances)
{
    int64_t where;

    for (int64_t k = begin; k < end; k++) {
        candidate_t c = candidate(scan, begin, k);
        distances[k - begin] = isnan(c.alpha) ? NAN : distance_up_to(&c, INFINITY, &where);
    }
}
