/* htst_rank_read reads any number: it refuses it, or htst_rank_write gives the number back. */
#include "htst_fuzz.h"
#include "htst_rank.h"

enum { MOST_PLACES = 80 };

static void
read_any_number(htst_fuzz_t *input)
{
    int64_t k = htst_fuzz_int(input, MOST_PLACES), n = k + htst_fuzz_int(input, 1000);
    int64_t n_words = (int64_t) input->left / 8, needed = htst_rank_words(n, k), before = -1;
    uint64_t *number = htst_fuzz_array(input, n_words, 8);
    uint64_t *work = malloc((size_t) needed * 16), *again = malloc((size_t) needed * 8);
    int64_t *places = malloc((size_t) k * 8);
    if (htst_rank_read(number, n_words, k, n, work, places) == 0) {
        for (int64_t i = 0; i < k; i++) {
            REQUIRE(places[i] > before && places[i] < n);
            before = places[i];
        }
        REQUIRE(htst_rank_write(places, k, n, needed, work, again) == 0);
        for (int64_t w = 0; w < n_words || w < needed; w++) {
            REQUIRE((w < needed ? again[w] : 0) == (w < n_words ? number[w] : 0));
        }
    }
    free(number);
    free(work);
    free(again);
    free(places);
}

/* Any set comes back; any other places are refused. */
static void
write_any_places(htst_fuzz_t *input)
{
    int64_t k = htst_fuzz_int(input, MOST_PLACES), at = -1, gap = 1 + htst_fuzz_int(input, 500);
    int64_t *places = malloc((size_t) k * 8), *again = malloc((size_t) k * 8);
    int increases = 1;
    for (int64_t i = 0; i < k; i++) {
        int64_t step = htst_fuzz_int(input, gap + 1) + (input->left > 0);
        increases = increases && step > 0;
        at += step;
        places[i] = at;
    }
    int64_t n = at + 1 + htst_fuzz_int(input, 3), n_words = htst_rank_words(n, k);
    if (n_words < 0) {
        REQUIRE(!increases);
    }
    else {
        uint64_t *rank = malloc((size_t) n_words * 8), *work = malloc((size_t) n_words * 16);
        int status = htst_rank_write(places, k, n, n_words, work, rank);
        REQUIRE((status == 0) == increases);
        if (status == 0) {
            REQUIRE(htst_rank_read(rank, n_words, k, n, work, again) == 0);
            REQUIRE(k == 0 || memcmp(again, places, (size_t) k * 8) == 0);
        }
        free(rank);
        free(work);
    }
    free(places);
    free(again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const htst_fuzz_way_t ways[] = { { 2, write_any_places }, { 3, read_any_number },
        { 0, NULL } };
    return htst_fuzz_take(data, size, ways);
}
