#include "htst_tally.h"
#include "htst_test.h"

#include <string.h>

/* Compare with the header's definition, element by element, with blocks of every length. */
static void
test_against_the_definition(htst_tail_side_t side)
{
    enum { N = 3000 };
    static double x[N], out[N], want_out[N];
    static int64_t table[HTST_TALLY_SIZE], want[HTST_TALLY_SIZE];
    const double odd[12] = { 0, -0.0, 65535, 65536, 65537, -65536, 0.5, 7.5, -3, 1e300, -0.25,
        65535.5 };
    htst_tally_seen_t seen = { 0, 0 };
    int64_t m = 0, want_m = 0, others = 0, fractions = 0;

    for (int i = 0; i < HTST_TALLY_SIZE; i++) {
        table[i] = want[i] = 0;
    }
    for (int i = 0; i < N; i++) { /* plain blocks, then mixed ones */
        x[i] = i < 1200 || i % 3 ? 1 + (i * 7919) % 97 : odd[i % 12];
        double v = side == HTST_TAIL_ABS ? fabs(x[i]) : side == HTST_TAIL_NEGATIVE ? -x[i] : x[i];
        want[v >= 1 && v < 65536 ? (int) v : 0]++;
        others += v < 0;
        fractions += v > 0 && v < 65536 && v != floor(v);
        if (v >= 65536) {
            want_out[want_m++] = v;
        }
    }
    for (int64_t start = 0, size = 0; start < N; start += size, size += 211) {
        size = size < N - start ? size : N - start;
        m += htst_tally_f64(size, x + start, side, table, out + m, &seen);
    }
    CHECK(m == want_m && seen.others == others && seen.wrong == fractions);
    CHECK(!memcmp(out, want_out, (size_t) m * sizeof *out));
    CHECK(!memcmp(table, want, sizeof table));
}

static void
test_what_is_not_finite_is_copied(void)
{
    double x[4] = { NAN, INFINITY, 3, -INFINITY }, out[4];
    static int64_t table[HTST_TALLY_SIZE];
    htst_tally_seen_t seen = { 0, 0 };

    CHECK(htst_tally_f64(4, x, HTST_TAIL_POSITIVE, table, out, &seen) == 2);
    CHECK(isnan(out[0]) && isinf(out[1]) && table[3] == 1 && table[0] == 3);
    CHECK(seen.others == 1 && seen.wrong == 1);
}

int
main(void)
{
    test_against_the_definition(HTST_TAIL_ABS);
    test_against_the_definition(HTST_TAIL_POSITIVE);
    test_against_the_definition(HTST_TAIL_NEGATIVE);
    test_what_is_not_finite_is_copied();
    return htst_test_report("tally");
}
