/* htst_binomial_bulk: the functions of htst_binomial over chunks of arrays. Internal.
 *
 * METHOD: elements are sorted by kind of problem. Each kind is evaluated in loops without branches,
 * which compilers vectorise. */
#ifndef HTST_BINOMIAL_BULK_H
#define HTST_BINOMIAL_BULK_H

#include "htst_common.h"

#define HTST_BINOMIAL_BULK_CHUNK 256

/* out[i] = function(k[i], n[i], p[i]) for i < count <= HTST_BINOMIAL_BULK_CHUNK, except for the
 * elements that the caller must evaluate: closed forms, tiny p and invalid arguments. Their indices
 * are written to `left`, which has room for `count`. Returns the number of these elements.
 * ACCURACY: bit-identical to the scalar functions of htst_binomial.h. ERRORS: none. */
int htst_binomial_bulk_chunk(int function, int count, const double *k, const double *n,
    const double *p, double *out, uint8_t *left);

#endif /* HTST_BINOMIAL_BULK_H */
