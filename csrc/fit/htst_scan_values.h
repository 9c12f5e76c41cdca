/* htst_scan_values: the values and the counts of a scan, which are wide or narrow arrays. Private
 * to csrc/fit.
 *
 * METHOD: a scan without counts is the first member of an htst_scan_narrow_t. ACCURACY: exact.
 * ERRORS: none. */
#ifndef HTST_SCAN_VALUES_H
#define HTST_SCAN_VALUES_H

#include "htst_scan_input.h"

static inline const htst_scan_narrow_t *
htst_scan_narrow(const htst_scan_t *s)
{
    return s->first == NULL ? (const htst_scan_narrow_t *) (const void *) s : NULL;
}

/* Value j. */
static inline double
htst_scan_value(const htst_scan_t *s, int64_t j)
{
    return s->first != NULL ? s->v[j] : (double) htst_scan_narrow(s)->v[j];
}

/* The number of values below value j; for j = m, of all values. */
static inline int64_t
htst_scan_count(const htst_scan_t *s, int64_t j)
{
    return s->first != NULL ? s->first[j] : (int64_t) htst_scan_narrow(s)->first[j];
}

/* The counts of `size` values from value j on, perhaps written to `counts`. */
static inline const int64_t *
htst_scan_counts(const htst_scan_t *s, int64_t j, int64_t size, int64_t *counts)
{
    if (s->first != NULL) {
        return s->first + j;
    }
    for (int64_t i = 0; i < size; i++) {
        counts[i] = (int64_t) htst_scan_narrow(s)->first[j + i];
    }
    return counts;
}

/* Compute y and rate of block i from its mark, as htst_estimate_block does. */
static inline int64_t
htst_scan_block(const htst_scan_t *s, int64_t i, double *y, double *rate)
{
    const htst_scan_narrow_t *narrow = htst_scan_narrow(s);

    if (narrow != NULL) {
        return htst_estimate_block_narrow(s->m, narrow->v, narrow->first, s->marks, i, y, rate);
    }
    return htst_estimate_block(s->m, s->v, s->first, s->marks, i, y, rate);
}

#endif /* HTST_SCAN_VALUES_H */
