/* htst_rank: the rank of a set of places among n, and the set of a rank: enumerative coding.
 *
 * The sets of k places c_1 < ... < c_k among 0 .. n - 1 have the numbers 0 .. C(n, k) - 1:
 *
 *     rank = C(c_1, 1) + C(c_2, 2) + ... + C(c_k, k)                           [1, theorem L]
 *
 * A rank is a whole number of several words of 64 bits, the least significant word first. The
 * words are the same on every machine; only the order of bytes within a word may differ.
 *
 * METHOD: the binomial coefficient of one place is computed from that of the place before it. From
 * C(p, i) to C(p - 1, i) it is one multiplication by p - i and one exact division by p. Several
 * such steps are combined as long as the product of the factors fits in 64 bits. A division is
 * exact, so it is a multiplication by the inverse of the odd part of the divisor modulo 2^64, from
 * the least significant word up [2]. htst_rank_read walks down from C(n, k). It decides on the 31
 * leading bits how far to walk, and then compares the exact numbers.
 * COST: at most n steps on leading bits, and at most n + k steps on all words.
 * ACCURACY: exact. ERRORS: at each function.
 *
 * [1] D. E. Knuth, The Art of Computer Programming, volume 4A, section 7.2.1.3.
 * [2] T. Jebelean, "An algorithm for exact division", Journal of Symbolic Computation 15 (1993),
 *     169-180. */
#ifndef HTST_RANK_H
#define HTST_RANK_H

#include <stdint.h>

#include "htst_common.h"

/* The largest n. */
#define HTST_RANK_MOST_N INT64_C(0xFFFFFFFF)

/* The number of words that hold every rank of k places among n.
 * METHOD: C(n, k) is at most 2^n and, with j = min(k, n - k), at most (e n / j)^j. The exponent of
 * the second is rounded up to a multiple of j.
 * ACCURACY: at most j bits, and one word, more than the largest rank needs.
 * ERRORS: HTST_ERR_BAD_ARG, which is negative, unless 0 <= k <= n <= HTST_RANK_MOST_N. */
int64_t htst_rank_words(int64_t n, int64_t k);

/* Write the rank of `places` to rank[n_words]; words that it does not need become zero.
 *   places, k: the places, which increase strictly
 *   n: every place is below it
 *   n_words: at least htst_rank_words(n, k)
 *   work: n_words words
 * METHOD, ACCURACY: above.
 * ERRORS: HTST_ERR_BAD_ARG if k or n is out of range, the places do not increase strictly within
 * [0, n), or n_words is too small. */
int htst_rank_write(
    const int64_t *places, int64_t k, int64_t n, int64_t n_words, uint64_t *work, uint64_t *rank);

/* Write the set of a rank to places[k], in increasing order.
 *   rank, n_words: the number; any number of words
 *   k, n: as for htst_rank_write
 *   work: 2 htst_rank_words(n, k) words
 * METHOD, ACCURACY: above.
 * ERRORS: HTST_ERR_BAD_ARG if k or n is out of range, n_words < 0, or the rank is not below
 * C(n, k). */
int htst_rank_read(
    const uint64_t *rank, int64_t n_words, int64_t k, int64_t n, uint64_t *work, int64_t *places);

#endif /* HTST_RANK_H */
