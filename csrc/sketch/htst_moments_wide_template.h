/* htst_moments_wide_template: sums of float64 elements with vectors of one width.
 * htst_moments.c includes it once for each, with LANES, the number of doubles of a vector, a
 * divisor of GROUP; TARGET, the attribute of their instructions; and OF(name), the name with the
 * width's suffix.
 *
 * The code uses explicit vectors, because a compiler may not reorder sums of doubles, and cannot
 * know that these sums are exact. Nine of them are sums: vectors that are wider than the
 * processor's would not stay in its registers. */

#define FLOAT double
#define WORD uint64_t
#define VECTOR OF(doubles_t)
#define WORDS OF(words_t)
#include "htst_vector_template.h"

#define MINUS(a, b) HTST_VECTOR_SUBTRACT(OF(doubles_t), a, b)
#define ADD_TO(sum, a) (sum) = HTST_VECTOR_ADD(OF(doubles_t), sum, a)
#define ADD_PRODUCT(sum, a, b) ADD_TO(sum, HTST_VECTOR_MULTIPLY(OF(doubles_t), a, b))

HTST_INLINE void
OF(collect)(htst_wide_t *total, const OF(doubles_t) * lanes, double scale)
{
    int64_t sum = 0;
    for (int lane = 0; lane < LANES; lane++) {
        sum += (int64_t) (HTST_LANE(*lanes, lane) * scale);
    }
    *total = htst_wide_add_signed(*total, sum);
}

/* Every group of x[n] from element `part` on. */
HTST_INLINE void
OF(add_part)(const double *x, int64_t n, int part, uint64_t least, many_f64_t *many)
{
    const double to_a = 1.5 * htst_moments_power(many->e + 30),
                 to_b = 1.5 * htst_moments_power(many->e + 6);
    OF(doubles_t) sa = { 0 }, sb = { 0 }, sc = { 0 };
    OF(doubles_t) aa = { 0 }, ab = { 0 }, bb = { 0 }, ac = { 0 }, bc = { 0 }, cc = { 0 };
    double last[GROUP] = { 0 };
    for (int64_t i = 0; i < n; i += GROUP) {
        const double *from = fill_group(x + i, n - i, last);
        OF(words_t) bits;
        memcpy(&bits, from + part, sizeof bits);
        bits = HTST_WORDS_FROM(OF(words_t), bits, ABS_F64, least);
        OF(doubles_t) value = HTST_VECTOR_OF(OF(doubles_t), bits);
        OF(doubles_t) a = HTST_VECTOR_ROUND(OF(doubles_t), value, to_a), rest = MINUS(value, a);
        OF(doubles_t) b = HTST_VECTOR_ROUND(OF(doubles_t), rest, to_b), c = MINUS(rest, b);
        ADD_TO(sa, a);
        ADD_TO(sb, b);
        ADD_TO(sc, c);
        ADD_PRODUCT(aa, a, a);
        ADD_PRODUCT(ab, a, b);
        ADD_PRODUCT(bb, b, b);
        ADD_PRODUCT(ac, a, c);
        ADD_PRODUCT(bc, b, c);
        ADD_PRODUCT(cc, c, c);
    }
    const double unit = htst_moments_power(-many->e), square = htst_moments_power(-2 * many->e);
    OF(collect)(many->sum, &sa, unit * 0x1p22);
    OF(collect)(many->sum + 1, &sb, unit * 0x1p46);
    OF(collect)(many->sum + 2, &sc, unit * 0x1p70);
    OF(collect)(many->product, &aa, square * 0x1p44);
    OF(collect)(many->product + 1, &ab, square * 0x1p68);
    OF(collect)(many->product + 2, &bb, square * 0x1p92);
    OF(collect)(many->product + 3, &ac, square * 0x1p92);
    OF(collect)(many->product + 4, &bc, square * 0x1p116);
    OF(collect)(many->product + 5, &cc, square * 0x1p140);
}

TARGET HTST_NOINLINE static void
OF(add_many)(const double *x, int64_t n, uint64_t least, many_f64_t *many)
{
    for (int part = 0; part < GROUP; part += LANES) {
        OF(add_part)(x, n, part, least, many);
    }
}

#undef MINUS
#undef ADD_TO
#undef ADD_PRODUCT
#undef LANES
#undef TARGET
#undef OF
