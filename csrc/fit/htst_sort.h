/* htst_sort: sort floats without a sign bit in ascending order, which is the order of their bit
 * patterns.
 *
 * METHOD: an element's cell is its pattern minus the smallest one, shifted right until few
 * elements share a cell. Two passes, by the low and then by the high half of the cell's bits
 * (least significant digit first), bring the cells into order; insertion sorts the elements of one
 * cell. An array that does not fit a cache, or whose elements are concentrated in few cells, is
 * first moved once by the high bits, and each part is then sorted by itself, with the cells that
 * its own patterns span. If the patterns of a part are dense, as those of floats of few binades
 * are, they are counted and written in order instead of moved twice. Each such level removes at
 * least 5 bits, so the time is bounded for any data.
 * ACCURACY: exact.
 * COST: bench/races/bench_sort.py; least for few distinct values or an array in order. */
#ifndef HTST_SORT_H
#define HTST_SORT_H

#include "htst_common.h"

/* Sort x[n] in place. `other` is workspace for n elements. Infinity comes after all finite values,
 * NaN (without a sign bit) after infinity. METHOD, ACCURACY: above. ERRORS: none. */
void htst_sort_f32(int64_t n, float *x, float *other);
void htst_sort_f64(int64_t n, double *x, double *other);

#endif /* HTST_SORT_H */
