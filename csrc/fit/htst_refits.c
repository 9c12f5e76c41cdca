#include "htst_refits.h"

#include <math.h>
#include <string.h>

#include "htst_estimate.h"
#include "htst_scan.h"

/* Steele, Lea and Flood's finaliser (2014): a bijection of 64 bits, used as a function of a
 * counter. */
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

/* floor(n u) for a uniform number u, from the high half of a random word; n < 2^32 keeps the bias
 * below 2^-32. */
static int64_t
below(uint64_t word, int64_t n)
{
    return (int64_t) (((word >> 32) * (uint64_t) n) >> 32);
}

typedef struct {
    double *y, *rate, *grid;
    int64_t *first, *hits;
} workspace_t;

int64_t
htst_refits_workspace(int64_t n)
{
    return (2 * (n + 1) + htst_scan_workspace(n + 1)) * (int64_t) sizeof(double)
        + 2 * (n + 2) * (int64_t) sizeof(int64_t);
}

static workspace_t
divide(void *memory, int64_t n)
{
    workspace_t w;

    w.y = memory;
    w.rate = w.y + n + 1;
    w.grid = w.rate + n + 1;
    w.first = (int64_t *) (void *) (w.grid + htst_scan_workspace(n + 1));
    w.hits = w.first + n + 2;
    return w;
}

/* Draw n values with replacement. Sets hits[i] to the number of times that value i of the head is
 * drawn. Returns the number of draws that fall into the tail. *position is the number of random
 * words used so far. */
static int64_t
draw_hits(int64_t n, int64_t n_head, uint64_t key, uint64_t *position, int64_t *hits)
{
    int64_t n_tail = 0;

    if (n_head == 0) {
        return n;
    }
    memset(hits, 0, (size_t) n_head * sizeof *hits);
    for (int64_t i = 0; i < n; i++) {
        int64_t which = below(draw(key, (*position)++), n);
        if (which < n_head) {
            hits[which]++;
        }
        else {
            n_tail++;
        }
    }
    return n_tail;
}

/* Write the values of the head that were drawn, as pairs. Returns the number of distinct values.
 * The count of pair m - 1 is in first[m] until all counts are summed. */
static int64_t
take_head(int64_t n_head, const double *y_head, const workspace_t *w)
{
    int64_t m = 0;

    for (int64_t i = 0; i < n_head; i++) {
        if (w->hits[i] == 0) {
            continue;
        }
        if (m > 0 && w->y[m - 1] == y_head[i]) {
            w->first[m] += w->hits[i];
        }
        else {
            w->y[m] = y_head[i];
            w->first[++m] = w->hits[i];
        }
    }
    return m;
}

/* Write n_tail sorted values of the law above log_xmin, as pairs after the m existing pairs.
 * Returns the new number of pairs. */
static int64_t
draw_tail(int64_t m, int64_t n_tail, double log_xmin, double rate, uint64_t key, uint64_t position,
    const workspace_t *w)
{
    double y = log_xmin;

    for (int64_t left = n_tail; left > 0; left--) {
        double u = ((double) (draw(key, position++) >> 12) + 0.5) * 0x1p-52;
        y -= log(u) / ((double) left * rate);
        if (m > 0 && !(y > w->y[m - 1])) { /* a spacing below the resolution of a double */
            w->first[m]++;
            continue;
        }
        w->y[m] = y;
        w->first[++m] = 1;
    }
    return m;
}

/* Write one sample as distinct logarithms and the counts below each. Returns the number of distinct
 * values. */
static int64_t
resample(int64_t n, int64_t n_head, const double *y_head, double log_xmin, double rate, int refit,
    uint64_t key, const workspace_t *w)
{
    uint64_t position = 0;
    int64_t n_tail = draw_hits(n, n_head, key, &position, w->hits);
    int64_t m = take_head(n_head, y_head, w);

    if (!refit) { /* the model begins at xmin, not at the smallest value */
        w->y[m] = log_xmin;
        w->first[++m] = 0;
    }
    m = draw_tail(m, n_tail, log_xmin, rate, key, position, w);
    w->first[0] = 0;
    for (int64_t k = 0; k < m; k++) {
        w->first[k + 1] += w->first[k];
    }
    return m;
}

int
htst_refits(int64_t n, int64_t n_head, const double *y_head, double log_xmin, double alpha,
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
        distances[r] = alphas[r] = log_xmins[r] = NAN;
        int status = htst_estimate_rates_of_logs(m, w.y, w.first, w.rate);
        if (status != HTST_OK) {
            return status;
        }
        htst_scan_t scan = { .m = m, .y = w.y, .first = w.first, .rate = w.rate, .xmax = INFINITY };
        htst_scan_allowed_t allowed = { .end = refit ? m - 1 : 1,
            .alpha_low = 1,
            .alpha_high = INFINITY,
            .sigma_below = INFINITY };
        htst_scan_best_t best = htst_scan_best(&scan, &allowed, 0, w.grid);
        if (best.k >= 0) {
            distances[r] = best.distance;
            alphas[r] = 1 + best.rate;
            log_xmins[r] = w.y[best.k];
        }
    }
    return HTST_OK;
}
