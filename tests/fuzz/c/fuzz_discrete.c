/* Samples of integers through htst_discrete, with laws that end or not: estimates solve their
 * equation, distances are those of the definition, and searches find the smallest. The twin of the
 * zeta function is a plain sum in long double. */
#include "htst_discrete.h"
#include "htst_fuzz.h"
#include "htst_zeta.h"

enum { MOST = 150, TERMS = 100, MOST_RANGE = 4600 };

typedef struct {
    int64_t m, first[MOST + 1];
    double x[MOST], mean[MOST], alpha[MOST], norm[MOST], top;
} sample_t;

/* The sum of (k / q)^-s from k = q to the top, and in *logs that of log(k / q) (k / q)^-s. Without
 * an end, the formula of Euler and Maclaurin gives what follows the first terms. */
static long double
zeta(long double s, long double q, double top, long double *logs)
{
    long double sum = 0, n = isinf(top) ? TERMS : top - q + 1;
    *logs = 0;
    for (long double k = 0; k < n; k++) {
        long double l = log1pl(k / q), term = expl(-s * l);
        sum += term;
        *logs += l * term;
    }
    if (isinf(top)) {
        long double a = q + n, l = log1pl(n / q), last = expl(-s * l);
        long double c = .5L + s / (12 * a) - s * (s + 1) * (s + 2) / (720 * a * a * a);
        long double c_s = 1 / (12 * a) - (3 * s * s + 6 * s + 2) / (720 * a * a * a);
        sum += last * (a / (s - 1) + c);
        *logs += last * (l * (a / (s - 1) + c) + a / ((s - 1) * (s - 1)) - c_s);
    }
    return sum;
}

static sample_t
draw_sample(htst_fuzz_t *input)
{
    sample_t s = { .m = 1 + htst_fuzz_int(input, htst_fuzz_int(input, 4) ? 40 : MOST),
        .top = INFINITY };
    int has_end = (int) htst_fuzz_int(input, 3) == 0;
    int shift = has_end ? 0 : (int) htst_fuzz_int(input, 30);
    int64_t many = 1 + htst_fuzz_int(input, 60), step = 1 + htst_fuzz_int(input, 30);
    int64_t least = htst_fuzz_int(input, 3000);
    double x = 1 + (double) (least >> htst_fuzz_int(input, 12));
    int is_law = (int) htst_fuzz_int(input, 4) == 0; /* a zeta law above some value, nearly */
    double scale = exp2((double) htst_fuzz_int(input, 24)), start = x;
    double power = 1 + (double) htst_fuzz_int(input, 256) / 128, bump = x + (double) (many * step);
    for (int64_t j = 0; j < s.m; j++) {
        double expected = scale * pow(fmax(x, bump) / start, -power);
        s.x[j] = x;
        x += (double) (1 + ((htst_fuzz_int(input, 256) % step) << shift));
        s.first[j + 1] =
            s.first[j] + htst_fuzz_int(input, many) + (is_law ? (int64_t) expected : 0);
    }
    s.first[s.m] += s.first[s.m] == s.first[s.m - 1];
    if (has_end) {
        s.top = s.x[s.m - 1] + (double) htst_fuzz_int(input, MOST_RANGE - 30 * MOST);
    }
    return s;
}

static void
check_means(const sample_t *s)
{
    for (int64_t k = 0; k < s->m; k++) {
        long double sum = 0;
        for (int64_t j = k; j < s->m; j++) {
            long double log_ratio = log1pl((s->x[j] - (long double) s->x[k]) / s->x[k]);
            sum += (long double) (s->first[j + 1] - s->first[j]) * log_ratio;
        }
        long double mean = sum / (long double) (s->first[s->m] - s->first[k]);
        REQUIRE(fabsl(s->mean[k] - mean) <= 9 * 0x1p-52L * mean);
    }
}

/* The exponent gives the mean, within the documented error of the exponent times the variance. */
static void
check_estimate(const sample_t *s, int64_t k, double low)
{
    double alpha = s->alpha[k], q = s->x[k], out[3];
    if (isnan(alpha)) {
        REQUIRE(isnan(s->norm[k]));
        htst_zeta_log_scaled(fmax(low, isinf(s->top) ? 1 + 1e-9 : 0), q, s->top, out);
        REQUIRE(s->mean[k] == 0 || s->x[k] == s->top || s->mean[k] >= -out[1] * (1 - 1e-6));
        return;
    }
    long double logs, norm = zeta(alpha, q, s->top, &logs);
    htst_zeta_log_scaled(alpha, q, s->top, out);
    double error = 1e-12 + (isinf(s->top) ? 0 : 1e-14 / log((s->top + 1) / q));
    REQUIRE(alpha > low && fabsl(s->norm[k] - norm) <= 1e-11L * norm);
    REQUIRE(fabsl(logs / norm - s->mean[k])
        <= 4 * error * alpha * out[2] + (1e-11L + 1e-14L * alpha) * s->mean[k]);
}

/* The distance of a candidate, from its definition. */
static double
distance_of(const sample_t *s, int64_t k, int is_two_sided)
{
    long double n = s->first[s->m] - s->first[k], most = 0, logs;
    long double norm = zeta(s->alpha[k], s->x[k], s->top, &logs);
    for (int64_t j = k; j < s->m; j++) {
        long double log_ratio = log1pl((s->x[j] - (long double) s->x[k]) / s->x[k]);
        long double scale = expl(-s->alpha[k] * log_ratio) / norm;
        long double z = zeta(s->alpha[k], s->x[j], s->top, &logs);
        long double below = (s->first[j] - s->first[k]) / n;
        most = fmaxl(most, fabsl(1 - scale * z - below));
        if (is_two_sided) {
            long double upto = (s->first[j + 1] - s->first[k]) / n;
            most = fmaxl(most, fabsl(1 - scale * (z - 1) - upto));
        }
    }
    return (double) most;
}

static void
check_search(const sample_t *s, const htst_discrete_t *scan, const double *curve, double low,
    double tolerance, double least)
{
    htst_discrete_best_t best;
    REQUIRE(htst_discrete_search(scan, s->mean, low, 0, s->m, tolerance, &best)
        == (isinf(s->top) ? 0 : HTST_ERR_BAD_ARG));
    if (!isinf(s->top)) {
        return;
    }
    REQUIRE((best.k < 0) == isinf(least));
    if (best.k >= 0) {
        REQUIRE(fabs(best.distance - curve[best.k]) <= 1e-11);
        REQUIRE(fabs(best.alpha - s->alpha[best.k]) <= 1e-11 * best.alpha);
        REQUIRE(curve[best.k] <= least + tolerance + 1e-11);
        for (int64_t k = 0; k < best.k; k++) {
            REQUIRE(!(curve[k] < least + tolerance - 1e-11));
        }
    }
}

static void
fit_sample(htst_fuzz_t *input)
{
    sample_t s = draw_sample(input);
    double low =
        isinf(s.top) ? 1 + .5 * (double) htst_fuzz_int(input, 3) : (double) htst_fuzz_int(input, 3);
    double tolerance = htst_fuzz_int(input, 2) ? 1e-12 : 0, curve[MOST], distance, least = INFINITY;
    int64_t begin = htst_fuzz_int(input, s.m + 1), lowest = -1, found;
    htst_discrete_t scan = { s.m, s.x, s.first, s.top, s.alpha, s.norm,
        (int) htst_fuzz_int(input, 2) };
    REQUIRE(htst_discrete_means(s.m, s.x, s.first, s.mean) == 0);
    check_means(&s);
    REQUIRE(htst_discrete_estimate(s.x, s.mean, 0, s.m, s.top, low, s.alpha, s.norm) == 0);
    htst_discrete_curve(&scan, 0, s.m, curve);
    int64_t check = htst_fuzz_int(input, s.m);
    for (int64_t k = 0; k < s.m; k++) {
        if (k == check) {
            check_estimate(&s, k, low);
            REQUIRE(isnan(s.alpha[k])
                    ? isnan(curve[k])
                    : fabs(curve[k] - distance_of(&s, k, scan.is_two_sided)) < 1e-10);
        }
        least = curve[k] < least ? curve[k] : least;
    }
    check_search(&s, &scan, curve, low, tolerance, least);
    least = INFINITY;
    for (int64_t k = begin; k < s.m; k++) {
        least = curve[k] < least ? curve[k] : least;
    }
    for (int64_t k = s.m - 1; k >= begin; k--) {
        lowest = curve[k] <= least + tolerance ? k : lowest;
    }
    scan.alpha += begin, scan.norm += begin;
    htst_discrete_best(&scan, begin, s.m, tolerance, &found, &distance);
    REQUIRE(found == lowest && (lowest < 0 ? isinf(distance) : distance == curve[lowest]));
}

/* No bits of values and counts lead outside the arrays; each is accepted or refused. */
static void
take_anything(htst_fuzz_t *input)
{
    int64_t m = htst_fuzz_int(input, MOST), whole = htst_fuzz_int(input, 2);
    double *x = htst_fuzz_array(input, m, 8), *mean = malloc((size_t) m * 8);
    int64_t *first = htst_fuzz_array(input, m + 1, 8);
    int is_right = m > 0 && first[0] == 0;
    for (int64_t j = 0; j < m; j++) {
        x[j] = whole ? floor(exp2(fabs(fmod(x[j], 54)))) + (double) j : x[j];
        is_right &= x[j] >= 1 && x[j] <= 0x1p53 && x[j] == floor(x[j]);
        is_right &= first[j + 1] >= first[j] && (j == 0 || x[j] > x[j - 1]);
    }
    int status = htst_discrete_means(m, x, first, mean);
    int is_empty = m > 0 && first[m] <= first[0];
    REQUIRE(is_right ? status == (is_empty ? HTST_ERR_TOO_FEW : 0)
                     : status == HTST_ERR_BAD_ARG || status == HTST_ERR_TOO_FEW);
    free(x), free(mean), free(first);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const htst_fuzz_way_t ways[] = { { 1, take_anything }, { 7, fit_sample }, { 0, NULL } };
    return htst_fuzz_take(data, size, ways);
}
