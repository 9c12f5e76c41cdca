/* htst_moments_wide_template: sums of float64 elements with vectors of one width.
 * htst_moments.c includes it once for each, with LANES, the number of doubles of a vector, a
 * divisor of GROUP; TARGET, the attribute of their instructions; and OF(name), the name with the
 * width's suffix.
 *
 * The code uses explicit vectors, because a compiler may not reorder sums of doubles, and cannot
 * know that these sums are exact. Nine of them are sums: vectors that are wider than the
 * processor's would not stay in its registers. */

typedef double OF(doubles_t) __attribute__((vector_size(8 * LANES)));
typedef uint64_t OF(words_t) __attribute__((vector_size(8 * LANES)));

HTST_INLINE void
OF(collect)(i128 *total, const OF(doubles_t) * lanes, double scale)
{
    int64_t sum = 0;
    for (int lane = 0; lane < LANES; lane++) {
        sum += (int64_t) ((*lanes)[lane] * scale);
    }
    *total += sum;
}

/* Every group of x[n] from element `part` on. */
HTST_INLINE void
OF(add_part)(const double *x, int64_t n, int part, uint64_t least, many_f64_t *many)
{
    const double to_a = 1.5 * power_of_two(many->e + 30), to_b = 1.5 * power_of_two(many->e + 6);
    OF(doubles_t) sa = { 0 }, sb = { 0 }, sc = { 0 };
    OF(doubles_t) aa = { 0 }, ab = { 0 }, bb = { 0 }, ac = { 0 }, bc = { 0 }, cc = { 0 };
    double last[GROUP] = { 0 };
    for (int64_t i = 0; i < n; i += GROUP) {
        const double *from = fill_group(x + i, n - i, last);
        OF(words_t) bits;
        memcpy(&bits, from + part, sizeof bits);
        bits &= (OF(words_t))((bits & ABS_F64) >= least);
        OF(doubles_t) value;
        memcpy(&value, &bits, sizeof value);
        OF(doubles_t) a = (value + to_a) - to_a, rest = value - a;
        OF(doubles_t) b = (rest + to_b) - to_b, c = rest - b;
        sa += a;
        sb += b;
        sc += c;
        aa += a * a;
        ab += a * b;
        bb += b * b;
        ac += a * c;
        bc += b * c;
        cc += c * c;
    }
    const double unit = power_of_two(-many->e), square = power_of_two(-2 * many->e);
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

#undef LANES
#undef TARGET
#undef OF
