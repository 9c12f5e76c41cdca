/* Random samples through htst_fit, htst_estimate, htst_scan and htst_prune, against the scan of
 * every candidate; and arguments of any bits, which must be refused or accepted. */
#include "htst_estimate.h"
#include "htst_fit.h"
#include "htst_fuzz.h"
#include "htst_prune.h"
#include "htst_scan.h"

typedef struct {
    int64_t m, *first;
    double *v, *y, *rate;
} sample_t;

/* m values: dense or far apart, with counts, some of them 0. */
static sample_t
draw_sample(htst_fuzz_t *input, int64_t m)
{
    sample_t s = { m, malloc((size_t) (m + 1) * 8), malloc((size_t) m * 8), malloc((size_t) m * 8),
        malloc((size_t) m * 8) };
    int64_t pattern = INT64_C(0x3ff0000000000000), many = htst_fuzz_int(input, 64);
    int shift = (int) htst_fuzz_int(input, 44);
    s.first[0] = 0;
    for (int64_t j = 0; j < m; j++) {
        uint8_t step, count;
        htst_fuzz_bytes(input, &step, 1);
        htst_fuzz_bytes(input, &count, 1);
        pattern += 1 + ((int64_t) step << shift);
        memcpy(&s.v[j], &pattern, 8);
        s.first[j + 1] = s.first[j] + (count < 250 ? 1 + count % (1 + many) : count % 4);
    }
    s.first[m] += s.first[m] == s.first[m - 1]; /* the largest value occurs */
    return s;
}

static void
free_sample(sample_t s)
{
    free(s.first), free(s.v), free(s.y), free(s.rate);
}

/* The distance from its definition, in long double. */
static double
distance_of(const htst_scan_t *scan, int64_t k)
{
    long double n = scan->first[scan->m] - scan->first[k], largest = 0;
    for (int64_t j = k; j < scan->m; j++) {
        /* the difference of neighbours is exact; their quotient has lost most of its digits */
        long double log_ratio = log1pl((scan->v[j] - (long double) scan->v[k]) / scan->v[k]);
        long double model = -expm1l(-scan->rate[k] * log_ratio);
        if (isinf(scan->rate[k])) {
            model = j > k;
        }
        long double below = (scan->first[j] - scan->first[k]) / n;
        long double upto = (scan->first[j + 1] - scan->first[k]) / n;
        largest = fmaxl(largest, fabsl(model - below));
        if (scan->two_sided) {
            largest = fmaxl(largest, fabsl(upto - model));
        }
    }
    return (double) largest;
}

static void
scan_sample(htst_fuzz_t *input)
{
    int64_t m = 2 + htst_fuzz_int(input, 160);
    int two_sided = (int) htst_fuzz_int(input, 2);
    double tolerance = htst_fuzz_int(input, 2) ? 1e-13 : 0;
    sample_t s = draw_sample(input, m);
    REQUIRE(htst_estimate_rates(m, s.v, s.first, INFINITY, s.y, s.rate) == 0);
    htst_scan_t scan = { m, s.v, s.y, s.first, s.rate, INFINITY, two_sided, NULL };
    htst_scan_allowed_t allowed = { 0, m - 1, 1, INFINITY, INFINITY };
    double *work = malloc((size_t) htst_scan_workspace(m) * 8);
    double *plus = malloc((size_t) m * 8), *minus = malloc((size_t) m * 8), best = INFINITY;
    int64_t lowest = -1;
    htst_scan_best_t found = htst_scan_best(&scan, &allowed, tolerance, work);
    htst_scan_curve(&scan, 0, m - 1, plus, minus);
    for (int64_t k = 0; k < m - 1; k++) {
        best = fmin(best, fmax(plus[k], minus[k]));
        if (k % 16 == 0) {
            REQUIRE(fabs(fmax(plus[k], minus[k]) - distance_of(&scan, k)) < 1e-12);
        }
    }
    for (int64_t k = m - 2; k >= 0; k--) {
        lowest = fmax(plus[k], minus[k]) <= best + tolerance ? k : lowest;
    }
    REQUIRE(found.k == lowest && found.distance == fmax(plus[lowest], minus[lowest]));
    REQUIRE(found.rate == s.rate[lowest]);
    free(work), free(plus), free(minus);
    free_sample(s);
}

/* The fit of an array in one call is the scan of its distinct values. */
static void
fit_array(htst_fuzz_t *input)
{
    int64_t n = 1 + (int64_t) input->left / 8, mask = htst_fuzz_int(input, 2);
    int64_t least = 1 + htst_fuzz_int(input, 4), *bits = htst_fuzz_array(input, n, 8);
    htst_tail_side_t side = (htst_tail_side_t) htst_fuzz_int(input, 3);
    double *x = malloc((size_t) n * 8), *work = malloc((size_t) htst_fit_workspace(n) * 8);
    htst_tail_seen_t seen, expected = { 0, 0, 0, 0 };
    htst_fit_t fit;
    if (mask) { /* finite, of ordinary size, some of them equal */
        for (int64_t i = 0; i < n; i++) {
            bits[i] = (bits[i] & INT64_C(0x401ff00000000000)) | INT64_C(0x3fe0000000000000);
        }
    }
    memcpy(x, bits, (size_t) n * 8);
    htst_tail_survey_f64(n, x, &expected);
    int status =
        htst_fit_f64(n, x, side, (int) htst_fuzz_int(input, 2), least, 1e-13, work, &seen, &fit);
    REQUIRE(memcmp(&seen, &expected, sizeof seen) == 0);
    int64_t of_side = side == HTST_TAIL_POSITIVE ? seen.positive
        : side == HTST_TAIL_NEGATIVE             ? seen.negative
                                                 : seen.positive + seen.negative;
    REQUIRE(status == (seen.not_finite ? HTST_ERR_NOT_FINITE : of_side ? 0 : HTST_ERR_TOO_FEW));
    if (status == 0) {
        REQUIRE(fit.n == of_side && fit.m >= 1 && fit.m <= fit.n);
        REQUIRE(fit.best.k >= -1 && fit.best.k < fit.m);
        REQUIRE(fit.best.k < 0 ? fit.n_tail == 0 : fit.n_tail >= least && fit.n_tail <= fit.n);
        REQUIRE(fit.best.k < 0 || fit.xmin == work[fit.best.k]);
        REQUIRE(fit.best.k < 0 || (fit.best.distance >= 0 && fit.best.distance <= 1));
    }
    free(bits), free(x), free(work);
}

/* No bits of values and counts lead outside the arrays. */
static void
estimate_anything(htst_fuzz_t *input)
{
    int64_t m = 1 + (int64_t) input->left / 16, *first = htst_fuzz_array(input, m + 1, 8);
    double *v = htst_fuzz_array(input, m, 8), *y = malloc((size_t) m * 8);
    double *rate = malloc((size_t) m * 8), xmax = htst_fuzz_number(input);
    int status = htst_estimate_rates(m, v, first, xmax, y, rate);
    REQUIRE(status == 0 || status == HTST_ERR_BAD_ARG || status == HTST_ERR_TOO_FEW);
    status = htst_estimate_rates_of_logs(m, v, first, rate);
    REQUIRE(status == 0 || status == HTST_ERR_BAD_ARG || status == HTST_ERR_TOO_FEW);
    free(first), free(v), free(y), free(rate);
}

/* Often make the values very small or very large, unless that makes some equal or infinite. */
static void
move_values(htst_fuzz_t *input, sample_t s)
{
    double *moved = malloc((size_t) s.m * 8);
    int64_t which = htst_fuzz_int(input, 3), step = htst_fuzz_int(input, 60);
    int exponent = (int) (which == 0 ? 0 : which == 1 ? step - 1074 : 1023 - step / 4);
    int is_ascending = 1;
    for (int64_t j = 0; j < s.m; j++) {
        moved[j] = ldexp(s.v[j], exponent);
        is_ascending = is_ascending && moved[j] < INFINITY && (j == 0 || moved[j] > moved[j - 1]);
    }
    if (is_ascending && moved[0] > 0) {
        memcpy(s.v, moved, (size_t) s.m * 8);
    }
    free(moved);
}

/* Bounds from buckets are not above the distances of the candidates in them. */
static void
bound_candidates(htst_fuzz_t *input)
{
    int64_t m = 2 + htst_fuzz_int(input, 60), b = 0, *of = malloc((size_t) m * 8);
    int has_total = (int) htst_fuzz_int(input, 2);
    sample_t s = draw_sample(input, m);
    double *lower = malloc((size_t) m * 8), *upper = malloc((size_t) m * 8);
    double *total = calloc((size_t) m, 8);
    int64_t *count = calloc((size_t) m, 8), *tail = malloc((size_t) (m + 1) * 8);
    move_values(input, s);
    for (int64_t j = 0; j < m; j++) { /* counts of 0 belong to no bucket */
        s.first[j + 1] = s.first[j + 1] > s.first[j] ? s.first[j + 1] : s.first[j] + 1;
        if (j > 0 && htst_fuzz_int(input, 3)) {
            b++;
        }
        of[j] = b;
        lower[b] = count[b] ? lower[b] : s.v[j];
        upper[b] = s.v[j];
        count[b] += s.first[j + 1] - s.first[j];
        total[b] += (double) (s.first[j + 1] - s.first[j]) * s.v[j];
    }
    htst_prune_t buckets = { b + 1, lower, upper, count, has_total ? total : NULL,
        malloc((size_t) (b + 1) * 32), tail };
    REQUIRE(htst_prune_prepare(&buckets) == 0);
    REQUIRE(htst_estimate_rates(m, s.v, s.first, INFINITY, s.y, s.rate) == 0);
    htst_scan_t scan = { m, s.v, s.y, s.first, s.rate, INFINITY, 0, NULL };
    double *plus = malloc((size_t) m * 8), *minus = malloc((size_t) m * 8);
    htst_scan_curve(&scan, 0, m - 1, plus, minus);
    for (int64_t k = 0; k < m - 1; k++) {
        double distance = fmax(plus[k], minus[k]);
        REQUIRE(htst_prune_bound(&buckets, of[k]) <= distance);
        REQUIRE(htst_prune_lowest(&buckets, distance) <= of[k]);
    }
    free(of), free(lower), free(upper), free(count), free(tail), free(buckets.work);
    free(plus), free(minus), free(total);
    free_sample(s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const htst_fuzz_way_t ways[] = { { 3, scan_sample }, { 2, fit_array },
        { 1, estimate_anything }, { 2, bound_candidates }, { 0, NULL } };
    return htst_fuzz_take(data, size, ways);
}
