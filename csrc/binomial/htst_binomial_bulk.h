/* htst_binomial_bulk: the functions of htst_binomial over chunks of arrays, in vectors. */
#ifndef HTST_BINOMIAL_BULK_H
#define HTST_BINOMIAL_BULK_H

#include "htst_common.h"

#define HTST_BINOMIAL_BULK_CHUNK 256

/* out[i] = function(k[i], n[i], p[i]), i < count <= HTST_BINOMIAL_BULK_CHUNK, but for the returned
 * number of elements at `left`: closed forms, tiny p, and bad arguments are the caller's.
 * ACCURACY: the bits of the scalar functions of htst_binomial.h. ERRORS: none. */
int htst_binomial_bulk_chunk(int function, int count, const double *k, const double *n,
    const double *p, double *out, uint8_t *left);

#endif /* HTST_BINOMIAL_BULK_H */
