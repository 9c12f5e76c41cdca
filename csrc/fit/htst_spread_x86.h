/* htst_spread_x86: read the counters of a bucket of htst_spread with AVX-512. Internal.
 *
 * METHOD: an instruction moves the values and the counts of the counters that are not 0 to the
 * front of a vector; the places are then added up for these only. It takes a third of the time of
 * the plain loop. AVX2 has no such instruction.
 * ACCURACY: bit-identical to the plain loop.
 *
 * key       the key of the value that count[0] counts.
 * count[HTST_SPREAD_SOME]   set to 0.
 * place     the number of elements below the first value; the counts are added to it.
 * v, first  room for the values that occur.
 *
 * Returns the number of these. ERRORS: none. */
#ifndef HTST_SPREAD_X86_H
#define HTST_SPREAD_X86_H

#include <stdint.h>

#include "htst_isa.h"

/* The number of counters that are read together. */
#define HTST_SPREAD_SOME 256

#ifdef HTST_ISA_HAS_X86
int64_t htst_spread_read_avx512(
    uint32_t key, uint32_t *count, uint32_t *place, float *v, uint32_t *first);
#endif

#endif /* HTST_SPREAD_X86_H */
