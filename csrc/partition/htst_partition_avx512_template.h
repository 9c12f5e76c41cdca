/* htst_partition_avx512_template: a row of the fill with AVX-512 for one format whose values have
 * 32 bits. htst_partition_avx512.c includes it once for each, with BITS and INT, the unsigned and
 * signed integers of the format's width; RULE(low, high), which kept_512 takes; LOAD(w, left),
 * sixteen elements as 32-bit integers; WIDE(bits), their values; and OF(name), the name with the
 * format's suffix. */

/* Store the kept elements of four vectors. Returns their number. Most matrices keep few elements,
 * so one test skips four vectors without kept elements. Vectors are stored whole: later stores,
 * within GROUP elements, overwrite the lanes after the kept ones. */
AVX512 HTST_INLINE int64_t
OF(group)(const BITS *w, int64_t left, int64_t column, rule_512_t rule, int32_t *indices,
    uint32_t *values)
{
    const __m512i step = _mm512_set1_epi32(16);
    __m512i columns =
        _mm512_add_epi32(_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
            _mm512_set1_epi32((int32_t) column));
    __m512i bits[4];
    __mmask16 mask[4];
    int64_t k = 0;
    for (int v = 0; v < 4; v++) {
        bits[v] = LOAD(w + 16 * v, left - 16 * v);
        mask[v] = kept_512(bits[v], rule) & lanes_512(left - 16 * v);
    }
    if ((mask[0] | mask[1] | mask[2] | mask[3]) == 0) {
        return 0;
    }
    for (int v = 0; v < 4; v++, columns = _mm512_add_epi32(columns, step)) {
        __m512i value = _mm512_maskz_compress_epi32(mask[v], WIDE(bits[v]));
        _mm512_storeu_si512(indices + k, _mm512_maskz_compress_epi32(mask[v], columns));
        _mm512_storeu_si512(values + k, value);
        k += _mm_popcnt_u32(mask[v]);
    }
    return k;
}

/* Fill a row by groups. A group is written to a buffer first if there may not be room for a
 * complete group. */
AVX512 int64_t
OF(htst_partition_row_avx512)(const BITS *w, int64_t cols, INT low, INT high, const uint8_t *hits,
    int64_t room, int32_t *indices, uint32_t *values)
{
    const rule_512_t rule = RULE(low, high);
    int32_t last_indices[GROUP];
    uint32_t last_values[GROUP];
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
            k += OF(group)(w + j, GROUP, j, rule, indices + k, values + k);
            continue;
        }
        int64_t left = cols - j < GROUP ? cols - j : GROUP;
        int64_t kept = OF(group)(w + j, left, j, rule, last_indices, last_values);
        kept = kept < room - k ? kept : room - k;
        memcpy(indices + k, last_indices, (size_t) kept * sizeof *indices);
        memcpy(values + k, last_values, (size_t) kept * sizeof *values);
        k += kept;
    }
    return k;
}

#undef BITS
#undef INT
#undef RULE
#undef LOAD
#undef WIDE
#undef OF
