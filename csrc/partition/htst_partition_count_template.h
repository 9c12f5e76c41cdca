/* htst_partition_count_template: the count of htst_partition.c for one width of elements. That file
 * includes it once for each, with BITS and INT, the unsigned and signed integers of that width;
 * ORDERED(w), an element's bits as an integer that grows with the float; and OF(name), the name
 * with the width's suffix.
 *
 * The counters of a segment have the width of its elements, so that compilers use whole vectors. */

/* The elements outside [low, high] are those whose difference to `low` is at least the number of
 * integers inside: one comparison of unsigned integers. The sign bits of `low` and of that number
 * are flipped, because most vector instructions compare signed integers only. */
static inline BITS
OF(base)(INT low)
{
    return (BITS) low ^ (BITS) ((BITS) 1 << (8 * sizeof(BITS) - 1));
}

static inline INT
OF(inside)(INT low, INT high)
{
    BITS size = (BITS) (low > high ? 0 : (BITS) high - (BITS) low + 1);
    return (INT) OF(base)((INT) size);
}

/* Bit i is 1 if element i of w[n], n <= MASK_LANES, is kept. */
HTST_INLINE uint32_t
OF(mask)(const BITS *w, int64_t n, BITS base, INT inside)
{
    uint8_t kept[MASK_LANES] = { 0 };
    uint32_t mask = 0;
    for (int64_t i = 0; i < n; i++) {
        kept[i] = (INT) (BITS) ((BITS) ORDERED(w[i]) - base) >= inside;
    }
    for (int i = 0; i < MASK_LANES; i += 8) {
        mask |= bits_of_bytes(kept + i) << i;
    }
    return mask;
}

HTST_KERNEL(int64_t, OF(count_row),
    (const BITS *w, int64_t cols, INT low, INT high, BITS infinity, uint8_t *hits,
        int64_t *not_finite),
    (w, cols, low, high, infinity, hits, not_finite))
{
    const BITS sign = (BITS) ((BITS) 1 << (8 * sizeof(BITS) - 1));
    const BITS base = OF(base)(low);
    const INT inside = OF(inside)(low, high);
    int64_t count = 0, bad = 0;
    for (int64_t start = 0; start < cols; start += SEGMENT) {
        int64_t stop = cols - start < SEGMENT ? cols : start + SEGMENT;
        BITS kept = 0, odd = 0;
        htst_ahead(w + start, (int64_t) sizeof(BITS) * SEGMENT, 0);
        for (int64_t j = start; j < stop; j++) {
            kept = (BITS) (kept + (BITS) ((INT) (BITS) ((BITS) ORDERED(w[j]) - base) >= inside));
            odd = (BITS) (odd + (BITS) ((BITS) (w[j] & ~sign) >= infinity));
        }
        *hits++ = (uint8_t) (kept < 255 ? kept : 255);
        count += (int64_t) kept;
        bad += (int64_t) odd;
    }
    *not_finite += bad;
    return count;
}

static int
OF(count_rows)(const BITS *w, int64_t rows, int64_t cols, INT low, INT high, BITS infinity,
    int64_t *counts, uint8_t *hits, int64_t *not_finite)
{
    *not_finite = 0;
    for (int64_t r = 0; r < rows; r++) {
        counts[r] = OF(count_row)(
            w + r * cols, cols, low, high, infinity, hits + r * segments(cols), not_finite);
    }
    return HTST_OK;
}

#undef BITS
#undef INT
#undef ORDERED
#undef OF
