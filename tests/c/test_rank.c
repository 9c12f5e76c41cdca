#include "htst_rank.h"

#include <stdlib.h>
#include <string.h>

#include "htst_test.h"

enum { MOST = 64 };

/* All sets of k places among n in the order of their ranks: the largest place that differs decides,
 * and so sets are in the order of the numbers whose binary digits they are. */
static void
test_every_small_set(void)
{
    for (int64_t n = 0; n <= 10; n++) {
        uint64_t next[11] = { 0 };
        for (uint32_t set = 0; set < 1u << n; set++) {
            int64_t places[10], back[10], k = 0;
            uint64_t rank[2] = { 7, 7 }, work[4];
            for (int64_t at = 0; at < n; at++) {
                if (set >> at & 1) {
                    places[k++] = at;
                }
            }
            CHECK(htst_rank_words(n, k) == 1);
            CHECK(htst_rank_write(places, k, n, 2, work, rank) == HTST_OK);
            CHECK(rank[0] == next[k] && rank[1] == 0);
            CHECK(htst_rank_read(rank, 2, k, n, work, back) == HTST_OK);
            CHECK(k == 0 || memcmp(back, places, (size_t) k * sizeof(*places)) == 0);
            next[k]++;
        }
        for (int64_t k = 0; k <= n; k++) { /* the first number that is no rank */
            int64_t back[10];
            uint64_t work[4];
            CHECK(htst_rank_read(&next[k], 1, k, n, work, back) == HTST_ERR_BAD_ARG);
        }
    }
}

/* out = C(n, k) by Pascal's rule */
static void
pascal(int64_t n, int64_t k, uint64_t *out, int64_t n_words)
{
    uint64_t *row = calloc((size_t) ((k + 1) * n_words), sizeof(*row));
    if (row == NULL) {
        return;
    }
    row[0] = 1;
    for (int64_t p = 1; p <= n; p++) {
        for (int64_t i = k; i > 0; i--) {
            uint64_t carry = 0;
            for (int64_t w = 0; w < n_words; w++) {
                uint64_t *sum = row + i * n_words + w, term = row[(i - 1) * n_words + w];
                uint64_t with_carry = *sum + carry;
                carry = with_carry < carry;
                *sum = with_carry + term;
                carry += *sum < term;
            }
        }
    }
    memcpy(out, row + k * n_words, (size_t) n_words * sizeof(*out));
    free(row);
}

/* The last set of all has the rank C(n, k) - 1, and C(n, k) is no rank. */
static void
test_the_last_rank(void)
{
    static const int64_t sizes[][2] = { { 64, 32 }, { 70, 35 }, { 130, 64 }, { 200, 100 },
        { 200, 3 }, { 200, 197 }, { 199, 199 }, { 500, 250 }, { 1000, 40 } };
    for (size_t s = 0; s < sizeof(sizes) / sizeof(*sizes); s++) {
        int64_t n = sizes[s][0], k = sizes[s][1], places[256], back[256];
        uint64_t count[MOST] = { 0 }, rank[MOST], work[2 * MOST];
        int64_t n_words = htst_rank_words(n, k);
        CHECK(n_words > 0 && n_words <= MOST);
        pascal(n, k, count, MOST);
        for (int64_t w = n_words; w < MOST; w++) {
            CHECK(count[w] == 0); /* there was room for the coefficient */
        }
        for (int64_t i = 0; i < k; i++) {
            places[i] = n - k + i;
        }
        CHECK(htst_rank_write(places, k, n, n_words, work, rank) == HTST_OK);
        CHECK(htst_rank_read(count, MOST, k, n, work, back) == HTST_ERR_BAD_ARG);
        for (int64_t w = 0; count[w]-- == 0; w++) { /* C(n, k) - 1 */
        }
        CHECK(memcmp(rank, count, (size_t) n_words * sizeof(*rank)) == 0);
        CHECK(htst_rank_read(rank, n_words, k, n, work, back) == HTST_OK);
        CHECK(memcmp(back, places, (size_t) k * sizeof(*places)) == 0);
    }
}

/* Random sets come back, whatever their density, with exactly the room that is needed. */
static void
test_random_sets(void)
{
    uint32_t state = 1;
    for (int trial = 0; trial < 2000; trial++) {
        int64_t places[400], back[400], k = 0, at = 0, gaps = 1 + trial % 40 * (trial % 7);
        while (k < trial % 300) {
            state = state * 1664525 + 1013904223;
            at += (state >> 8) % (uint32_t) gaps;
            places[k++] = at++;
        }
        int64_t n = at + trial % 3, n_words = htst_rank_words(n, k);
        uint64_t *rank = malloc((size_t) n_words * 8), *work = malloc((size_t) n_words * 16);
        CHECK(n_words > 0 && rank && work);
        CHECK(htst_rank_write(places, k, n, n_words, work, rank) == HTST_OK);
        CHECK(htst_rank_read(rank, n_words, k, n, work, back) == HTST_OK);
        CHECK(k == 0 || memcmp(back, places, (size_t) k * sizeof(*places)) == 0);
        free(rank);
        free(work);
    }
}

/* C(p, k) - 1 is the rank of the k places below p. Leading bits cannot tell it from C(p, k). */
static void
test_neighbours_of_a_coefficient(void)
{
    enum { N = 500, K = 40 };
    for (int64_t p = K; p <= N; p++) {
        int64_t places[K], back[K];
        uint64_t rank[MOST], work[2 * MOST];
        for (int64_t i = 0; i < K; i++) {
            places[i] = p - K + i;
        }
        CHECK(htst_rank_write(places, K, N, MOST, work, rank) == HTST_OK);
        CHECK(htst_rank_read(rank, MOST, K, N, work, back) == HTST_OK);
        CHECK(memcmp(back, places, sizeof(places)) == 0);
    }
}

static void
test_places_up_to_32_bits(void)
{
    const int64_t n = HTST_RANK_MOST_N, places[] = { 0, n - 2, n - 1 };
    int64_t back[3];
    uint64_t rank[4], work[8];

    CHECK(htst_rank_words(n, 3) <= 4);
    CHECK(htst_rank_write(places, 3, n, 4, work, rank) == HTST_OK);
    CHECK(htst_rank_read(rank, 4, 3, n, work, back) == HTST_OK);
    CHECK(memcmp(back, places, sizeof(places)) == 0);
}

static void
test_bad_arguments(void)
{
    const int64_t good[] = { 1, 5, 9 }, equal[] = { 1, 5, 5 }, falling[] = { 5, 1, 9 };
    const int64_t below[] = { -1, 5, 9 };
    int64_t back[3];
    uint64_t rank[4] = { 0 }, work[8];

    CHECK(htst_rank_words(-1, 0) == HTST_ERR_BAD_ARG);
    CHECK(htst_rank_words(3, 4) == HTST_ERR_BAD_ARG);
    CHECK(htst_rank_words(3, -1) == HTST_ERR_BAD_ARG);
    CHECK(htst_rank_words(HTST_RANK_MOST_N + 1, 1) == HTST_ERR_BAD_ARG);
    CHECK(htst_rank_write(good, 3, 10, 1, work, rank) == HTST_OK);
    CHECK(htst_rank_write(good, 3, 9, 1, work, rank) == HTST_ERR_BAD_ARG);
    CHECK(htst_rank_write(good, 3, 10, 0, work, rank) == HTST_ERR_BAD_ARG);
    CHECK(htst_rank_write(equal, 3, 10, 1, work, rank) == HTST_ERR_BAD_ARG);
    CHECK(htst_rank_write(falling, 3, 10, 1, work, rank) == HTST_ERR_BAD_ARG);
    CHECK(htst_rank_write(below, 3, 10, 1, work, rank) == HTST_ERR_BAD_ARG);
    CHECK(htst_rank_write(good, 3, 2, 1, work, rank) == HTST_ERR_BAD_ARG);
    CHECK(htst_rank_write(good, 3, HTST_RANK_MOST_N + 1, 4, work, rank) == HTST_ERR_BAD_ARG);
    rank[0] = 120; /* C(10, 3) */
    CHECK(htst_rank_read(rank, 1, 3, 10, work, back) == HTST_ERR_BAD_ARG);
    CHECK(htst_rank_read(rank, -1, 3, 10, work, back) == HTST_ERR_BAD_ARG);
    CHECK(htst_rank_read(rank, 1, 4, 3, work, back) == HTST_ERR_BAD_ARG);
    rank[0] = 119;
    CHECK(htst_rank_read(rank, 1, 3, 10, work, back) == HTST_OK);
    CHECK(back[0] == 7 && back[1] == 8 && back[2] == 9);
    rank[3] = 1; /* more words than any rank has */
    CHECK(htst_rank_read(rank, 4, 3, 10, work, back) == HTST_ERR_BAD_ARG);
    CHECK(htst_rank_read(NULL, 0, 3, 10, work, back) == HTST_OK && back[2] == 2);
}

int
main(void)
{
    test_every_small_set();
    test_the_last_rank();
    test_random_sets();
    test_neighbours_of_a_coefficient();
    test_places_up_to_32_bits();
    test_bad_arguments();
    return htst_test_report("test_rank");
}
