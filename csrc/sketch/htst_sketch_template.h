/* htst_sketch_template: the sketch of floats block by block, for one type of htst_sketch.c. That
 * file includes it once for each type, with FLOAT, UINT and INT, the float and the integers of its
 * size; ABS and INFINITE, the patterns of all bits of abs(x) and of infinity; NONE, the largest
 * UINT; EXPONENTS, how many values the exponent field has; DROPPED and WORDS, the bits that a
 * bucket drops and its words in the table; and OF(name), the name with the type's suffix. After it,
 * that file defines OF(count). */

static inline UINT
OF(bits)(const FLOAT *x)
{
    UINT bits;
    memcpy(&bits, x, sizeof bits);
    return bits;
}

typedef struct {
    UINT smallest_less_1; /* abs(x) - 1 wraps zero to the largest integer */
    UINT largest;         /* as an unsigned pattern: a negative one if there is any */
    UINT zeros, negative_zeros;
    INT largest_signed; /* the largest positive one, if there is any */
} OF(range_t);
#define RANGE OF(range_t)

HTST_KERNEL(RANGE, OF(range), (const FLOAT *x, int64_t n), (x, n))
{
    UINT smallest = NONE, largest = 0, zeros = 0, negative = 0;
    INT signed_max = 0;
    for (int64_t i = 0; i < n; i++) {
        UINT bits = OF(bits)(x + i), a = bits & ABS;
        smallest = a - 1 < smallest ? a - 1 : smallest;
        largest = bits > largest ? bits : largest;
        signed_max = (INT) bits > signed_max ? (INT) bits : signed_max;
        zeros += a == 0;
        negative += bits == ~ABS;
    }
    return (RANGE){
        .smallest_less_1 = smallest,
        .largest = largest,
        .zeros = zeros,
        .negative_zeros = negative,
        .largest_signed = signed_max,
    };
}

/* A block with NaN or infinity, element by element. */
static void
OF(look_slowly)(const FLOAT *x, int64_t n, htst_sketch_seen_t *seen)
{
    memset(seen, 0, sizeof *seen);
    for (int64_t i = 0; i < n; i++) {
        UINT bits = OF(bits)(x + i), a = bits & ABS;
        int negative = bits != a;
        if (a == 0) {
            *(negative ? &seen->negative_zeros : &seen->zeros) += 1;
        }
        else if (a > INFINITE) {
            seen->nans++;
        }
        else if (a == INFINITE) {
            *(negative ? &seen->negative_infinities : &seen->infinities) += 1;
        }
        else {
            htst_sketch_seen_t one = { 0 };
            one.smallest = (int64_t) a;
            *(negative ? &one.largest_negative : &one.largest_positive) = (int64_t) a;
            widen(seen, &one);
        }
    }
}

static void
OF(look)(const FLOAT *x, int64_t n, htst_sketch_seen_t *seen)
{
    RANGE range = OF(range)(x, n);
    if (HTST_UNLIKELY(range.largest_signed >= (INT) INFINITE
            || (range.largest > ABS && (range.largest & ABS) >= INFINITE))) {
        OF(look_slowly)(x, n, seen);
        return;
    }
    memset(seen, 0, sizeof *seen);
    seen->zeros = (int64_t) (range.zeros - range.negative_zeros);
    seen->negative_zeros = (int64_t) range.negative_zeros;
    seen->smallest = range.smallest_less_1 == NONE ? 0 : (int64_t) (range.smallest_less_1 + 1);
    seen->largest_positive = range.largest_signed;
    seen->largest_negative = range.largest > ABS ? (int64_t) (range.largest & ABS) : 0;
}

/* Count the elements of a block, all in the window or zeros, into the table. */
static void OF(count)(const FLOAT *x, int64_t n, UINT first, UINT width, uint64_t *table);

int
OF(htst_sketch_add)(const FLOAT *x, int64_t n, int64_t first, int64_t width, uint64_t *table,
    htst_sketch_seen_t *seen)
{
    seen->done = 0;
    if (check_window(first, width, EXPONENTS) != HTST_OK) {
        return HTST_ERR_BAD_ARG;
    }
    while (seen->done < n) {
        int64_t size = n - seen->done < BLOCK ? n - seen->done : BLOCK;
        htst_sketch_seen_t block;
        OF(look)(x + seen->done, size, &block);
        widen(seen, &block);
        if (!fits(&block, first, width, DROPPED)) {
            break;
        }
        OF(count)(x + seen->done, size, (UINT) first, (UINT) width, table);
        take_out_zeros(&block, first, width, WORDS, table);
        add_counts(seen, &block);
        seen->done += size;
    }
    return HTST_OK;
}

#undef FLOAT
#undef UINT
#undef INT
#undef INFINITE
#undef ABS
#undef NONE
#undef RANGE
#undef EXPONENTS
#undef DROPPED
#undef WORDS
#undef OF
