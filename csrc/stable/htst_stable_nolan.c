#include "htst_stable_nolan.h"

#include "htst_stable_integrand.h"
#include "htst_stable_sum.h"
#include "htst_isa.h"

#define FIRST_STEP 0.11 /* in v; it suffices nearly everywhere */
#define TOLERANCE 1e-7
#define MOMENT_SIZE 1.0 /* the largest error of a moment, relative to that of its sum */
#define MAX_HALVINGS 5
#define NEGLIGIBLE 1e-17
#define MAX_PLATEAU 1.0 /* of kappa or pi - Phi; a second peak is sought only below it */
#define LEAST_STRIP 0.7
#define SLOWEST 0.05
#define NO_PEAK 42.0 /* a peak is ignored if its logarithm is lower by this */
#define FIRST_V (-7.0)
#define LAST_V 60.0
#define BLOCK HTST_STABLE_BLOCK /* nodes that are evaluated together */
#define LAST_Y 640.0            /* at a larger y, angles times alpha - 1 might be denormal */
#define SMALL_ALPHA 0.1         /* below it mass can lie beyond LAST_Y, at an end of the angle */
#define LEAST_MISSED 1e-13
#define LEAST_DIVISOR 1e-280
#define LIMIT_Y 60.0 /* at this y, L has reached its limit, if it has one */
#define LAPLACE 20.0 /* the least L from which Laplace's formula is used */
#define LAPLACE_Y 9.0
#define MAX_LOG_G 650.0 /* exp(-g) is 0 long before */

/* The node with the largest integrand; `scale` is the inverse width of the peak in y. */
typedef struct {
    double y, scale, log_g, g, height; /* height: the log of the integrand */
    double growth;                     /* nodes: y + rise (v + (1 - exp(-growth v))/growth)/scale */
} peak_t;

typedef struct {
    double log_g[BLOCK], slope[BLOCK], weight[BLOCK], omega[BLOCK], phi[BLOCK];
} nodes_t;

HTST_VOID_KERNEL(evaluate,
    (const htst_stable_integral_t *HTST_RESTRICT given, const double *HTST_RESTRICT y,
        nodes_t *HTST_RESTRICT out),
    (given, y, out))
{
    const htst_stable_integral_t fixed = *given, *t = &fixed;
    for (int i = 0; i < BLOCK; i++) {
        htst_stable_node_t n = htst_stable_node(t, y[i]);
        out->log_g[i] = n.log_g;
        out->slope[i] = n.slope;
        out->weight[i] = n.weight;
        out->omega[i] = n.omega;
        out->phi[i] = n.phi;
    }
}

/* A positive multiple of the derivative in y of the logarithm of the integrand. */
static double
ascent(const htst_stable_integral_t *t, const htst_stable_node_t *n)
{
    double g = exp(fmin(n->log_g, MAX_LOG_G));
    return t->rise * n->slope * (1.0 - g) + (n->omega - n->phi) / t->length;
}

/* The next y on the way to the peak: the ascent would vanish there if the slope were constant. */
static double
next_y(const htst_stable_integral_t *t, const htst_stable_node_t *n, double y)
{
    double slope = t->rise * n->slope, target = 1.0 + (n->omega - n->phi) / (t->length * slope);
    return target > 0.0 ? y + (log(target) - n->log_g) / slope : NAN;
}

/* Finds an interval that contains a peak, by the signs of the ascent on a coarse grid. If there are
 * several peaks, the one nearest to the end where g is large is taken. Returns a guess of its
 * place. */
static double
bracket(const htst_stable_integral_t *t, double *low, double *high)
{
    static const double GRID[BLOCK] = { -560.0, -150.0, -50.0, -25.0, -12.0, -6.0, -3.0, -1.0, 1.0,
        3.0, 6.0, 12.0, 25.0, 50.0, 150.0, 560.0 };
    nodes_t nodes;
    evaluate(t, GRID, &nodes);
    htst_stable_node_t n = { 0 };
    double y = 0.0;
    *low = -LAST_Y;
    *high = LAST_Y;
    for (int j = 0; j < BLOCK; j++) {
        int i = t->rise < 0.0 ? j : BLOCK - 1 - j;
        n = (htst_stable_node_t){ nodes.log_g[i], nodes.slope[i], nodes.weight[i], nodes.omega[i],
            nodes.phi[i] };
        bool climbs = ascent(t, &n) > 0.0;
        y = GRID[i];
        if (climbs) {
            *low = y;
        }
        else {
            *high = y;
        }
        if (climbs == (t->rise > 0.0)) {
            break;
        }
    }
    double guess = next_y(t, &n, y);
    return guess > *low && guess < *high ? guess : 0.5 * (*low + *high);
}

HTST_KERNEL(htst_stable_node_t, single_node, (const htst_stable_integral_t *t, double y), (t, y))
{
    return htst_stable_node(t, y);
}

/* Finds the peak in (low, high); the search starts at y. */
static peak_t
refine_peak(const htst_stable_integral_t *t, double low, double high, double y)
{
    peak_t peak = { y, 1.0, 0.0, 1.0, 1.0, 1.0 };
    double last = high - low; /* a step longer than half of the last one could lead into a cycle */
    for (int i = 0; i < 100; i++) {
        htst_stable_node_t n = single_node(t, y);
        double g = exp(fmin(n.log_g, MAX_LOG_G)), d = n.slope;
        double scale = sqrt(d * d * g + 2.0 * d * fmax(g - 1.0, 0.0) + 2.0 * n.weight / t->length);
        peak = (peak_t){ y, scale, n.log_g, g, n.log_g - g + log(n.weight), 1.0 };
        if (ascent(t, &n) > 0.0) {
            low = y;
        }
        else {
            high = y;
        }
        double next = next_y(t, &n, y);
        if (!(next > low && next < high && fabs(next - y) < 0.5 * last)) {
            next = 0.5 * (low + high);
        }
        last = fabs(next - y);
        if (last * fmax(scale, d) < 0.15 || high - low < 1e-15 * fabs(y)) {
            break;
        }
        y = next;
    }
    return peak;
}

/* The place where g = 1, between y and the end where g is small; NaN if there is none. */
static double
find_one(const htst_stable_integral_t *t, double y)
{
    double inner = y, outer = -t->rise * LAST_Y;
    if (single_node(t, outer).log_g > 0.0) {
        return NAN;
    }
    y = 0.5 * (inner + outer);
    for (int i = 0; i < 100; i++) {
        htst_stable_node_t n = single_node(t, y);
        if (fabs(n.log_g) < 0.5) {
            break;
        }
        if (n.log_g > 0.0) {
            inner = y;
        }
        else {
            outer = y;
        }
        double next = y - n.log_g / (t->rise * n.slope);
        bool inside = (next - inner) * (next - outer) < 0.0;
        y = inside && i % 4 != 3 ? next : 0.5 * (inner + outer);
    }
    return y;
}

/* A light body has a peak where g is large; a heavy tail with a small coefficient has a second one
 * where g is near 1. Replaces the first peak by the second if the second is not negligible. Returns
 * the distance between both if neither is negligible, else 0. */
static double
other_peak(const htst_stable_integral_t *t, peak_t *peak)
{
    double y = find_one(t, peak->y);
    if (isnan(y)) {
        return 0.0;
    }
    double back = y, slope = single_node(t, y).slope, step = 1.0 / slope;
    for (bool turned = false; !turned; step *= 2.0) {
        back = y + t->rise * step;
        if ((back - peak->y) * t->rise > 0.0) {
            return 0.0; /* the integrand rises all the way to the first peak */
        }
        htst_stable_node_t n = single_node(t, back);
        turned = (ascent(t, &n) > 0.0) != (t->rise > 0.0);
    }
    double far = y - t->rise * 4.0 / slope;
    peak_t second = refine_peak(t, fmin(back, far), fmax(back, far), y);
    htst_stable_node_t top = single_node(t, second.y);
    double gain = second.height - peak->height, distance = fabs(second.y - peak->y);
    bool is_peak = fabs(ascent(t, &top)) < 0.5 * second.scale && distance * second.scale > 1.0;
    if (!is_peak || gain < -NO_PEAK) {
        return 0.0;
    }
    *peak = second;
    return gain > NO_PEAK ? 0.0 : distance;
}

/* Sums over nodes; `first` and `last` are the sizes of the first and the last term of the block
 * that was added last, relative to the sums. */
enum { DENSITY, UPPER, LOWER, N_SUMS };
typedef struct {
    htst_stable_sum_t of[N_SUMS];
    double first, last;
} sums_t;

/* Writes the largest terms of the first and the last node, relative to the sums. */
HTST_INLINE void
compare_ends(double terms[N_SUMS][BLOCK], sums_t *sums)
{
    sums->first = sums->last = 0.0;
    for (int k = 0; k < N_SUMS; k++) {
        double total = htst_stable_total(&sums->of[k]);
        double first = terms[k][0] / total, last = terms[k][BLOCK - 1] / total;
        sums->first = first > sums->first ? first : sums->first;
        sums->last = last > sums->last ? last : sums->last;
    }
}

HTST_VOID_KERNEL(add_block,
    (const htst_stable_integral_t *t, const peak_t *peak, double v, double step, sums_t *sums),
    (t, peak, v, step, sums))
{
    nodes_t nodes;
    double width[BLOCK], y[BLOCK], term[BLOCK];
    for (int i = 0; i < BLOCK; i++) {
        double at = v + i * step, grow = htst_exp(-peak->growth * at);
        double place = peak->y + t->rise * (at + (1.0 - grow) / peak->growth) / peak->scale;
        int inside = fabs(place) < LAST_Y;
        y[i] = inside ? place : (place > 0.0 ? LAST_Y : -LAST_Y);
        width[i] = inside ? 1.0 + grow : 0.0;
    }
    evaluate(t, y, &nodes);
    for (int i = 0; i < BLOCK; i++) {
        double log_g = nodes.log_g[i] < MAX_LOG_G ? nodes.log_g[i] : MAX_LOG_G;
        double g = htst_exp(log_g);
        term[i] = htst_exp((log_g - peak->log_g) - (g - peak->g)) * width[i];
    }
    double terms[N_SUMS][BLOCK];
    for (int i = 0; i < BLOCK; i++) {
        double mass = term[i] * nodes.slope[i];
        terms[DENSITY][i] = term[i] * nodes.weight[i];
        terms[UPPER][i] = mass * nodes.omega[i];
        terms[LOWER][i] = mass * (t->beyond + nodes.phi[i]);
    }
    for (int k = 0; k < N_SUMS; k++) {
        htst_stable_add(terms[k], v, step, &sums->of[k]);
    }
    compare_ends(terms, sums);
}

/* The growth with which the nodes resolve poles of the integrand at y = end +- i pi. The distance
 * of a pole from the axis in v is pi scale/(1 + exp(-growth v)). */
static double
growth_towards(const htst_stable_integral_t *t, const peak_t *peak, double end)
{
    double distance = t->rise * (peak->y - end) * peak->scale;
    double growth = (HTST_PI / LEAST_STRIP * peak->scale - 2.0) / distance;
    return distance <= 0.0 || growth > 1.0 ? 1.0 : fmax(growth, SLOWEST);
}

/* The range of v in which all nodes are summed, however small their terms are; beyond it, terms are
 * summed until they are negligible if the range is open. */
typedef struct {
    double low, high;
    bool is_open;
} reach_t;

/* If `plateau` is small, g is nearly constant before it falls again at y = -log(plateau). The mass
 * beyond that point belongs to a tail and must be summed. */
static reach_t
find_reach(const htst_stable_integral_t *t, const peak_t *peak, double plateau, double distance)
{
    reach_t reach = { 0.0, distance == 0.0 ? 0.0 : (distance + 4.0) * peak->scale, true };
    if (plateau > 0.0 && plateau < MAX_PLATEAU) {
        double end = t->rise * (log(plateau) - 4.0), left = t->rise * (peak->y - end);
        double size = left * peak->scale;
        reach.low = left > 0.0 ? -log1p(size * peak->growth) / peak->growth : 0.0;
    }
    return reach;
}

/* Adds up v = start + k step for all whole k in `reach`. If that is open, the sweep goes on until
 * the last term is negligible, and closes `reach` around all that it has added, for later
 * sweeps. */
static void
sweep(const htst_stable_integral_t *t, const peak_t *peak, reach_t *reach, double start,
    double step, sums_t *sums)
{
    double width = BLOCK * step, after = start, before = start - width;
    do {
        add_block(t, peak, after, step, sums);
        after += width;
    } while (after < reach->high || (reach->is_open && after < LAST_V && sums->last > NEGLIGIBLE));
    do {
        add_block(t, peak, before, step, sums);
        before -= width;
    } while (before + (width - step) >= reach->low
        || (reach->is_open && before > FIRST_V / peak->growth - width && sums->first > NEGLIGIBLE));
    if (reach->is_open) {
        *reach = (reach_t){ before + width, after, false };
    }
}

static bool
is_converged(const sums_t *sums)
{
    bool agree = true;
    for (int k = 0; k < N_SUMS; k++) {
        double size = TOLERANCE * htst_stable_total(&sums->of[k]);
        agree = agree && htst_stable_agrees(&sums->of[k], size, MOMENT_SIZE);
    }
    return agree;
}

/* Computes the three integrals over v, with half of the step until they have converged. */
static void
integrate(
    const htst_stable_integral_t *t, const peak_t *peak, reach_t *reach, double integrals[N_SUMS])
{
    double step = FIRST_STEP;
    sums_t sums = { 0 };
    sweep(t, peak, reach, 0.0, step, &sums);
    for (int i = 0; i < MAX_HALVINGS && !is_converged(&sums); i++) {
        sums_t between = { 0 };
        sweep(t, peak, reach, 0.5 * step, step, &between);
        step *= 0.5;
        for (int k = 0; k < N_SUMS; k++) {
            sums.of[k] = htst_stable_halve(&sums.of[k], &between.of[k]);
        }
    }
    for (int k = 0; k < N_SUMS; k++) {
        integrals[k] = step * htst_stable_total(&sums.of[k]);
    }
}

/* The density and both tails far in a light tail. There g = g0 (1 + a t^2), where t is the distance
 * from the end of the angle, and g0 is so large that Laplace's formula gives the logarithms
 * exactly. */
static htst_stable_values_t
by_laplace(const htst_stable_integral_t *t, double log_least, double log_factor)
{
    bool above = t->above > 0.0;
    htst_stable_node_t near = single_node(t, above ? LAPLACE_Y : -LAPLACE_Y);
    double distance = above ? near.omega : near.phi, g = exp(fmin(log_least, HTST_LOG_LARGEST));
    double a = 0.5 * near.slope / (distance * distance); /* dL/dy = 2 a t^2 */
    double tail = 0.5 * sqrt(HTST_PI / a) / sqrt(g) / HTST_PI;
    htst_stable_values_t v = { log_factor - g, -g, g * tail, tail, tail, 0.0, 0.0 };
    if (log_least > HTST_LOG_LARGEST) {
        v.density_scale = v.tail_scale = -INFINITY;
        v.density = v.upper = v.lower = 1.0;
    }
    if (above) {
        v.lower = 0.0;
        v.lower_more = 1.0;
    }
    else {
        v.upper = 0.0;
        v.upper_more = 1.0;
    }
    return v;
}

/* Add the mass beyond LAST_Y, which no integral has, to both tails. Their unit is exp(scale). */
static void
add_mass_beyond(const htst_stable_integral_t *t, double scale, double *upper, double *lower)
{
    double missed = 1.0 - (*upper + *lower) * exp(scale);
    double of_both = missed > LEAST_MISSED ? missed / HTST_PI * exp(-scale) : 0.0;
    *upper += of_both * t->length;
    *lower += of_both * t->beyond;
}

htst_stable_values_t
htst_stable_nolan(
    const htst_stable_law_t *law, const htst_stable_side_t *side, htst_stable_point_t point)
{
    double z = point.x1.hi, size = fabs(law->excess);
    bool above = law->excess > 0.0;
    htst_stable_integral_t t = htst_stable_integral(law, side, point);
    double low, high, plateau = above ? t.kappa : t.beyond, distance = 0.0, more = 0.0;
    double integrals[N_SUMS];
    if (plateau == 0.0) {
        double least = single_node(&t, above ? LIMIT_Y : -LIMIT_Y).log_g;
        more = -expm1(-exp(least));
        if (least > LAPLACE) {
            return by_laplace(&t, least, log(law->alpha / size) - log(z));
        }
    }
    double guess = bracket(&t, &low, &high);
    peak_t peak = refine_peak(&t, low, high, guess);
    if (peak.g > 1.5 && plateau > 0.0 && plateau < MAX_PLATEAU) {
        distance = other_peak(&t, &peak);
    }
    peak.growth = growth_towards(&t, &peak, 0.0);
    if (plateau > 0.0 && plateau < MAX_PLATEAU) {
        double end = t.rise * (log(plateau) - 4.0);
        peak.growth = fmin(peak.growth, growth_towards(&t, &peak, end));
    }
    reach_t reach = find_reach(&t, &peak, plateau, distance);
    integrate(&t, &peak, &reach, integrals);
    double factor = 1.0 / peak.scale, scale = peak.log_g - peak.g;
    double upper = factor * integrals[UPPER] / HTST_PI, lower = factor * integrals[LOWER] / HTST_PI;
    if (law->alpha < SMALL_ALPHA && plateau > 0.0) {
        add_mass_beyond(&t, scale, &upper, &lower);
    }
    bool tiny = z < LEAST_DIVISOR;
    double density = factor * integrals[DENSITY] * (law->alpha / (HTST_PI * size));
    return (htst_stable_values_t){ tiny ? scale - log(z) : scale, scale,
        tiny ? density : density / z, upper, lower, above ? 0.0 : more, above ? more : 0.0 };
}
