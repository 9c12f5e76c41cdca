/* Arguments of any bits through the functions of one number: the binomial distribution, the zeta
 * function, the truncated exponential and the normal distribution. They return, within their range
 * or NaN, and arrays give the bits of single calls. */
#include "htst_binomial.h"
#include "htst_binomial_invert.h"
#include "htst_fuzz.h"
#include "htst_normal.h"
#include "htst_truncated.h"
#include "htst_zeta.h"

static void
binomial_tails(htst_fuzz_t *input)
{
    enum { COUNT = 9 };
    double k[COUNT], n[COUNT], p[COUNT], out[COUNT];
    int function = (int) htst_fuzz_int(input, HTST_BINOMIAL_N_FUNCTIONS + 1);
    int64_t steps = htst_fuzz_int(input, 8);
    for (int i = 0; i < COUNT; i++) {
        n[i] = htst_fuzz_number(input);
        p[i] = htst_fuzz_number(input);
        k[i] = htst_fuzz_int(input, 4) ? floor(n[i] * htst_fuzz_number(input))
                                       : htst_fuzz_number(input);
    }
    int status =
        htst_binomial_map(function, COUNT, k, steps & 1, n, steps >> 1 & 1, p, steps >> 2 & 1, out);
    if (function == HTST_BINOMIAL_N_FUNCTIONS) {
        REQUIRE(status == HTST_ERR_BAD_ARG);
        return;
    }
    int bad = 0;
    for (int i = 0; i < COUNT; i++) {
        double ki = k[steps & 1 ? i : 0], ni = n[steps & 2 ? i : 0], pi = p[steps & 4 ? i : 0];
        double one = htst_binomial_evaluate(function, ki, ni, pi);
        REQUIRE(htst_fuzz_same(one, out[i]));
        bad |= isnan(one);
        int is_domain = ni >= 0 && ni <= 0x1p53 && ni == floor(ni) && pi >= 0 && pi <= 1;
        if (function != HTST_BINOMIAL_KL) {
            REQUIRE(isnan(one) == !(is_domain && !isnan(ki)));
        }
        if (function == HTST_BINOMIAL_KL) {
            REQUIRE(isnan(one) || one >= 0);
        }
        else if (function >= HTST_BINOMIAL_SF && function <= HTST_BINOMIAL_PMF) {
            REQUIRE(isnan(one) || (one >= 0 && one <= 1));
        }
        else {
            REQUIRE(isnan(one) || one <= 0);
        }
    }
    REQUIRE(status == (bad ? HTST_ERR_BAD_ARG : 0));
}

static void
binomial_inverses(htst_fuzz_t *input)
{
    double n = htst_fuzz_number(input), p = htst_fuzz_number(input), limit[3];
    double level = htst_fuzz_number(input), k = floor(n * htst_fuzz_number(input)), map[3];
    double found = htst_binomial_log_isf(level, n, p);
    if (!isnan(found)) {
        REQUIRE(found >= -1 && found <= n);
        REQUIRE(found < 0 || htst_binomial_logsf(found, n, p) <= level);
        REQUIRE(found < 1 || htst_binomial_logsf(found - 1, n, p) > level);
    }
    for (int upper = 0; upper < 2; upper++) {
        (upper ? htst_binomial_upper_limit : htst_binomial_lower_limit)(k, n, level, limit);
        htst_binomial_map_limit(upper, 1, &k, 1, &n, 1, &level, 1, map);
        REQUIRE(htst_fuzz_same(map[0], limit[0]) && htst_fuzz_same(map[1], limit[1]));
        REQUIRE(htst_fuzz_same(map[2], limit[2]));
        REQUIRE(
            isnan(limit[0]) || (limit[0] >= 0 && limit[0] <= 1 && limit[1] <= 0 && limit[2] <= 0));
    }
}

static void
laws(htst_fuzz_t *input)
{
    double s = htst_fuzz_number(input), q = htst_fuzz_number(input), out[3];
    double top = htst_fuzz_int(input, 2) ? INFINITY : q + floor(fabs(htst_fuzz_number(input)));
    double below = htst_fuzz_number(input), above = htst_fuzz_number(input);
    htst_zeta_log_scaled(s, q, top, out);
    /* Above 2^53 q + 1 is not a double. Derivatives far below 1 may then be rounding errors, and
     * those of a sum to such a top may overflow. */
    int is_far = q > 0x1p53 || (top > 0x1p53 && !isinf(top));
    REQUIRE(isnan(out[0]) || (out[0] >= 0 && (is_far || (out[1] <= 0 && out[2] >= 0))));
    double scaled = htst_zeta_scaled(s, q, top);
    REQUIRE(isnan(scaled) == isnan(out[0]) && (isnan(scaled) || scaled >= 1));
    double mean = htst_truncated_mean(below);
    REQUIRE(isnan(mean) ? isnan(below) : mean >= 0 && mean <= 1);
    if (below >= 0 && above >= 0 && isfinite(below) && isfinite(above) && below + above > 0) {
        double root = htst_truncated_root(below, above);
        REQUIRE(!isnan(root) && ((root > 0) == (below < above) || root == 0));
    }
    double t = fabs(above), rest = fabs(q);
    double cdf = htst_truncated_cdf(s, t, rest, t + rest);
    REQUIRE(isnan(cdf) || (cdf >= 0 && cdf <= 1 + 1e-15));
}

static void
normal(htst_fuzz_t *input)
{
    double u = htst_fuzz_number(input), out[12], at[12], value = htst_normal_quantile(u);
    REQUIRE(isnan(value) == !(u >= 0x1p-1022 && u < 1));
    REQUIRE(isnan(value) || (value < 0) == (u < .5) || value == 0);
    uint64_t seed;
    int64_t place[3], rows[12], cols[12];
    htst_fuzz_bytes(input, &seed, sizeof seed);
    htst_fuzz_bytes(input, place, sizeof place);
    for (int i = 0; i < 3; i++) {
        place[i] = seed & 7 ? (int64_t) ((uint64_t) place[i] >> 31) : place[i];
    }
    int status = htst_normal_fill(seed, place[0], place[1], place[2], 3, 4, 4, out);
    for (int i = 0; i < 12; i++) { /* unsigned: any bits may come */
        rows[i] = (int64_t) ((uint64_t) place[1] + (uint64_t) i / 4);
        cols[i] = (int64_t) ((uint64_t) place[2] + (uint64_t) i % 4);
    }
    REQUIRE(htst_normal_at(seed, place[0], 12, rows, cols, at) == status);
    REQUIRE(status != 0 || memcmp(out, at, sizeof out) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const htst_fuzz_way_t ways[] = { { 3, binomial_tails }, { 2, binomial_inverses },
        { 2, laws }, { 1, normal }, { 0, NULL } };
    return htst_fuzz_take(data, size, ways);
}
