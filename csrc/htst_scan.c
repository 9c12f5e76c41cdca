#include "htst_scan.h"

#include <math.h>
#include <string.h>

#include "htst_distance.h"

#define N_PROBES 8
#define BLOCK 256 /* candidates that are bounded together */
#define N_FIRST 32 /* candidates that are looked at first, at the least */
#define STEP 97 /* a prime, and not the half or third of a block; neither is 95 */

/* Rounding of rates, relatively: they are as good as 8 units in the last place. */
#define ROUNDING 1e-14

void
htst_scan_curve(const htst_scan_t *scan, int64_t begin, int64_t end, double *d_plus,
    double *d_minus)
{
    htst_found_t found = { 0, 0, 0, 0, 0 };

    for (int64_t k = begin; k < end; k++) {
        htst_candidate_t c = htst_distance_candidate(scan, k);
        /* the last maximum's place is a good first look */
        (void) htst_distance_measure(&c, NULL, INFINITY, &found);
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
        double survival = htst_distance_exp_minus(rate[i] * (y_j - y[i]));
        double plus = tail_j * inverse - survival, minus = survival - next_tail * inverse;
        double slack = HTST_DISTANCE_SLACK + HTST_DISTANCE_SLACK_OF_LOGS * rate[i] * fabs(y[i]);
        double larger = (plus > minus ? plus : minus) - slack;
        excess[i] = larger > excess[i] ? larger : excess[i];
    }
}

/* Whether a probe excludes all candidates a ... b at once. Tails and sums of logarithms shrink from a
 * to b, so both bound every rate between them. */
static int
is_out(const htst_scan_t *s, int64_t a, int64_t b, double limit, probes_t *probes)
{
    double n = (double) s->first[s->m];
    double most = n - (double) s->first[a], least = n - (double) s->first[b];
    double slow = s->rate[a] * (least / most) * (1 - ROUNDING);
    double fast = s->rate[b] * (most / least) * (1 + ROUNDING);
    double slack = HTST_DISTANCE_SLACK + HTST_DISTANCE_SLACK_OF_LOGS * fast * fabs(s->y[a]);

    for (int p = 0; p < N_PROBES && !(s->xmax < INFINITY); p++) {
        int64_t j = probes->place[p];
        if (j <= b) {
            continue;
        }
        double tail = n - (double) s->first[j];
        double next_tail = n - (double) s->first[j + (s->two_sided ? 1 : 0)];
        double plus = tail / most - htst_distance_exp_minus(slow * (s->y[j] - s->y[b]));
        double minus = htst_distance_exp_minus(fast * (s->y[j] - s->y[a])) - next_tail / least;
        if ((plus > minus ? plus : minus) - slack > limit) {
            to_front(probes, j, p);
            return 1;
        }
    }
    return 0;
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
is_allowed(const htst_candidate_t *c, const htst_scan_allowed_t *allowed)
{
    double alpha = c->rate + 1;

    return alpha > allowed->alpha_low && alpha <= allowed->alpha_high
        && c->rate * sqrt(c->inverse_n) < allowed->sigma_below;
}

/* What a search for the best candidate goes by; `best` is a distance that some candidate has. */
typedef struct {
    const htst_scan_t *scan;
    const htst_scan_allowed_t *allowed;
    htst_grid_t grid;
    probes_t probes;
    double best;
} search_t;

/* The distance of a candidate, or -1 if it is above `limit`. */
static double
distance_up_to(search_t *search, const htst_candidate_t *c, double limit)
{
    htst_found_t found = { 0, 0, 0, 1, 1 };
    probes_t *probes = &search->probes;

    for (int p = 0; p < N_PROBES; p++) {
        int64_t j = probes->place[p];
        if (j > c->k && htst_distance_exceeds(c, j, limit)) {
            to_front(probes, j, p);
            return -1;
        }
    }
    found.where = probes->place[0];
    for (; found.rough >= 0; found.rough--) { /* most of those left die roughly */
        if (!htst_distance_measure(c, &search->grid, limit, &found)) {
            to_front(probes, found.where, N_PROBES - 1);
            return -1;
        }
    }
    return found.plus;
}

/* Look at one candidate: is it better than the best? */
static void
consider(search_t *search, int64_t k)
{
    htst_candidate_t c = htst_distance_candidate(search->scan, k);
    double d = is_allowed(&c, search->allowed) ? distance_up_to(search, &c, search->best) : -1;

    search->best = d >= 0 && d < search->best ? d : search->best;
}

/* A bound before the scan: one candidate of each block, in an order from coarse to fine, for neighbours
 * have distances that fall slowly towards a minimum, and each would have to be measured. */
static void
consider_some(search_t *search)
{
    const int64_t begin = search->allowed->begin, size = search->allowed->end - begin;
    int64_t gap = size / N_FIRST < BLOCK ? size / N_FIRST + 1 : BLOCK, level = 1;

    while (level < size / gap + 1) {
        level *= 2;
    }
    for (; level > 0; level /= 2) {
        for (int64_t i = level; i * gap - gap / 2 - 1 < size; i += 2 * level) {
            consider(search, begin + i * gap - gap / 2 - 1);
        }
    }
}

/* One pass over all candidates. To find the smallest distance, a block is looked at in steps, for the
 * same reason; to find the first one up to best + tolerance, in order. */
static int64_t
pass(search_t *search, double tolerance, int is_last)
{
    const htst_scan_t *s = search->scan;
    int64_t alive[BLOCK];

    for (int64_t k = search->allowed->begin; k < search->allowed->end; k += BLOCK) {
        int64_t rest = search->allowed->end - k, size = rest < BLOCK ? rest : BLOCK;
        double limit = is_last ? search->best + tolerance : search->best;
        if (is_out(s, k, k + size - 1, limit, &search->probes)) {
            continue;
        }
        int64_t left = survivors(s, k, size, limit, &search->probes, alive);
        int64_t step = is_last ? 1 : left % STEP == 0 ? STEP - 2 : STEP;
        for (int64_t i = 0; i < left; i++) {
            int64_t at = k + alive[i * step % left];
            if (!is_last) {
                consider(search, at);
                continue;
            }
            htst_candidate_t c = htst_distance_candidate(s, at);
            double d = is_allowed(&c, search->allowed) ? distance_up_to(search, &c, limit) : -1;
            if (d >= 0) {
                search->best = d;
                return at;
            }
        }
    }
    return -1;
}

int64_t
htst_scan_workspace(int64_t m)
{
    return htst_distance_grid_words(m);
}

void
htst_scan_best(const htst_scan_t *scan, const htst_scan_allowed_t *allowed, double tolerance,
    double *work, int64_t *best_k, double *best_distance)
{
    search_t search = { 0 };

    *best_k = -1;
    *best_distance = INFINITY;
    if (allowed->begin >= allowed->end || allowed->begin >= scan->m - 1) {
        return;
    }
    search.scan = scan;
    search.allowed = allowed;
    search.grid = htst_distance_grid(scan, allowed->begin, work);
    search.best = INFINITY;
    consider_some(&search);
    (void) pass(&search, 0, 0);
    *best_k = pass(&search, tolerance, 1);
    *best_distance = search.best;
}
