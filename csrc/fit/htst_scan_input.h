/* htst_scan_input: the sample that a scan of candidates runs over.
 *
 * Neither htst_scan nor htst_distance owns it: both read the arrays that it points to, which belong
 * to the caller and must outlive the call. METHOD, ACCURACY, ERRORS: nothing is computed here. */
#ifndef HTST_SCAN_INPUT_H
#define HTST_SCAN_INPUT_H

#include "htst_common.h"
#include "htst_estimate.h"

/* m distinct values in ascending order, the number of values below each, and the estimate of each
 * as xmin. */
typedef struct {
    int64_t m;
    const double *v;      /* positive, finite, increasing; NULL: only the logarithms are known */
    const double *y;      /* their logarithms, relative to any common value, or NULL */
    const int64_t *first; /* [m + 1] number of values below each; first[m] = N */
    const double *rate;   /* alpha - 1 of each candidate, or NULL */
    double xmax;          /* INFINITY for none; otherwise v must be given, and v[m - 1] <= xmax */
    int two_sided;        /* 1: the two-sided distance of htst_scan.h; 0: the left one */
    const htst_estimate_mark_t *marks; /* replaces y and rate where there is no xmax; or NULL */
} htst_scan_t;

/* The same sample in half of the memory: values that are float32, and counts below 2^32. All
 * functions that take a scan with marks take &narrow.scan too, in which v, y, first and rate are
 * NULL. The results are bit-identical to those of the wide arrays. */
typedef struct {
    htst_scan_t scan;
    const float *v;        /* [m] */
    const uint32_t *first; /* [m + 1] */
} htst_scan_narrow_t;

#endif /* HTST_SCAN_INPUT_H */
