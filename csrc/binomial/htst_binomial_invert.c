#include "htst_binomial_invert.h"

#include <stdbool.h>

#include "htst_binomial_far.h"
#include "htst_isa.h"

#define LOG_HALF (-0.69314718055994530942)

/* ---- one evaluation of a tail --------------------------------------------------------------- */

/* Bin(n, p), p or 1-p = s <= 1/2 */
typedef struct {
    double n, s;
    bool mirrored;
} law_t;

/* A tail: log P, bit-identical to htst_binomial.h; the log of the far tail, which is P or 1 - P;
 * and the first probability of the far tail in units of that tail. */
typedef struct {
    double log, far_log, ratio;
    bool complement;
} look_t;

static double
p_of(law_t law)
{
    return law.mirrored ? 1.0 - law.s : law.s;
}

static double
q_of(law_t law)
{
    return law.mirrored ? law.s : 1.0 - law.s;
}

/* k - n p */
static double
above_mean(law_t law, double k)
{
    return law.mirrored ? law.n * law.s - (law.n - k) : k - law.n * law.s;
}

/* log(1 - exp(x)) */
static double
log1m_exp(double x)
{
    return x > LOG_HALF ? log(-expm1(x)) : log1p(-exp(x));
}

HTST_INLINE bool
look_by_kind(int kind, double side, double j, law_t law, look_t *found)
{
    htst_far_t problem = htst_far_of_side(side, j, law.n, law.s, kind);
    if (kind == HTST_BINOMIAL_FRACTION && !htst_far_is_served(&problem)) {
        return false;
    }
    htst_terms_t terms = kind == HTST_BINOMIAL_FRACTION ? htst_fraction_terms(&problem, 0.0)
                                                        : htst_near_terms(&problem, kind, 1);
    found->complement = problem.complement != 0.0;
    found->ratio = terms.phi / terms.factor;
    found->log = found->far_log = htst_far_log(terms.a, terms.factor, problem.complement);
    if (found->complement) {
        found->far_log = htst_far_log(terms.a, terms.factor, 0.0);
    }
    return true;
}

/* P(X > k), or P(X <= k) if not `upper` */
HTST_KERNEL(
    bool, look_fast, (bool upper, double k, law_t law, look_t *found), (upper, k, law, found))
{
    double first = upper ? k + 1.0 : k, sign = law.mirrored ? -1.0 : 1.0;
    double j = law.mirrored ? law.n - first : first, side = upper ? sign : -sign;
    switch ((int) htst_far_kind(1, (htst_side_t){ law.s, sign, j }, law.n)) {
        case HTST_BINOMIAL_SHORT: return look_by_kind(HTST_BINOMIAL_SHORT, side, j, law, found);
        case HTST_BINOMIAL_LONG: return look_by_kind(HTST_BINOMIAL_LONG, side, j, law, found);
        default: return look_by_kind(HTST_BINOMIAL_FRACTION, side, j, law, found);
    }
}

/* Evaluate P(X > k) at the ends, or for a tiny p. */
static void
look_slow(double k, law_t law, look_t *found)
{
    double p = p_of(law);
    found->log = found->far_log = htst_binomial_logsf(k, law.n, p);
    found->complement = above_mean(law, k + 1.0) < 0.0;
    if (found->complement) {
        found->far_log = htst_binomial_logcdf(k, law.n, p);
    }
    double first = htst_binomial_logpmf(found->complement ? k : k + 1.0, law.n, p);
    found->ratio = exp(first - found->far_log);
}

/* Evaluate P(X > k). Returns false if htst_binomial_far.h does not handle the arguments. */
static bool
look(double k, law_t law, look_t *found)
{
    bool fast = look_fast(true, k, law, found);
    if (!fast) {
        look_slow(k, law, found);
    }
    return fast;
}

/* z >= 0 with log P(N > z) near level <= log 1/2, N normal, from P = phi(z) 2/(z + sqrt(z^2 +
 * 8/pi)) */
static double
deviate(double level)
{
    const double gap = 8.0 / 3.14159265358979323846;
    double z = sqrt(-2.0 * (level - LOG_HALF));
    for (int step = 0; step < 2; step++) {
        double root = sqrt(z * z + gap);
        double value = 0.5 * z * z + log(0.5 * (z + root) * 2.50662827463100050242);
        z += (-level - value) / (z + 1.0 / root);
        z = z > 0.0 ? z : 0.0;
    }
    return z;
}

/* ---- in k ----------------------------------------------------------------------------------- */

/* The x with n KL(x/n || p) = z^2/2, above the mean if z > 0, below it if z < 0: two terms of its
 * expansion, then Newton's steps if those are not close enough. */
static double
quantile_start(law_t law, double z)
{
    double n = law.n, p = p_of(law), q = q_of(law), mean = n * p, sigma = sqrt(mean * q);
    double x = mean + sigma * z + (q - p) * z * z / 6.0;
    for (int step = 0; step < 8 && fabs(z) > 0.05 * sigma; step++) {
        x = fmin(fmax(x, 0.01), n - 0.01);
        double slope = log(x * q / ((n - x) * p));
        double value = x * slope + n * log((n - x) / (n * q));
        double change = (0.5 * z * z - value) / slope;
        if (!isfinite(change)) {
            break;
        }
        x += change;
        if (fabs(change) < 0.05 * sigma) {
            break;
        }
    }
    return x;
}

/* 1 - ratio keeps enough digits for a ratio below this. */
#define NEARLY_ALL 0.99

/* The distance from k to the point where the tail has the level, from the slope at k and its
 * change. */
static double
steps_to(double level, double target, const look_t *at, law_t law, double k)
{
    double odds = p_of(law) / q_of(law), up = (law.n - k) * odds / (k + 1.0); /* pmf(k+1)/pmf(k) */
    double change, slope, next;
    if (at->complement) { /* log P(X <= k) up to the target */
        change = target - at->far_log;
        double ratio = at->ratio * up;
        slope = log1p(ratio);
        next = log1p(ratio * ((law.n - k - 1.0) * odds / (k + 2.0)) / (1.0 + ratio));
    }
    else {
        change = level - at->log;
        double ratio = at->ratio, then = (law.n - k - 1.0) * odds / (k + 2.0);
        bool steep =
            ratio > NEARLY_ALL; /* P(X > k) is nearly pmf(k+1), P(X > k+1) nearly pmf(k+2) */
        slope = steep ? log(then) : log1p(-ratio);
        next = steep ? slope : log1p(-fmin(ratio * then / (1.0 - ratio), NEARLY_ALL));
    }
    double steps = change / slope, bend = 1.0 + 0.5 * (steps - 1.0) * (next - slope) / slope;
    return bend > 0.5 && bend < 2.0 ? steps / bend : steps;
}

/* True if the level certainly lies between k and a neighbour; then the neighbour need not be
 * evaluated. */
static bool
is_settled(double level, double target, const look_t *at, law_t law, double k)
{
    double up = (law.n - k) * p_of(law) / ((k + 1.0) * q_of(law));
    bool reached = at->log <= level;
    if (level > -1e-290) { /* the log would be rounded to a denormal */
        return false;
    }
    if (at->complement) {
        double other = at->far_log + log1p(reached ? -at->ratio : at->ratio * up);
        double gap = reached ? target - other : other - target;
        return gap > 1e-12 * fmax(1.0, fabs(target));
    }
    if (!reached && at->ratio > NEARLY_ALL) {
        return false;
    }
    double other = at->log + log1p(reached ? at->ratio / up : -at->ratio);
    double gap = reached ? other - level : level - other;
    return gap > 1e-12 * fabs(level);
}

/* True if n is a whole number in the range of the functions. */
static bool
is_count(double n)
{
    return n >= 0.0 && n <= HTST_BINOMIAL_MAX_N && floor(n) == n;
}

double
htst_binomial_log_isf(double level, double n, double p)
{
    if (isnan(level) || !is_count(n) || !(p >= 0.0 && p <= 1.0)) {
        return NAN;
    }
    if (level >= 0.0) {
        return -1.0;
    }
    if (n == 0.0 || p == 0.0 || p == 1.0 || level == -INFINITY) {
        return p == 0.0 ? 0.0 : n + 0.0;
    }
    law_t law = { n, p > 0.5 ? 1.0 - p : p, p > 0.5 };
    double target = log1m_exp(level);
    /* always log P(X > low) > level >= log P(X > high) */
    double low = -1.0, high = n;
    double z = level < LOG_HALF ? deviate(level) : -deviate(target);
    double k = ceil(quantile_start(law, z) - 0.5) + 0.0; /* turns -0.0 into 0.0 */
    for (int step = 0; high - low > 1.0; step++) {
        if (!(k > low && k < high)) {
            k = k >= high ? high - 1.0 : low + 1.0;
        }
        if (step > 12 && step % 2) { /* after slow steps, halve the bracket */
            k = floor(low + (high - low) / 2);
        }
        look_t at;
        bool fast = look(k, law, &at), reached = at.log <= level;
        *(reached ? &high : &low) = k;
        if (fast && is_settled(level, target, &at, law, k)) {
            return reached ? k : k + 1.0;
        }
        k += ceil(steps_to(level, target, &at, law, k));
        if (isnan(k)) {
            k = floor(low + (high - low) / 2);
        }
    }
    return high;
}

/* ---- in p ----------------------------------------------------------------------------------- */

#define LIMIT_STEPS 100
#define LARGEST_MOVE 300.0

/* The law whose logit p is larger by delta; the logit itself is not computed. */
static law_t
move(law_t at, double delta)
{
    double e = at.mirrored ? -delta : delta, power = exp(e);
    double grow = 1.0 + at.s * (power - 1.0), near = at.s * power / grow;
    if (fabs(e) < 0.1) {
        grow = 1.0 + at.s * expm1(e);
        near = at.s + at.s * (1.0 - at.s) * expm1(e) / grow;
    }
    if (near <= 0.5) {
        return (law_t){ at.n, near, at.mirrored };
    }
    return (law_t){ at.n, (1.0 - at.s) / grow, !at.mirrored };
}

/* The theta above logit x, x = count/n, with n KL(x || p(theta)) = z^2/2: by its expansion, or by
 * Newton's steps from the larger side, which then only decrease. */
static double
limit_start(double count, double n, double z)
{
    double x = count / n, t = z / sqrt(count * (1.0 - x)), middle = log(count / (n - count));
    if (t < 0.3) {
        return middle + t * (1.0 - (1.0 - 2.0 * x) * t / 6.0);
    }
    double at_middle = count * log(x) + (n - count) * log1p(-x), goal = 0.5 * z * z - at_middle;
    double theta = fmin(goal / (n - count), middle + t * (1.0 + t));
    for (int step = 0; step < 8; step++) {
        double e = exp(-fabs(theta)), soft = fmax(theta, 0.0) + log1p(e);
        double p = theta > 0.0 ? 1.0 / (1.0 + e) : e / (1.0 + e);
        double change = (goal + count * theta - n * soft) / (n * p - count);
        if (!(fabs(change) < 100.0)) {
            break;
        }
        theta += change;
        if (fabs(change) < 0.1) {
            break;
        }
    }
    return theta;
}

/* Solve log P(X <= k) = level, or log P(X > k) = level if `rising`; 0 < k < n - 1. Returns false if
 * p or 1 - p falls below TINY_P. */
static bool
solve_limit(double k, double n, double level, bool rising, law_t *at)
{
    double z = deviate(fmin(level, LOG_HALF));
    double theta = rising ? -limit_start(n - k - 0.5, n, z) : limit_start(k + 0.5, n, z);
    law_t now = { n, 1.0 / (1.0 + exp(fabs(theta))), theta > 0.0 };
    double last = INFINITY;
    for (int step = 0; step < LIMIT_STEPS; step++) {
        look_t found;
        if (now.s < HTST_BINOMIAL_TINY_P || !look_fast(rising, k, now, &found)) {
            *at = now;
            return false;
        }
        double p = p_of(now), q = q_of(now);
        double ratio =
            found.complement ? found.ratio * exp(found.far_log - found.log) : found.ratio;
        if (rising != found.complement) { /* the first probability is that of k + 1 */
            ratio *= (k + 1.0) * q / ((n - k) * p);
        }
        double slope = (n - k) * p * ratio * (rising ? 1.0 : -1.0);
        double delta = (level - found.log) / slope;
        double bend = 0.5 * delta * (q + above_mean(now, k) - slope);
        double size = fabs(delta) * (4.0 * bend * bend + delta * delta);
        if (bend > -0.5 && bend < 1.0) {
            delta /= 1.0 + bend;
        }
        if (!(fabs(delta) < LARGEST_MOVE)) {
            delta = delta > 0.0 ? LARGEST_MOVE : -LARGEST_MOVE;
        }
        now = move(now, delta);
        /* the error after a step of third order is negligible, or the step is only rounding */
        if (size < 1e-15 || (fabs(delta) < 1e-9 && fabs(delta) >= last)) {
            break;
        }
        last = fabs(delta);
    }
    *at = now;
    return true;
}

static void
store(double limit[3], double p, double log_p, double log_q)
{
    limit[0] = p + 0.0; /* turns -0.0 into 0.0 */
    limit[1] = log_p + 0.0;
    limit[2] = log_q + 0.0;
}

static void
store_law(double limit[3], law_t at)
{
    double log_near = log(at.s), log_far = log1p(-at.s);
    store(limit, p_of(at), at.mirrored ? log_far : log_near, at.mirrored ? log_near : log_far);
}

/* log C(n, k), to the relative accuracy that the leading term needs */
static double
log_choose(double n, double k)
{
    return htst_binomial_logpmf(k, n, 0.5) - n * LOG_HALF;
}

/* P(X <= n-1) = 1 - p^n = exp(level) */
static void
limit_below_all(double n, double level, double limit[3])
{
    if (level < -40.0) { /* 1 - p = exp(level)/n */
        double log_q = level - log(n);
        store(limit, -expm1(log_q), -exp(log_q), log_q);
        return;
    }
    double log_p = log1m_exp(level) / n;
    store(limit, exp(log_p), log_p, log1m_exp(log_p));
}

void
htst_binomial_upper_limit(double k, double n, double level, double limit[3])
{
    if (!is_count(n) || !(k >= 0.0 && k <= n) || floor(k) != k || !(level <= 0.0)) {
        store(limit, NAN, NAN, NAN);
        return;
    }
    if (k == n || level == -INFINITY) {
        store(limit, 1.0, 0.0, -INFINITY);
        return;
    }
    if (level == 0.0) {
        store(limit, 0.0, -INFINITY, 0.0);
        return;
    }
    if (k == 0.0) { /* (1-p)^n = exp(level) */
        double log_q = level / n;
        store(limit, -expm1(log_q), log1m_exp(log_q), log_q);
        return;
    }
    if (k == n - 1.0) {
        limit_below_all(n, level, limit);
        return;
    }
    law_t at;
    bool rising = level > LOG_HALF;
    if (solve_limit(k, n, rising ? log1m_exp(level) : level, rising, &at)) {
        store_law(limit, at);
    }
    else if (at.mirrored) {
        double log_q = (level - log_choose(n, k)) / (n - k);
        store(limit, 1.0, -exp(log_q), log_q);
    }
    else { /* P(X > k) = C(n, k+1) p^(k+1), p tiny */
        double log_p = (log1m_exp(level) - log_choose(n, k + 1.0)) / (k + 1.0);
        store(limit, exp(log_p), log_p, -exp(log_p));
    }
}

void
htst_binomial_lower_limit(double k, double n, double level, double limit[3])
{
    double mirror[3];
    htst_binomial_upper_limit(n - k, n, level, mirror);
    /* 1 - p, computed from the smaller of p and 1 - p */
    double p = mirror[2] < LOG_HALF ? exp(mirror[2]) : -expm1(mirror[1]);
    store(limit, p, mirror[2], mirror[1]);
    if (mirror[0] <= 0.5) {
        limit[0] = 1.0 - mirror[0];
    }
}

/* ---- arrays --------------------------------------------------------------------------------- */

int
htst_binomial_map_log_isf(int64_t count, const double *level, int64_t level_step, const double *n,
    int64_t n_step, const double *p, int64_t p_step, double *out)
{
    for (int64_t i = 0; i < count; i++) {
        out[i] = htst_binomial_log_isf(level[i * level_step], n[i * n_step], p[i * p_step]);
    }
    return HTST_OK;
}

int
htst_binomial_map_limit(int upper, int64_t count, const double *k, int64_t k_step, const double *n,
    int64_t n_step, const double *level, int64_t level_step, double *out)
{
    for (int64_t i = 0; i < count; i++) {
        double ki = k[i * k_step], ni = n[i * n_step], li = level[i * level_step];
        if (upper) {
            htst_binomial_upper_limit(ki, ni, li, out + 3 * i);
        }
        else {
            htst_binomial_lower_limit(ki, ni, li, out + 3 * i);
        }
    }
    return HTST_OK;
}
