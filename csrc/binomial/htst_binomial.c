#include "htst_binomial.h"

#include <stdbool.h>

#include "htst_binomial_bulk.h"
#include "htst_binomial_far.h"
#include "htst_isa.h"

#define LOG_HALF (-0.69314718055994530942)

/* A smaller p, and n p with it, is scaled by 2^TINY_SHIFT. */
#define TINY_P HTST_BINOMIAL_TINY_P
#define TINY_SHIFT 600

/* ---- arguments that htst_binomial_far.h handles --------------------------------------------- */

/* The log or the value of a probability given by its terms. Both branches of the log are
 * evaluated, as for arrays, so that the results are bit-identical. */
HTST_INLINE double
tell(const htst_terms_t *terms, bool log, double complement)
{
    if (!log) {
        return htst_far_value(terms->a, terms->factor, complement);
    }
    return complement != 0.0 ? htst_far_log(terms->a, terms->factor, 1.0)
                             : htst_far_log(terms->a, terms->factor, 0.0);
}

HTST_INLINE double
tail_of_kind(int kind, bool log, bool upper, double k, double n, double p)
{
    htst_far_t problem = htst_far_of_tail(upper, k, n, p, kind);
    if (kind == HTST_BINOMIAL_FRACTION && !htst_far_is_served(&problem)) {
        return NAN;
    }
    htst_terms_t terms = kind == HTST_BINOMIAL_FRACTION ? htst_fraction_terms(&problem, 0.0)
                                                        : htst_near_terms(&problem, kind, log);
    return tell(&terms, log, problem.complement);
}

HTST_INLINE double
tail(bool log, bool upper, double k, double n, double p)
{
    k = floor(k);
    switch ((int) htst_far_kind(1, htst_far_side(k + (upper ? 1.0 : 0.0), n, p), n)) {
        case HTST_BINOMIAL_SHORT: return tail_of_kind(HTST_BINOMIAL_SHORT, log, upper, k, n, p);
        case HTST_BINOMIAL_LONG: return tail_of_kind(HTST_BINOMIAL_LONG, log, upper, k, n, p);
        default: return tail_of_kind(HTST_BINOMIAL_FRACTION, log, upper, k, n, p);
    }
}

/* log P(X > k), or log P(X <= k) if not `upper`; NaN if htst_binomial_far.h does not handle the
 * arguments. */
HTST_KERNEL(double, log_tail, (bool upper, double k, double n, double p), (upper, k, n, p))
{
    return tail(true, upper, k, n, p);
}

HTST_KERNEL(double, tail_value, (bool upper, double k, double n, double p), (upper, k, n, p))
{
    return tail(false, upper, k, n, p);
}

HTST_INLINE htst_terms_t
point_of_kind(int kind, double k, double n, double p)
{
    htst_far_t problem = htst_far_of_point(k, n, p, kind);
    if (kind != HTST_BINOMIAL_FRACTION) {
        return htst_near_point(&problem, kind);
    }
    return htst_far_is_served(&problem)
        ? htst_any_point(&problem, 0.0)
        : (htst_terms_t){ .a = { NAN, NAN }, .factor = NAN, .phi = NAN };
}

/* The terms of P(X = k); all NaN if htst_binomial_point.h does not handle the arguments. */
HTST_INLINE htst_terms_t
point_terms(double k, double n, double p)
{
    switch ((int) htst_far_kind(0, htst_far_side(k, n, p), n)) {
        case HTST_BINOMIAL_SHORT: return point_of_kind(HTST_BINOMIAL_SHORT, k, n, p);
        case HTST_BINOMIAL_LONG: return point_of_kind(HTST_BINOMIAL_LONG, k, n, p);
        default: return point_of_kind(HTST_BINOMIAL_FRACTION, k, n, p);
    }
}

HTST_KERNEL(double, point, (bool log, double k, double n, double p), (log, k, n, p))
{
    htst_terms_t terms = point_terms(floor(k), n, p);
    return tell(&terms, log, 0.0);
}

/* n KL(k/n || p); NaN for a fractional k and for arguments that htst_binomial_point.h does not
 * handle. */
HTST_KERNEL(double, divergence, (double k, double n, double p), (k, n, p))
{
    htst_pair_t a = point_terms(k, n, p).a;
    return floor(k) == k ? a.hi + a.lo : NAN;
}

HTST_KERNEL(double, bound, (double k, double n, double p), (k, n, p))
{
    double j = floor(k) + 1.0, above = htst_far_of_point(j, n, p, HTST_BINOMIAL_FRACTION).d.hi;
    htst_pair_t a = point_terms(j, n, p).a;
    double value = -(a.hi + a.lo);
    return (p > 0.5 ? -above : above) > 0.0 || isnan(value) ? value : 0.0;
}

/* ---- all other arguments: closed forms, tiny p ---------------------------------------------- */

/* The problem for s = min(p, 1-p) > 0 and j > 0, seen from above. */
static htst_terms_t
tiny_terms(double n, double s, double j, bool is_tail)
{
    htst_pair_t mean = htst_pair_product(n, ldexp(s, TINY_SHIFT));
    htst_far_t problem = {
        .n = n,
        .k = j,
        .m = n - j,
        .x = s,
        .y = 1.0,
        .complement = 0.0,
        .d = { j, 0.0 },
        .mean_k = mean,
        .mean_m = { n, 0.0 },
    };
    return is_tail ? htst_fraction_terms(&problem, TINY_SHIFT)
                   : htst_any_point(&problem, TINY_SHIFT);
}

/* n KL(j/n || s) */
static htst_pair_t
tiny_divergence(double n, double s, double j)
{
    return tiny_terms(n, s, j, false).a;
}

/* log or value of s^n (all = true) or (1-s)^n */
static double
closed_form(double n, double s, bool all, bool log_wanted)
{
    if (log_wanted) {
        return n * (all ? log(s) : log1p(-s));
    }
    htst_pair_t log_base;
    if (all) {
        int shift = s < TINY_P ? TINY_SHIFT : 0;
        log_base = htst_pair_log(ldexp(s, shift), 0.0, -shift);
    }
    else if (s < 0.25) { /* where 1 - s would lose digits of s */
        log_base = htst_pair_log_sum(-s, 0.0, 0.0);
    }
    else {
        htst_pair_t rest = htst_pair_fast_sum(1.0, -s);
        log_base = htst_pair_log(rest.hi, rest.lo / rest.hi, 0.0);
    }
    htst_pair_t power = htst_pair_product(-n, log_base.hi);
    power.lo -= n * log_base.lo;
    return htst_exp_negative(power, 1.0);
}

/* P = 1 or P = 0 */
static double
certain(bool sure, bool log_wanted)
{
    return sure ? (log_wanted ? 0.0 : 1.0) : (log_wanted ? -INFINITY : 0.0);
}

/* log or value of 1 - s^n or 1 - (1-s)^n */
static double
other_closed_form(double n, double s, bool all, bool log_wanted)
{
    double x = closed_form(n, s, all, true);
    if (x > LOG_HALF) {
        return log_wanted ? log(-expm1(x)) : -expm1(x);
    }
    double p =
        closed_form(n, s, all, false); /* exp(x) would have x times the relative error of x */
    return log_wanted ? log1p(-p) : 1.0 - p;
}

/* P(Y >= j) or P(Y <= j), Y ~ Bin(n, s), 0 <= s <= 1/2 */
static double
special_tail(bool rising, bool log_wanted, double j, double n, double s)
{
    if (s == 0.0) {
        return certain(rising ? j <= 0.0 : j >= 0.0, log_wanted);
    }
    if (rising ? j == n : j == 0.0) {
        return closed_form(n, s, rising, log_wanted);
    }
    if (rising ? j == 1.0 : j == n - 1.0) {
        return other_closed_form(n, s, !rising, log_wanted);
    }
    htst_terms_t terms = tiny_terms(n, s, rising ? j : j + 1.0, true);
    return tell(&terms, log_wanted, rising ? 0.0 : 1.0);
}

static bool
legal(double n, double p)
{
    return p >= 0.0 && p <= 1.0 && n >= 0.0 && n <= HTST_BINOMIAL_MAX_N && floor(n) == n;
}

/* P(X > k), or P(X <= k) if not `upper` */
static double
evaluate_tail(bool upper, bool log_wanted, double k, double n, double p)
{
    double value = (log_wanted ? log_tail : tail_value)(upper, k, n, p);
    if (!isnan(value)) {
        return value;
    }
    k = floor(k);
    if (isnan(k) || !legal(n, p)) {
        return NAN;
    }
    if (k < 0.0 || k >= n) { /* for n = 2^53, n + 1 and n - k are not always doubles */
        return certain(upper == (k < 0.0), log_wanted);
    }
    bool mirrored = p > 0.5;
    double j = mirrored ? n - k : k;
    return special_tail(upper != mirrored, log_wanted, upper ? (mirrored ? j - 1.0 : j + 1.0) : j,
        n, mirrored ? 1.0 - p : p);
}

static double
evaluate_point(bool log_wanted, double k, double n, double p)
{
    double value = point(log_wanted, k, n, p);
    if (!isnan(value)) {
        return value;
    }
    k = floor(k);
    if (isnan(k) || !legal(n, p)) {
        return NAN;
    }
    if (k < 0.0 || k > n) {
        return certain(false, log_wanted);
    }
    bool mirrored = p > 0.5;
    double j = mirrored ? n - k : k, s = mirrored ? 1.0 - p : p;
    if (j == 0.0 || s == 0.0) {
        return s == 0.0 ? certain(j == 0.0, log_wanted) : closed_form(n, s, false, log_wanted);
    }
    if (j == n) {
        return closed_form(n, s, true, log_wanted);
    }
    htst_terms_t terms = tiny_terms(n, s, j, false);
    return tell(&terms, log_wanted, 0.0);
}

/* ---- public scalars ------------------------------------------------------------------------- */

/* Adding 0.0 turns -0.0 into 0.0 and changes no other value. */
#define SCALAR(name, value)                   \
    double name(double k, double n, double p) \
    {                                         \
        return (value) + 0.0;                 \
    }

SCALAR(htst_binomial_logsf, evaluate_tail(true, true, k, n, p))
SCALAR(htst_binomial_logcdf, evaluate_tail(false, true, k, n, p))
SCALAR(htst_binomial_logpmf, evaluate_point(true, k, n, p))
SCALAR(htst_binomial_sf, evaluate_tail(true, false, k, n, p))
SCALAR(htst_binomial_cdf, evaluate_tail(false, false, k, n, p))
SCALAR(htst_binomial_pmf, evaluate_point(false, k, n, p))

double
htst_binomial_kl(double k, double n, double p)
{
    double value = divergence(k, n, p);
    if (!isnan(value)) {
        return value + 0.0;
    }
    if (!(k >= 0.0 && k <= n) || !legal(n, p) || floor(k) != k) {
        return NAN;
    }
    if (n == 0.0) {
        return 0.0;
    }
    bool mirrored = p > 0.5;
    double j = mirrored ? n - k : k, s = mirrored ? 1.0 - p : p;
    if (j == 0.0) {
        return -n * log1p(-s) + 0.0;
    }
    if (s == 0.0) {
        return INFINITY;
    }
    if (j == n) {
        return -n * log(s);
    }
    return tiny_divergence(n, s, j).hi;
}

double
htst_binomial_chernoff_logsf(double k, double n, double p)
{
    double value = bound(k, n, p);
    if (!isnan(value)) {
        return value + 0.0;
    }
    if (isnan(k) || !legal(n, p)) {
        return NAN;
    }
    double j = floor(k) + 1.0;
    if (j <= 0.0 || k >= n) {
        return k >= n ? -INFINITY : 0.0;
    }
    bool mirrored = p > 0.5;
    double s = mirrored ? 1.0 - p : p;
    double above =
        htst_far_excess(mirrored ? n - j : j, htst_pair_product(n, s), HTST_BINOMIAL_FRACTION).hi;
    return (mirrored ? -above : above) > 0.0 ? 0.0 - htst_binomial_kl(j, n, p) : 0.0;
}

/* ---- by code, and arrays -------------------------------------------------------------------- */

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

double
htst_binomial_evaluate(int function, double k, double n, double p)
{
    if (function < 0 || function >= HTST_BINOMIAL_N_FUNCTIONS) {
        return NAN;
    }
    return SCALARS[function](k, n, p);
}

#define CHUNK HTST_BINOMIAL_BULK_CHUNK

/* The next elements of an input as an array. If the step is 0, the array is `buffer`, filled with
 * the first element. */
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

int
htst_binomial_map(int function, int64_t count, const double *k, int64_t k_step, const double *n,
    int64_t n_step, const double *p, int64_t p_step, double *out)
{
    if (function < 0 || function >= HTST_BINOMIAL_N_FUNCTIONS) {
        return HTST_ERR_BAD_ARG;
    }
    double buffers[3][CHUNK];
    uint8_t left[CHUNK];
    bool all_legal = true;
    for (int64_t start = 0; start < count; start += CHUNK) {
        int size = count - start < CHUNK ? (int) (count - start) : CHUNK;
        const double *ks = next_elements(k, k_step, start, size, buffers[0]);
        const double *ns = next_elements(n, n_step, start, size, buffers[1]);
        const double *ps = next_elements(p, p_step, start, size, buffers[2]);
        int n_left = htst_binomial_bulk_chunk(function, size, ks, ns, ps, out + start, left);
        for (int i = 0; i < n_left; i++) {
            int at = left[i];
            double value = SCALARS[function](ks[at], ns[at], ps[at]);
            out[start + at] = value;
            all_legal = all_legal && !isnan(value);
        }
    }
    return all_legal ? HTST_OK : HTST_ERR_BAD_ARG;
}
