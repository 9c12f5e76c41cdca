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
OF(htst_estimate_distinct)(int64_t n, const FLOAT *x, double *v, int64_t *first)
{
    int64_t m = 0;
    if (n > 0) {
        v[0] = (double) x[0];
        first[0] = 0;
        m = 1;
    }
    /* v may be x: m <= i, so only elements that were read are overwritten */
    for (int64_t i = 1, size; i < n; i += size) {
        size = n - i < RUN ? n - i : RUN;
        if (OF(repeats)(size, x + i) > 0) {
            FLOAT last = x[i - 1];
            for (int64_t j = i; j < i + size;
                 j++) { /* always written; m grows only for new values */
                FLOAT next = x[j];
                v[m] = (double) next;
                first[m] = j;
                m += next != last;
                last = next;
            }
            continue;
        }
        for (int64_t j = 0; j < size && (const void *) (v + m) != (const void *) (x + i); j++) {
            v[m + j] = (double) x[i + j];
        }
        for (int64_t j = 0; j < size; j++) {
            first[m + j] = i + j;
        }
        m += size;
    }
    first[m] = n;
    return m;
}

#undef FLOAT
#undef OF
