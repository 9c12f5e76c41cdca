#include "htst_scan.h"

#include <math.h>
#include <string.h>

#define N_PROBES 6
#define N_STRATA 24
#define STACK 128

typedef struct {
    const double *y;
    const int64_t *first;
    int64_t m;
    int64_t k;
    double rate;      /* alpha - 1 */
    double inverse_n;
} candidate_t;

static candidate_t
candidate(int64_t m, const double *y, const int64_t *first, const double *alpha, int64_t k)
{
    candidate_t c = { y, first, m, k, alpha[k] - 1, 1 / (double) (first[m] - first[k]) };
    return c;
}

static double
model(const candidate_t *c, int64_t j)
{
    return 1 - exp(-c->rate * (c->y[j] - c->y[c->k]));
}

static double
empirical(const candidate_t *c, int64_t j)
{
    return (double) (c->first[j] - c->first[c->k]) * c->inverse_n;
}

int
htst_scan_prepare(int64_t m, const double *y, const int64_t *count, int64_t *first, double *alpha)
{
    long double total = 0;

    if (m < 1) {
        return HTST_ERR_BAD_ARG;
    }
    first[0] = 0;
    for (int64_t k = 0; k < m; k++) {
        if (count[k] < 0 || (k > 0 && !(y[k] > y[k - 1]))) {
            return HTST_ERR_BAD_ARG;
        }
        first[k + 1] = first[k] + count[k];
    }
    if (first[m] == 0) {
        return HTST_ERR_TOO_FEW;
    }
    alpha[m - 1] = INFINITY;
    for (int64_t k = m - 2; k >= 0; k--) {
        total += (long double) (first[m] - first[k + 1]) * ((long double) y[k + 1] - y[k]);
        alpha[k] = (double) (1 + (long double) (first[m] - first[k]) / total);
    }
    return HTST_OK;
}

/* The largest F - E and E - F where they exceed *plus and *minus, with the places; returns early
 * once either exceeds `limit`. Depth first over halves: both F and E grow, so the ends bound what
 * is between. */
static int
search(const candidate_t *c, double limit, double *plus, double *minus, int64_t *where)
{
    struct { int64_t a, b; double fa, fb; } stack[STACK], s;
    int depth = 0;

    stack[depth].a = c->k;
    stack[depth].b = c->m - 1;
    stack[depth].fa = 0;
    stack[depth].fb = model(c, c->m - 1);
    double last = stack[0].fb - empirical(c, c->m - 1);
    if (last > *plus) {
        *plus = last;
        *where = c->m - 1;
    }
    if (-last > *minus) {
        *minus = -last;
        *where = c->m - 1;
    }
    depth++;
    while (depth > 0) {
        if (*plus > limit || *minus > limit) {
            return 0;
        }
        s = stack[--depth];
        if (s.b - s.a < 2) {
            continue;
        }
        /* inside (a, b): F <= fb, E >= E(a + 1); F >= fa, E <= E(b - 1) */
        if (s.fb - empirical(c, s.a + 1) <= *plus && empirical(c, s.b - 1) - s.fa <= *minus) {
            continue;
        }
        int64_t j = s.a + (s.b - s.a) / 2;
        double f = model(c, j), d = f - empirical(c, j);
        if (d > *plus) {
            *plus = d;
            *where = j;
        }
        if (-d > *minus) {
            *minus = -d;
            *where = j;
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
    return 1;
}

static double
distance(const candidate_t *c, int64_t *where)
{
    /* one bound for both sides: only the larger of the two is asked for */
    double best = 0;
    struct { int64_t a, b; double fa, fb; } stack[STACK], s;
    int depth = 0;
    double fb = model(c, c->m - 1);

    best = fabs(fb - empirical(c, c->m - 1));
    *where = c->m - 1;
    stack[depth].a = c->k;
    stack[depth].b = c->m - 1;
    stack[depth].fa = 0;
    stack[depth].fb = fb;
    depth++;
    while (depth > 0) {
        s = stack[--depth];
        if (s.b - s.a < 2 || (s.fb - empirical(c, s.a + 1) <= best
                && empirical(c, s.b - 1) - s.fa <= best)) {
            continue;
        }
        int64_t j = s.a + (s.b - s.a) / 2;
        double f = model(c, j), d = fabs(f - empirical(c, j));
        if (d > best) {
            best = d;
            *where = j;
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
    return best;
}

static int
is_allowed(const candidate_t *c, double low, double high, double sigma_below)
{
    double alpha = c->rate + 1;

    return alpha > low && alpha <= high && c->rate * sqrt(c->inverse_n) < sigma_below;
}

/* Whether some remembered place shows a distance above `bound`; that place moves to the front. */
static int
dies_on_a_probe(const candidate_t *c, int64_t *probes, double bound)
{
    for (int p = 0; p < N_PROBES; p++) {
        int64_t j = probes[p];
        if (j > c->k && fabs(model(c, j) - empirical(c, j)) > bound) {
            for (; p > 0; p--) {
                probes[p] = probes[p - 1];
            }
            probes[0] = j;
            return 1;
        }
    }
    return 0;
}

/* The distance of a candidate, or -1 once it is above `bound`. */
static double
distance_up_to(const candidate_t *c, int64_t *probes, double bound)
{
    double plus = 0, minus = 0;
    int64_t where = c->k;

    if (dies_on_a_probe(c, probes, bound)) {
        return -1;
    }
    if (!search(c, bound, &plus, &minus, &where) || plus > bound || minus > bound) {
        memmove(probes + 1, probes, (N_PROBES - 1) * sizeof *probes);
        probes[0] = where;
        return -1;
    }
    return distance(c, &where);
}

void
htst_scan_best(int64_t m, const double *y, const int64_t *first, const double *alpha, int64_t begin,
    int64_t end, double alpha_low, double alpha_high, double sigma_below, int64_t *best_k,
    double *best_distance)
{
    int64_t probes[N_PROBES];
    double bound = INFINITY;

    *best_k = -1;
    *best_distance = INFINITY;
    for (int p = 0; p < N_PROBES; p++) {
        probes[p] = 0;
    }
    for (int64_t s = 0; s < N_STRATA && begin < end; s++) { /* a bound before the scan */
        int64_t k = begin + (end - 1 - begin) * s / N_STRATA;
        candidate_t c = candidate(m, y, first, alpha, k);
        if (is_allowed(&c, alpha_low, alpha_high, sigma_below)) {
            double d = distance_up_to(&c, probes, bound);
            bound = d >= 0 && d < bound ? d : bound;
        }
    }
    for (int64_t k = begin; k < end; k++) {
        candidate_t c = candidate(m, y, first, alpha, k);
        if (!is_allowed(&c, alpha_low, alpha_high, sigma_below)) {
            continue;
        }
        double d = distance_up_to(&c, probes, bound);
        if (d >= 0 && d < *best_distance) {
            *best_distance = d;
            *best_k = k;
            bound = d < bound ? d : bound;
        }
    }
}

void
htst_scan_curve(int64_t m, const double *y, const int64_t *first, const double *alpha,
    int64_t begin, int64_t end, double *d_plus, double *d_minus)
{
    int64_t where = 0;

    for (int64_t k = begin; k < end; k++) {
        candidate_t c = candidate(m, y, first, alpha, k);
        double plus = 0, minus = 0;
        if (where > k) { /* the last maximum is a good first bound */
            double d = model(&c, where) - empirical(&c, where);
            plus = d > 0 ? d : 0;
            minus = d < 0 ? -d : 0;
        }
        (void) search(&c, INFINITY, &plus, &minus, &where);
        d_plus[k - begin] = plus;
        d_minus[k - begin] = minus;
    }
}

/* ---- refits of random samples --------------------------------------------------------------- */

/* Steele, Lea and Flood's finaliser (2014): a bijection of 64 bits, used as a function of a counter. */
static uint64_t
mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static uint64_t
draw(uint64_t key, uint64_t position)
{
    return mix(key + (position + 1) * 0x9e3779b97f4a7c15u);
}

/* Floor of n times a uniform number, from the high half of the product; n < 2^32 keeps the bias
 * below 2^-32. */
static int64_t
below(uint64_t word, int64_t n)
{
    return (int64_t) (((word >> 32) * (uint64_t) n) >> 32);
}

typedef struct {
    double *y, *alpha;
    int64_t *count, *first, *hits;
} workspace_t;

int64_t
htst_scan_refits_workspace(int64_t n)
{
    return (2 * (n + 1)) * (int64_t) sizeof(double) + (3 * (n + 2)) * (int64_t) sizeof(int64_t);
}

static workspace_t
divide(void *memory, int64_t n)
{
    workspace_t w;

    w.y = memory;
    w.alpha = w.y + n + 1;
    w.count = (int64_t *) (void *) (w.alpha + n + 1);
    w.first = w.count + n + 2;
    w.hits = w.first + n + 2;
    return w;
}

/* One sample as pairs; returns their number. */
static int64_t
resample(int64_t n, int64_t n_head, const double *y_head, double log_xmin, double rate, int refit,
    uint64_t key, const workspace_t *w)
{
    int64_t m = 0, n_tail = 0;
    uint64_t position = 0;

    if (n_head == 0) {
        n_tail = n;
    }
    else {
        memset(w->hits, 0, (size_t) n_head * sizeof *w->hits);
        for (int64_t i = 0; i < n; i++) {
            int64_t which = below(draw(key, position++), n);
            if (which < n_head) {
                w->hits[which]++;
            }
            else {
                n_tail++;
            }
        }
    }
    for (int64_t i = 0; i < n_head; i++) {
        if (w->hits[i] == 0) {
            continue;
        }
        if (m > 0 && w->y[m - 1] == y_head[i]) {
            w->count[m - 1] += w->hits[i];
        }
        else {
            w->y[m] = y_head[i];
            w->count[m++] = w->hits[i];
        }
    }
    if (!refit) { /* the model begins at xmin, not at the smallest value */
        w->y[m] = log_xmin;
        w->count[m++] = 0;
    }
    double y = log_xmin;
    for (int64_t left = n_tail; left > 0; left--) {
        double u = ((double) (draw(key, position++) >> 12) + 0.5) * 0x1p-52;
        y -= log(u) / ((double) left * rate);
        if (m > 0 && !(y > w->y[m - 1])) { /* a spacing below the resolution of a double */
            w->count[m - 1]++;
            continue;
        }
        w->y[m] = y;
        w->count[m++] = 1;
    }
    return m;
}

int
htst_scan_refits(int64_t n, int64_t n_head, const double *y_head, double log_xmin, double alpha,
    int refit, uint64_t seed, int64_t replicate, int64_t n_replicates, void *memory,
    double *distances, double *alphas, double *log_xmins)
{
    workspace_t w;

    if (n < 1 || n > UINT32_MAX || n_head < 0 || n_head > n || !(alpha > 1)
        || (!refit && n_head > 0)) {
        return HTST_ERR_BAD_ARG;
    }
    w = divide(memory, n);
    for (int64_t r = 0; r < n_replicates; r++) {
        uint64_t key = mix(mix(seed) + (uint64_t) (replicate + r) * 0xd1342543de82ef95u);
        int64_t m = resample(n, n_head, y_head, log_xmin, alpha - 1, refit, key, &w);
        int64_t k = -1;
        distances[r] = alphas[r] = log_xmins[r] = NAN;
        int status = htst_scan_prepare(m, w.y, w.count, w.first, w.alpha);
        if (status != HTST_OK) {
            return status;
        }
        htst_scan_best(m, w.y, w.first, w.alpha, 0, refit ? m - 1 : 1, 1, INFINITY, INFINITY, &k,
            &distances[r]);
        if (k >= 0) {
            alphas[r] = w.alpha[k];
            log_xmins[r] = w.y[k];
        }
        else {
            distances[r] = NAN;
        }
    }
    return HTST_OK;
}
