#include "htst_scan.h"

#include <math.h>
#include <string.h>

#include "htst_truncated.h"

#define N_PROBES 8
#define N_STRATA 24
#define N_GRID 64
#define BLOCK 256
#define STEP 97 /* a prime, and not the half or third of a block; neither is 95 */
#define STACK 128 /* two segments a level, 63 levels */

/* Errors of the quick evaluation: of the exponential and of what follows it, and in units of
 * rate * abs(y) of the logarithms. Any larger number is right too. */
#define SLACK 1e-10
#define SLACK_OF_LOGS (16 * 0x1p-53)

/* log(b / a) for 0 < a <= b, to 3 units in the last place: the difference is exact up to 2 a. */
static double
log_ratio(double a, double b)
{
    double z = (b - a) / a;

    return HTST_LIKELY(z < 0x1p1000) ? log1p(z) : log(b) - log(a);
}

/* ---- preparation ---------------------------------------------------------------------------- */

#define DISTINCT(NAME, TYPE)                                                                       \
    int64_t NAME(int64_t n, const TYPE *x, double *v, int64_t *first)                              \
    {                                                                                              \
        int64_t m = 0;                                                                             \
        if (n > 0) {                                                                               \
            v[0] = (double) x[0];                                                                  \
            first[0] = 0;                                                                          \
            m = 1;                                                                                 \
        }                                                                                          \
        for (int64_t i = 1; i < n; i++) {                                                          \
            /* written always, kept where it is new; m <= i */                                     \
            v[m] = (double) x[i];                                                                  \
            first[m] = i;                                                                          \
            m += x[i] != x[i - 1];                                                                 \
        }                                                                                          \
        first[m] = n;                                                                              \
        return m;                                                                                  \
    }

DISTINCT(htst_scan_distinct_f32, float)
DISTINCT(htst_scan_distinct_f64, double)

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

/* step[j] = log(v[j + 1] / v[j]) where that is at most 1/16: twice the area tangent's series to
 * the 11th power, which leaves 2^-64 of it. */
HTST_CLONES static void
small_steps(int64_t m, const double *HTST_RESTRICT v, double *HTST_RESTRICT step)
{
    for (int64_t j = 0; j + 1 < m; j++) {
        double z = (v[j + 1] - v[j]) / v[j], s = z / (2 + z), q = s * s;
        double tail = q * (1. / 3 + q * (1. / 5 + q * (1. / 7 + q * (1. / 9 + q * (1. / 11)))));
        step[j] = 2 * s + 2 * s * tail;
    }
}

int
htst_scan_prepare(int64_t m, const double *v, const int64_t *first, double xmax, double *y,
    double *rate)
{
    sum_t reach = { 0, 0 }, sum = { 0, 0 }, above = { 0, 0 };
    const int is_cut = xmax < INFINITY;
    double margin = 0;

    if (m < 1 || !(v[0] > 0) || !(v[m - 1] < INFINITY) || !(xmax >= v[m - 1])) {
        return HTST_ERR_BAD_ARG;
    }
    if (first[m] <= first[0]) {
        return HTST_ERR_TOO_FEW;
    }
    if (is_cut) {
        margin = log_ratio(v[m - 1], xmax);
        above.high = (double) (first[m] - first[m - 1]) * margin;
    }
    small_steps(m, v, y);
    y[m - 1] = 0;
    rate[m - 1] = INFINITY;
    for (int64_t k = m - 2; k >= 0; k--) {
        double step = v[k + 1] <= (1 + 0x1p-4) * v[k] ? y[k] : log_ratio(v[k], v[k + 1]);
        if (HTST_UNLIKELY(!(v[k + 1] > v[k]) || first[k + 1] < first[k])) {
            return HTST_ERR_BAD_ARG;
        }
        add(&reach, step);
        add(&sum, (double) (first[m] - first[k + 1]) * step);
        y[k] = -value(&reach);
        if (is_cut) {
            add(&above, (double) (first[k + 1] - first[k]) * (margin - y[k]));
            rate[k] = htst_truncated_root(value(&sum), value(&above)) / log_ratio(v[k], xmax);
        }
        else {
            rate[k] = (double) (first[m] - first[k]) / value(&sum);
        }
    }
    return HTST_OK;
}

int
htst_scan_prepare_logs(int64_t m, const double *y, const int64_t *first, double *rate)
{
    sum_t sum = { 0, 0 };

    if (m < 1) {
        return HTST_ERR_BAD_ARG;
    }
    if (first[m] <= first[0]) {
        return HTST_ERR_TOO_FEW;
    }
    rate[m - 1] = INFINITY;
    for (int64_t k = m - 2; k >= 0; k--) {
        if (!(y[k + 1] > y[k]) || first[k + 1] < first[k]) {
            return HTST_ERR_BAD_ARG;
        }
        add(&sum, (double) (first[m] - first[k + 1]) * (y[k + 1] - y[k]));
        rate[k] = (double) (first[m] - first[k]) / value(&sum);
    }
    return HTST_OK;
}

/* ---- one candidate -------------------------------------------------------------------------- */

/* exp(-t) for t >= 0 to 1e-11: its quick version, which loops can be made of. t = n log 2 - r; the
 * sum with 1.5 * 2^52 leaves n in the low bits, where it becomes an exponent. */
static inline double
exp_minus(double t)
{
    const double magic = 0x1.8p52;
    double held = t < 700 ? t : 700; /* exp(-700) is 1e-304, and nothing here */
    double shifted = held * -1.4426950408889634 + magic;
    double r = -held - (shifted - magic) * 0.6931471805599453;
    double p = 1. / 362880;
    uint64_t bits;
    double scale;

    p = p * r + 1. / 40320;
    p = p * r + 1. / 5040;
    p = p * r + 1. / 720;
    p = p * r + 1. / 120;
    p = p * r + 1. / 24;
    p = p * r + 1. / 6;
    p = p * r + .5;
    p = p * r + 1;
    p = p * r + 1;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits << 52) + UINT64_C(0x3ff0000000000000);
    memcpy(&scale, &bits, sizeof scale);
    return p * scale;
}

/* The model near enough is base + size * exp(-decay * abs(y - origin)). */
typedef struct {
    const htst_scan_t *s;
    int64_t k;
    double rate, inverse_n, slack, length;
    double base, size, decay, origin;
} candidate_t;

static candidate_t
candidate(const htst_scan_t *s, int64_t k)
{
    candidate_t c = { 0 };

    c.s = s;
    c.k = k;
    c.rate = s->rate[k];
    c.inverse_n = 1 / (double) (s->first[s->m] - s->first[k]);
    c.base = 1;
    c.size = -1;
    c.decay = fabs(c.rate);
    c.origin = s->y[k];
    double reach = fmax(fabs(s->y[k]), fabs(s->y[s->m - 1]));
    if (s->xmax < INFINITY) {
        double rest = log_ratio(s->v[s->m - 1], s->xmax);
        c.length = log_ratio(s->v[k], s->xmax);
        reach += rest;
        double end = exp(-c.decay * c.length), scale = 1 / -expm1(-c.decay * c.length);
        c.base = c.rate > 0 ? scale : -end * scale;
        c.size = c.rate > 0 ? -scale : scale;
        c.origin = c.rate > 0 ? c.origin : s->y[s->m - 1] + rest;
    }
    c.slack = (SLACK + SLACK_OF_LOGS * c.decay * reach) * fabs(c.size);
    return c;
}

static double
quick(const candidate_t *c, int64_t j)
{
    return c->base + c->size * exp_minus(c->decay * fabs(c->s->y[j] - c->origin));
}

static double
model(const candidate_t *c, int64_t j)
{
    const htst_scan_t *s = c->s;

    if (s->v == NULL) {
        return -expm1(-c->rate * (s->y[j] - s->y[c->k]));
    }
    double t = log_ratio(s->v[c->k], s->v[j]);
    if (s->xmax < INFINITY) {
        return htst_truncated_cdf(c->rate, t, log_ratio(s->v[j], s->xmax), c->length);
    }
    return -expm1(-c->rate * t);
}

/* What F is compared with from below and from above: see D+ and D- in the header. */
static double
lower_step(const candidate_t *c, int64_t j)
{
    return (double) (c->s->first[j] - c->s->first[c->k]) * c->inverse_n;
}

static double
upper_step(const candidate_t *c, int64_t j)
{
    return lower_step(c, j + (c->s->two_sided ? 1 : 0));
}

/* What is known of a candidate's distances: they are at least these, found at `where`. */
typedef struct {
    double plus, minus;
    int64_t where;
    int joint; /* only the larger one is asked for: each bounds the other */
    int rough; /* without exact evaluations: what is found is less by the slack */
} found_t;

/* Look at one place. Returns 0 if a distance above `limit` shows there; *f becomes the model. */
static int
look(const candidate_t *c, int64_t j, double limit, found_t *found, double *f)
{
    double lower = lower_step(c, j), upper = upper_step(c, j);

    *f = quick(c, j);
    if (*f - lower - c->slack > limit || upper - *f - c->slack > limit) {
        found->where = j;
        return 0;
    }
    /* not "greater": infinite slacks exclude nothing */
    if (!(*f - lower + c->slack <= found->plus) || !(upper - *f + c->slack <= found->minus)) {
        double exact = found->rough ? *f : model(c, j), loss = found->rough ? c->slack : 0;
        double plus = exact - lower - loss, minus = upper - exact - loss;
        if (plus > found->plus || minus > found->minus) {
            found->where = j;
        }
        found->plus = plus > found->plus ? plus : found->plus;
        found->minus = minus > found->minus ? minus : found->minus;
        if (found->joint) {
            found->plus = found->minus = found->plus > found->minus ? found->plus : found->minus;
        }
    }
    return 1;
}

/* Both distances of a candidate, or 0 once one is above `limit`. Depth first over halves: F and
 * the steps grow, so the ends of a segment bound what is between. */
static int
measure(const candidate_t *c, double limit, found_t *found)
{
    struct { int64_t a, b; double fa, fb; } stack[STACK], s;
    const int64_t last = c->s->m - 1;
    int64_t hint = found->where;
    int depth = 0;
    double f;

    found->plus = found->minus = 0;
    if (hint > c->k && !look(c, hint, limit, found, &f)) {
        return 0;
    }
    stack[0].a = c->k;
    stack[0].b = last;
    if (!look(c, last, limit, found, &stack[0].fb) || !look(c, c->k, limit, found, &stack[0].fa)) {
        return 0;
    }
    /* a first look over the whole tail: what it finds spares most of the descent */
    for (int64_t i = 1; i < N_GRID && c->s->m - c->k > 4 * N_GRID && found->rough; i++) {
        if (!look(c, c->k + (last - c->k) * i / N_GRID, limit, found, &f)) {
            return 0;
        }
    }
    depth++;
    while (depth > 0) {
        s = stack[--depth];
        /* inside (a, b): F <= fb, step >= that of a + 1; F >= fa, step <= that of b - 1 */
        if (s.b - s.a < 2 || (s.fb - lower_step(c, s.a + 1) + c->slack <= found->plus
                && upper_step(c, s.b - 1) - s.fa + c->slack <= found->minus)) {
            continue;
        }
        int64_t j = s.a + (s.b - s.a) / 2;
        if (!look(c, j, limit, found, &f)) {
            return 0;
        }
        stack[depth].a = s.a;
        stack[depth].b = j;
        stack[depth].fa = s.fa;
        stack[depth].fb = f;
        depth++;
        stack[depth].a = j;
        stack[depth].b = s.b;
        stack[depth].fa = f;
        stack[depth].fb = s.fb;
        depth++;
    }
    return found->plus <= limit && found->minus <= limit;
}

void
htst_scan_curve(const htst_scan_t *scan, int64_t begin, int64_t end, double *d_plus,
    double *d_minus)
{
    found_t found = { 0, 0, 0, 0, 0 };

    for (int64_t k = begin; k < end; k++) {
        candidate_t c = candidate(scan, k);
        (void) measure(&c, INFINITY, &found); /* the last maximum's place is a good first look */
        d_plus[k - begin] = found.plus;
        d_minus[k - begin] = found.minus;
    }
}

/* ---- the best candidate --------------------------------------------------------------------- */

/* Places where earlier candidates' distances showed, the last successful one in front. */
typedef struct {
    int64_t place[N_PROBES];
} probes_t;

static void
to_front(probes_t *probes, int64_t place, int from)
{
    memmove(probes->place + 1, probes->place, (size_t) from * sizeof probes->place[0]);
    probes->place[0] = place;
}

/* excess[i] = the distance that shows at place j for candidate k + i, less its slack. In tails:
 * F - E = tail_j / tail_k - exp(-rate (y_j - y_k)). Not for truncated laws. */
HTST_CLONES static void
probe(int64_t size, double y_j, double tail_j, double next_tail, double n,
    const double *HTST_RESTRICT y, const int64_t *HTST_RESTRICT first,
    const double *HTST_RESTRICT rate, double *HTST_RESTRICT excess)
{
    for (int64_t i = 0; i < size; i++) {
        double inverse = 1 / (n - (double) first[i]);
        double survival = exp_minus(rate[i] * (y_j - y[i]));
        double plus = tail_j * inverse - survival, minus = survival - next_tail * inverse;
        double slack = SLACK + SLACK_OF_LOGS * rate[i] * fabs(y[i]);
        double larger = (plus > minus ? plus : minus) - slack;
        excess[i] = larger > excess[i] ? larger : excess[i];
    }
}

/* Which of the candidates [k, k + size) no probe excludes; returns their number. */
static int64_t
survivors(const htst_scan_t *s, int64_t k, int64_t size, double limit, probes_t *probes,
    int64_t *alive)
{
    double excess[BLOCK], n = (double) s->first[s->m];
    int64_t left = size;

    for (int64_t i = 0; i < size; i++) {
        excess[i] = -1;
        alive[i] = i;
    }
    if (s->xmax < INFINITY) {
        return size;
    }
    for (int p = 0; p < N_PROBES && left * 16 > size; p++) {
        int64_t j = probes->place[p], before = left;
        if (j < k + size) {
            continue;
        }
        probe(size, s->y[j], n - (double) s->first[j],
            n - (double) s->first[j + (s->two_sided ? 1 : 0)], n, s->y + k, s->first + k,
            s->rate + k, excess);
        left = 0;
        for (int64_t i = 0; i < size; i++) {
            alive[left] = i;
            left += excess[i] <= limit;
        }
        if (before - left > size / 2) {
            to_front(probes, j, p);
        }
    }
    return left;
}

static int
is_allowed(const candidate_t *c, const htst_scan_allowed_t *allowed)
{
    double alpha = c->rate + 1;

    return alpha > allowed->alpha_low && alpha <= allowed->alpha_high
        && c->rate * sqrt(c->inverse_n) < allowed->sigma_below;
}

/* The distance of a candidate, or -1 if it is above `limit`. */
static double
distance_up_to(const candidate_t *c, double limit, probes_t *probes)
{
    found_t found = { 0, 0, 0, 1, 1 };

    for (int p = 0; p < N_PROBES; p++) {
        int64_t j = probes->place[p];
        if (j > c->k) {
            double f = quick(c, j);
            if (f - lower_step(c, j) - c->slack > limit || upper_step(c, j) - f - c->slack > limit) {
                to_front(probes, j, p);
                return -1;
            }
        }
    }
    found.where = probes->place[0];
    for (; found.rough >= 0; found.rough--) { /* most of those left die roughly */
        if (!measure(c, limit, &found)) {
            to_front(probes, found.where, N_PROBES - 1);
            return -1;
        }
    }
    return found.plus;
}

/* One pass; *best is a distance that some candidate has, or infinite. To find the smallest, a block
 * is looked at in steps, for neighbours have distances that fall slowly towards a minimum, and each
 * would have to be measured; to find the first one up to *best + tolerance, in order. */
static int64_t
pass(const htst_scan_t *s, const htst_scan_allowed_t *allowed, double tolerance, int is_last,
    double *best, probes_t *probes)
{
    int64_t alive[BLOCK];

    for (int64_t k = allowed->begin; k < allowed->end; k += BLOCK) {
        int64_t size = allowed->end - k < BLOCK ? allowed->end - k : BLOCK;
        double limit = is_last ? *best + tolerance : *best;
        int64_t left = survivors(s, k, size, limit, probes, alive);
        int64_t step = is_last ? 1 : left % STEP == 0 ? STEP - 2 : STEP;
        for (int64_t i = 0; i < left; i++) {
            candidate_t c = candidate(s, k + alive[i * step % left]);
            double d = is_allowed(&c, allowed) ? distance_up_to(&c, limit, probes) : -1;
            if (d >= 0 && is_last) {
                *best = d;
                return c.k;
            }
            *best = d >= 0 && d < *best ? d : *best;
            limit = is_last ? limit : *best;
        }
    }
    return -1;
}

void
htst_scan_best(const htst_scan_t *scan, const htst_scan_allowed_t *allowed, double tolerance,
    int64_t *best_k, double *best_distance)
{
    const int64_t begin = allowed->begin, end = allowed->end;
    probes_t probes = { { 0 } };
    double best = INFINITY;

    for (int64_t s = 0; s < N_STRATA && begin < end; s++) { /* a bound before the scan */
        candidate_t c = candidate(scan, begin + (end - 1 - begin) * s / N_STRATA);
        if (is_allowed(&c, allowed)) {
            double d = distance_up_to(&c, best, &probes);
            best = d >= 0 && d < best ? d : best;
        }
    }
    (void) pass(scan, allowed, 0, 0, &best, &probes);
    *best_k = pass(scan, allowed, tolerance, 1, &best, &probes);
    *best_distance = best;
}
