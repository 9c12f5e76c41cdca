#include "htst_binomial.h"

#include <math.h>
#include <stdbool.h>

#include "htst_binomial_bulk.h"
#include "htst_binomial_tables.h"

#define LOG_SQRT_2PI 0.91893853320467274178
#define SQRT_2PI 2.50662827463100050242
#define LOG_HALF (-0.69314718055994530942)

#define BULK_VARIANCE 25.0
#define BULK_W 0.6
#define FRACTION_STEPS 2000

/* A smaller p is scaled by 2^TINY_SHIFT, and with it n p. */
#define TINY_P HTST_BINOMIAL_TINY_P
#define TINY_SHIFT 600

/* ---- pairs of doubles ------------------------------------------------------------------- */

typedef htst_pair_t dd_t;
#define dd_fast_sum htst_pair_fast_sum
#define dd_sum htst_pair_sum
#define dd_product htst_pair_product

static inline dd_t
dd_add(dd_t a, dd_t b)
{
    dd_t s = dd_sum(a.hi, b.hi), t = dd_sum(a.lo, b.lo);
    s = dd_fast_sum(s.hi, s.lo + t.hi);
    return dd_fast_sum(s.hi, s.lo + t.lo);
}

static inline dd_t
dd_mul(dd_t a, dd_t b)
{
    dd_t p = dd_product(a.hi, b.hi);
    return dd_fast_sum(p.hi, p.lo + (a.hi * b.lo + a.lo * b.hi));
}

static inline dd_t
dd_scale(dd_t a, double b)
{
    dd_t p = dd_product(a.hi, b);
    return dd_fast_sum(p.hi, p.lo + a.lo * b);
}

static inline dd_t
dd_negate(dd_t a)
{
    return (dd_t) { -a.hi, -a.lo };
}

static inline dd_t
dd_divide(dd_t a, dd_t b)
{
    double q1 = a.hi / b.hi;
    dd_t r = dd_add(a, dd_negate(dd_scale(b, q1)));
    double q2 = r.hi / b.hi;
    r = dd_add(r, dd_negate(dd_scale(b, q2)));
    dd_t q = dd_fast_sum(q1, q2);
    return dd_fast_sum(q.hi, q.lo + r.hi / b.hi);
}

/* log(1 + r), abs(r) < 1/60: 2 atanh(r/(2+r)); relative error about 2^-100 */
static dd_t
dd_log1p_small(dd_t r)
{
    dd_t v = dd_divide(r, dd_add((dd_t) { 2.0, 0.0 }, r));
    dd_t vv = dd_mul(v, v);
    double y = vv.hi;
    double far = y * (1.0 / 5 + y * (1.0 / 7 + y * (1.0 / 9 + y * (1.0 / 11 + y * (1.0 / 13)))));
    dd_t series = dd_mul(vv, dd_add((dd_t) { THIRD[0], THIRD[1] }, (dd_t) { far, 0.0 }));
    return dd_scale(dd_mul(v, dd_add((dd_t) { 1.0, 0.0 }, series)), 2.0);
}

/* log x for x > 0: x = 2^e m, m near j/64, then log1p of what is left (at most 1/96). */
static dd_t
dd_log(dd_t x)
{
    int e;
    double m = frexp(x.hi, &e);
    if (m < 0.75) {
        m *= 2.0;
        e--;
    }
    double j = rint(m * 64.0);
    dd_t r = dd_divide(dd_sum(m * 64.0 - j, ldexp(x.lo, 6 - e)), (dd_t) { j, 0.0 });
    const double *table = LOG_TABLE[(int) j - 48];
    dd_t log_j = { table[0], table[1] };
    dd_t log_e = dd_scale((dd_t) { LOG_2[0], LOG_2[1] }, (double) e);
    return dd_add(dd_add(log_e, log_j), dd_log1p_small(r));
}

/* ---- scalar pieces ---------------------------------------------------------------------- */

/* S(n) = log n! - log(sqrt(2 pi n) (n/e)^n) for whole n >= 0; S(0) stands for 0.
 * Stirling's series from n = 16, where its sixth term is below 1e-17. */
static inline double
stirling_error(double n)
{
    if (n < 16.0) {
        return STIRLING_ERROR[(int) n];
    }
    double y = 1.0 / (n * n);
    return (1.0 / 12 - y * (1.0 / 360 - y * (1.0 / 1260 - y * (1.0 / 1680
        - y * (1.0 / 1188 - y * (691.0 / 360360)))))) / n;
}

/* erfcx(z) = exp(z^2) erfc(z), z >= 0, after Shepherd and Laframboise (1981). Peak 4e-16. */
static inline double
erfcx_nonnegative(double z)
{
    double t = (z - ERFCX_CENTRE) / (z + ERFCX_CENTRE);
    double s = ERFCX[ERFCX_DEGREE];
    for (int i = ERFCX_DEGREE - 1; i >= 0; i--) {
        s = s * t + ERFCX[i];
    }
    return s / (1.0 + 2.0 * z);
}

/* (1+u) log(1+u) - u for abs(u) <= .5 by its series in v = u/(2+u):
 * 2 v^2/(1-v) [1 + (v + v^2)/3 + (v^3 + v^4)/5 + ...]. */
static inline double
phi_series(double u)
{
    double v = u / (2.0 + u);
    double y = v * v;
    double size = fabs(v);
    int terms = size < 1e-3 ? 3 : size < 0.02 ? 5 : size < 0.1 ? 8 : 17;
    double s = 0.0;
    for (int i = terms; i >= 1; i--) {
        s = s * y + 1.0 / (2 * i + 1);
    }
    return 2.0 * y / (1.0 - v) * (1.0 + (v + y) * s);
}

/* A tail on the far side of the mean: P(Y >= k), Y ~ Bin(k + m, x), k >= (k + m) x. nx and ny are
 * n x and n y = n (1 - x), nx times 2^shift; d = k - n x. */
typedef struct {
    double n, k, m, x, y, d;
    dd_t nx, ny;
    int shift;
} problem_t;

/* P = exp(-A) factor. */
typedef struct {
    dd_t a;
    double factor;
} tail_t;

/* n x phi(d/nx) = k log(k/nx) - d */
static double
divergence_term(double k, double d, dd_t mean, int shift)
{
    if (k == 0.0) {
        return shift ? 0.0 : mean.hi;
    }
    double u = shift ? INFINITY : d / mean.hi;
    if (fabs(u) <= 0.5) {
        return mean.hi * phi_series(u);
    }
    double log_ratio = log(k / mean.hi) - mean.lo / mean.hi;
    if (shift) {
        log_ratio += shift * -LOG_HALF;
    }
    return k * log_ratio - d;
}

static double
divergence(const problem_t *t)
{
    return divergence_term(t->k, t->d, t->nx, t->shift) + divergence_term(t->m, -t->d, t->ny, 0);
}

/* k log(k/mean). Near the mean from (k - mean)/mean, so that k = 2^53 costs no digits. */
static dd_t
divergence_term_dd(double k, dd_t mean, int shift)
{
    if (k == 0.0) {
        return (dd_t) { 0.0, 0.0 };
    }
    dd_t d = dd_add((dd_t) { k, 0.0 }, dd_negate(mean));
    if (!shift && fabs(d.hi) < mean.hi / 64.0) {
        return dd_scale(dd_log1p_small(dd_divide(d, mean)), k);
    }
    dd_t log_ratio = dd_log(dd_divide((dd_t) { k, 0.0 }, mean));
    if (shift) {
        log_ratio = dd_add(log_ratio, dd_scale((dd_t) { LOG_2[0], LOG_2[1] }, shift));
    }
    return dd_scale(log_ratio, k);
}

/* A = k log(k/nx) + m log(m/ny): absolute error far below 1e-16 where A < 1000. */
static dd_t
divergence_dd(const problem_t *t)
{
    return dd_add(divergence_term_dd(t->k, t->nx, t->shift), divergence_term_dd(t->m, t->ny, 0));
}

static dd_t
exponent(const problem_t *t, bool wide)
{
    return wide ? divergence_dd(t) : (dd_t) { divergence(t), 0.0 };
}

/* Phi of the header: pmf = exp(-A) Phi; 1 at the ends. */
static double
pmf_factor(double n, double k, double m)
{
    if (k == 0.0 || m == 0.0) {
        return 1.0;
    }
    double s = stirling_error(n) - stirling_error(k) - stirling_error(m);
    double sigma = sqrt(k * (m / n));
    return (fabs(s) < 1e-20 ? 1.0 : exp(s)) / (SQRT_2PI * sigma);
}

static int
series_terms(double w, double sigma)
{
    double x = w + 2.0 / sigma;
    return x < 0.0022 ? 4 : x < 0.019 ? 6 : x < 0.062 ? 8 : x < 0.14 ? 10 : x < 0.30 ? 14 : 20;
}

/* U of the header. */
static double
series(double lambda, double w, double variance, int terms)
{
    double total = 0.0, power = -w, before = 1.0, u = -w, square = lambda * lambda;
    for (int m = 1; m <= terms; m++) {
        int last = (m + 1) / 2;
        double h = SERIES_H[m][last];
        for (int i = last - 1; i >= 0; i--) {
            h = h * square + SERIES_H[m][i];
        }
        total += ((m & 1) ? h : h * lambda) * u;
        double next_before = u;
        power *= -w;
        u = power + (m + 1) / variance * before;
        before = next_before;
    }
    return 0.5 - lambda / 6.0 - total;
}

/* P(Y >= k)/pmf(k) = k y CF, the continued fraction of Didonato and Morris with a = k, b = m + 1,
 * by the forward recurrence of numerators and denominators. */
static double
fraction(const problem_t *t)
{
    const double a = t->k, b = t->m + 1.0, x = t->x;
    const double edge = t->d + t->y; /* a - (a + b) x + 1 */
    double p0 = 0.0, q0 = 1.0, p1 = 1.0, q1 = a / (a + 1.0) * edge;
    double value = p1 / q1;
    for (int i = 1; i <= FRACTION_STEPS && i < b; i++) {
        double c = a + 2.0 * i - 1.0;
        double alpha = (a + i - 1.0) / c * ((a + b + i - 1.0) / c) * i * ((b - i) * x) * x;
        double beta = i + i * ((b - i) * x) / c + (a + i) / (c + 2.0) * (edge + i * (1.0 + t->y));
        double p2 = beta * p1 + alpha * p0, q2 = beta * q1 + alpha * q0;
        double scale = 1.0 / q2, next = p2 * scale;
        p0 = p1 * scale;
        q0 = q1 * scale;
        p1 = next;
        q1 = 1.0;
        if (fabs(next - value) <= 1e-16 * next) {
            value = next;
            break;
        }
        value = next;
    }
    return a * t->y * value;
}

/* Whether the uniform series serves: depends on sigma and w alone. */
static bool
in_bulk(double variance, double a)
{
    return variance >= BULK_VARIANCE && 2.0 * a <= BULK_W * BULK_W * variance;
}

static tail_t
far_tail(const problem_t *t, bool wide)
{
    double variance = t->k * (t->m / t->n);
    double a = divergence(t);
    tail_t tail = { wide ? divergence_dd(t) : (dd_t) { a, 0.0 }, 1.0 };
    if (t->m == 0.0) {
        return tail;
    }
    double phi = pmf_factor(t->n, t->k, t->m);
    if (!in_bulk(variance, a)) {
        tail.factor = phi * fraction(t);
        return tail;
    }
    double sigma = sqrt(variance), w = sqrt(2.0 * a) / sigma;
    double u = series((t->m - t->k) / t->n, w, variance, series_terms(w, sigma));
    tail.factor = 0.5 * erfcx_nonnegative(sqrt(a)) + phi * u;
    return tail;
}

/* ---- which tail is the far one ---------------------------------------------------------- */

/* The law with s = min(p, q), and n s as a pair. */
typedef struct {
    double n, s;
    dd_t mean;
    int shift;
} law_t;

static law_t
make_law(double n, double s)
{
    law_t law = { n, s, { 0.0, 0.0 }, 0 };
    law.shift = s < TINY_P ? TINY_SHIFT : 0;
    law.mean = dd_product(n, law.shift ? ldexp(s, TINY_SHIFT) : s);
    return law;
}

/* j - n s, with its exact sign */
static double
excess(const law_t *law, double j)
{
    return law->shift ? j : (j - law->mean.hi) - law->mean.lo;
}

static dd_t
other_mean(const law_t *law)
{
    if (law->shift) {
        return (dd_t) { law->n, 0.0 };
    }
    dd_t rest = dd_sum(law->n, -law->mean.hi);
    return dd_fast_sum(rest.hi, rest.lo - law->mean.lo);
}

static problem_t
upper_problem(const law_t *law, double j)
{
    return (problem_t) { law->n, j, law->n - j, law->s, 1.0 - law->s, excess(law, j), law->mean,
        other_mean(law), law->shift };
}

/* The mirror image: P(X <= j) = P(n - X >= n - j). Not for shifted laws, whose mean is below 1. */
static problem_t
lower_problem(const law_t *law, double j)
{
    return (problem_t) { law->n, law->n - j, j, 1.0 - law->s, law->s, -excess(law, j),
        other_mean(law), law->mean, 0 };
}

/* What a caller wants of a tail: its log, or itself. */
static double
finish(const tail_t *tail, bool wide, bool complement)
{
    if (!wide) {
        double log_p = log(tail->factor) - tail->a.hi;
        if (!complement) {
            return log_p;
        }
        return log_p > LOG_HALF ? log(-expm1(log_p)) : log1p(-exp(log_p));
    }
    double p = exp(-tail->a.hi) * (1.0 - tail->a.lo) * tail->factor;
    return complement ? 1.0 - p : p;
}

static double
solve(const problem_t *t, bool wide, bool complement)
{
    if (!wide && !t->shift && t->m > 0.0) {
        double value
            = htst_binomial_bulk_log(t->n, t->k, t->m, t->d, t->nx.hi, t->ny.hi, complement);
        if (!isnan(value)) {
            return value;
        }
    }
    tail_t tail = far_tail(t, wide);
    return finish(&tail, wide, complement);
}

/* log or value of s^n (all = true) or (1-s)^n */
static double
closed_form(const law_t *law, bool all, bool wide)
{
    if (!wide) {
        return law->n * (all ? log(law->s) : log1p(-law->s));
    }
    dd_t base = { law->s, 0.0 };
    double offset = 0.0;
    if (!all) {
        base = dd_sum(1.0, -law->s);
    } else if (law->shift) {
        base.hi = ldexp(law->s, TINY_SHIFT);
        offset = -TINY_SHIFT;
    }
    dd_t e = !all && law->s < 1.0 / 64 /* where 1 - s forgets s */
        ? dd_log1p_small((dd_t) { -law->s, 0.0 })
        : dd_add(dd_log(base), dd_scale((dd_t) { LOG_2[0], LOG_2[1] }, offset));
    e = dd_scale(e, law->n);
    return exp(e.hi) * (1.0 + e.lo);
}

static double
upper_tail(const law_t *law, double j, bool wide);

static double
lower_tail(const law_t *law, double j, bool wide)
{
    if (j < 0.0) {
        return wide ? 0.0 : -INFINITY;
    }
    if (j >= law->n || law->s == 0.0) {
        return wide ? 1.0 : 0.0;
    }
    if (j == 0.0) {
        return closed_form(law, false, wide);
    }
    bool complement = law->shift || excess(law, j) > 0.0;
    problem_t problem = complement ? upper_problem(law, j + 1.0) : lower_problem(law, j);
    return solve(&problem, wide, complement);
}

static double
upper_tail(const law_t *law, double j, bool wide)
{
    if (j <= 0.0) {
        return wide ? 1.0 : 0.0;
    }
    if (j > law->n || law->s == 0.0) {
        return wide ? 0.0 : -INFINITY;
    }
    if (j == law->n) {
        return closed_form(law, true, wide);
    }
    bool complement = !law->shift && excess(law, j) < 0.0;
    if (complement && j == 1.0) {
        double log_none = law->n * log1p(-law->s);
        return wide ? -expm1(log_none) : log_none > LOG_HALF ? log(-expm1(log_none))
                                                             : log1p(-exp(log_none));
    }
    problem_t problem = complement ? lower_problem(law, j - 1.0) : upper_problem(law, j);
    return solve(&problem, wide, complement);
}

/* P(X <= k) for X ~ Bin(n, p) given through the smaller of p and q */
static double
cdf_of(const law_t *law, bool mirrored, double k, bool wide)
{
    if (k < 0.0) { /* n - k is not a double where n = 2^53 */
        return wide ? 0.0 : -INFINITY;
    }
    return mirrored ? upper_tail(law, law->n - k, wide) : lower_tail(law, k, wide);
}

static double
sf_of(const law_t *law, bool mirrored, double k, bool wide)
{
    if (k < 0.0 || k >= law->n) { /* nor is n + 1 */
        return k < 0.0 ? (wide ? 1.0 : 0.0) : (wide ? 0.0 : -INFINITY);
    }
    return mirrored ? lower_tail(law, law->n - k - 1.0, wide) : upper_tail(law, k + 1.0, wide);
}

static double
pmf_of(const law_t *law, bool mirrored, double k, bool wide)
{
    if (k < 0.0 || k > law->n) {
        return wide ? 0.0 : -INFINITY;
    }
    double j = mirrored ? law->n - k : k;
    if (j == 0.0) {
        return closed_form(law, false, wide);
    }
    if (law->s == 0.0) {
        return wide ? 0.0 : -INFINITY;
    }
    if (j == law->n) {
        return closed_form(law, true, wide);
    }
    problem_t problem = upper_problem(law, j);
    tail_t point = { exponent(&problem, wide), pmf_factor(law->n, j, law->n - j) };
    return finish(&point, wide, false);
}

/* ---- public scalars --------------------------------------------------------------------- */

static bool
legal(double n, double p)
{
    return p >= 0.0 && p <= 1.0 && n >= 0.0 && n <= HTST_BINOMIAL_MAX_N && floor(n) == n;
}

static double
evaluate(double (*of)(const law_t *, bool, double, bool), double k, double n, double p, bool wide)
{
    if (isnan(k) || !legal(n, p)) {
        return NAN;
    }
    bool mirrored = p > 0.5;
    law_t law = make_law(n, mirrored ? 1.0 - p : p);
    double whole = floor(k);
    return of(&law, mirrored, fmin(fmax(whole, -1.0), n + 2.0), wide);
}

double
htst_binomial_logsf(double k, double n, double p)
{
    return evaluate(sf_of, k, n, p, false);
}

double
htst_binomial_logcdf(double k, double n, double p)
{
    return evaluate(cdf_of, k, n, p, false);
}

double
htst_binomial_logpmf(double k, double n, double p)
{
    return evaluate(pmf_of, k, n, p, false);
}

double
htst_binomial_sf(double k, double n, double p)
{
    return evaluate(sf_of, k, n, p, true);
}

double
htst_binomial_cdf(double k, double n, double p)
{
    return evaluate(cdf_of, k, n, p, true);
}

double
htst_binomial_pmf(double k, double n, double p)
{
    return evaluate(pmf_of, k, n, p, true);
}

double
htst_binomial_kl(double k, double n, double p)
{
    if (isnan(k) || !legal(n, p) || k < 0.0 || k > n || floor(k) != k) {
        return NAN;
    }
    if (n == 0.0) {
        return 0.0;
    }
    bool mirrored = p > 0.5;
    law_t law = make_law(n, mirrored ? 1.0 - p : p);
    double j = mirrored ? n - k : k;
    if (j == 0.0) {
        return -n * log1p(-law.s);
    }
    if (law.s == 0.0) {
        return INFINITY;
    }
    if (j == n) {
        return -n * log(law.s);
    }
    problem_t problem = upper_problem(&law, j);
    /* far from the mean nothing cancels, and pairs of doubles round once */
    double u = fmax(fabs(problem.d) / problem.ny.hi, fabs(problem.d) / problem.nx.hi);
    return !law.shift && u <= 0.5 ? divergence(&problem) : divergence_dd(&problem).hi;
}

double
htst_binomial_chernoff_logsf(double k, double n, double p)
{
    if (isnan(k) || !legal(n, p)) {
        return NAN;
    }
    double j = floor(k) + 1.0;
    if (j <= 0.0 || k >= n) {
        return k >= n ? -INFINITY : 0.0;
    }
    bool mirrored = p > 0.5;
    law_t law = make_law(n, mirrored ? 1.0 - p : p);
    double above = mirrored ? -excess(&law, n - j) : excess(&law, j);
    if (mirrored && law.shift) { /* mean n - tiny */
        above = j < n ? -1.0 : 1.0;
    }
    return above > 0.0 ? -htst_binomial_kl(j, n, p) : 0.0;
}

/* ---- inversions ------------------------------------------------------------------------- */

static double
log1m_exp(double x)
{
    return x > LOG_HALF ? log(-expm1(x)) : log1p(-exp(x));
}

double
htst_binomial_log_isf(double level, double n, double p)
{
    if (isnan(level) || !legal(n, p)) {
        return NAN;
    }
    if (level >= 0.0) {
        return -1.0;
    }
    bool mirrored = p > 0.5;
    law_t law = make_law(n, mirrored ? 1.0 - p : p);
    /* always log P(X > low) > level >= log P(X > high) */
    double low = -1.0, high = n;
    double sigma = sqrt(n * p * (1.0 - p));
    double z = level < LOG_HALF ? sqrt(-2.0 * level) : -sqrt(-2.0 * log1m_exp(level));
    double k = floor(n * p + z * sigma);
    for (int step = 0; high - low > 1.0; step++) {
        double width = high - low;
        if (!(k > low && k < high)) {
            k = k >= high ? high - 1.0 : low + 1.0;
        }
        if (step > 12 && step % 2) { /* a Newton step that crawls is made good by halving */
            k = floor(low + width / 2);
        }
        double value = sf_of(&law, mirrored, k, false);
        if (value > level) {
            low = k;
        } else {
            high = k;
        }
        double slope = -exp(pmf_of(&law, mirrored, k + 1.0, false) - value);
        if (value > LOG_HALF) { /* near 1 the other tail is the one that is nearly straight */
            double other = cdf_of(&law, mirrored, k, false);
            slope = log1p(exp(pmf_of(&law, mirrored, k + 1.0, false) - other));
            k += ceil((log1m_exp(level) - other) / slope);
        } else {
            slope = slope > -1.0 ? log1p(slope) : -50.0;
            k += ceil((level - value) / slope);
        }
        if (isnan(k)) {
            k = floor(low + (high - low) / 2);
        }
    }
    return high;
}

/* A probability held through the smaller of p and 1 - p. */
typedef struct {
    double s;
    bool mirrored;
} proba_t;

/* logit p moved by delta, without forming the logit */
static proba_t
move(proba_t at, double delta)
{
    double e = at.mirrored ? -delta : delta;
    double grow = 1.0 + at.s * expm1(e);
    double near = at.s * exp(e) / grow;
    if (near <= 0.5) {
        return (proba_t) { near, at.mirrored };
    }
    return (proba_t) { (1.0 - at.s) / grow, !at.mirrored };
}

#define UNDERFLOW_S 1e-290
#define LIMIT_STEPS 200
#define LARGEST_MOVE 300.0

static void
store(double limit[3], double p, double log_p, double log_q)
{
    limit[0] = p;
    limit[1] = log_p;
    limit[2] = log_q;
}

static void
store_proba(double limit[3], proba_t at)
{
    double log_near = log(at.s), log_far = log1p(-at.s);
    store(limit, at.mirrored ? 1.0 - at.s : at.s, at.mirrored ? log_far : log_near,
        at.mirrored ? log_near : log_far);
}

/* Solves log P(X <= k) = level, or log P(X > k) = level where `rising`. */
static bool
solve_limit(double k, double n, double level, bool rising, proba_t *at)
{
    proba_t now = *at;
    double last = INFINITY;
    for (int step = 0; step < LIMIT_STEPS; step++) {
        if (now.s < UNDERFLOW_S) {
            *at = now;
            return false;
        }
        law_t law = make_law(n, now.s);
        double value = (rising ? sf_of : cdf_of)(&law, now.mirrored, k, false);
        double mass = pmf_of(&law, now.mirrored, k, false);
        double p = now.mirrored ? 1.0 - now.s : now.s;
        double slope = (n - k) * p * exp(mass - value);
        double delta = rising ? (level - value) / slope : (value - level) / slope;
        if (!(fabs(delta) < LARGEST_MOVE)) {
            delta = delta > 0.0 ? LARGEST_MOVE : -LARGEST_MOVE;
        }
        now = move(now, delta);
        if (fabs(delta) < 2e-15 || (fabs(delta) < 1e-9 && fabs(delta) >= last)) {
            break;
        }
        last = fabs(delta);
    }
    *at = now;
    return true;
}

/* log C(n, k), to the relative accuracy that the leading term needs */
static double
log_choose(double n, double k)
{
    law_t half = make_law(n, 0.5);
    return pmf_of(&half, false, k, false) - n * LOG_HALF;
}

void
htst_binomial_upper_limit(double k, double n, double level, double limit[3])
{
    if (!legal(n, 0.5) || !(k >= 0.0 && k <= n) || floor(k) != k || !(level <= 0.0)) {
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
        double p = -expm1(log_q);
        store(limit, p, log1m_exp(log_q), log_q);
        return;
    }
    double guess = (k + 1.0) / (n + 1.0);
    proba_t at = { guess <= 0.5 ? guess : (n - k) / (n + 1.0), guess > 0.5 };
    bool rising = level > LOG_HALF;
    if (solve_limit(k, n, rising ? log1m_exp(level) : level, rising, &at)) {
        store_proba(limit, at);
    } else if (at.mirrored) {
        double log_q = (level - log_choose(n, k)) / (n - k);
        store(limit, 1.0, -exp(log_q), log_q);
    } else { /* P(X > k) = C(n, k+1) p^(k+1), p tiny */
        double log_p = (log1m_exp(level) - log_choose(n, k + 1.0)) / (k + 1.0);
        store(limit, exp(log_p), log_p, -exp(log_p));
    }
}

void
htst_binomial_lower_limit(double k, double n, double level, double limit[3])
{
    double mirror[3];
    htst_binomial_upper_limit(n - k, n, level, mirror);
    /* 1 - p from whichever of the two is small */
    double p = mirror[2] < LOG_HALF ? exp(mirror[2]) : -expm1(mirror[1]);
    store(limit, p, mirror[2], mirror[1]);
    if (mirror[0] <= 0.5) {
        limit[0] = 1.0 - mirror[0];
    }
}

/* ---- arrays ----------------------------------------------------------------------------- */

typedef double (*scalar_t)(double, double, double);

static const scalar_t SCALARS[HTST_BINOMIAL_N_FUNCTIONS] = {
    [HTST_BINOMIAL_LOGSF] = htst_binomial_logsf,
    [HTST_BINOMIAL_LOGCDF] = htst_binomial_logcdf,
    [HTST_BINOMIAL_LOGPMF] = htst_binomial_logpmf,
    [HTST_BINOMIAL_SF] = htst_binomial_sf,
    [HTST_BINOMIAL_CDF] = htst_binomial_cdf,
    [HTST_BINOMIAL_PMF] = htst_binomial_pmf,
    [HTST_BINOMIAL_KL] = htst_binomial_kl,
    [HTST_BINOMIAL_CHERNOFF_LOGSF] = htst_binomial_chernoff_logsf,
};

#define CHUNK HTST_BINOMIAL_BULK_CHUNK

/* The next elements of an input, side by side: a step of 0 fills `buffer` with the first. */
static const double *
next_elements(const double *x, int64_t step, int64_t start, int count, double *buffer)
{
    if (step == 1) {
        return x + start;
    }
    for (int i = 0; i < count && start == 0; i++) {
        buffer[i] = *x;
    }
    return buffer;
}

static void
map_logs(int upper, int64_t count, const double *k, int64_t k_step, const double *n, int64_t n_step,
    const double *p, int64_t p_step, double *out)
{
    double buffers[3][CHUNK];
    uint8_t done[CHUNK];
    for (int64_t start = 0; start < count; start += CHUNK) {
        int size = count - start < CHUNK ? (int) (count - start) : CHUNK;
        const double *ks = next_elements(k, k_step, start, size, buffers[0]);
        const double *ns = next_elements(n, n_step, start, size, buffers[1]);
        const double *ps = next_elements(p, p_step, start, size, buffers[2]);
        htst_binomial_bulk_chunk(upper, size, ks, ns, ps, out + start, done);
        for (int i = 0; i < size; i++) {
            if (!done[i]) {
                out[start + i] = (upper ? htst_binomial_logsf : htst_binomial_logcdf)(
                    ks[i], ns[i], ps[i]);
            }
        }
    }
}

int
htst_binomial_map(
    int function, int64_t count, const double *k, int64_t k_step, const double *n, int64_t n_step,
    const double *p, int64_t p_step, double *out)
{
    if (function < 0 || function >= HTST_BINOMIAL_N_FUNCTIONS) {
        return HTST_ERR_BAD_ARG;
    }
    scalar_t scalar = SCALARS[function];
    if (function == HTST_BINOMIAL_LOGSF || function == HTST_BINOMIAL_LOGCDF) {
        map_logs(function == HTST_BINOMIAL_LOGSF, count, k, k_step, n, n_step, p, p_step, out);
        return HTST_OK;
    }
    for (int64_t i = 0; i < count; i++) {
        out[i] = scalar(k[i * k_step], n[i * n_step], p[i * p_step]);
    }
    return HTST_OK;
}

int
htst_binomial_map_log_isf(
    int64_t count, const double *level, int64_t level_step, const double *n, int64_t n_step,
    const double *p, int64_t p_step, double *out)
{
    for (int64_t i = 0; i < count; i++) {
        out[i] = htst_binomial_log_isf(level[i * level_step], n[i * n_step], p[i * p_step]);
    }
    return HTST_OK;
}

int
htst_binomial_map_limit(
    int upper, int64_t count, const double *k, int64_t k_step, const double *n, int64_t n_step,
    const double *level, int64_t level_step, double *out)
{
    for (int64_t i = 0; i < count; i++) {
        double ki = k[i * k_step], ni = n[i * n_step], li = level[i * level_step];
        if (upper) {
            htst_binomial_upper_limit(ki, ni, li, out + 3 * i);
        } else {
            htst_binomial_lower_limit(ki, ni, li, out + 3 * i);
        }
    }
    return HTST_OK;
}
