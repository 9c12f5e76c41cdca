#include "htst_margins.h"

#include "htst_isa.h"

HTST_VOID_KERNEL(set_all, (int16_t *HTST_RESTRICT out, int16_t value, int64_t n), (out, value, n))
{
    for (int64_t i = 0; i < n; i++) {
        out[i] = value;
    }
}

HTST_VOID_KERNEL(raise_to,
    (int16_t *HTST_RESTRICT most, const int16_t *HTST_RESTRICT logits, int64_t n),
    (most, logits, n))
{
    for (int64_t i = 0; i < n; i++) {
        most[i] = logits[i] > most[i] ? logits[i] : most[i];
    }
}

HTST_KERNEL(int64_t, count_above,
    (const int16_t *HTST_RESTRICT logits, const int16_t *HTST_RESTRICT others, int64_t n),
    (logits, others, n))
{
    int16_t found = 0;
    for (int64_t i = 0; i < n; i++) {
        found = (int16_t) (found + (logits[i] > others[i]));
    }
    return found;
}

HTST_VOID_KERNEL(add_column,
    (int16_t *HTST_RESTRICT logits, const int8_t *HTST_RESTRICT x, int64_t n, int16_t weight,
        int16_t constant),
    (logits, x, n, weight, constant))
{
    for (int64_t i = 0; i < n; i++) {
        logits[i] = (int16_t) (logits[i] + weight * x[i] + constant);
    }
}

HTST_VOID_KERNEL(change_logits,
    (int16_t *HTST_RESTRICT after, const int16_t *HTST_RESTRICT logits,
        const int8_t *HTST_RESTRICT x, const int8_t *HTST_RESTRICT z, int64_t n, int16_t weight,
        int16_t weight_z, int16_t constant),
    (after, logits, x, z, n, weight, weight_z, constant))
{
    for (int64_t i = 0; i < n; i++) {
        after[i] = (int16_t) (logits[i] + weight * x[i] + weight_z * z[i] + constant);
    }
}

HTST_INLINE int16_t
clamp(int32_t margin)
{
    margin = margin > HTST_MARGIN_FAR ? HTST_MARGIN_FAR : margin;
    return (int16_t) (margin < -HTST_MARGIN_FAR ? -HTST_MARGIN_FAR : margin);
}

/* Margins of a class for examples of another label. `most` holds the largest logits of third
 * classes. */
HTST_VOID_KERNEL(set_others_margins,
    (const int16_t *HTST_RESTRICT label, const int16_t *HTST_RESTRICT logits,
        const int16_t *HTST_RESTRICT most, int64_t n, int16_t *HTST_RESTRICT margins),
    (label, logits, most, n, margins))
{
    for (int64_t i = 0; i < n; i++) {
        int32_t margin = label[i] > most[i] ? label[i] - logits[i] : -HTST_MARGIN_FAR;
        margins[i] = clamp(margin);
    }
}

HTST_VOID_KERNEL(set_own_margins,
    (const int16_t *HTST_RESTRICT label, const int16_t *HTST_RESTRICT most, int64_t n,
        int16_t *HTST_RESTRICT margins),
    (label, most, n, margins))
{
    for (int64_t i = 0; i < n; i++) {
        margins[i] = clamp(most[i] - label[i] + 1);
    }
}

/* The largest logits of all classes but c and y, for n examples from `at` on. */
static void
find_most_of_others(const htst_anneal_data_t *data, const htst_anneal_state_t *state, int64_t c,
    int64_t y, int64_t at, int64_t n, int16_t *most)
{
    set_all(most, INT16_MIN, n);
    for (int64_t q = 0; q < data->n_classes; q++) {
        if (q != c && q != y) {
            raise_to(most, state->logits + q * data->n_examples + at, n);
        }
    }
}

void
htst_margins_compute(const htst_anneal_data_t *data, const htst_anneal_state_t *state, int64_t c,
    int64_t y, int64_t at, int64_t n, int16_t *margins)
{
    int16_t most[HTST_MARGINS_BLOCK];
    const int16_t *label = state->logits + y * data->n_examples + at;
    find_most_of_others(data, state, c, y, at, n, most);
    if (y == c) {
        set_own_margins(label, most, n, margins);
    }
    else {
        set_others_margins(label, state->logits + c * data->n_examples + at, most, n, margins);
    }
}

/* Count the right examples among n examples of label y from `at` on, after the change. */
static int64_t
count_block(const htst_anneal_data_t *data, const htst_anneal_state_t *state,
    const htst_margins_change_t *change, int64_t y, int64_t at, int64_t n)
{
    int16_t most[HTST_MARGINS_BLOCK], after[HTST_MARGINS_BLOCK];
    int64_t c = change->class_index, m = data->n_examples;
    const int8_t *x = data->by_column + change->columns[0] * m + at;
    const int8_t *z = data->by_column + change->columns[1] * m + at;
    change_logits(after, state->logits + c * m + at, x, z, n, (int16_t) change->weights[0],
        (int16_t) change->weights[1], (int16_t) change->constant);
    find_most_of_others(data, state, c, y, at, n, most);
    if (y == c) {
        return count_above(after, most, n);
    }
    raise_to(most, after, n);
    return count_above(state->logits + y * m + at, most, n);
}

int64_t
htst_margins_right(const htst_anneal_data_t *data, const htst_anneal_state_t *state,
    const htst_margins_change_t *change)
{
    int64_t right = 0;
    for (int64_t y = 0; y < data->n_classes; y++) {
        int64_t end = data->starts[y + 1];
        for (int64_t at = data->starts[y]; at < end; at += HTST_MARGINS_BLOCK) {
            int64_t n = end - at < HTST_MARGINS_BLOCK ? end - at : HTST_MARGINS_BLOCK;
            right += count_block(data, state, change, y, at, n);
        }
    }
    return right;
}

/* Add weight times column j, and a constant, to the logits of class c in the sample of class q. */
static void
add_to_sample(const htst_anneal_data_t *data, htst_anneal_state_t *state, int64_t q, int64_t c,
    int64_t j, int16_t weight, int16_t constant)
{
    int64_t block = HTST_ANNEAL_NEAR_BLOCK, size = state->near_sizes[q];
    int16_t *logits = state->near_logits + (q * data->n_classes + c) * data->n_near;
    for (int64_t k = 0; k * block < size; k++) {
        const int8_t *x = htst_near_features(data, state, q, k) + j * block;
        int64_t left = size - k * block;
        add_column(logits + k * block, x, left < block ? left : block, weight, constant);
    }
}

void
htst_margins_apply(
    const htst_anneal_data_t *data, htst_anneal_state_t *state, const htst_margins_change_t *change)
{
    int64_t c = change->class_index, m = data->n_examples;
    for (int t = 0; t < change->n_columns; t++) {
        int64_t j = change->columns[t];
        int16_t weight = (int16_t) change->weights[t];
        int16_t constant = (int16_t) (t == 0 ? change->constant : 0);
        add_column(state->logits + c * m, data->by_column + j * m, m, weight, constant);
        for (int64_t q = 0; q < data->n_classes; q++) {
            add_to_sample(data, state, q, c, j, weight, constant);
        }
    }
}
