/* htst_partition_row_template: a row of the fill for one format and one type of indices.
 * htst_partition_fill_template.h includes it for each, with INDEX, the type, and INDEX_OF(name),
 * the name with the suffixes of both.
 *
 * `hits` may be NULL, as in htst_partition_row.h. Fills at most `room` places. The comparisons of
 * MASK_LANES elements make a word, and only its ones are visited: most elements are not kept, and
 * a branch for each would often be mispredicted. */

static int64_t
INDEX_OF(fill_row)(const BITS *w, int64_t cols, INT low, INT high, const uint8_t *hits,
    int64_t room, INDEX *indices, OUT *values)
{
    const BITS base = COUNT_OF(base)(low);
    const INT inside = COUNT_OF(inside)(low, high);
    int64_t k = 0, before = 0;
    for (int64_t start = 0; start < cols; start += MASK_LANES) {
        if (hits != NULL && hits[start / SEGMENT] == 0) {
            continue;
        }
        if (hits == NULL && start % SEGMENT == 0) {
            htst_ahead(w + start, (int64_t) sizeof *w * SEGMENT, k - before >= BUSY);
            before = k;
        }
        uint32_t kept = cols - start >= MASK_LANES
            ? COUNT_OF(mask)(w + start, MASK_LANES, base, inside)
            : COUNT_OF(mask)(w + start, cols - start, base, inside);
        for (; kept != 0 && k < room; kept &= kept - 1, k++) {
            const int64_t j = start + HTST_ZEROS_BELOW(kept);
            indices[k] = (INDEX) j;
            values[k] = VALUE(w[j]);
        }
    }
    return k;
}

#undef INDEX
#undef INDEX_OF
