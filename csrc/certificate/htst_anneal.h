/* htst_anneal: simulated annealing of a ternary linear classifier on errors + bits.
 *
 * The classifier has weights W in {-1, 0, 1}, one row per class, and one offset per class, in steps
 * of `step`. Example i with integer features x_i has the logit sum_j W[q][j] x_i[j] + step
 * offset[q] for class q. Example i is classified correctly ("right") if the logit of its label is
 * strictly the largest. The energy in bits is
 *
 *     rate x errors + bits of support and signs (non-zeros) + bits of the offsets (levels)
 *
 * Occam's bound trades errors for bits at a nearly constant rate
 * (htstats.certificate.exchange_rate), so the energy falls exactly when the certified error
 * does.
 *
 * METHOD. A proposal sets one entry to zero, sets one to +-1, flips a sign, or moves a non-zero
 * to another column of the same class. The offset of that class moves opposite to the mean change
 * of its logit over examples near the boundary, plus noise. Without this, a single entry would
 * shift one class against all others. The largest increase of the energy that is accepted is drawn
 * first: T times an exponential variable. The proposal is then evaluated on growing prefixes of
 * the examples. A proposal is dropped when its estimated errors exceed the accepted number by too
 * many standard deviations (DROP_VARIANCES in htst_anneal.c). A proposal is accepted only after
 * evaluation on all examples, so the error count is always exact. For every class c and example i
 * the kernel keeps a margin. The margin and the change of c's logit decide whether i is right after
 * the change, so a proposal costs one comparison per example.
 *
 * All arithmetic uses integers (bits in 1/1024, temperatures in 2^-26), so that a seed gives the
 * same classifier on every machine.
 *
 * ACCURACY: errors are counted exactly. Bits are rounded to 1/1024 only in the caller's tables.
 *
 * ERRORS: at each function.
 */
#ifndef HTST_ANNEAL_H
#define HTST_ANNEAL_H

#include <stdint.h>

#include "htst_common.h"

/* Rates and bits are integers in units of 1/1024 bit, temperatures in units of 2^-26 bits. */
#define HTST_ANNEAL_UNIT 1024
#define HTST_ANNEAL_TEMPERATURE_UNIT (1 << 26)

/* The largest number of chunks of examples. */
#define HTST_ANNEAL_CHUNKS 64

/* The examples, cut into n_chunks chunks. Each chunk is a random sample of all examples, sorted by
 * label. The first n_turning chunks are small, and take turns to be evaluated first.
 * starts[k * (n_classes + 1) + q] is the first example of label q in chunk k, and the last entry of
 * the chunk is its end; chunk k + 1 begins where chunk k ends. */
typedef struct {
    int64_t n_examples, n_columns, n_classes, n_chunks, n_turning;
    const int64_t *starts;    /* (n_chunks, n_classes + 1) */
    const int8_t *by_column;  /* chunk after chunk, each (n_columns, examples of the chunk) */
    const int8_t *by_example; /* (n_examples, n_columns), in the same order */
    const int32_t
        *relatives; /* (n_columns, n_relatives): columns that a non-zero may move to, or -1 */
    int64_t n_relatives;
} htst_anneal_data_t;

typedef struct {
    int64_t rate;                /* the cost of one error, in units */
    const int64_t *support_cost; /* (most_nonzeros + 1,): bits of support and signs, in units */
    int64_t most_nonzeros;
    const int64_t *levels_cost; /* (most_levels + 1,): bits of offsets, by their levels, in units */
    int64_t most_levels;        /* at most 16384 / step */
    int32_t step;               /* step of the offsets, in logits; in [1, 128] */
} htst_anneal_cost_t;

/* The state of a search. The caller allocates every array, fills weights, offsets and generator,
 * and sets the counts to zero; htst_anneal_start fills the rest. */
typedef struct {
    int8_t *weights;      /* (n_classes, n_columns) */
    int16_t *offsets;     /* (n_classes,), in steps */
    int8_t *best_weights; /* weights and offsets with the lowest energy so far */
    int16_t *best_offsets;
    int32_t *logits;   /* (n_classes, n_examples) */
    int16_t *margins;  /* chunk after chunk, each (n_classes, examples of the chunk) */
    int32_t *largest;  /* (2, n_examples): the two largest logits of other labels */
    int64_t *versions; /* (n_chunks, n_classes + 1): the version of margins and largest */
    int64_t *right;    /* (2, n_chunks): number of right examples, now and after a proposal */
    int32_t *places; /* (2, n_classes * n_columns): the non-zeros; the place of each in that list */
    int32_t *means;  /* (n_classes, n_columns): mean feature near the boundary, in 1/256 */
    int32_t *sums;   /* (n_columns,): workspace */
    uint64_t generator[4];
    int64_t n_nonzeros, errors, energy, best_errors, best_energy;
    int64_t version, n_proposals, n_accepted, n_compared;
} htst_anneal_state_t;

/* Compute logits, margins, counts and energy of the weights and offsets in `state`.
 *   data, cost: the examples and the costs
 *   state: see htst_anneal_state_t for what the caller fills in
 * METHOD, ACCURACY: above.
 * ERRORS: HTST_ERR_BAD_ARG if a size is out of range, the starts of labels are not in order, a
 * weight is not -1, 0 or 1, or the offsets span more than most_levels levels; HTST_ERR_OVERFLOW if
 * a logit may need more than 30 bits. */
int htst_anneal_start(
    const htst_anneal_data_t *data, const htst_anneal_cost_t *cost, htst_anneal_state_t *state);

/* Make `n` proposals at temperatures that fall geometrically. After every 1,024 proposals (counted
 * over all calls) *temperature is multiplied by decay / 2^32, and stays at least 1. Several calls
 * give the same result as one call with the sum of their `n`.
 *   data, cost, state: the same as for htst_anneal_start, which must have succeeded
 *   n: how many proposals, at least 0
 *   temperature: in units of 2^-26 bits; read and updated
 *   decay: the factor, times 2^32
 * METHOD, ACCURACY: above.
 * ERRORS: HTST_ERR_BAD_ARG if n < 0, or temperature or decay is out of [1, 2^32]. */
int htst_anneal_run(const htst_anneal_data_t *data, const htst_anneal_cost_t *cost,
    htst_anneal_state_t *state, int64_t n, uint64_t *temperature, uint64_t decay);

/* Set state->generator from a seed, any 64-bit number.
 * METHOD: xoshiro256** (Blackman and Vigna 2021), whose state comes from splitmix64.
 * ACCURACY: exact. ERRORS: none. */
void htst_anneal_seed(htst_anneal_state_t *state, uint64_t seed);

#endif /* HTST_ANNEAL_H */
