/* htst_sort_template: htst_sort.c for one type of floats. That file includes it once for each, with
 * FLOAT, the type; KEY and INT, the integers of its size; and OF(name), the name with the type's
 * suffix. */

static inline KEY
OF(key)(const FLOAT *x)
{
    KEY key;

    memcpy(&key, x, sizeof key);
    return key;
}

/* The properties of an array that decide how it is sorted. */
typedef struct {
    KEY low, high; /* smallest and largest key */
    KEY falls;     /* 0 if the keys ascend */
} OF(seen_t);
#define SEEN OF(seen_t)

HTST_KERNEL(SEEN, OF(look), (int64_t n, const FLOAT *x), (n, x))
{
    INT low = (INT) OF(key)(x), high = low;
    KEY falls = 0;

    for (int64_t i = 1; i < n; i++) {
        INT before = (INT) OF(key)(x + i - 1), key = (INT) OF(key)(x + i);
        low = key < low ? key : low;
        high = key > high ? key : high;
        falls |= key < before;
    }
    return (SEEN){ (KEY) low, (KEY) high, falls };
}

/* The cell of a key is (key - low) >> shift: a high digit, and low_bits bits of a low one. */
typedef struct {
    KEY low;
    int shift, low_bits, high_bits;
} OF(cells_t);
#define CELLS OF(cells_t)

/* The cells for all keys between the smallest and the largest, with digits of at most these
 * bits. */
static CELLS
OF(cells)(const SEEN *seen, int high_bits, int low_bits)
{
    int width = bits_of(seen->high - seen->low);
    CELLS cells = { seen->low, 0, 0, width < high_bits ? width : high_bits };

    cells.low_bits = width - cells.high_bits < low_bits ? width - cells.high_bits : low_bits;
    cells.shift = width - cells.high_bits - cells.low_bits;
    return cells;
}

static inline KEY
OF(cell)(const CELLS *cells, const FLOAT *x)
{
    return (OF(key)(x) - cells->low) >> cells->shift;
}

static inline KEY
OF(low_digit)(const CELLS *cells, const FLOAT *x)
{
    return OF(cell)(cells, x) & (((KEY) 1 << cells->low_bits) - 1);
}

static inline KEY
OF(high_digit)(const CELLS *cells, const FLOAT *x)
{
    return OF(cell)(cells, x) >> cells->low_bits;
}

/* Move x to `other` by the high digits. */
HTST_NOINLINE static void
OF(move_by_high)(
    int64_t n, const FLOAT *HTST_RESTRICT x, FLOAT *HTST_RESTRICT other, const CELLS *given)
{
    const CELLS cells = *given;
    int64_t at[1 << MAX_PARTS_BITS] = { 0 }, sum = 0;

    for (int64_t i = 0; i < n; i++) {
        at[OF(high_digit)(&cells, x + i)]++;
    }
    for (int64_t d = 0; d < INT64_C(1) << cells.high_bits; d++) {
        int64_t count = at[d];
        at[d] = sum;
        sum += count;
    }
    for (int64_t i = 0; i < n; i++) {
        other[at[OF(high_digit)(&cells, x + i)]++] = x[i];
    }
}

/* Move x to `other` by the low digits and back by the high digits; both moves are stable. If cells
 * would stay crowded, move x to `other` by the high digits only, and return true. */
HTST_NOINLINE static int
OF(move_by_both)(int64_t n, FLOAT *HTST_RESTRICT x, FLOAT *HTST_RESTRICT other, const CELLS *given)
{
    const CELLS cells = *given;
    const uint32_t n_low = UINT32_C(1) << cells.low_bits, n_high = UINT32_C(1) << cells.high_bits;
    uint32_t low[1 << MAX_BITS], high[1 << MAX_BITS];

    memset(low, 0, n_low * sizeof low[0]);
    memset(high, 0, n_high * sizeof high[0]);
    for (int64_t i = 0; i < n; i++) {
        low[OF(low_digit)(&cells, x + i)]++;
        high[OF(high_digit)(&cells, x + i)]++;
    }
    /* with independent digits, 2 n^2 times the number of pairs in the same cell */
    double pairs = starts(n_low, low) * starts(n_high, high), size = (double) n;
    int is_crowded = cells.shift > 0 && pairs > 2 * CROWDED * size * size * size;
    for (int64_t i = 0; i < n && !is_crowded; i++) {
        other[low[OF(low_digit)(&cells, x + i)]++] = x[i];
    }
    FLOAT *from = is_crowded ? x : other, *to = is_crowded ? other : x;
    for (int64_t i = 0; i < n; i++) {
        to[high[OF(high_digit)(&cells, from + i)]++] = from[i];
    }
    return is_crowded;
}

/* Write each key as often as it was counted. The last key, high, was counted at least once. */
static void
OF(write_keys)(int64_t n, FLOAT *x, const uint8_t *count, const SEEN *seen)
{
    int64_t at = 0;
    KEY key = seen->low;

    for (; at + COPIES <= n && key < seen->high; key++) { /* without a branch for most keys */
        const KEY copies[COPIES] = { key, key, key, key };
        const int64_t end = at + count[key - seen->low];
        memcpy(x + at, copies, sizeof copies);
        for (at += COPIES; HTST_UNLIKELY(at < end); at++) {
            memcpy(x + at, &key, sizeof key);
        }
        at = end;
    }
    for (; at < n; key++) {
        for (int k = count[key - seen->low]; k > 0; k--, at++) {
            memcpy(x + at, &key, sizeof key);
        }
    }
}

/* Sort x by counting each key, with one byte for each in `other`. Returns false, and leaves x as it
 * is, if a key occurs too often for that. */
HTST_NOINLINE static int
OF(count_keys)(int64_t n, FLOAT *x, FLOAT *other, const SEEN *seen)
{
    const KEY low = seen->low;
    const int64_t span = (int64_t) (seen->high - low) + 1;
    uint8_t *count = (uint8_t *) other;

    memset(count, 0, (size_t) span);
    for (int64_t i = 0, end = n < FIRST ? n : FIRST; i < n; end = n) {
        for (; i < end; i++) {
            count[OF(key)(x + i) - low]++;
        }
        if (sum_of_bytes(span, count) != i) { /* a byte that overflows loses 256 */
            return 0;
        }
    }
    OF(write_keys)(n, x, count, seen);
    return 1;
}

/* True if the keys are so dense that counting them is faster than moving them. */
static inline int
OF(is_dense)(int64_t n, const SEEN *seen)
{
    const KEY span = seen->high - seen->low;

    return span < MAX_COUNTED && span < (KEY) n * SPARSE;
}

static void OF(sort)(int64_t n, FLOAT *x, FLOAT *other, int into_other);

/* Sort each part of x, the elements with the same high digit, in place or into `other`. */
static void
OF(sort_parts)(int64_t n, FLOAT *x, FLOAT *other, int into_other, const CELLS *cells)
{
    for (int64_t begin = 0, end; begin < n; begin = end) {
        const KEY digit = OF(high_digit)(cells, x + begin);
        for (end = begin; end + LEAP < n && OF(high_digit)(cells, x + end + LEAP) == digit;) {
            end += LEAP;
        }
        for (end++; end < n && OF(high_digit)(cells, x + end) == digit;) {
            end++;
        }
        OF(sort)(end - begin, x + begin, other + begin, into_other);
    }
}

static void
OF(insert)(int64_t n, FLOAT *x)
{
    for (int64_t i = 1; i < n; i++) {
        const KEY key = OF(key)(x + i);
        const FLOAT moved = x[i];
        int64_t j = i;
        for (; j > 0 && OF(key)(x + j - 1) > key; j--) {
            x[j] = x[j - 1];
        }
        x[j] = moved;
    }
}

/* Sort the elements of each cell; the cells are in order. */
static void
OF(mend)(int64_t n, FLOAT *x, FLOAT *other, const CELLS *cells)
{
    for (int64_t i = 1; i < n; i++) {
        const KEY key = OF(key)(x + i);
        if (HTST_LIKELY(OF(key)(x + i - 1) <= key)) {
            continue;
        }
        const FLOAT moved = x[i];
        int64_t j = i, end = i > FAR ? i - FAR : 0;
        for (; j > end && OF(key)(x + j - 1) > key; j--) {
            x[j] = x[j - 1];
        }
        x[j] = moved;
        if (j == end) { /* a crowded cell is sorted as an array of its own */
            const KEY cell = OF(cell)(cells, x + i);
            while (j > 0 && OF(cell)(cells, x + j - 1) == cell) {
                j--;
            }
            while (i + 1 < n && OF(cell)(cells, x + i + 1) == cell) {
                i++;
            }
            OF(sort)(i + 1 - j, x + j, other + j, 0);
        }
    }
}

/* Bring the cells of x into order, or move x to `other`, where its parts are in order. Returns true
 * if it moved x to `other`. */
static int
OF(arrange)(int64_t n, FLOAT *x, FLOAT *other, const SEEN *seen, CELLS *cells)
{
    const int bits = bits_of((uint64_t) n), most = (bits + SPARE_BITS + 1) / 2;

    if (n > (int64_t) (IN_CACHE / sizeof x[0])) {
        int parts = bits - PART_BITS;
        *cells = OF(cells)(seen, parts < MAX_PARTS_BITS ? parts : MAX_PARTS_BITS, 0);
        OF(move_by_high)(n, x, other, cells);
        return 1;
    }
    *cells = OF(cells)(seen, most < MAX_BITS ? most : MAX_BITS, most < MAX_BITS ? most : MAX_BITS);
    return OF(move_by_both)(n, x, other, cells);
}

/* Sort x in place, or into `other`. The contents of the array without the result are then
 * unspecified. */
static void
OF(sort)(int64_t n, FLOAT *x, FLOAT *other, int into_other)
{
    if (n <= FEW) {
        OF(insert)(n, x);
    }
    else {
        SEEN seen = OF(look)(n, x);
        CELLS cells;
        int is_sorted =
            !seen.falls || (OF(is_dense)(n, &seen) && OF(count_keys)(n, x, other, &seen));
        if (!is_sorted && OF(arrange)(n, x, other, &seen, &cells)) {
            OF(sort_parts)(n, other, x, !into_other, &cells);
            return;
        }
        if (!is_sorted) {
            OF(mend)(n, x, other, &cells);
        }
    }
    if (into_other) {
        memcpy(other, x, (size_t) n * sizeof x[0]);
    }
}

#undef FLOAT
#undef KEY
#undef INT
#undef SEEN
#undef CELLS
#undef OF
