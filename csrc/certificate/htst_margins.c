#include "htst_margins.h"

/* Number of examples for which an int16 counter cannot overflow in one lane of any vector. */
#define COUNT_BLOCK 8192

/* Smaller than every logit that htst_anneal_start accepts. */
#define LEAST_LOGIT (-(1 << 30))

HTST_CLONES static void
find_two_largest(const int32_t *HTST_RESTRICT logits, int64_t n, int32_t *HTST_RESTRICT first,
    int32_t *HTST_RESTRICT second)
{
    for (int64_t i = 0; i < n; i++) {
        int32_t x = logits[i];
        int32_t smaller = x < first[i] ? x : first[i];
        first[i] = x > first[i] ? x : first[i];
        second[i] = smaller > second[i] ? smaller : second[i];
    }
}

HTST_INLINE int16_t
clamp(int32_t margin)
{
    margin = margin > HTST_MARGIN_FAR ? HTST_MARGIN_FAR : margin;
    return (int16_t) (margin < -HTST_MARGIN_FAR ? -HTST_MARGIN_FAR : margin);
}

/* Margins of a class for examples of another label. */
HTST_CLONES static void
set_others_margins(const int32_t *HTST_RESTRICT label, const int32_t *HTST_RESTRICT logits,
    const int32_t *HTST_RESTRICT first, const int32_t *HTST_RESTRICT second, int64_t n,
    int16_t *HTST_RESTRICT margins)
{
    for (int64_t i = 0; i < n; i++) {
        int32_t third = logits[i] == first[i] ? second[i] : first[i];
        int32_t margin = label[i] > third ? label[i] - logits[i] : -HTST_MARGIN_FAR;
        margins[i] = clamp(margin);
    }
}

HTST_CLONES static void
set_own_margins(const int32_t *HTST_RESTRICT label, const int32_t *HTST_RESTRICT first, int64_t n,
    int16_t *HTST_RESTRICT margins)
{
    for (int64_t i = 0; i < n; i++) {
        margins[i] = clamp(first[i] - label[i] + 1);
    }
}

/* Find the two largest logits of other labels, for the examples of chunk k. */
static void
refresh_largest(const htst_anneal_data_t *data, htst_anneal_state_t *state, int64_t k)
{
    const int64_t *starts = data->starts + k * (data->n_classes + 1);
    int64_t m = data->n_examples, begin = starts[0], n = htst_chunk_size(data, k);
    int32_t *first = state->largest, *second = state->largest + m;
    for (int64_t i = begin; i < begin + n; i++) {
        first[i] = second[i] = LEAST_LOGIT;
    }
    for (int64_t c = 0; c < data->n_classes; c++) {
        const int32_t *logits = state->logits + c * m;
        int64_t own = starts[c], after = starts[c + 1];
        find_two_largest(logits + begin, own - begin, first + begin, second + begin);
        find_two_largest(logits + after, begin + n - after, first + after, second + after);
    }
}

void
htst_margins_refresh(
    const htst_anneal_data_t *data, htst_anneal_state_t *state, int64_t k, int64_t c)
{
    int64_t *versions = state->versions + k * (data->n_classes + 1);
    if (versions[c] == state->version) {
        return;
    }
    if (versions[data->n_classes] != state->version) {
        refresh_largest(data, state, k);
        versions[data->n_classes] = state->version;
    }
    const int64_t *starts = data->starts + k * (data->n_classes + 1);
    int64_t m = data->n_examples, begin = starts[0], n = htst_chunk_size(data, k);
    int16_t *margins = state->margins + begin * data->n_classes + c * n;
    const int32_t *first = state->largest, *second = state->largest + m;
    for (int64_t y = 0; y < data->n_classes; y++) {
        int64_t at = starts[y], size = starts[y + 1] - at;
        const int32_t *label = state->logits + y * m + at;
        if (y == c) {
            set_own_margins(label, first + at, size, margins + (at - begin));
        }
        else {
            set_others_margins(label, state->logits + c * m + at, first + at, second + at, size,
                margins + (at - begin));
        }
    }
    versions[c] = state->version;
}

/* Count the examples whose margin exceeds the change (below), and those for which this comparison
 * has another result than without the change (changed). */
HTST_CLONES static void
count_one(const int16_t *HTST_RESTRICT margins, const int8_t *HTST_RESTRICT x, int64_t n,
    int16_t weight, int16_t constant, int64_t *below, int64_t *changed)
{
    int16_t now = 0, other = 0;
    for (int64_t i = 0; i < n; i++) {
        int16_t is = margins[i] > (int16_t) (weight * x[i] + constant), was = margins[i] > 0;
        now = (int16_t) (now + is);
        other = (int16_t) (other + (is ^ was));
    }
    *below += now;
    *changed += other;
}

HTST_CLONES static void
count_two(const int16_t *HTST_RESTRICT margins, const int8_t *HTST_RESTRICT x,
    const int8_t *HTST_RESTRICT z, int64_t n, int16_t weight, int16_t weight_z, int16_t constant,
    int64_t *below, int64_t *changed)
{
    int16_t now = 0, other = 0;
    for (int64_t i = 0; i < n; i++) {
        int16_t d = (int16_t) (weight * x[i] + weight_z * z[i] + constant);
        int16_t is = margins[i] > d, was = margins[i] > 0;
        now = (int16_t) (now + is);
        other = (int16_t) (other + (is ^ was));
    }
    *below += now;
    *changed += other;
}

/* The same for examples [begin, end) of a chunk and a change of one or two columns. */
static void
count_segment(const int16_t *margins, const int8_t *const columns[2],
    const htst_margins_change_t *change, int64_t begin, int64_t end, int64_t *below,
    int64_t *changed)
{
    int16_t w = (int16_t) change->weights[0], v = (int16_t) change->weights[1];
    int16_t constant = (int16_t) change->constant;
    for (int64_t at = begin; at < end; at += COUNT_BLOCK) {
        int64_t n = end - at < COUNT_BLOCK ? end - at : COUNT_BLOCK;
        if (change->n_columns == 1) {
            count_one(margins + at, columns[0] + at, n, w, constant, below, changed);
        }
        else {
            count_two(
                margins + at, columns[0] + at, columns[1] + at, n, w, v, constant, below, changed);
        }
    }
}

void
htst_margins_count(const htst_anneal_data_t *data, const htst_anneal_state_t *state,
    const htst_margins_change_t *change, int64_t k, int64_t *right, int64_t *changed)
{
    const int64_t *starts = data->starts + k * (data->n_classes + 1);
    int64_t begin = starts[0], n = htst_chunk_size(data, k), c = change->class_index;
    const int16_t *margins = state->margins + begin * data->n_classes + c * n;
    const int8_t *chunk = data->by_column + begin * data->n_columns;
    const int8_t *columns[2] = { chunk + change->columns[0] * n, chunk + change->columns[1] * n };
    int64_t own = starts[c] - begin, after = starts[c + 1] - begin;
    int64_t below = 0, own_below = 0, ignored = 0;
    /* one loop over all examples is faster than three loops around the segment of class c */
    count_segment(margins, columns, change, 0, n, &below, changed);
    count_segment(margins, columns, change, own, after, &own_below, &ignored);
    *right += below - own_below + (after - own - own_below);
}

HTST_CLONES static void
add_column(int32_t *HTST_RESTRICT logits, const int8_t *HTST_RESTRICT x, int64_t n, int32_t weight,
    int32_t constant)
{
    for (int64_t i = 0; i < n; i++) {
        logits[i] += weight * x[i] + constant;
    }
}

int64_t
htst_margins_right(const htst_anneal_data_t *data, htst_anneal_state_t *state, int64_t k)
{
    int64_t right = 0, changed = 0;
    htst_margins_change_t none = { .n_columns = 1 };
    htst_margins_refresh(data, state, k, 0);
    htst_margins_count(data, state, &none, k, &right, &changed);
    return right;
}

void
htst_margins_apply(
    const htst_anneal_data_t *data, htst_anneal_state_t *state, const htst_margins_change_t *change)
{
    int32_t *logits = state->logits + change->class_index * data->n_examples;
    for (int64_t k = 0; k < data->n_chunks; k++) {
        int64_t begin = htst_chunk_start(data, k), n = htst_chunk_size(data, k);
        const int8_t *chunk = data->by_column + begin * data->n_columns;
        for (int t = 0; t < change->n_columns; t++) {
            add_column(logits + begin, chunk + change->columns[t] * n, n, change->weights[t],
                t == 0 ? change->constant : 0);
        }
    }
}
