#include "htst_scan.h"

#include <math.h>
#include <string.h>

#include "htst_distance.h"
#include "htst_scan_probes.h"
#include "htst_scan_values.h"

#define BLOCK HTST_ESTIMATE_BLOCK /* candidates that one bound covers */
#define N_FIRST 32                /* smallest number of candidates that are measured first */
#define GAP 256                   /* largest number of values between two of those */
#define WIDE_GAP 8192             /* the same for the first step of several threads */
#define STEP 97                   /* a prime, so that the steps visit all candidates of a block */

/* Relative rounding error of rates: 8 units in the last place, rounded up. */
#define ROUNDING 1e-14

/* ---- the best candidate --------------------------------------------------------------------- */

/* The state of a search for the best candidate; `low` to `high` is the block of candidates that is
 * loaded, with its logarithms and rates. */
typedef struct {
    const htst_scan_t *scan;
    int64_t begin, end;
    const htst_scan_allowed_t *allowed;
    htst_grid_t grid;
    probes_t probes;
    htst_scan_best_t best;
    int64_t low, high;
    const double *y, *rate;
    double y_of_block[BLOCK], rate_of_block[BLOCK];
} search_t;

/* The block of a candidate; blocks are counted from the largest value. */
static int64_t
block_of(const htst_scan_t *s, int64_t k)
{
    return (s->m - 2 - k) / BLOCK;
}

static int64_t
lowest_of(const htst_scan_t *s, int64_t block)
{
    int64_t low = s->m - 1 - (block + 1) * BLOCK;

    return low > 0 ? low : 0;
}

static void
load(search_t *search, int64_t block)
{
    const htst_scan_t *s = search->scan;

    search->low = lowest_of(s, block);
    search->high = s->m - 1 - block * BLOCK;
    if (s->marks == NULL) {
        search->y = s->y + search->low;
        search->rate = s->rate + search->low;
        return;
    }
    (void) htst_scan_block(s, block, search->y_of_block, search->rate_of_block);
    search->y = search->y_of_block;
    search->rate = search->rate_of_block;
}

/* The logarithm of value k, at which block i ends and the next block begins, and the sum S over its
 * tail. */
static void
edge(const htst_scan_t *s, int64_t i, int64_t k, double *y, double *sum)
{
    if (s->marks != NULL) {
        *y = -(s->marks[i].reach_high + s->marks[i].reach_low);
        *sum = s->marks[i].sum_high + s->marks[i].sum_low;
    }
    else {
        *y = s->y[k];
        *sum = (double) (htst_scan_count(s, s->m) - htst_scan_count(s, k)) / s->rate[k];
    }
}

/* Bounds that hold for all candidates k of a block: a is its lowest value, b the first value above
 * it. */
typedef struct {
    double most, least; /* bounds of n_k */
    double y_a, y_b, sum_a, sum_b;
} bounds_t;

/* Bounds of u = rate_k (y - y_k) for y >= y_b. The values of the tail within the block lie between
 * y_k and y_b, so that with w = y_b - y_k and z = y_k - y_a
 *
 *     S_k <= S_b + n_k w:   u >= n_k (y - y_b + w) / (S_b + n_k w), which grows with n_k,
 *     S_k >= S_a - n_a z:   u <= n_a (y - y_a - z) / (S_a - n_a z),
 *
 * and neither has an extremum between the ends of w and z. */
static double
smallest_decay(const bounds_t *e, double y)
{
    double width = e->y_b - e->y_a, n = e->least;
    double at_b = n * (y - e->y_b) / e->sum_b, at_a = n * (y - e->y_a) / (e->sum_b + n * width);

    return (at_b < at_a ? at_b : at_a) * (1 - ROUNDING);
}

static double
largest_decay(const bounds_t *e, double y)
{
    double width = e->y_b - e->y_a, n = e->most, rest = e->sum_a - n * width;
    double at_a = n * (y - e->y_a) / e->sum_a, at_b = n * (y - e->y_b) / rest;

    if (!(rest > .5 * e->sum_a)) { /* a denominator of few correct digits, or none */
        return INFINITY;
    }
    return (at_b > at_a ? at_b : at_a) * (1 + ROUNDING);
}

/* True if one probe point excludes all candidates of a block. */
static int
is_out(search_t *search, int64_t block, double limit)
{
    const htst_scan_t *s = search->scan;
    int64_t a = lowest_of(s, block), b = s->m - 1 - block * BLOCK;
    double n = (double) htst_scan_count(s, s->m);
    bounds_t e = { n - (double) htst_scan_count(s, a), n - (double) htst_scan_count(s, b - 1), 0, 0,
        0, 0 };

    edge(s, block + 1, a, &e.y_a, &e.sum_a);
    edge(s, block, b, &e.y_b, &e.sum_b);
    /* the errors of three logarithms, and of a difference that may be half of its terms */
    double slack =
        HTST_DISTANCE_SLACK + 4 * HTST_DISTANCE_SLACK_OF_LOGS * (e.most / e.sum_b) * fabs(e.y_a);
    /* If the block's tails differ by more than the limit, the bounds are wide. They exclude the
     * block only where distances are large, and then the first probe point shows it. */
    int n_probes = e.most - e.least > limit * e.least ? 1 : N_PROBES;
    for (int p = 0; p < n_probes && !(s->xmax < INFINITY); p++) {
        probe_t probe = search->probes.probe[p];
        if (probe.place < b) {
            continue;
        }
        double plus = probe.tail / e.most - htst_distance_exp_minus(smallest_decay(&e, probe.y));
        double minus =
            htst_distance_exp_minus(largest_decay(&e, probe.y)) - probe.next_tail / e.least;
        if ((plus > minus ? plus : minus) - slack > limit) {
            to_front(&search->probes, probe, p);
            return 1;
        }
    }
    return 0;
}

/* Write the candidates of [low, low + size), in the loaded block, that no probe point excludes, to
 * `alive`. Returns their number. */
static int64_t
survivors(search_t *search, int64_t low, int64_t size, double limit, int64_t *alive)
{
    const htst_scan_t *s = search->scan;
    const int64_t offset = low - search->low;
    const double n = (double) htst_scan_count(s, s->m);
    double excess[BLOCK];
    int64_t counts[BLOCK], left = size;
    const int64_t *first = htst_scan_counts(s, low, size, counts);

    for (int64_t i = 0; i < size; i++) {
        excess[i] = -1;
    }
    for (int p = 0; p < N_PROBES && left * 32 > size && !(s->xmax < INFINITY); p++) {
        probe_t probe = search->probes.probe[p];
        int64_t before = left;
        if (probe.place < low + size) {
            continue;
        }
        left = probe_all(size, probe.y, probe.tail, probe.next_tail, n, limit, search->y + offset,
            first, search->rate + offset, excess);
        if (before - left > size / 2) {
            to_front(&search->probes, probe, p);
        }
    }
    left = 0;
    for (int64_t i = 0; i < size;
         i++) { /* always written; `left` grows only for candidates that are not excluded */
        alive[left] = low + i;
        left += excess[i] <= limit;
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

/* The distance of a candidate, or -1 if it exceeds `limit`. */
static double
distance_up_to(search_t *search, const htst_candidate_t *c, double limit)
{
    probes_t *probes = &search->probes;
    double distance;
    int64_t where;

    for (int p = 0; p < N_PROBES; p++) {
        probe_t probe = probes->probe[p];
        if (probe.place > c->k && shows(search->scan, c, &probe, limit)) {
            to_front(probes, probe, p);
            return -1;
        }
    }
    where = probes->probe[0].place;
    distance = htst_distance_up_to(c, &search->grid, limit, &where);
    if (distance < 0) {
        insert(probes, probe_at(search->scan, where));
    }
    return distance;
}

/* Measure a candidate. It becomes the best candidate if its distance is at most `limit`. */
static int
consider(search_t *search, int64_t k, double y, double rate, double limit)
{
    htst_candidate_t c = htst_distance_candidate(search->scan, k, y, rate);
    double d = is_allowed(&c, search->allowed) ? distance_up_to(search, &c, limit) : -1;

    if (d >= 0) {
        search->best = (htst_scan_best_t){ k, d, rate };
    }
    return d >= 0;
}

/* Measure the lowest candidate of a block, or some of its candidates. */
static void
consider_some_of(search_t *search, int64_t block, int64_t gap)
{
    const htst_scan_t *s = search->scan;
    int64_t low = lowest_of(s, block);

    if (gap >= BLOCK && low > search->begin) {
        double y, sum;
        edge(s, block + 1, low, &y, &sum);
        double rate = s->marks != NULL
            ? (double) (htst_scan_count(s, s->m) - htst_scan_count(s, low)) / sum
            : s->rate[low];
        (void) consider(search, low, y, rate, search->best.distance);
        return;
    }
    load(search, block);
    low = low > search->begin ? low : search->begin;
    for (int64_t k = low; k < search->high && k < search->end; k += gap) {
        (void) consider(search, k, search->y[k - search->low], search->rate[k - search->low],
            search->best.distance);
    }
}

/* Find an upper bound of the smallest distance before the scan. Blocks are visited from coarse to
 * fine. In ascending order the distances of neighbours would fall slowly towards a minimum, and
 * nearly all of them would have to be measured. */
static void
consider_some(search_t *search, int64_t largest_gap)
{
    const htst_scan_t *s = search->scan;
    int64_t top = block_of(s, search->end - 1), blocks = block_of(s, search->begin) - top + 1;
    int64_t gap = (search->end - search->begin) / N_FIRST + 1, each = 1, level = 1;

    gap = gap < largest_gap ? gap : largest_gap;
    each = gap > BLOCK ? gap / BLOCK : 1;
    while (level * each < blocks) {
        level *= 2;
    }
    for (; level > 0; level /= 2) {
        for (int64_t i = level; i * each <= blocks; i += 2 * level) {
            consider_some_of(search, top + i * each - 1, gap);
        }
    }
}

/* Test the candidates of a block. To find the smallest distance, they are visited in steps, for
 * the same reason. To find the first candidate with a distance of at most best + tolerance, they
 * are visited in order; then 1 is returned as soon as it is found. */
static int
look_at(search_t *search, int64_t block, double tolerance, int is_last)
{
    double limit = search->best.distance + tolerance;
    int64_t alive[BLOCK];

    if (is_out(search, block, limit)) {
        return 0;
    }
    load(search, block);
    int64_t low = search->low > search->begin ? search->low : search->begin;
    int64_t high = search->high < search->end ? search->high : search->end;
    int64_t left = survivors(search, low, high - low, limit, alive);
    int64_t step = is_last ? 1 : left % STEP == 0 ? STEP - 2 : STEP;
    for (int64_t i = 0; i < left; i++) {
        int64_t k = alive[i * step % left], at = k - search->low;
        if (consider(search, k, search->y[at], search->rate[at], limit)) {
            if (is_last) {
                return 1;
            }
            limit = search->best.distance;
        }
    }
    return 0;
}

int64_t
htst_scan_workspace(int64_t m)
{
    return PROBES_WORDS + htst_distance_grid_words(m);
}

/* Begin a search; returns 0 if there is no candidate. */
static int
begin_search(
    search_t *search, const htst_scan_t *scan, const htst_scan_allowed_t *allowed, double limit)
{
    int64_t last = scan->m - 1; /* the last value: no value lies above it */

    search->best = (htst_scan_best_t){ -1, limit, NAN };
    search->begin = allowed->begin;
    search->end = allowed->end < last ? allowed->end : last;
    search->scan = scan;
    search->allowed = allowed;
    memset(&search->probes, 0, sizeof search->probes);
    return search->begin < search->end;
}

/* Find the smallest distance, down to the smallest value. */
static void
find_least(search_t *search)
{
    int64_t top = block_of(search->scan, search->end - 1);
    int64_t bottom = block_of(search->scan, search->begin);

    for (int64_t b = top; b <= bottom; b++) {
        (void) look_at(search, b, 0, 0);
    }
}

/* Find the lowest candidate with a distance of at most the best one + tolerance. */
static void
find_lowest(search_t *search, double tolerance)
{
    int64_t top = block_of(search->scan, search->end - 1);
    int64_t b = block_of(search->scan, search->begin) + 1;

    while (b > top && !look_at(search, b - 1, tolerance, 1)) {
        b--;
    }
}

htst_scan_best_t
htst_scan_best(
    const htst_scan_t *scan, const htst_scan_allowed_t *allowed, double tolerance, double *work)
{
    search_t search;

    if (begin_search(&search, scan, allowed, INFINITY)) {
        search.grid = htst_distance_grid(scan, allowed->begin, work);
        consider_some(&search, GAP);
        find_least(&search); /* down and up again, so that neighbours share probe points */
        find_lowest(&search, tolerance);
    }
    return search.best;
}

void
htst_scan_prepare(const htst_scan_t *scan, int64_t begin, double *work)
{
    memset(work, 0, sizeof(probes_t));
    (void) htst_distance_grid(scan, begin, work + PROBES_WORDS);
}

htst_scan_best_t
htst_scan_part(const htst_scan_t *scan, const htst_scan_allowed_t *allowed, htst_scan_step_t step,
    double limit, int64_t prepared, double *work)
{
    search_t search;

    if (begin_search(&search, scan, allowed, limit)) {
        search.grid = htst_distance_filled_grid(scan, prepared, work + PROBES_WORDS);
        memcpy(&search.probes, work, sizeof search.probes);
        if (step == HTST_SCAN_FEW || step == HTST_SCAN_SOME) {
            consider_some(&search, step == HTST_SCAN_FEW ? WIDE_GAP : GAP);
        }
        else if (step == HTST_SCAN_LEAST) {
            find_least(&search);
        }
        else {
            find_lowest(&search, 0);
        }
        memcpy(work, &search.probes, sizeof search.probes);
    }
    return search.best;
}

/* ---- all candidates up to a limit ----------------------------------------------------------- */

int64_t
htst_scan_within(const htst_scan_t *scan, const htst_scan_allowed_t *allowed, int64_t step,
    double limit, int64_t room, int64_t *found, double *distance, double *work)
{
    search_t search = { .scan = scan, .allowed = allowed, .y = scan->y, .rate = scan->rate };
    const int64_t stride = step > 1 ? step : BLOCK;
    int64_t alive[BLOCK], last = scan->m - 1, m = 0;
    int64_t end = allowed->end < last ? allowed->end : last;

    if (allowed->begin >= end) {
        return 0;
    }
    search.grid = htst_distance_grid(scan, allowed->begin, work);
    for (int64_t low = allowed->begin; low < end && m < room; low += stride) {
        int64_t size = step > 1 ? 1 : end - low < BLOCK ? end - low : BLOCK;
        int64_t left = survivors(&search, low, size, limit, alive);
        for (int64_t i = 0; i < left && m < room; i++) {
            int64_t k = alive[i];
            htst_candidate_t c = htst_distance_candidate(scan, k, scan->y[k], scan->rate[k]);
            double d = is_allowed(&c, allowed) ? distance_up_to(&search, &c, limit) : -1;
            if (d >= 0) {
                found[m] = k;
                distance[m] = d;
                m++;
            }
        }
    }
    return m;
}
