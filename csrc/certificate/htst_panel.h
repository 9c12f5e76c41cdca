/* htst_panel: for each class, a small sample of the examples near its boundary. Internal.
 *
 * A change of one class moves its logit by a few dozen. Only examples whose margin for that class
 * is as small can turn from right to wrong or back: a tenth of all. The panel of a class is a
 * sample of these examples with copies of all their columns, so that a proposal reads a few hundred
 * consecutive bytes. It gives a more precise estimate than several thousand random examples.
 *
 * A panel keeps its own logits, which follow every accepted change. It is drawn again when so many
 * changes were accepted that other examples have come near the boundary.
 *
 * METHOD: of the examples near the boundary, listed by label, every q-th is taken, from a random
 * first one. Bytes are transposed by interleaving rows: four passes turn sixteen rows into groups
 * of sixteen bytes.
 * ACCURACY: counts are exact for the panel's examples. The panel is used to drop proposals only.
 * ERRORS: none; htst_anneal_start has checked the arguments.
 */
#ifndef HTST_PANEL_H
#define HTST_PANEL_H

#include "htst_anneal.h"
#include "htst_margins.h"

/* Draw panel p again: panel p / n_classes of class p % n_classes. The margins of that class are up
 * to date in every chunk. Computes the logits of its examples. The first panel of a class also
 * gives the mean features near its boundary. */
void htst_panel_draw(const htst_anneal_data_t *data, htst_anneal_state_t *state, int64_t p);

/* Panel p, as a block of examples. */
htst_margins_block_t htst_panel_block(
    const htst_anneal_data_t *data, const htst_anneal_state_t *state, int64_t p);

/* The chunk k of all examples, as a block of examples. */
htst_margins_block_t htst_chunk_block(
    const htst_anneal_data_t *data, const htst_anneal_state_t *state, int64_t k);

/* Ask for the columns of the changed class' panel that the change needs. */
static inline void
htst_panel_prefetch(const htst_anneal_data_t *data, const htst_anneal_state_t *state,
    const htst_margins_change_t *change)
{
    int64_t c = change->class_index, n = state->panel_starts[(c + 1) * (data->n_classes + 1) - 1];
    const int8_t *columns = state->panel_columns + c * data->n_columns * state->panel_size;
    for (int t = 0; t < change->n_columns; t++) {
        for (int64_t i = 0; i < n; i += 64) {
            HTST_PREFETCH_READ(columns + change->columns[t] * n + i);
        }
    }
}

/* The margins of class c in chunk k. */
static inline int16_t *
htst_chunk_margins(
    const htst_anneal_data_t *data, const htst_anneal_state_t *state, int64_t k, int64_t c)
{
    const int64_t *starts = data->starts + k * (data->n_classes + 1);
    int64_t n = starts[data->n_classes] - starts[0];
    return state->margins + starts[0] * data->n_classes + c * n;
}

#endif /* HTST_PANEL_H */
