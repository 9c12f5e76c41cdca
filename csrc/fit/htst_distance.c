#include "htst_distance.h"

#include <math.h>

#include "htst_estimate.h"
#include "htst_scan_values.h"
#include "htst_truncated.h"
#include "htst_isa.h"

#define STACK 128 /* room for two segments for each of 63 halvings */
#define LANES 16  /* probe points that are evaluated together */
#define CHUNK 256 /* probe points between two tests of the limit */
#define FEW 64
#define NOT_MANY 256
#define PER_ROOT 8
#define DENSE 8 /* probe points are dense if at most this many values apart */

double
htst_distance_log(const htst_scan_t *s, int64_t j)
{
    return s->y != NULL
        ? s->y[j]
        : -htst_estimate_log_ratio(htst_scan_value(s, j), htst_scan_value(s, s->m - 1));
}

htst_candidate_t
htst_distance_candidate(const htst_scan_t *s, int64_t k, double y, double rate)
{
    htst_candidate_t c = { 0 };

    c.scan = s;
    c.k = k;
    c.rate = rate;
    c.inverse_n = 1 / (double) (htst_scan_count(s, s->m) - htst_scan_count(s, k));
    c.base = 1;
    c.size = -1;
    c.decay = fabs(c.rate);
    c.origin = y;
    double top = htst_distance_log(s, s->m - 1), reach = fmax(fabs(y), fabs(top));
    if (s->xmax < INFINITY) {
        double rest = htst_estimate_log_ratio(s->v[s->m - 1], s->xmax);
        c.length = htst_estimate_log_ratio(s->v[k], s->xmax);
        reach += rest;
        double end = exp(-c.decay * c.length), scale = 1 / -expm1(-c.decay * c.length);
        c.base = c.rate > 0 ? scale : -end * scale;
        c.size = c.rate > 0 ? -scale : scale;
        c.origin = c.rate > 0 ? c.origin : top + rest;
    }
    c.slack = (HTST_DISTANCE_SLACK + HTST_DISTANCE_SLACK_OF_LOGS * c.decay * reach) * fabs(c.size);
    return c;
}

double
htst_distance_quick(const htst_candidate_t *c, double y)
{
    return c->base + c->size * htst_distance_exp_minus(c->decay * fabs(y - c->origin));
}

static double
model(const htst_candidate_t *c, int64_t j)
{
    const htst_scan_t *s = c->scan;

    if (s->v == NULL && s->first != NULL) {
        return -expm1(-c->rate * (s->y[j] - s->y[c->k]));
    }
    double t = htst_estimate_log_ratio(htst_scan_value(s, c->k), htst_scan_value(s, j));
    if (s->xmax < INFINITY) {
        return htst_truncated_cdf(c->rate, t, htst_estimate_log_ratio(s->v[j], s->xmax), c->length);
    }
    return -expm1(-c->rate * t);
}

/* The values of the sample's function with which F is compared, below and above: see D+ and D- in
 * htst_scan.h. */
static double
lower_step(const htst_candidate_t *c, int64_t j)
{
    return (double) (htst_scan_count(c->scan, j) - htst_scan_count(c->scan, c->k)) * c->inverse_n;
}

static double
upper_step(const htst_candidate_t *c, int64_t j)
{
    return lower_step(c, j + (c->scan->two_sided ? 1 : 0));
}

/* Record a rough distance, minus its slack. */
static void
note(htst_found_t *found, int64_t j, double distance, double slack)
{
    double other = j == found->where ? 0 : distance;

    if (distance - slack > found->plus) {
        other = j == found->where ? 0 : found->plus + slack;
        found->plus = found->minus = distance - slack;
        found->where = j;
    }
    found->rival = other > found->rival ? other : found->rival;
}

/* Evaluate one value. Returns 0 if its distance exceeds `limit`. Sets *f to the quick model at the
 * value. */
static int
look(const htst_candidate_t *c, int64_t j, double limit, htst_found_t *found, double *f)
{
    double lower = lower_step(c, j), upper = upper_step(c, j);

    *f = htst_distance_quick(c, htst_distance_log(c->scan, j));
    if (*f - lower - c->slack > limit || upper - *f - c->slack > limit) {
        found->where = j;
        return 0;
    }
    /* written as !(a <= b), so that an infinite or NaN slack excludes nothing */
    if (!(*f - lower + c->slack <= found->plus) || !(upper - *f + c->slack <= found->minus)) {
        if (found->rough) {
            note(found, j, *f - lower > upper - *f ? *f - lower : upper - *f, c->slack);
            return 1;
        }
        double exact = model(c, j), plus = exact - lower, minus = upper - exact;
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

/* ---- segments ------------------------------------------------------------------------------- */

/* The values between a and b, and the model fa and fb at both. */
typedef struct {
    int64_t a, b;
    double fa, fb;
} segment_t;

/* True if a distance inside a segment can exceed those found so far. Inside, F is at most fb and
 * the step at least that of a + 1; F is at least fa and the step at most that of b - 1. */
static inline int
may_hold_more(const htst_candidate_t *c, const segment_t *s, const htst_found_t *found)
{
    return s->b - s->a >= 2
        && !(s->fb - lower_step(c, s->a + 1) + c->slack <= found->plus
            && upper_step(c, s->b - 1) - s->fa + c->slack <= found->minus);
}

/* Search a segment; its halves are searched depth first. Returns 0 as soon as a distance exceeds
 * `limit`. */
static int
look_into(const htst_candidate_t *c, segment_t whole, double limit, htst_found_t *found)
{
    segment_t stack[STACK], s;
    int depth = 0;

    stack[depth++] = whole;
    while (depth > 0) {
        s = stack[--depth];
        if (!may_hold_more(c, &s, found)) {
            continue;
        }
        int64_t j = s.a + (s.b - s.a) / 2;
        double f;
        if (!look(c, j, limit, found, &f)) {
            return 0;
        }
        stack[depth++] = (segment_t){ s.a, j, s.fa, f };
        stack[depth++] = (segment_t){ j, s.b, f, s.fb };
    }
    return 1;
}

/* ---- a grid --------------------------------------------------------------------------------- */

/* The spacing of the fine grid, a fraction of sqrt(m). The distance of a law that fits falls like
 * the square root of the number of values, so the proportion of the values between two points is a
 * fraction of the distance. If there are only a few values, all of them are probe points. */
static int64_t
spacing_of(int64_t m)
{
    int64_t spacing = (int64_t) (sqrt((double) m) / PER_ROOT);

    return m <= NOT_MANY ? 1 : spacing > 2 ? spacing : 2;
}

static int64_t
size_of(int64_t m, int64_t spacing)
{
    return (m - 2) / spacing + 2; /* the last value is a probe point too */
}

int64_t
htst_distance_grid_words(int64_t m)
{
    /* unlike size_of, this grows with m: rounding reduces the spacing by at most a third */
    int64_t size = m < NOT_MANY ? m : NOT_MANY,
            many = (int64_t) (1.5 * PER_ROOT * sqrt((double) m));

    return m < 2 ? 1 : 4 * ((many > size ? many : size) + 2 + FEW + 4 * LANES);
}

/* The logarithms of the probe points: one by one, or for dense points by whole blocks. */
static void
fill_logs(const htst_scan_t *s, const htst_places_t *p)
{
    double y[HTST_ESTIMATE_BLOCK], rate[HTST_ESTIMATE_BLOCK];
    int64_t i = 0;

    if (s->y != NULL || p->spacing > DENSE) {
        for (; i < p->size - 1; i++) {
            p->y[i] = htst_distance_log(s, p->begin + i * p->spacing);
        }
        return;
    }
    for (int64_t b = (s->m - 2 - p->begin) / HTST_ESTIMATE_BLOCK; b >= 0; b--) {
        int64_t low = htst_scan_block(s, b, y, rate);
        int64_t end = s->m - 1 - b * HTST_ESTIMATE_BLOCK;
        for (; p->begin + i * p->spacing < end; i++) {
            p->y[i] = y[p->begin + i * p->spacing - low];
        }
    }
}

static htst_places_t
places(const htst_scan_t *s, int64_t begin, int64_t spacing, double *work)
{
    int64_t size = size_of(s->m - begin, spacing), room = size + 2 * LANES;

    return (
        htst_places_t){ begin, spacing, size, work, work + room, work + 2 * room, work + 3 * room };
}

static void
fill(const htst_scan_t *s, const htst_places_t *p)
{
    const int64_t begin = p->begin, spacing = p->spacing, size = p->size, room = size + 2 * LANES;

    fill_logs(s, p);
    for (int64_t i = size - 1; i < room; i++) {
        p->y[i] = htst_distance_log(s, s->m - 1);
    }
    for (int64_t i = 0; i < room; i++) { /* padded with the last point */
        int64_t j = i < size - 1 ? begin + i * spacing : s->m - 1;
        p->lower[i] = (double) htst_scan_count(s, j);
        p->upper[i] = (double) htst_scan_count(s, j + (s->two_sided ? 1 : 0));
    }
    for (int64_t i = size; i < room;
         i++) { /* groups of segments read this padding; it makes no segment */
        p->model[i] = 0;
    }
}

htst_grid_t
htst_distance_filled_grid(const htst_scan_t *s, int64_t begin, double *work)
{
    int64_t spacing = spacing_of(s->m), size = size_of(s->m - begin, spacing);
    htst_grid_t grid;

    grid.many = places(s, begin, spacing, work);
    /* at most FEW points, both ends included */
    grid.few = places(s, begin, spacing * (size / (FEW - 2) + 1), work + 4 * (size + 2 * LANES));
    return grid;
}

htst_grid_t
htst_distance_grid(const htst_scan_t *s, int64_t begin, double *work)
{
    htst_grid_t grid = htst_distance_filled_grid(s, begin, work);

    fill(s, &grid.many);
    fill(s, &grid.few);
    return grid;
}

static int64_t
place(const htst_places_t *p, const htst_scan_t *s, int64_t i)
{
    return i < p->size - 1 ? p->begin + i * p->spacing : s->m - 1;
}

/* The first probe point above value k. */
static int64_t
first_above(const htst_places_t *p, int64_t k)
{
    int64_t i = (k - p->begin) / p->spacing + 1;

    return i < p->size ? i : p->size - 1;
}

/* The model at the points [0, size), rounded up to LANES, and the largest distance at them. */
HTST_KERNEL(double, evaluate,
    (int64_t size, double base, double magnitude, double decay, double origin, double before,
        double inverse_n, const double *HTST_RESTRICT y, const double *HTST_RESTRICT lower,
        const double *HTST_RESTRICT upper, double *HTST_RESTRICT f),
    (size, base, magnitude, decay, origin, before, inverse_n, y, lower, upper, f))
{
    double most[LANES] = { 0 }, largest = 0;

    for (int64_t i = 0; i < size; i += LANES) {
        for (int64_t l = 0; l < LANES; l++) {
            double t = y[i + l] - origin;
            double model = base + magnitude * htst_distance_exp_minus(decay * (t < 0 ? -t : t));
            double plus = model - (lower[i + l] - before) * inverse_n;
            double minus = (upper[i + l] - before) * inverse_n - model;
            double larger = plus > minus ? plus : minus;
            f[i + l] = model;
            most[l] = larger > most[l] ? larger : most[l];
        }
    }
    for (int64_t l = 0; l < LANES; l++) {
        largest = most[l] > largest ? most[l] : largest;
    }
    return largest;
}

/* True if one of the LANES segments that begin at these points can hold a distance above
 * `level`. */
HTST_KERNEL(int, may_exceed,
    (double level, double before, double inverse_n, const double *HTST_RESTRICT lower,
        const double *HTST_RESTRICT f),
    (level, before, inverse_n, lower, f))
{
    int64_t found = 0;

    for (int64_t l = 0; l < LANES; l++) {
        double plus = f[l + 1] - (lower[l] - before) * inverse_n;
        double minus = (lower[l + 1] - before) * inverse_n - f[l];
        found |= (plus > level) | (minus > level);
    }
    return found != 0;
}

/* Evaluate all probe points from the i-th on. Returns 0 as soon as a distance exceeds `limit`. */
static int
look_at_places(
    const htst_candidate_t *c, const htst_places_t *p, int64_t i, double limit, htst_found_t *found)
{
    const double before = (double) htst_scan_count(c->scan, c->k);

    for (; i < p->size; i += CHUNK) {
        int64_t size = p->size - i < CHUNK ? p->size - i : CHUNK;
        int is_end = i + size == p->size; /* groups of segments read one more point */
        double most = evaluate(size + is_end, c->base, c->size, c->decay, c->origin, before,
            c->inverse_n, p->y + i, p->lower + i, p->upper + i, p->model + i);
        if (most + c->slack <= found->plus) {
            continue;
        }
        for (int64_t j = i; j < i + size; j++) {
            double plus = p->model[j] - (p->lower[j] - before) * c->inverse_n;
            double minus = (p->upper[j] - before) * c->inverse_n - p->model[j], f;
            if ((plus > minus ? plus : minus) + c->slack > found->plus
                && !look(c, place(p, c->scan, j), limit, found, &f)) {
                return 0;
            }
        }
    }
    return 1;
}

/* Search those segments between probe points, from the i-th on, that can contain a larger
 * distance. */
static int
look_between_places(
    const htst_candidate_t *c, const htst_places_t *p, int64_t i, double limit, htst_found_t *found)
{
    const double before = (double) htst_scan_count(c->scan, c->k);

    for (; p->spacing > 1 && i < p->size - 1; i += LANES) {
        if (!may_exceed(found->plus - c->slack, before, c->inverse_n, p->lower + i, p->model + i)) {
            continue;
        }
        for (int64_t j = i; j < i + LANES && j < p->size - 1; j++) {
            segment_t s = { place(p, c->scan, j), place(p, c->scan, j + 1), p->model[j],
                p->model[j + 1] };
            if (may_hold_more(c, &s, found) && !look_into(c, s, limit, found)) {
                return 0;
            }
        }
    }
    return 1;
}

/* ---- the distance --------------------------------------------------------------------------- */

int
htst_distance_measure(
    const htst_candidate_t *c, const htst_grid_t *grid, double limit, htst_found_t *found)
{
    const int64_t last = c->scan->m - 1;
    segment_t s = { c->k, last, 0, 0 };
    int64_t hint = found->where;
    double f;

    found->plus = found->minus = found->rival = 0;
    if (hint > c->k && !look(c, hint, limit, found, &f)) {
        return 0;
    }
    if (!look(c, last, limit, found, &s.fb) || !look(c, c->k, limit, found, &s.fa)) {
        return 0;
    }
    if (grid != NULL && c->slack < 1) {
        const htst_places_t *few = &grid->few, *many = &grid->many;
        int64_t i = first_above(many, c->k);
        /* a few points exclude most candidates */
        int is_worth_it = found->rough && many->size - i > 2 * FEW;
        if ((is_worth_it && !look_at_places(c, few, first_above(few, c->k), limit, found))
            || !look_at_places(c, many, i, limit, found)
            || !look_between_places(c, many, i, limit, found)) {
            return 0;
        }
        s.b = place(many, c->scan, i);
        s.fb = many->model[i];
    }
    return look_into(c, s, limit, found) && found->plus <= limit && found->minus <= limit;
}

double
htst_distance_up_to(
    const htst_candidate_t *c, const htst_grid_t *grid, double limit, int64_t *where)
{
    htst_found_t found = { 0, 0, *where, 1, 1, 0 };
    int is_below = htst_distance_measure(c, grid, limit, &found);

    *where = found.where;
    if (!is_below) { /* most candidates end here */
        return -1;
    }
    if (found.rival + c->slack < found.plus) { /* no other value can have a larger distance */
        double f = model(c, found.where), plus = f - lower_step(c, found.where);
        double minus = upper_step(c, found.where) - f, larger = plus > minus ? plus : minus;
        return larger <= limit ? larger : -1;
    }
    found.rough = 0;
    is_below = htst_distance_measure(c, grid, limit, &found);
    *where = found.where;
    return is_below ? found.plus : -1;
}
