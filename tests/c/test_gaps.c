#include "htst_gaps.h"

#include <string.h>

#include "htst_test.h"

enum { COLS = 1000 };

/* by hand, k = 1: gaps 0, 1, 5, and 994 zeros on to the next row's column 2 */
static void
test_bits(void)
{
    static const int64_t indptr[] = { 0, 3, 4 }, indices[] = { 0, 2, 8, 2 };
    /* 0: 1|0  1: 1|1  5: 001|1, then 993 = 32 zeros and 64 bits */
    static const uint8_t first[] = { 0xCD, 0 };
    uint8_t out[32];
    int64_t n_bytes, back_indptr[3], back_indices[4];

    CHECK(htst_gaps_size(2, COLS, indptr, indices, 1, &n_bytes) == HTST_OK);
    CHECK(n_bytes == (2 + 2 + 4 + 96) / 8);
    memset(out, 0xEE, sizeof(out));
    htst_gaps_write(2, COLS, indptr, indices, 1, out);
    CHECK(memcmp(out, first, 2) == 0);
    CHECK(out[1 + 4] == (993 & 0xFF) && out[1 + 5] == 993 >> 8);
    CHECK(out[n_bytes] == 0xEE);
    CHECK(htst_gaps_read(n_bytes, out, 1, 4, 2, COLS, back_indptr, back_indices) == HTST_OK);
    CHECK(memcmp(back_indptr, indptr, sizeof(indptr)) == 0);
    CHECK(memcmp(back_indices, indices, sizeof(indices)) == 0);
}

static void
test_bad_csr(void)
{
    static const int64_t indptr[] = { 0, 2 }, falling[] = { 0, -1 }, late[] = { 1, 2 };
    static const int64_t indices[] = { 3, 5 }, equal[] = { 3, 3 }, outside[] = { 3, 6 };
    int64_t n_bytes;

    CHECK(htst_gaps_size(1, 6, indptr, indices, 2, &n_bytes) == HTST_OK);
    CHECK(htst_gaps_size(1, 6, falling, indices, 2, &n_bytes) == HTST_ERR_BAD_ARG);
    CHECK(htst_gaps_size(1, 6, late, indices, 2, &n_bytes) == HTST_ERR_BAD_ARG);
    CHECK(htst_gaps_size(1, 6, indptr, equal, 2, &n_bytes) == HTST_ERR_BAD_ARG);
    CHECK(htst_gaps_size(1, 6, indptr, outside, 2, &n_bytes) == HTST_ERR_BAD_ARG);
    CHECK(htst_gaps_size(1, 6, indptr, indices, 32, &n_bytes) == HTST_ERR_BAD_ARG);
    CHECK(htst_gaps_size(1, 6, indptr, indices, -1, &n_bytes) == HTST_ERR_BAD_ARG);
}

/* For every truncation, every flipped bit and random bytes the reader returns a status and does not
 * read or write out of bounds. */
static void
test_any_bytes(void)
{
    enum { N = 40 };
    int64_t indptr[] = { 0, 20, 20, N }, indices[N], back_indptr[4], back[N], n_bytes;
    uint8_t out[512];
    uint32_t state = 1;
    int survived = 0;

    for (int64_t e = 0; e < N; e++) {
        indices[e] = (e % 20) * 37 + (e * e) % 30;
    }
    CHECK(htst_gaps_size(3, COLS, indptr, indices, 3, &n_bytes) == HTST_OK);
    htst_gaps_write(3, COLS, indptr, indices, 3, out);
    for (int64_t cut = 0; cut < n_bytes; cut++) {
        CHECK(htst_gaps_read(cut, out, 3, N, 3, COLS, back_indptr, back) == HTST_ERR_BAD_ARG);
    }
    out[n_bytes] = 0;
    CHECK(htst_gaps_read(n_bytes + 1, out, 3, N, 3, COLS, back_indptr, back) == HTST_ERR_BAD_ARG);
    for (int64_t bit = 0; bit < 8 * n_bytes; bit++) {
        out[bit / 8] ^= (uint8_t) (1 << (bit % 8));
        if (htst_gaps_read(n_bytes, out, 3, N, 3, COLS, back_indptr, back) == HTST_OK) {
            survived++;
            CHECK(memcmp(back, indices, sizeof(back)) != 0);
        }
        out[bit / 8] ^= (uint8_t) (1 << (bit % 8));
    }
    CHECK(survived < 8 * n_bytes);
    for (int trial = 0; trial < 20000; trial++) {
        for (int b = 0; b < 64; b++) {
            state = state * 1664525 + 1013904223;
            out[b] = (uint8_t) ((state >> 24) & (trial % 3 ? 0xFF : 0x11));
        }
        int status = htst_gaps_read(64, out, trial % 32, N, 3, COLS, back_indptr, back);
        CHECK(status == HTST_OK || status == HTST_ERR_BAD_ARG);
    }
}

static void
test_limits(void)
{
    const int64_t wide = INT64_C(1) << 40, last = wide - 1;
    int64_t indptr[] = { 0, 1 }, back_indptr[2], back, n_bytes;
    uint8_t out[16];

    for (int k = 0; k <= HTST_GAPS_MAX_K; k++) {
        CHECK(htst_gaps_size(1, wide, indptr, &last, k, &n_bytes) == HTST_OK);
        htst_gaps_write(1, wide, indptr, &last, k, out);
        CHECK(htst_gaps_read(n_bytes, out, k, 1, 1, wide, back_indptr, &back) == HTST_OK);
        CHECK(back == last);
    }
    indptr[1] = 0;
    CHECK(htst_gaps_size(1, INT64_MAX, indptr, NULL, 0, &n_bytes) == HTST_OK && n_bytes == 0);
    CHECK(htst_gaps_read(0, NULL, 0, 0, 3, INT64_MAX / 2, back_indptr, &back) == HTST_ERR_OVERFLOW);
    CHECK(htst_gaps_read(0, NULL, 0, 1, 1, 0, back_indptr, &back) == HTST_ERR_BAD_ARG);
    CHECK(htst_gaps_read(0, NULL, 0, 0, 1, 0, back_indptr, &back) == HTST_OK);
}

/* Every 3 x 3 pattern at every small k: the size in whole bytes is right, and reading gives the
 * pattern back. */
static void
test_every_small_matrix(void)
{
    for (int pattern = 0; pattern < 1 << 9; pattern++) {
        int64_t indptr[4] = { 0 }, indices[9], back_indptr[4], back[9], n = 0, n_bytes;
        uint8_t out[16];
        for (int at = 0; at < 9; at++) {
            if (pattern >> at & 1) {
                indices[n++] = at % 3;
            }
            indptr[at / 3 + 1] = n;
        }
        for (int k = 0; k < 4; k++) {
            int bits = 0, previous = -1;
            for (int at = 0; at < 9; at++) {
                if (pattern >> at & 1) {
                    bits += ((at - previous - 1) >> k) + 1 + k;
                    previous = at;
                }
            }
            CHECK(htst_gaps_size(3, 3, indptr, indices, k, &n_bytes) == HTST_OK);
            CHECK(n_bytes == (bits + 7) / 8);
            htst_gaps_write(3, 3, indptr, indices, k, out);
            CHECK(htst_gaps_read((bits + 7) / 8, out, k, n, 3, 3, back_indptr, back) == HTST_OK);
            CHECK(memcmp(back_indptr, indptr, sizeof(indptr)) == 0);
            CHECK(memcmp(back, indices, (size_t) n * sizeof(*back)) == 0);
        }
    }
}

/* The longest unary part has 31 zeros; the next quotient is escaped. The last positions, and the
 * first one outside. */
static void
test_the_escape_and_the_end(void)
{
    int64_t indptr[] = { 0, 1 }, back_indptr[2], back, n_bytes;
    uint8_t out[16];

    for (int64_t column = 29; column < 35; column++) {
        CHECK(htst_gaps_size(1, 64, indptr, &column, 0, &n_bytes) == HTST_OK);
        CHECK(n_bytes == (column < 32 ? (column + 1 + 7) / 8 : 96 / 8));
        htst_gaps_write(1, 64, indptr, &column, 0, out);
        CHECK(htst_gaps_read(n_bytes, out, 0, 1, 1, 64, back_indptr, &back) == HTST_OK);
        CHECK(back == column);
        CHECK(htst_gaps_read(n_bytes, out, 0, 1, 1, column + 1, back_indptr, &back) == HTST_OK);
        CHECK(
            htst_gaps_read(n_bytes, out, 0, 1, 1, column, back_indptr, &back) == HTST_ERR_BAD_ARG);
    }
}

int
main(void)
{
    test_every_small_matrix();
    test_the_escape_and_the_end();
    test_bits();
    test_bad_csr();
    test_any_bytes();
    test_limits();
    return htst_test_report("test_gaps");
}
