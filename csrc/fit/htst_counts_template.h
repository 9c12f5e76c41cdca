/* htst_counts_template: htst_counts.c for one type of floats and one of slots. That file includes
 * it once for each pair, with FLOAT and UINT, the float and the unsigned integer of its size; SIGN,
 * the pattern of the sign bit; SLOT, the type of a count; and OF(name), the name with both
 * suffixes. */

int64_t
OF(htst_counts_add)(int64_t n, const FLOAT *x, htst_tail_side_t side, int64_t low, int64_t high,
    int shift, SLOT *table, int64_t room, int64_t *anew, int64_t *found)
{
    const UINT kept = side == HTST_TAIL_ABS ? ~SIGN : ~(UINT) 0;
    const UINT flipped = side == HTST_TAIL_NEGATIVE ? SIGN : 0;
    const UINT span = (UINT) (high - low);
    UINT place[HTST_COUNTS_AHEAD];
    int64_t i, written = 0;
    int m = 0;
    for (i = 0; i < n && room - written >= HTST_COUNTS_AHEAD; i++) {
        UINT bits;
        memcpy(&bits, x + i, sizeof bits);
        UINT at = ((bits & kept) ^ flipped) - (UINT) low;
        place[m] = at >> shift;
        m += at <= span;
        if (HTST_UNLIKELY(m == HTST_COUNTS_AHEAD) || i + 1 == n) {
            for (int j = 0; j < m; j++) {
                HTST_PREFETCH(table + place[j]);
            }
            for (int j = 0; j < m; j++) {
                table[place[j]]++;
                if (HTST_UNLIKELY(table[place[j]] == 0)) {
                    anew[written++] = (int64_t) place[j];
                }
            }
            m = 0;
        }
    }
    *found = written;
    return i;
}

#undef SLOT
#undef OF
