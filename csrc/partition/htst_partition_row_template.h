/* htst_partition_row_template: a row of the fill for one format and one type of indices.
 * htst_partition_fill_template.h includes it for each, with INDEX, the type, and INDEX_OF(name),
 * the name with the suffixes of both.
 *
 * Fills at most `room` places. In the dense loop each element is written where the next kept one
 * belongs; `room` ends the loops before anything is written beyond the row. */

static int64_t
INDEX_OF(fill_row)(const BITS *w, int64_t cols, INT low, INT high, const uint8_t *hits,
    int64_t room, INDEX *indices, OUT *values)
{
    const BITS base = BASE(low);
    const INT inside = INSIDE(low, high);
    int64_t k = 0;
    for (int64_t start = 0; start < cols; start += SEGMENT, hits++) {
        int64_t stop = cols - start < SEGMENT ? cols : start + SEGMENT;
        if (*hits >= DENSE) {
            for (int64_t j = start; j < stop && k < room; j++) {
                indices[k] = (INDEX) j;
                values[k] = VALUE(w[j]);
                k += (INT) (BITS) ((BITS) ORDERED(w[j]) - base) >= inside;
            }
        }
        else if (*hits > 0) {
            for (int64_t j = start; j < stop && k < room; j++) {
                if (HTST_UNLIKELY((INT) (BITS) ((BITS) ORDERED(w[j]) - base) >= inside)) {
                    indices[k] = (INDEX) j;
                    values[k++] = VALUE(w[j]);
                }
            }
        }
    }
    return k;
}

#undef INDEX
#undef INDEX_OF
