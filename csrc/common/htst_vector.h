/* htst_vector: arithmetic with vectors of a fixed number of lanes. Internal.
 *
 * METHOD: htst_vector_template.h makes the types. With GNU C they are the compiler's vectors; else
 * they are arrays, and each operation is a loop over the lanes. `vector` is the name of a type of
 * floating-point lanes, `words` that of the type of unsigned lanes of the same size.
 * ACCURACY: bit-identical in both ways: no operation mixes lanes. ERRORS: none. */
#ifndef HTST_VECTOR_H
#define HTST_VECTOR_H

#include <stdint.h>
#include <string.h>

#include "htst_compiler.h"

#if HTST_GNU_C
#define HTST_LANE(a, k) ((a)[k])
#define HTST_VECTOR_LOAD(vector, from) (*(const HTST_JOIN(vector, _in_memory) *) (from))
#define HTST_VECTOR_STORE(vector, to, a) (*(HTST_JOIN(vector, _in_memory) *) (to) = (a))
#define HTST_VECTOR_ADD(vector, a, b) ((a) + (b))
#define HTST_VECTOR_SUBTRACT(vector, a, b) ((a) - (b))
#define HTST_VECTOR_MULTIPLY(vector, a, b) ((a) * (b))
#else
#define HTST_LANE(a, k) ((a).lane[k])
#define HTST_VECTOR_LOAD(vector, from) HTST_JOIN(vector, _load)(from)
#define HTST_VECTOR_STORE(vector, to, a) HTST_JOIN(vector, _store)(to, a)
#define HTST_VECTOR_ADD(vector, a, b) HTST_JOIN(vector, _add)(a, b)
#define HTST_VECTOR_SUBTRACT(vector, a, b) HTST_JOIN(vector, _subtract)(a, b)
#define HTST_VECTOR_MULTIPLY(vector, a, b) HTST_JOIN(vector, _multiply)(a, b)
#endif

/* a + x - x in each lane, for one number x: a rounded to the grid that x has */
#if HTST_GNU_C
#define HTST_VECTOR_ROUND(vector, a, x) (((a) + (x)) - (x))
#else
#define HTST_VECTOR_ROUND(vector, a, x) HTST_JOIN(vector, _round)(a, x)
#endif

/* The vector with the bits of these words; words & mask and words << bits in each lane; the words
 * with (word & mask) >= least, and 0 in place of others; seen | ((word & mask) - least), whose top
 * bit shows whether one of the words, of which the mask takes the top bit, was below `least`. */
#if HTST_GNU_C
#define HTST_VECTOR_OF(vector, a) ((vector) (a))
#define HTST_WORDS_AND(words, a, mask) ((a) & (mask))
#define HTST_WORDS_SHIFT(words, a, bits) ((a) << (bits))
#define HTST_WORDS_FROM(words, a, mask, least) ((a) & (words) (((a) & (mask)) >= (least)))
#define HTST_WORDS_BELOW(words, a, mask, least, seen) ((seen) | (((a) & (mask)) - (least)))
#else
#define HTST_VECTOR_OF(vector, a) HTST_JOIN(vector, _of)(a)
#define HTST_WORDS_AND(words, a, mask) HTST_JOIN(words, _and)(a, mask)
#define HTST_WORDS_SHIFT(words, a, bits) HTST_JOIN(words, _shift)(a, bits)
#define HTST_WORDS_FROM(words, a, mask, least) HTST_JOIN(words, _from)(a, mask, least)
#define HTST_WORDS_BELOW(words, a, mask, least, seen) HTST_JOIN(words, _below)(a, mask, least, seen)
#endif

#endif /* HTST_VECTOR_H */
