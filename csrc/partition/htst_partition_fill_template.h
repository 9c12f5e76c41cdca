/* htst_partition_fill_template: the fill of htst_partition.c for one format of floats. That file
 * includes it once for each, with BITS and INT, the unsigned and signed integers of its width;
 * COUNT_OF(name), the name of a function of htst_partition_count_template.h for that width; OUT,
 * the type of a value's bits; VALUE(w), the value of an element; ROW_AVX2, ROW_AVX512 and
 * ROW_VBMI2, which fill a row with those instructions; and OF(name) and WIDE_OF(name), the name
 * with the format's suffix, for 32-bit and for 64-bit indices. */

#define INDEX int32_t
#define INDEX_OF(name) OF(name)
#include "htst_partition_row_template.h"

#define INDEX int64_t
#define INDEX_OF(name) WIDE_OF(name)
#include "htst_partition_row_template.h"

int64_t
OF(htst_partition_row_plain)(const BITS *w, int64_t cols, INT low, INT high, const uint8_t *hits,
    int64_t room, int32_t *indices, OUT *values)
{
    return OF(fill_row)(w, cols, low, high, hits, room, indices, values);
}

int
OF(htst_partition_fill)(const BITS *w, int64_t rows, int64_t cols, INT low, INT high,
    const uint8_t *hits, const int64_t *indptr, int instructions, int wide, void *indices,
    OUT *values)
{
    int64_t (*row)(const BITS *, int64_t, INT, INT, const uint8_t *, int64_t, int32_t *, OUT *) =
        instructions == HTST_PARTITION_VBMI2    ? ROW_VBMI2
        : instructions == HTST_PARTITION_AVX512 ? ROW_AVX512
        : instructions == HTST_PARTITION_AVX2   ? ROW_AVX2
                                                : OF(htst_partition_row_plain);
    for (int64_t r = 0; r < rows; r++, w += cols, hits += segments(cols)) {
        int64_t at = indptr[r], room = indptr[r + 1] - at;
        int64_t kept = wide
            ? WIDE_OF(fill_row)(
                w, cols, low, high, hits, room, (int64_t *) indices + at, values + at)
            : row(w, cols, low, high, hits, room, (int32_t *) indices + at, values + at);
        if (kept != room) {
            return HTST_ERR_BAD_ARG;
        }
    }
    return HTST_OK;
}

#undef BITS
#undef INT
#undef OUT
#undef COUNT_OF
#undef VALUE
#undef ROW_AVX2
#undef ROW_AVX512
#undef ROW_VBMI2
#undef OF
#undef WIDE_OF
