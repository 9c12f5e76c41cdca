#include "htst_normal.h"

#include <string.h>

#include "htst_test.h"

/* Random123's kat_vectors, "philox4x32 10". */
static void
test_known_answers(void)
{
    static const uint32_t counter[3][4] = {
        { 0, 0, 0, 0 },
        { 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff },
        { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 },
    };
    static const uint32_t key[3][2] = { { 0, 0 }, { 0xffffffff, 0xffffffff },
        { 0xa4093822, 0x299f31d0 } };
    static const uint32_t answer[3][4] = {
        { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 },
        { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd },
        { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 },
    };

    for (int t = 0; t < 3; t++) {
        uint32_t out[4];
        htst_normal_philox4x32(counter[t], key[t], out);
        for (int w = 0; w < 4; w++) {
            CHECK(out[w] == answer[t][w]);
        }
    }
}

/* A strided block, and nothing beyond it, agrees with single entries. */
static void
test_block_and_entries(void)
{
    enum { ROWS = 3, COLS = 1031, STRIDE = 1040 };
    static double out[ROWS * STRIDE];
    const int64_t row = 5, col = 7;

    for (int k = 0; k < ROWS * STRIDE; k++) {
        out[k] = 99;
    }
    CHECK(htst_normal_fill(1, 2, row, col, ROWS, COLS, STRIDE, out) == HTST_OK);
    for (int64_t r = 0; r < ROWS; r++) {
        for (int64_t c = 0; c < STRIDE; c++) {
            double single = 99;
            int64_t i = row + r, j = col + c;
            if (c < COLS) {
                CHECK(htst_normal_at(1, 2, 1, &i, &j, &single) == HTST_OK);
            }
            CHECK(out[r * STRIDE + c] == single);
        }
    }
}

static void
test_quantiles(void)
{
    /* Phi^-1 at 1e-3, 1e-10 and 2^-53, from mpmath */
    CHECK_CLOSE(htst_normal_quantile(1e-3), -3.0902323061678135415, 1e-15);
    CHECK_CLOSE(htst_normal_quantile(1e-10), -6.3613409024040562047, 1e-15);
    CHECK_CLOSE(htst_normal_quantile(0x1p-53), -8.2095361516013867, 1e-15);
    CHECK(htst_normal_quantile(0.5) == 0);
    CHECK(isnan(htst_normal_quantile(0)));
    CHECK(isnan(htst_normal_quantile(1)));
    CHECK(isnan(htst_normal_quantile(NAN)));
}

/* The bits that tests/test_core_normal.py pins by SHA-256, here as the FNV-1a hash of their bytes:
 * this program is built without target_clones, so that the plain loops are tested too. */
static void
test_pinned_bits(void)
{
    static double out[64 * 64];
    uint64_t hash = UINT64_C(0xCBF29CE484222325);

    CHECK(htst_normal_fill(20240229, 3, 0, 0, 64, 64, 64, out) == HTST_OK);
    for (int e = 0; e < 64 * 64; e++) {
        uint64_t bits;
        memcpy(&bits, &out[e], sizeof(bits));
        for (int b = 0; b < 64; b += 8) {
            hash = (hash ^ (bits >> b & 0xFF)) * UINT64_C(0x100000001B3);
        }
    }
    CHECK(hash == UINT64_C(0x4E43E9E14853C439));
}

static void
test_ranges(void)
{
    const int64_t end = INT64_C(1) << 32;
    double out[2];
    int64_t zero = 0;

    CHECK(htst_normal_fill(0, end - 1, end - 1, end - 2, 1, 2, 2, out) == HTST_OK);
    CHECK(htst_normal_fill(0, end, 0, 0, 1, 2, 2, out) == HTST_ERR_BAD_ARG);
    CHECK(htst_normal_fill(0, -1, 0, 0, 1, 2, 2, out) == HTST_ERR_BAD_ARG);
    CHECK(htst_normal_fill(0, 0, end, 0, 1, 2, 2, out) == HTST_ERR_BAD_ARG);
    CHECK(htst_normal_fill(0, 0, 0, end - 1, 1, 2, 2, out) == HTST_ERR_BAD_ARG);
    CHECK(htst_normal_fill(0, 0, 0, 0, INT64_MAX, 2, 2, out) == HTST_ERR_BAD_ARG);
    CHECK(htst_normal_fill(0, 0, 0, 0, 2, 2, 1, out) == HTST_ERR_BAD_ARG);
    CHECK(htst_normal_fill(0, 0, end, end, 0, 0, 0, out) == HTST_OK);
    CHECK(htst_normal_at(0, 0, 1, &end, &zero, out) == HTST_ERR_BAD_ARG);
    CHECK(htst_normal_at(0, 0, 1, &zero, &end, out) == HTST_ERR_BAD_ARG);
    CHECK(htst_normal_at(0, 0, -1, &zero, &zero, out) == HTST_ERR_BAD_ARG);
}

int
main(void)
{
    test_known_answers();
    test_block_and_entries();
    test_quantiles();
    test_pinned_bits();
    test_ranges();
    return htst_test_report("test_normal");
}
