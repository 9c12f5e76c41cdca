#include "htst_stable_contour.h"

#include "htst_stable_math.h"
#include "htst_stable_sum.h"
#include "htst_isa.h"

#define BLOCK HTST_STABLE_BLOCK /* nodes that are evaluated together */
#define FIRST_STEP 0.125        /* of the trapezoid rule on the cut, in v */
#define RAY_STEP 0.11           /* on the ray, for alpha near 1 */
#define RAY_STEPS 0.145         /* on the ray: the step times alpha */
#define TOLERANCE 1e-9  /* of the change by halving the step; the error may be its power 1.3 */
#define MOMENT_SIZE 4.0 /* the largest error of a moment, relative to that of its sum */
#define SEARCH_STEP 0.25
#define MAX_HALVINGS 4
#define NEGLIGIBLE 1e-17
#define LEFT_END 50.0 /* exp(-v) alpha at the first node: the integrand is below exp(-LEFT_END) */
#define LAST_V 12.0
#define NEAR_ONE 0.1     /* W is computed from x_S0 if abs(alpha - 1) is below this */
#define MAX_RISE 0.7     /* the largest Re W allowed on the cut */
#define MAX_CANCELLED 30 /* the largest sum of absolute values, relative to the sum */
#define LEAST_TAIL 0.02  /* on the ray a smaller tail would lose digits */

/* The constants of the integrand. With s = sigma/size, u = log sigma and q = log s:
 *   cut: W = -sigma - s (linear expm1(e q) + constant + cosine exp(e q)), or -sigma - K s^alpha;
 *   ray: s = sigma exp(i angle)/size, W = -sigma (linear + i constant)
 *        - s^alpha (cos_part + i sin_part), or W = -sigma + (i + tangent) s eta near alpha = 1. */
typedef struct {
    double alpha, excess, first_v, step; /* u = v + 1 - exp(-v); first_v is the least v */
    double log_size, inverse; /* size: x or the inverse width of exp(W); inverse = 1/size */
    double linear, constant, cosine, cos_part, sin_part;
    double tangent, angle, sin_angle, cos_angle;
    double turn_sin, turn_cos, turn_less; /* of (alpha - 1)(angle - pi/2); turn_less: cosine - 1 */
} path_t;

/* Sums over nodes: both integrands, and the absolute values of the density's. `top` is the largest
 * Re W; `largest` is the size of the last block relative to the sums. */
typedef struct {
    htst_stable_sum_t density, tail;
    double absolute, top, largest;
} sums_t;

/* One node: Re W, and the factors of exp(Re W) in both integrands. */
typedef struct {
    double real, density, tail;
} term_t;

HTST_INLINE term_t
near_one_cut(const path_t *t, double u)
{
    double q = u - t->log_size, power = htst_expm1(t->excess * q), sigma = htst_exp(u);
    double s = sigma * t->inverse;
    double real =
        -sigma - s * (htst_fma(t->linear, power, t->constant) + t->cosine * (1.0 + power));
    double phase = t->sin_part * (s * (1.0 + power));
    double sine = htst_any_angle(phase).sin, ratio = phase > 1e-8 ? sine / phase : 1.0;
    double size = sigma * (1.0 + htst_expm1(t->excess * u)) * ratio; /* sigma^alpha */
    return (term_t){ real, sigma * size, size };
}

HTST_INLINE term_t
far_cut(const path_t *t, double u)
{
    double power = htst_exp(t->alpha * u), scaled = htst_exp(t->alpha * (u - t->log_size));
    double sigma = htst_exp(u), phase = t->sin_part * scaled;
    double sine = htst_any_angle(phase).sin, ratio = phase > 1e-8 ? sine / phase : 1.0;
    return (term_t){ -sigma - t->cos_part * scaled, sigma * power * ratio, power * ratio };
}

HTST_INLINE term_t
ray_near_one(const path_t *t, double u)
{
    double grown = htst_expm1(t->excess * (u - t->log_size)), sigma = htst_exp(u);
    double r = sigma * t->inverse;
    double re = htst_fma(grown, t->turn_cos, t->turn_less), im = (1.0 + grown) * t->turn_sin;
    double a = t->tangent * re - im, b = t->tangent * im + re; /* (i + tangent) eta */
    double real = r * (a * t->cos_angle - b * t->sin_angle);
    double phase = r * (a * t->sin_angle + b * t->cos_angle);
    htst_angle_t w = htst_any_angle(phase);
    double density = w.sin * t->cos_angle + w.cos * t->sin_angle;
    return (term_t){ real - sigma, sigma * density, w.sin };
}

HTST_INLINE term_t
ray_term(const path_t *t, double u)
{
    double sigma = htst_exp(u), power = htst_exp(t->alpha * (u - t->log_size));
    double real = -htst_fma(sigma, t->linear, power * t->cos_part);
    htst_angle_t w = htst_any_angle(-htst_fma(sigma, t->constant, power * t->sin_part));
    return (term_t){ real, sigma * (w.sin * t->cos_angle + w.cos * t->sin_angle), w.sin };
}

typedef struct {
    double real[BLOCK], density[BLOCK], tail[BLOCK];
} terms_t;

typedef enum { NEAR_ONE_CUT, FAR_CUT, NEAR_ONE_RAY, RAY } kind_t;

HTST_INLINE void
evaluate_kind(const path_t *HTST_RESTRICT given, double v, double step, terms_t *HTST_RESTRICT out,
    kind_t kind)
{
    const path_t fixed = *given, *t = &fixed;
    for (int i = 0; i < BLOCK; i++) {
        double at = v + i * step, grow = htst_exp(-at), u = at + (1.0 - grow);
        term_t n = kind == RAY     ? ray_term(t, u)
            : kind == NEAR_ONE_RAY ? ray_near_one(t, u)
            : kind == FAR_CUT      ? far_cut(t, u)
                                   : near_one_cut(t, u);
        double size = htst_exp(n.real) * (1.0 + grow);
        out->real[i] = n.real;
        out->density[i] = n.density * size;
        out->tail[i] = n.tail * size;
    }
}

#define DEFINE_EVALUATE(name, kind)                                                         \
    HTST_VOID_KERNEL(name,                                                                  \
        (const path_t *HTST_RESTRICT t, double v, double step, terms_t *HTST_RESTRICT out), \
        (t, v, step, out))                                                                  \
    {                                                                                       \
        evaluate_kind(t, v, step, out, kind);                                               \
    }

DEFINE_EVALUATE(evaluate_near_one, NEAR_ONE_CUT)
DEFINE_EVALUATE(evaluate_far, FAR_CUT)
DEFINE_EVALUATE(evaluate_near_one_ray, NEAR_ONE_RAY)
DEFINE_EVALUATE(evaluate_ray, RAY)

typedef void (*evaluate_t)(const path_t *, double, double, terms_t *);

HTST_VOID_KERNEL(
    add_terms, (const terms_t *terms, double v, double step, sums_t *sums), (terms, v, step, sums))
{
    double absolute = 0.0, tail_size = 0.0;
    for (int i = 0; i < BLOCK; i++) {
        absolute += fabs(terms->density[i]);
        tail_size += fabs(terms->tail[i]);
        sums->top = sums->top > terms->real[i] ? sums->top : terms->real[i];
    }
    htst_stable_add(terms->density, v, step, &sums->density);
    htst_stable_add(terms->tail, v, step, &sums->tail);
    double density = htst_stable_total(&sums->density), tail = htst_stable_total(&sums->tail);
    sums->absolute += absolute;
    sums->largest = fmax(absolute / fabs(density), tail_size / fabs(tail));
}

static void
add_block(evaluate_t evaluate, const path_t *t, double v, double step, sums_t *sums)
{
    terms_t terms;
    evaluate(t, v, step, &terms);
    add_terms(&terms, v, step, sums);
}

static sums_t
sweep(evaluate_t evaluate, const path_t *t, double start, double step)
{
    double width = BLOCK * step;
    sums_t sums = { .top = -INFINITY, .largest = 1.0 };
    for (double v = start - width; v > t->first_v - width && sums.largest > NEGLIGIBLE;
         v -= width) {
        add_block(evaluate, t, v, step, &sums);
    }
    sums.largest = 1.0;
    for (double v = start; v < LAST_V && sums.largest > NEGLIGIBLE && sums.top < MAX_RISE;
         v += width) {
        add_block(evaluate, t, v, step, &sums);
    }
    return sums;
}

static bool
is_converged(const sums_t *sums, double tail_size)
{
    double density = fabs(htst_stable_total(&sums->density));
    return htst_stable_agrees(&sums->density, TOLERANCE * density, MOMENT_SIZE)
        && htst_stable_agrees(&sums->tail, TOLERANCE * tail_size, MOMENT_SIZE);
}

/* The results of both integrals over u, and that of the absolute values of the density's. */
typedef struct {
    double density, tail, absolute;
} integrals_t;

/* Computes the integrals; returns false if they did not converge. The tail must be exact relative
 * to the larger of itself and tail_scale. */
static bool
integrate(evaluate_t evaluate, const path_t *t, double tail_scale, integrals_t *integrals)
{
    double step = t->step;
    sums_t sums = sweep(evaluate, t, 0.0, step);
    for (int i = 0; i < MAX_HALVINGS && sums.top < MAX_RISE; i++) {
        double tail = htst_stable_total(&sums.tail);
        *integrals = (integrals_t){ step * htst_stable_total(&sums.density), step * tail,
            step * sums.absolute };
        if (is_converged(&sums, fmax(fabs(tail), tail_scale / step))) {
            return true;
        }
        sums_t between = sweep(evaluate, t, 0.5 * step, step);
        step *= 0.5;
        sums = (sums_t){ htst_stable_halve(&sums.density, &between.density),
            htst_stable_halve(&sums.tail, &between.tail), sums.absolute + between.absolute,
            fmax(sums.top, between.top), 1.0 };
    }
    return false;
}

/* True if Re W falls below `needed` for some v > 0 before it rises again. */
static bool
falls_below(evaluate_t evaluate, const path_t *t, double needed)
{
    terms_t terms;
    double before = INFINITY;
    for (double v = 0.0; v < LAST_V; v += BLOCK * SEARCH_STEP) {
        evaluate(t, v, SEARCH_STEP, &terms);
        for (int i = 0; i < BLOCK; i++) {
            if (terms.real[i] < needed) {
                return true;
            }
            if (terms.real[i] < -MAX_RISE && terms.real[i] > before) {
                return false;
            }
            before = terms.real[i];
        }
    }
    return false;
}

bool
htst_stable_cut(const htst_stable_law_t *law, const htst_stable_side_t *side,
    htst_stable_point_t point, htst_stable_values_t *values)
{
    bool near_one = fabs(law->excess) < NEAR_ONE;
    double x = near_one ? point.x0.hi : point.x1.hi;
    if (!(x > 0.0) || side->sin_part == 0.0) {
        return false;
    }
    evaluate_t evaluate = near_one ? evaluate_near_one : evaluate_far;
    double alpha = law->alpha, shift = side->beta * (law->sine / law->cosine);
    double log_x = point.far > 0.0 ? point.far : log(x);
    double quarter = sin(0.25 * HTST_PI * law->excess);
    path_t t = { .alpha = alpha,
        .excess = law->excess,
        .first_v = log(alpha / LEFT_END),
        .step = FIRST_STEP,
        .log_size = log_x,
        .inverse = point.far > 0.0 ? exp(-log_x) : 1.0 / x,
        .linear = -shift * law->sine,
        .constant = shift * (2.0 * quarter * quarter),
        .cosine = law->cosine,
        .cos_part = side->cos_part,
        .sin_part = side->sin_part };
    integrals_t sums;
    if (!integrate(evaluate, &t, 0.0, &sums) || !(sums.absolute < MAX_CANCELLED * sums.density)) {
        return false;
    }
    bool tiny = alpha * log_x > 600.0, tiny_density = (1.0 + alpha) * log_x > 600.0;
    double scale = tiny ? -alpha * log_x : 0.0, density_scale = scale - (tiny_density ? log_x : 0);
    double power = point.far > 0.0 ? exp(-alpha * log_x) : pow(x, -alpha);
    double factor = side->sin_part * (tiny ? 1.0 : power) / HTST_PI;
    double smaller = fmin(sums.tail, sums.density);
    if (!falls_below(evaluate, &t, log(factor) + scale + log(smaller) - 38.0)) {
        return false;
    }
    double density = factor * sums.density / (tiny_density ? 1.0 : x), upper = factor * sums.tail;
    *values = (htst_stable_values_t){ density_scale, scale, density, upper, -upper, 0.0, 1.0 };
    return true;
}

/* The path of the ray for alpha near 1. On it the integrand of Cauchy's law does not oscillate. */
static path_t
near_one_path(const htst_stable_law_t *law, const htst_stable_side_t *side, double x)
{
    double size = hypot(1.0, x), angle = atan2(1.0, x), turn = law->excess * (angle - HTST_HALF_PI);
    double half = sin(0.5 * turn);
    return (path_t){ .alpha = law->alpha,
        .excess = law->excess,
        .first_v = log(law->alpha / LEFT_END),
        .step = RAY_STEP,
        .log_size = log(size),
        .inverse = 1.0 / size,
        .tangent = side->beta * (law->sine / law->cosine),
        .angle = angle,
        .sin_angle = 1.0 / size,
        .cos_angle = x / size,
        .turn_sin = sin(turn),
        .turn_cos = cos(turn),
        .turn_less = -2.0 * half * half };
}

/* The path of the ray for other alpha: see htst_stable_ray. */
static path_t
ray_path(const htst_stable_law_t *law, const htst_stable_side_t *side, double x)
{
    double alpha = law->alpha, height = hypot(side->cos_part, side->sin_part);
    double width = pow(height, -1.0 / alpha), z = x * width;
    double straight = atan2(side->sin_part, side->cos_part) / alpha;
    double weight = 1.0 - 0.8 * (alpha - 1.1);
    double angle = alpha * straight / (alpha + weight * z * sin(straight) / straight);
    double size = (1.0 + z) / width, share = z / (1.0 + z);
    double turn = alpha * (angle - straight), sine = sin(angle), cosine = cos(angle);
    return (path_t){ .alpha = alpha,
        .excess = law->excess,
        .first_v = log(alpha / LEFT_END),
        .step = RAY_STEPS / alpha,
        .log_size = log(size),
        .inverse = 1.0 / size,
        .linear = share * cosine,
        .constant = share * sine,
        .cos_part = height * cos(turn),
        .sin_part = height * sin(turn),
        .angle = angle,
        .sin_angle = sine,
        .cos_angle = cosine };
}

bool
htst_stable_ray(const htst_stable_law_t *law, const htst_stable_side_t *side,
    htst_stable_point_t point, bool strict, htst_stable_values_t *values)
{
    bool near_one = fabs(law->excess) < NEAR_ONE;
    path_t t = near_one ? near_one_path(law, side, point.x0.hi) : ray_path(law, side, point.x1.hi);
    double angle = t.angle;
    integrals_t sums;
    if (!integrate(near_one ? evaluate_near_one_ray : evaluate_ray, &t, angle, &sums)) {
        return false;
    }
    double upper = (angle + sums.tail) / HTST_PI;
    bool kept = sums.absolute < MAX_CANCELLED * sums.density && upper > LEAST_TAIL
        && upper < 1.0 - LEAST_TAIL;
    if (strict && !kept) {
        return false;
    }
    *values = (htst_stable_values_t){ 0.0, 0.0, sums.density * t.inverse / HTST_PI, upper,
        1.0 - upper, 0.0, 0.0 };
    return true;
}
