/* htst_partition_avx2_template: a row of the fill with AVX2 for one format.
 * htst_partition_avx2.c includes it once for each, with BITS and INT, the unsigned and signed
 * integers of the format's width; OUT, the type of a value's bits; LANES, the number of elements of
 * a vector; RULE(low, high), LOAD(w), KEPT(bits, rule, is_even) and PUT(mask, column, bits,
 * indices, values), the steps; and OF(name), the name with the format's suffix. */

/* Elements whose comparisons are tested together: most matrices keep few elements. */
#define GROUP (4 * LANES)

/* Store the kept elements of four vectors, of which `left` elements belong to the row. Returns
 * their number. Vectors are stored whole: later stores, within GROUP elements, overwrite the lanes
 * after the kept ones. */
AVX2 HTST_INLINE int64_t
OF(group)(const BITS *w, int64_t left, int64_t column, rule_256_t rule, int is_even,
    int32_t *indices, OUT *values)
{
    __m256i bits[4];
    unsigned mask[4], any = 0;
    int64_t k = 0;
    for (int v = 0; v < 4; v++) {
        int64_t lanes = left - LANES * v;
        bits[v] = LOAD(w + LANES * v);
        mask[v] = KEPT(bits[v], rule, is_even);
        if (lanes < LANES) {
            mask[v] &= lanes > 0 ? (1u << lanes) - 1 : 0;
        }
        any |= mask[v];
    }
    if (any == 0) {
        return 0;
    }
    for (int v = 0; v < 4; v++) {
        k += PUT(mask[v], column + LANES * v, bits[v], indices + k, values + k);
    }
    return k;
}

/* The end of a row, and groups for which there may not be room: through buffers. */
AVX2 HTST_NOINLINE static int64_t
OF(last_group)(const BITS *w, int64_t left, int64_t column, rule_256_t rule, int64_t room,
    int32_t *indices, OUT *values)
{
    BITS last[GROUP] = { 0 };
    int32_t last_indices[GROUP];
    OUT last_values[GROUP];
    memcpy(last, w, (size_t) left * sizeof *w);
    int64_t kept = OF(group)(last, left, column, rule, 0, last_indices, last_values);
    kept = kept < room ? kept : room;
    memcpy(indices, last_indices, (size_t) kept * sizeof *indices);
    memcpy(values, last_values, (size_t) kept * sizeof *values);
    return kept;
}

/* The row, for an interval that is even (see rule_256_t) or not. */
AVX2 HTST_INLINE int64_t
OF(row_avx2)(const BITS *w, int64_t cols, rule_256_t rule, int is_even, const uint8_t *hits,
    int64_t room, int32_t *indices, OUT *values)
{
    int64_t k = 0, before = 0;
    for (int64_t j = 0; j < cols; j += GROUP) {
        if (hits != NULL && hits[j / SEGMENT] == 0) {
            continue;
        }
        if (hits == NULL && j % SEGMENT == 0) {
            htst_ahead(w + j, (int64_t) sizeof *w * SEGMENT, k - before >= BUSY);
            before = k;
        }
        if (HTST_LIKELY(cols - j >= GROUP && room - k >= GROUP)) {
            k += OF(group)(w + j, GROUP, j, rule, is_even, indices + k, values + k);
        }
        else {
            int64_t left = cols - j < GROUP ? cols - j : GROUP;
            k += OF(last_group)(w + j, left, j, rule, room - k, indices + k, values + k);
        }
    }
    return k;
}

AVX2 int64_t
OF(htst_partition_row_avx2)(const BITS *w, int64_t cols, INT low, INT high, const uint8_t *hits,
    int64_t room, int32_t *indices, OUT *values)
{
    const rule_256_t rule = RULE(low, high);
    return high >= 0 && low == ~high ? OF(row_avx2)(w, cols, rule, 1, hits, room, indices, values)
                                     : OF(row_avx2)(w, cols, rule, 0, hits, room, indices, values);
}

#undef GROUP
#undef BITS
#undef INT
#undef OUT
#undef LANES
#undef RULE
#undef LOAD
#undef KEPT
#undef PUT
#undef OF
