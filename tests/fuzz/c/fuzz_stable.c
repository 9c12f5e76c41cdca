/* Laws and points of any bits through htst_stable: every function returns a number of its range or
 * NaN, and arrays and tables agree with single calls. */
#include "htst_fuzz.h"
#include "htst_stable.h"
#include "htst_stable_invert.h"
#include "htst_stable_sample.h"
#include "htst_stable_table.h"

typedef struct {
    double alpha, beta, loc, scale;
    int is_s1;
} law_t;

static law_t
draw_law(htst_fuzz_t *input)
{
    law_t law = { .alpha = htst_fuzz_number(input), .scale = 1 };
    law.beta = htst_fuzz_number(input);
    law.is_s1 = (int) htst_fuzz_int(input, 2);
    if (htst_fuzz_int(input, 8)) {
        law.alpha = 2 * (double) (1 + htst_fuzz_int(input, 65535)) / 65536;
        law.beta = (double) (htst_fuzz_int(input, 65535) - 32767) / 32767;
    }
    if (htst_fuzz_int(input, 4) == 0) {
        law.loc = htst_fuzz_number(input);
        law.scale = fabs(htst_fuzz_number(input));
    }
    return law;
}

static int
is_valid(law_t law)
{
    return law.alpha > 0 && law.alpha <= 2 && fabs(law.beta) <= 1 && isfinite(law.loc)
        && law.scale > 0 && isfinite(law.scale);
}

static void
evaluate(htst_fuzz_t *input)
{
    law_t law = draw_law(input);
    const int64_t steps[5] = { 1, 0, 0, 0, 0 };
    double x = htst_fuzz_number(input), out[HTST_STABLE_N_FUNCTIONS], again;
    for (int f = 0; f < HTST_STABLE_N_FUNCTIONS; f++) {
        out[f] = htst_stable_evaluate(f, law.is_s1, x, law.alpha, law.beta, law.loc, law.scale);
        int status = htst_stable_map(
            f, law.is_s1, 1, &x, &law.alpha, &law.beta, &law.loc, &law.scale, steps, &again);
        REQUIRE(htst_fuzz_same(out[f], again) && (status != 0) == isnan(again));
        REQUIRE(isnan(out[f]) == !(is_valid(law) && !isnan(x)));
    }
    if (is_valid(law) && !isnan(x)) {
        double cdf = out[HTST_STABLE_CDF], sf = out[HTST_STABLE_SF];
        REQUIRE(out[HTST_STABLE_PDF] >= 0 && cdf >= 0 && cdf <= 1 && sf >= 0 && sf <= 1);
        REQUIRE(out[HTST_STABLE_LOGCDF] <= 0 && out[HTST_STABLE_LOGSF] <= 0);
        REQUIRE(fabs(cdf + sf - 1) < 1e-11);
        REQUIRE(fabs(exp(out[HTST_STABLE_LOGSF]) - sf) < 1e-11);
    }
}

static void
invert(htst_fuzz_t *input)
{
    law_t law = draw_law(input);
    double q = htst_fuzz_number(input);
    int function = HTST_STABLE_PPF + (int) htst_fuzz_int(input, 3);
    double x = htst_stable_invert(function, law.is_s1, q, law.alpha, law.beta, law.loc, law.scale);
    int is_level = function == HTST_STABLE_LOG_ISF ? q <= 0 : q >= 0 && q <= 1;
    REQUIRE(isnan(x) == !(is_valid(law) && is_level));
}

static void
sample(htst_fuzz_t *input)
{
    law_t law = draw_law(input);
    uint64_t seed;
    int64_t first;
    double all[9], part[4];
    htst_fuzz_bytes(input, &seed, sizeof seed);
    htst_fuzz_bytes(input, &first, sizeof first);
    htst_stable_sample_law_t given = { law.alpha, law.beta, law.loc, law.scale, law.is_s1 };
    int status = htst_stable_sample(seed, first, 9, &given, all);
    REQUIRE((status == 0) == (is_valid(law) && first >= 0 && first <= INT64_MAX - 9));
    if (status == 0) {
        REQUIRE(htst_stable_sample(seed, first + 3, 4, &given, part) == 0);
        REQUIRE(memcmp(part, all + 3, sizeof part) == 0);
    }
}

static void
tabulate(htst_fuzz_t *input)
{
    law_t law = draw_law(input);
    htst_stable_table_t *table = malloc((size_t) htst_stable_table_size());
    int status = htst_stable_table_build(law.alpha, law.beta, table);
    REQUIRE((status == 0) == (law.alpha > 0 && law.alpha <= 2 && fabs(law.beta) <= 1));
    for (int i = 0; i < 8 && status == 0; i++) {
        double x = htst_fuzz_number(input), out = 0;
        int function = (int) htst_fuzz_int(input, HTST_STABLE_N_FUNCTIONS);
        int found =
            htst_stable_table_map(table, function, law.is_s1, law.loc, law.scale, 1, &x, &out);
        REQUIRE(found == (is_valid(law) && !isnan(x) ? 0 : HTST_ERR_BAD_ARG));
        double direct =
            htst_stable_evaluate(function, law.is_s1, x, law.alpha, law.beta, law.loc, law.scale);
        if (found == 0 && function % 2 == 0) {                     /* not the logarithms */
            double error = out == direct ? 0 : fabs(out - direct); /* both may be INFINITY */
            REQUIRE(error <= 1e-10 * fabs(direct) || error < 1e-290);
        }
    }
    free(table);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const htst_fuzz_way_t ways[] = { { 1, tabulate }, { 31, evaluate }, { 8, invert },
        { 24, sample }, { 0, NULL } };
    return htst_fuzz_take(data, size, ways);
}
