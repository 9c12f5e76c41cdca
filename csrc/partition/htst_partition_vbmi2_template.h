/* htst_partition_vbmi2_template: a row of the fill with VBMI2 for one format.
 * htst_partition_vbmi2.c includes it once for each, with BITS and INT, the unsigned and signed
 * integers of the format's width; OUT, the type of a value's bits; GROUP, the number of elements
 * whose comparisons make a word; RULE(low, high), KEPT(w, left, rule) and PUT(w, left, kept,
 * column, room, indices, values), the steps; and OF(name), the name with the format's suffix. */

/* Compare the elements of a segment. Returns true if any element is kept. This function and the
 * next are separate, because a compiler that sees both stores all vectors of a segment in memory
 * between them. */
VBMI2 HTST_INLINE int
OF(compare_vbmi2)(const BITS *w, int64_t left, rule_512_t rule, uint64_t *kept)
{
    uint64_t any = 0;
    for (; left >= GROUP; left -= GROUP, w += GROUP) {
        any |= *kept++ = KEPT(w, GROUP, rule);
    }
    if (left > 0) {
        any |= *kept = KEPT(w, left, rule);
    }
    return any != 0;
}

VBMI2 HTST_NOINLINE static int64_t
OF(put_segment_vbmi2)(const BITS *w, int64_t left, const uint64_t *kept, int64_t column,
    int64_t room, int32_t *indices, OUT *values)
{
    int64_t k = 0;
    for (; left >= GROUP; left -= GROUP, w += GROUP, column += GROUP) {
        k += PUT(w, GROUP, *kept++, column, room - k, indices + k, values + k);
    }
    if (left > 0) {
        k += PUT(w, left, *kept, column, room - k, indices + k, values + k);
    }
    return k;
}

VBMI2 int64_t
OF(htst_partition_row_vbmi2)(const BITS *w, int64_t cols, INT low, INT high, const uint8_t *hits,
    int64_t room, int32_t *indices, OUT *values)
{
    const rule_512_t rule = RULE(low, high);
    uint64_t kept[SEGMENT / GROUP];
    int64_t k = 0, before = 0;
    for (int64_t j = 0; j < cols; j += SEGMENT) {
        const int64_t left = cols - j < SEGMENT ? cols - j : SEGMENT;
        if (hits == NULL) {
            htst_ahead(w + j, (int64_t) sizeof *w * SEGMENT, k - before >= BUSY);
            before = k;
        }
        else if (hits[j / SEGMENT] == 0) {
            continue;
        }
        if (HTST_LIKELY(left == SEGMENT) ? OF(compare_vbmi2)(w + j, SEGMENT, rule, kept)
                                         : OF(compare_vbmi2)(w + j, left, rule, kept)) {
            k += OF(put_segment_vbmi2)(w + j, left, kept, j, room - k, indices + k, values + k);
        }
    }
    return k;
}

#undef BITS
#undef INT
#undef OUT
#undef GROUP
#undef RULE
#undef KEPT
#undef PUT
#undef OF
