/* htst_tail_x86_template: htst_tail_x86.h for one kind of instructions and one type of floats. A
 * file includes it once for each pair, with TARGET, the instructions; FLOAT, UINT and INT, the type
 * and the integers of its size; HIGHEST, the largest INT; LANES, the elements of a VECTOR;
 * ALL(value), a vector with one value in all lanes; LOAD(x); KEYS(bits, kept, flipped); PUT(keys,
 * low, high, to), which returns the number of keys written; CONTRIBUTE(bits, sums), which adds to
 * two vectors; TOTAL(sums); COUNT(x, table), which counts the elements of a vector; and OF(name),
 * the name with the kind and the type. */

TARGET int64_t
OF(htst_tail_block)(int64_t n, const FLOAT *x, UINT kept, UINT flipped, INT low, uint32_t *table,
    UINT *keys, uint64_t *checksum)
{
    const VECTOR all_kept = ALL(kept), all_flipped = ALL(flipped), all_low = ALL(low);
    const VECTOR all_high = ALL(HIGHEST);
    VECTOR sums[2] = { ALL(0), ALL(0) };
    int64_t m = 0;

    for (int64_t i = 0; i < n; i += LANES) {
        const VECTOR bits = LOAD(x + i);
        CONTRIBUTE(bits, sums);
        m += PUT(KEYS(bits, all_kept, all_flipped), all_low, all_high, keys + m);
        COUNT(x + i, table);
    }
    *checksum += TOTAL(sums);
    return m;
}

TARGET int64_t
OF(htst_tail_keys)(
    int64_t n, const FLOAT *x, UINT kept, UINT flipped, INT low, INT high, UINT *keys)
{
    const VECTOR all_kept = ALL(kept), all_flipped = ALL(flipped);
    const VECTOR all_low = ALL(low), all_high = ALL(high);
    int64_t m = 0;

    for (int64_t i = 0; i < n; i += LANES) {
        m += PUT(KEYS(LOAD(x + i), all_kept, all_flipped), all_low, all_high, keys + m);
    }
    return m;
}

#undef FLOAT
#undef UINT
#undef INT
#undef LANES
#undef HIGHEST
#undef ALL
#undef PUT
#undef CONTRIBUTE
#undef COUNT
#undef OF
