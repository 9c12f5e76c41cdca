/* htst_moments_template: the range of a block of floats, for one type of htst_moments.c. That file
 * includes it once for each type, with FLOAT and UINT, the float and the integer of its size; ABS,
 * the pattern of all bits of abs(x); NONE, the largest UINT; and OF(name), the name with the type's
 * suffix. */

typedef struct {
    UINT smallest_less_1, largest; /* patterns of abs(x) */
} OF(range_t);
#define RANGE OF(range_t)

HTST_KERNEL(RANGE, OF(range), (const FLOAT *x, int64_t n), (x, n))
{
    UINT smallest = NONE, largest = 0;
    for (int64_t i = 0; i < n; i++) {
        UINT bits;
        memcpy(&bits, x + i, sizeof bits);
        UINT a = bits & ABS;
        smallest = a - 1 < smallest ? a - 1 : smallest;
        largest = a > largest ? a : largest;
    }
    return (RANGE){ .smallest_less_1 = smallest, .largest = largest };
}

#undef FLOAT
#undef UINT
#undef ABS
#undef NONE
#undef RANGE
#undef OF
