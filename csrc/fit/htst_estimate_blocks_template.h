/* htst_estimate_blocks_template: the blocks of htst_estimate.c for values and counts of one width.
 * That file includes it once for each, with VALUE and COUNT, the types; and OF(name), the name with
 * the width's suffix. Values are widened first, so the results do not depend on the width. */

/* step[j] = log(v[j + 1] / v[j]) for steps that are not large: 2 atanh(s), by its series up to the
 * 11th power; the remainder is below 2^-64 of the sum. term[j] = step[j] times the number of values
 * above v[j]. */
HTST_KERNEL(steps_t, OF(small_steps),
    (int64_t size, const VALUE *HTST_RESTRICT v, const COUNT *HTST_RESTRICT first, int64_t n,
        double *HTST_RESTRICT step, double *HTST_RESTRICT term),
    (size, v, first, n, step, term))
{
    int64_t wrong = 0, large = 0;

    for (int64_t j = 0; j < size; j++) {
        double a = (double) v[j], b = (double) v[j + 1];
        double s = (b - a) / (b + a), q = s * s;
        double tail = q * (1. / 3 + q * (1. / 5 + q * (1. / 7 + q * (1. / 9 + q * (1. / 11)))));
        wrong |= !(b > a) | (first[j + 1] < first[j]);
        large |= is_large(a, b);
        step[j] = 2 * s + 2 * s * tail;
        term[j] = values_between((int64_t) first[j + 1], n) * step[j];
    }
    return (steps_t){ wrong, large };
}

/* Compute the steps and terms of up to BLOCK values before `end`. They are written to the ends of
 * `step` and `term`, after zeros. Returns the number of values, or -1 if they do not increase. */
static int64_t
OF(steps_before)(
    int64_t end, const VALUE *v, const COUNT *first, int64_t n, double *step, double *term)
{
    int64_t size = end < BLOCK ? end : BLOCK, begin = end - size, pad = BLOCK - size;
    const int64_t ahead = begin - AHEAD * BLOCK, line = LINE / (int64_t) sizeof v[0];

    for (int64_t j = ahead; j >= 0 && j < ahead + BLOCK; j += line) {
        HTST_PREFETCH_READ(v + j);
        HTST_PREFETCH_READ(first + j);
    }
    memset(step, 0, (size_t) pad * sizeof step[0]);
    memset(term, 0, (size_t) pad * sizeof term[0]);
    steps_t seen = OF(small_steps)(size, v + begin, first + begin, n, step + pad, term + pad);
    for (int64_t j = 0; j < size && seen.large; j++) {
        double a = (double) v[begin + j], b = (double) v[begin + j + 1];
        if (is_large(a, b)) {
            step[pad + j] = htst_estimate_log_ratio(a, b);
            term[pad + j] = values_between((int64_t) first[begin + j + 1], n) * step[pad + j];
        }
    }
    return seen.wrong ? -1 : size;
}

HTST_VOID_KERNEL(OF(divide),
    (int64_t size, const COUNT *HTST_RESTRICT first, int64_t n, const double *HTST_RESTRICT sum,
        double *HTST_RESTRICT rate),
    (size, first, n, sum, rate))
{
    for (int64_t j = 0; j < size; j++) {
        rate[j] = values_between((int64_t) first[j], n) / sum[j];
    }
}

static int
OF(check)(int64_t m, const VALUE *v, const COUNT *first, double xmax)
{
    if (m < 1 || !(v[0] > 0) || !((double) v[m - 1] < INFINITY) || !(xmax >= (double) v[m - 1])) {
        return HTST_ERR_BAD_ARG;
    }
    return first[m] > first[0] ? HTST_OK : HTST_ERR_TOO_FEW;
}

int
OF(htst_estimate_groups)(int64_t m, const VALUE *v, const COUNT *first, int64_t begin, int64_t end,
    htst_estimate_groups_t *groups)
{
    double step[BLOCK], term[BLOCK];
    int status = OF(check)(m, v, first, INFINITY);

    if (status != HTST_OK) {
        return status;
    }
    for (int64_t i = begin; i < end; i++) {
        if (OF(steps_before)(m - 1 - i * BLOCK, v, first, (int64_t) first[m], step, term) < 0) {
            return HTST_ERR_BAD_ARG;
        }
        sum_groups(step, groups[i - begin].steps);
        sum_groups(term, groups[i - begin].terms);
    }
    return HTST_OK;
}

int64_t
OF(htst_estimate_block)(int64_t m, const VALUE *v, const COUNT *first,
    const htst_estimate_mark_t *marks, int64_t i, double *y, double *rate)
{
    double step[BLOCK], term[BLOCK];
    sum_t reach = { marks[i].reach_high, marks[i].reach_low };
    sum_t sum = { marks[i].sum_high, marks[i].sum_low };
    int64_t end = m - 1 - i * BLOCK,
            size = OF(steps_before)(end, v, first, (int64_t) first[m], step, term);

    add_block(step, &reach);
    add_block(term, &sum);
    negate(size, step + BLOCK - size, y);
    OF(divide)(size, first + end - size, (int64_t) first[m], term + BLOCK - size, rate);
    return end - size;
}

#undef VALUE
#undef COUNT
#undef OF
