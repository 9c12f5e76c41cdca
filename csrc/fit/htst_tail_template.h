/* htst_tail_template: htst_tail.c for one type of floats. That file includes it once for each, with
 * FLOAT, UINT and INT, the float and the integers of its size; SIGN, INFINITE and LARGEST, the
 * patterns of the sign bit, of infinity and of all other bits; DROPPED, as in htst_tail.h;
 * UPPER(bits) and LOWER(bits), the halves of a pattern, where one of 32 bits is the upper half; and
 * OF(name), the name with the type's suffix. */

static inline UINT
OF(bits)(const FLOAT *x)
{
    UINT bits;
    memcpy(&bits, x, sizeof bits);
    return bits;
}

typedef struct {
    UINT not_finite, zeros, below; /* below: sign bit set */
} OF(few_t);
#define FEW OF(few_t)

HTST_KERNEL(FEW, OF(survey_block), (int64_t n, const FLOAT *x), (n, x))
{
    UINT not_finite = 0, zeros = 0, below = 0;
    for (int64_t i = 0; i < n; i++) {
        UINT bits = OF(bits)(x + i), a = bits & ~SIGN;
        not_finite += a >= INFINITE;
        zeros += a == 0;
        below += (bits > SIGN) & (a < INFINITE);
    }
    return (FEW){ not_finite, zeros, below };
}

void
OF(htst_tail_survey)(int64_t n, const FLOAT *x, htst_tail_seen_t *seen)
{
    for (int64_t i = 0; i < n; i += BLOCK) {
        int64_t size = n - i < BLOCK ? n - i : BLOCK;
        FEW few = OF(survey_block)(size, x + i);
        seen->not_finite += (int64_t) few.not_finite;
        seen->zeros += (int64_t) few.zeros;
        seen->negative += (int64_t) few.below;
        seen->positive += size - (int64_t) (few.not_finite + few.zeros + few.below);
    }
}

/* Find which keys are in [low, high]. Returns their number. */
HTST_KERNEL(int64_t, OF(look),
    (int64_t n, const FLOAT *HTST_RESTRICT x, UINT kept, UINT flipped, INT low, INT high,
        uint8_t *HTST_RESTRICT is_in),
    (n, x, kept, flipped, low, high, is_in))
{
    UINT count = 0;
    for (int64_t i = 0; i < n; i++) {
        INT key = (INT) ((OF(bits)(x + i) & kept) ^ flipped);
        UINT found = (UINT) (key >= low) & (UINT) (key <= high);
        is_in[i] = (uint8_t) found;
        count += found;
    }
    return (int64_t) count;
}

/* Write the keys in [low, high] of the first elements of a block with vectors. Returns how many
 * elements these are, perhaps 0. */
static inline int64_t
OF(take_vectors)(int64_t n, const FLOAT *x, UINT kept, UINT flipped, INT low, INT high, UINT *keys,
    int64_t *written)
{
    *written = 0;
#ifdef HTST_ISA_HAS_X86
    n = n / HTST_TAIL_LANES * HTST_TAIL_LANES;
    if (htst_isa() == HTST_ISA_AVX512) {
        *written = OF(htst_tail_keys_avx512)(n, x, kept, flipped, low, high, keys);
        return n;
    }
    if (htst_isa() == HTST_ISA_AVX2) {
        *written = OF(htst_tail_keys_avx2)(n, x, kept, flipped, low, high, keys);
        return n;
    }
#else
    (void) n, (void) x, (void) kept, (void) flipped, (void) low, (void) high, (void) keys;
#endif
    return 0;
}

/* Copy the elements of a block whose keys lie in [low, high] to `keys`; returns their number. */
static int64_t
OF(take_plainly)(
    int64_t size, const FLOAT *x, UINT kept, UINT flipped, INT low, INT high, UINT *keys)
{
    uint8_t is_in[BLOCK];
    int64_t at = 0, count = OF(look)(size, x, kept, flipped, low, high, is_in);
    for (int64_t j = 0; j < size && count == size; j++) {
        keys[j] = (OF(bits)(x + j) & kept) ^ flipped;
    }
    for (int64_t j = 0; j < size && at < count && count < size; j += GROUP) {
        int64_t end = size - j < GROUP ? size : j + GROUP;
        if (end - j == GROUP && is_none(is_in + j)) {
            continue;
        }
        for (int64_t k = j; k < end; k++) { /* always written; `at` grows only for wanted keys */
            keys[at] = (OF(bits)(x + k) & kept) ^ flipped;
            at += is_in[k];
        }
    }
    return count;
}

int64_t
OF(htst_tail_select)(int64_t n, const FLOAT *x, htst_tail_side_t side, int64_t low, int64_t high,
    int64_t room, FLOAT *out)
{
    const UINT kept = side == HTST_TAIL_ABS ? ~SIGN : ~(UINT) 0;
    const UINT flipped = side == HTST_TAIL_NEGATIVE ? SIGN : 0;
    UINT keys[BLOCK + HTST_TAIL_LANES];
    int64_t m = 0, count;
    for (int64_t i = 0; i < n; i += BLOCK) {
        int64_t size = n - i < BLOCK ? n - i : BLOCK;
        htst_ahead(x + i, (int64_t) sizeof *x * BLOCK, 0);
        int64_t done =
            OF(take_vectors)(size, x + i, kept, flipped, (INT) low, (INT) high, keys, &count);
        count += OF(take_plainly)(
            size - done, x + i + done, kept, flipped, (INT) low, (INT) high, keys + count);
        int64_t left = room - m, copied = count < left ? count : left;
        if (copied > 0) {
            memcpy(out + m, keys, (size_t) copied * sizeof keys[0]);
        }
        m += count;
    }
    return m;
}

int64_t
OF(htst_tail_take)(
    int64_t n, const FLOAT *x, htst_tail_side_t side, htst_tail_seen_t *seen, FLOAT *out)
{
    int64_t m = 0;
    for (int64_t i = 0; i < n;
         i += BLOCK) { /* the block is then in the cache when its elements are selected */
        int64_t size = n - i < BLOCK ? n - i : BLOCK, before = seen->positive;
        OF(htst_tail_survey)(size, x + i, seen);
        if (seen->positive - before == size && side != HTST_TAIL_NEGATIVE) {
            memcpy(out + m, x + i, (size_t) size * sizeof *x);
            m += size;
            continue;
        }
        m += OF(htst_tail_select)(size, x + i, side, 1, (int64_t) INFINITE - 1, size, out + m);
    }
    return m;
}

HTST_KERNEL(uint64_t, OF(sum), (int64_t n, const FLOAT *x), (n, x))
{
    uint64_t sum = 0;
    for (int64_t i = 0; i < n; i++) {
        UINT bits = OF(bits)(x + i);
        sum += checksum_of(UPPER(bits), LOWER(bits));
    }
    return sum;
}

uint64_t
OF(htst_tail_checksum)(int64_t n, const FLOAT *x)
{
    return OF(sum)(n, x);
}

/* Add the first elements of a block to the table and the checksum, and write their keys from `low`
 * on to `keys`, with vectors. Returns how many elements these are, perhaps 0. */
static inline int64_t
OF(count_vectors)(int64_t n, const FLOAT *x, UINT kept, UINT flipped, INT low, uint32_t *table,
    UINT *keys, int64_t *written, uint64_t *sum)
{
    *written = 0;
#ifdef HTST_ISA_HAS_X86
    n = n / HTST_TAIL_LANES * HTST_TAIL_LANES;
    if (htst_isa() == HTST_ISA_AVX512) {
        *written = OF(htst_tail_block_avx512)(n, x, kept, flipped, low, table, keys, sum);
        return n;
    }
    if (htst_isa() == HTST_ISA_AVX2) {
        *written = OF(htst_tail_block_avx2)(n, x, kept, flipped, low, table, keys, sum);
        return n;
    }
#else
    (void) n, (void) x, (void) kept, (void) flipped, (void) low, (void) table, (void) keys;
    (void) sum;
#endif
    return 0;
}

int64_t
OF(htst_tail_histogram)(int64_t n, const FLOAT *x, htst_tail_side_t side, int64_t low,
    uint32_t *table, int64_t room, FLOAT *out, uint64_t *checksum)
{
    const UINT kept = side == HTST_TAIL_ABS ? ~SIGN : ~(UINT) 0;
    const UINT flipped = side == HTST_TAIL_NEGATIVE ? SIGN : 0;
    UINT keys[BLOCK + HTST_TAIL_LANES];
    int64_t m = 0, at = 0, written; /* at: the smaller of m and room */
    *checksum = 0;
    for (int64_t i = 0; i < n; i += BLOCK) { /* later loops find the block in the cache */
        int64_t size = n - i < BLOCK ? n - i : BLOCK;
        htst_ahead(x + i, (int64_t) sizeof *x * BLOCK, 0);
        int64_t done = OF(count_vectors)(
            size, x + i, kept, flipped, (INT) low, table, keys, &written, checksum);
        if (done < size) {
            *checksum += OF(sum)(size - done, x + i + done);
            for (int64_t j = i + done; j < i + size; j++) {
                table[OF(bits)(x + j) >> DROPPED]++;
            }
        }
        int64_t left = room - at, copied = written < left ? written : left;
        if (copied > 0) {
            memcpy(out + at, keys, (size_t) copied * sizeof keys[0]);
            at += copied;
        }
        int64_t more = OF(htst_tail_select)(
            size - done, x + i + done, side, low, LARGEST, room - at, out + at);
        at = more < room - at ? at + more : room;
        m += written + more;
    }
    return m;
}

#undef FLOAT
#undef UINT
#undef INT
#undef SIGN
#undef INFINITE
#undef LARGEST
#undef DROPPED
#undef UPPER
#undef LOWER
#undef FEW
#undef OF
