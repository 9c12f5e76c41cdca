/* htst_moments_template: the public functions of htst_moments.c for one type of floats, and the
 * range of a block of them. That file includes it once for each type, with FLOAT, UINT and INT, the
 * float and the integers of its size; ABS, the pattern of all bits of abs(x); and OF(name), the
 * name with the type's suffix. It then defines OF(add). */

static int OF(add)(
    const FLOAT *x, int64_t n, int is_near, uint64_t *sum, uint64_t *squares, int64_t *not_finite);

int
OF(htst_moments_add)(
    const FLOAT *x, int64_t n, uint64_t *sum, uint64_t *squares, int64_t *not_finite)
{
    return OF(add)(x, n, 0, sum, squares, not_finite);
}

int
OF(htst_moments_add_near)(
    const FLOAT *x, int64_t n, uint64_t *sum, uint64_t *squares, int64_t *not_finite)
{
    return OF(add)(x, n, 1, sum, squares, not_finite);
}

typedef struct {
    UINT smallest_less_1, largest; /* patterns of abs(x); zeros are not the smallest */
} OF(range_t);
#define RANGE OF(range_t)

HTST_KERNEL(RANGE, OF(range), (const FLOAT *x, int64_t n), (x, n))
{
    /* signed integers: vectors of 16 bytes cannot compare others */
    INT smallest = (INT) ABS, largest = 0;
    for (int64_t i = 0; i < n; i++) {
        UINT bits;
        memcpy(&bits, x + i, sizeof bits);
        INT a = (INT) (bits & ABS), less_1 = (INT) (((UINT) a - 1) & ABS);
        smallest = less_1 < smallest ? less_1 : smallest;
        largest = a > largest ? a : largest;
    }
    return (RANGE){ .smallest_less_1 = (UINT) smallest, .largest = (UINT) largest };
}

#undef FLOAT
#undef UINT
#undef ABS
#undef INT
#undef RANGE
#undef OF
