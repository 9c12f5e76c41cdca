#include <math.h>

#include "htst_distance.h"
#include "htst_scan.h"

void
htst_scan_curve(
    const htst_scan_t *scan, int64_t begin, int64_t end, double *d_plus, double *d_minus)
{
    htst_found_t found = { 0 };

    for (int64_t k = begin; k < end; k++) {
        htst_candidate_t c = htst_distance_candidate(scan, k, scan->y[k], scan->rate[k]);
        /* the value of the last maximum is tried first */
        (void) htst_distance_measure(&c, NULL, INFINITY, &found);
        d_plus[k - begin] = found.plus;
        d_minus[k - begin] = found.minus;
    }
}
