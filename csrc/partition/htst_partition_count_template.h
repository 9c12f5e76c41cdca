/* htst_partition_count_template: the count of htst_partition.c for one width of elements. That file
 * includes it once for each, with BITS and INT, the unsigned and signed integers of that width;
 * ORDERED(w), an element's bits as an integer that grows with the float; and OF(name), the name
 * with the width's suffix.
 *
 * The counters of a segment have the width of its elements, so that compilers use whole vectors. */

HTST_KERNEL(int64_t, OF(count_row),
    (const BITS *w, int64_t cols, INT low, INT high, BITS infinity, uint8_t *hits,
        int64_t *not_finite),
    (w, cols, low, high, infinity, hits, not_finite))
{
    const BITS sign = (BITS) ((BITS) 1 << (8 * sizeof(BITS) - 1));
    int64_t count = 0, bad = 0;
    for (int64_t start = 0; start < cols; start += SEGMENT) {
        int64_t stop = cols - start < SEGMENT ? cols : start + SEGMENT;
        BITS kept = 0, odd = 0;
        htst_ahead(w + start, (int64_t) sizeof(BITS) * SEGMENT, 0);
        for (int64_t j = start; j < stop; j++) {
            INT o = ORDERED(w[j]);
            kept = (BITS) (kept + (BITS) ((o > high) | (o < low)));
            odd = (BITS) (odd + (BITS) ((BITS) (w[j] & ~sign) >= infinity));
        }
        *hits++ = (uint8_t) (kept < 255 ? kept : 255);
        count += (int64_t) kept;
        bad += (int64_t) odd;
    }
    *not_finite += bad;
    return count;
}

#undef BITS
#undef INT
#undef ORDERED
#undef OF
