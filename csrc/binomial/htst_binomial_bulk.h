/* htst_binomial_bulk: the functions of htst_binomial over chunks of arrays. Internal.
 *
 * METHOD: elements are sorted by kind of problem, and each kind is evaluated in loops without
 * branches, which compilers vectorise. */
#ifndef HTST_BINOMIAL_BULK_H
#define HTST_BINOMIAL_BULK_H

#include "htst_common.h"

#define HTST_BINOMIAL_BULK_CHUNK 256

/* out[i] = function(k[i], n[i], p[i]) for i < count <= HTST_BINOMIAL_BULK_CHUNK, except for the
 * elements whose indices are written to `left`, which has room for `count`. These are closed
 * forms, tiny p and bad arguments, which the caller must evaluate. Returns how many there are.
 * ACCURACY: bit-identical to the scalar functions of htst_binomial.h. ERRORS: none. */
int htst_binomial_bulk_chunk(int function, int count, const double *k, const double *n,
    const double *p, double *out, uint8_t *left);

#endif /* HTST_BINOMIAL_BULK_H */
