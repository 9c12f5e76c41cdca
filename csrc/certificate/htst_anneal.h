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
 * METHOD. A proposal sets one entry to zero, sets one to +-1, flips a sign, or moves a non-zero to
 * another column of the same class. Its target is a relative of its column, a column that some
 * class uses or, with wide moves, any column; a wide move may change the sign. The offset of that
 * class moves opposite to the mean change of its logit over examples near the boundary, plus noise.
 * Without this, a single entry would shift one class against all others. The largest increase of
 * the energy that is accepted is drawn first: T times an exponential variable. Only examples near
 * the boundary of the changed class can turn from right to wrong or back, so the proposal is first
 * evaluated on growing parts of a random sample of them (htst_margins.h). It is dropped when its
 * estimated errors exceed the accepted number by too many standard deviations (DROP_VARIANCES in
 * htst_anneal.c). A proposal is accepted only after evaluation on all examples, so the error count
 * is always exact.
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

/* Examples of a sample that are evaluated at the same time. */
#define HTST_ANNEAL_NEAR_BLOCK 128

/* The examples, sorted by label: starts[q] is the first example of label q, and the last entry is
 * n_examples. */
typedef struct {
    int64_t n_examples, n_columns, n_classes; /* at most 32,767 classes */
    int64_t n_near; /* places in the sample of a class, a multiple of HTST_ANNEAL_NEAR_BLOCK */
    const int64_t *starts;    /* (n_classes + 1,) */
    const int8_t *by_column;  /* (n_columns, n_examples) */
    const int8_t *by_example; /* (n_examples, n_columns) */
    const int32_t
        *relatives; /* (n_columns, n_relatives): columns that a non-zero may move to, or -1 */
    int64_t n_relatives;
} htst_anneal_data_t;

typedef struct {
    int64_t rate;                /* the cost of one error, in units */
    const int64_t *support_cost; /* (most_nonzeros + 1,): bits of support and signs, in units */
    int64_t most_nonzeros;
    const int64_t *levels_cost; /* (most_levels + 1,): bits of offsets, by their levels, in units */
    int64_t most_levels;        /* at most 8192 / step */
    int32_t step;               /* step of the offsets, in logits; in [1, 128] */
    int32_t wide;               /* if not 0, moves go to any column, and may change the sign */
} htst_anneal_cost_t;

/* The state of a search. The caller allocates every array, fills weights, offsets and generator,
 * and sets the counts to zero; htst_anneal_start fills the rest. */
typedef struct {
    int8_t *weights;      /* (n_classes, n_columns) */
    int16_t *offsets;     /* (n_classes,), in steps */
    int8_t *best_weights; /* weights and offsets with the lowest energy so far */
    int16_t *best_offsets;
    int16_t *logits;        /* (n_classes, n_examples) */
    int8_t *near_features;  /* (n_classes, n_near / block, n_columns, block): the sample of each
                             * class; block is HTST_ANNEAL_NEAR_BLOCK */
    int16_t *near_logits;   /* (n_classes, n_classes, n_near): all logits of each sample */
    int16_t *near_labels;   /* (n_classes, n_near) */
    int16_t *near_margins;  /* (n_classes, n_near) */
    int64_t *near_versions; /* (n_classes, n_near / HTST_ANNEAL_NEAR_BLOCK): of near_margins */
    int64_t *near_sizes;    /* (n_classes,): number of examples in each sample */
    int64_t *near_totals;   /* (n_classes,): number of examples from which it was drawn */
    int32_t *near_list;     /* (n_examples,): workspace */
    int32_t *places; /* (2, n_classes * n_columns): the non-zeros; the place of each in that list */
    int32_t *row_nonzeros; /* (n_classes,): number of non-zeros of each class */
    int32_t *means;        /* (n_classes, n_columns): mean feature near the boundary, in 1/256 */
    uint64_t generator[4];
    int64_t n_nonzeros, errors, energy, best_errors, best_energy;
    int64_t version, n_proposals, n_accepted, n_compared;
    int64_t accepted_at_draw; /* n_accepted when the samples were drawn */
} htst_anneal_state_t;

/* The largest number of non-zeros of one class for which every logit fits in 16 bits: 239 if the
 * offsets span at most 1,024. The search proposes no more.
 * METHOD: 128 for each non-zero, and twice the span of the offsets.
 * ACCURACY: exact. ERRORS: none; 0 if most_levels x step exceeds 8192. */
int64_t htst_anneal_most_in_row(int64_t most_levels, int64_t step);

/* Compute logits, counts and energy of the weights and offsets in `state`.
 *   data, cost: the examples and the costs
 *   state: see htst_anneal_state_t for what the caller fills in
 * METHOD, ACCURACY: above.
 * ERRORS: HTST_ERR_BAD_ARG if a size is out of range, the starts of labels are not in order, a
 * weight is not -1, 0 or 1, or the offsets span more than most_levels levels; HTST_ERR_OVERFLOW if
 * a class has more non-zeros than htst_anneal_most_in_row allows. */
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
