/* htst_estimate_template: the distinct values of htst_estimate.c for one type of floats. That file
 * includes it once for each, with FLOAT, the type, and OF(name), the name with the type's suffix.
 */

/* How many of x[0 ... size - 1] equal the element before them; x[-1] is read. */
HTST_KERNEL(int64_t, OF(repeats), (int64_t size, const FLOAT *x), (size, x))
{
    int64_t equal = 0;
    for (int64_t i = 0; i < size; i++) {
        equal += x[i] == x[i - 1];
    }
    return equal;
}

int64_t
OF(htst_estimate_count_distinct)(int64_t n, const FLOAT *x)
{
    return n > 0 ? n - OF(repeats)(n - 1, x + 1) : 0;
}

/* Copy the elements of a run that differ from the one before them, and their indices. */
static int64_t
OF(copy_new)(int64_t size, const FLOAT *x, int64_t index, int64_t room, double *v, int64_t *first)
{
    double value[RUN + 1];
    int64_t place[RUN + 1], m = 0;
    FLOAT last = x[-1];
    for (int64_t j = 0; j < size; j++) { /* always written; m grows only for new values */
        FLOAT next = x[j];
        value[m] = (double) next;
        place[m] = index + j;
        m += next != last;
        last = next;
    }
    if (m <= room) {
        memcpy(v, value, (size_t) m * sizeof value[0]);
        memcpy(first, place, (size_t) m * sizeof place[0]);
    }
    return m;
}

int64_t
OF(htst_estimate_distinct_part)(
    int64_t n, const FLOAT *x, int64_t base, int64_t room, double *v, int64_t *first)
{
    int64_t m = n > 0 ? 1 : 0;
    if (m > room) {
        return HTST_ERR_BAD_ARG;
    }
    if (m == 1) {
        v[0] = (double) x[0];
        first[0] = base;
    }
    /* v may be x: m <= i, so only elements that were read are overwritten */
    for (int64_t i = 1, size; i < n; i += size) {
        size = n - i < RUN ? n - i : RUN;
        if (OF(repeats)(size, x + i) > 0) {
            m += OF(copy_new)(size, x + i, base + i, room - m, v + m, first + m);
        }
        else if (m + size <= room) {
            for (int64_t j = 0; j < size && (const void *) (v + m) != (const void *) (x + i); j++) {
                v[m + j] = (double) x[i + j];
            }
            for (int64_t j = 0; j < size; j++) {
                first[m + j] = base + i + j;
            }
            m += size;
        }
        else {
            m = room + 1;
        }
        if (m > room) {
            return HTST_ERR_BAD_ARG;
        }
    }
    return m;
}

int64_t
OF(htst_estimate_distinct)(int64_t n, const FLOAT *x, double *v, int64_t *first)
{
    int64_t m = OF(htst_estimate_distinct_part)(n, x, 0, n, v, first);
    first[m] = n;
    return m;
}

#undef FLOAT
#undef OF
