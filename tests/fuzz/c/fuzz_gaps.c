/* htst_gaps_read reads arbitrary bytes: it refuses them, or they are what htst_gaps_write makes. */
#include "htst_fuzz.h"
#include "htst_gaps.h"

static void
read_any_bytes(htst_fuzz_t *input)
{
    int k = (int) htst_fuzz_int(input, HTST_GAPS_MAX_K + 1);
    int64_t n = htst_fuzz_int(input, 200), rows = htst_fuzz_int(input, 50), cols;
    htst_fuzz_bytes(input, &cols, sizeof cols);
    cols = cols % 4 == 0 ? (int64_t) ((uint64_t) cols >> 2) : (int64_t) ((uint64_t) cols % 700);
    int64_t n_bytes = (int64_t) input->left, size = -1;
    uint8_t *bytes = htst_fuzz_array(input, n_bytes, 1);
    int64_t *indptr = malloc((size_t) (rows + 1) * 8), *indices = malloc((size_t) n * 8);
    if (htst_gaps_read(n_bytes, bytes, k, n, rows, cols, indptr, indices) == 0) {
        REQUIRE(indptr[0] == 0 && indptr[rows] == n);
        REQUIRE(htst_gaps_size(rows, cols, indptr, indices, k, &size) == 0 && size == n_bytes);
        uint8_t *again = malloc((size_t) size);
        htst_gaps_write(rows, cols, indptr, indices, k, again);
        REQUIRE(size == 0 || memcmp(again, bytes, (size_t) size) == 0);
        free(again);
    }
    free(bytes);
    free(indptr);
    free(indices);
}

/* Any pattern comes back; any other arguments are refused. */
static void
write_any_pattern(htst_fuzz_t *input)
{
    int k = (int) htst_fuzz_int(input, HTST_GAPS_MAX_K + 3) - 1;
    int64_t rows = htst_fuzz_int(input, 20), cols = htst_fuzz_int(input, 3000), size;
    int64_t *indptr = calloc((size_t) rows + 1, 8), n = 0;
    for (int64_t r = 0; r < rows; r++) {
        n += htst_fuzz_int(input, 20);
        indptr[r + 1] = n;
    }
    int64_t *indices = malloc((size_t) n * 8), *again = malloc((size_t) n * 8);
    int64_t *ends = malloc((size_t) (rows + 1) * 8);
    for (int64_t r = 0; r < rows; r++) {
        for (int64_t e = indptr[r], at = 0; e < indptr[r + 1]; e++) {
            at += htst_fuzz_int(input, 2 + cols / 16);
            indices[e] = at++;
        }
    }
    if (htst_gaps_size(rows, cols, indptr, indices, k, &size) == 0) {
        uint8_t *bytes = malloc((size_t) size);
        htst_gaps_write(rows, cols, indptr, indices, k, bytes);
        REQUIRE(htst_gaps_read(size, bytes, k, n, rows, cols, ends, again) == 0);
        REQUIRE(memcmp(ends, indptr, (size_t) (rows + 1) * 8) == 0);
        REQUIRE(n == 0 || memcmp(again, indices, (size_t) n * 8) == 0);
        free(bytes);
    }
    free(indptr);
    free(indices);
    free(again);
    free(ends);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const htst_fuzz_way_t ways[] = { { 1, write_any_pattern }, { 3, read_any_bytes },
        { 0, NULL } };
    return htst_fuzz_take(data, size, ways);
}
