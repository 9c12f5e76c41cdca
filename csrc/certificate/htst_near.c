#include "htst_draws.h"
#include "htst_isa.h"
#include "htst_margins.h"

#include <string.h>

/* Examples whose features are copied at the same time: the bytes of a line of the cache. A sample
 * has a multiple of as many places. */
#define COPIED 64

/* The label of empty places in a sample. */
#define NO_LABEL (-1)

/* List the examples whose margins for class c are between -near and near. */
static int64_t
list_near(const htst_anneal_data_t *data, const htst_anneal_state_t *state, int64_t c, int32_t near)
{
    int16_t margins[HTST_MARGINS_BLOCK];
    int64_t found = 0;
    for (int64_t y = 0; y < data->n_classes; y++) {
        int64_t end = data->starts[y + 1];
        for (int64_t at = data->starts[y]; at < end; at += HTST_MARGINS_BLOCK) {
            int64_t n = end - at < HTST_MARGINS_BLOCK ? end - at : HTST_MARGINS_BLOCK;
            htst_margins_compute(data, state, c, y, at, n, margins);
            for (int64_t i = 0; i < n; i++) {
                state->near_list[found] = (int32_t) (at + i);
                found += margins[i] > -near && margins[i] < near;
            }
        }
    }
    return found;
}

/* The label of example i. */
static int64_t
label_of(const htst_anneal_data_t *data, int64_t i)
{
    int64_t low = 0, high = data->n_classes;
    while (high - low > 1) {
        int64_t middle = (low + high) / 2;
        if (data->starts[middle] <= i) {
            low = middle;
        }
        else {
            high = middle;
        }
    }
    return low;
}

/* Transpose COPIED matrices of 8 x 8 bytes: byte t of word r becomes byte r of word t. words[r]
 * holds row r of each matrix. */
HTST_VOID_KERNEL(transpose, (uint64_t(*words)[COPIED]), (words))
{
    static const uint64_t masks[3] = { UINT64_C(0x00FF00FF00FF00FF), UINT64_C(0x0000FFFF0000FFFF),
        UINT64_C(0x00000000FFFFFFFF) };
    for (int stage = 0; stage < 3; stage++) {
        int apart = 1 << stage, shift = 8 * apart;
        uint64_t mask = masks[stage];
        for (int pair = 0; pair < 4; pair++) {
            int r = (pair & -apart) * 2 + (pair & (apart - 1));
            uint64_t *HTST_RESTRICT low = words[r];
            uint64_t *HTST_RESTRICT high = words[r + apart];
            for (int64_t i = 0; i < COPIED; i++) {
                uint64_t swapped = (low[i] >> shift ^ high[i]) & mask;
                high[i] ^= swapped;
                low[i] ^= swapped << shift;
            }
        }
    }
}

/* Copy the features of examples `at` and on of the list, at most COPIED, to the same places of the
 * sample of class c. Rows and columns are copied in parts that fill a line of the cache. */
static void
copy_features(
    const htst_anneal_data_t *data, htst_anneal_state_t *state, int64_t c, int64_t at, int64_t n)
{
    uint64_t words[8][COPIED] = { { 0 } };
    int64_t d = data->n_columns;
    int64_t first = at % HTST_ANNEAL_NEAR_BLOCK;
    int8_t *out = htst_near_features(data, state, c, at / HTST_ANNEAL_NEAR_BLOCK) + first;
    for (int64_t from = 0; from < d; from += COPIED) {
        int64_t columns = d - from < COPIED ? d - from : COPIED;
        for (int64_t t = 0; t < n; t++) {
            int64_t r = HTST_BIG_ENDIAN ? 7 - t % 8 : t % 8;
            const int8_t *row = data->by_example + state->near_list[at + t] * d + from;
            memcpy(&words[r][t / 8 * 8], row, (size_t) columns);
        }
        transpose(words);
        for (int64_t j = 0; j < columns; j++) {
            int64_t r = HTST_BIG_ENDIAN ? 7 - j % 8 : j % 8;
            uint64_t line[8];
            for (int64_t t = 0; t < 8; t++) {
                line[t] = words[r][8 * t + j / 8];
            }
            memcpy(out + (from + j) * HTST_ANNEAL_NEAR_BLOCK, line, COPIED);
        }
    }
}

void
htst_near_draw(const htst_anneal_data_t *data, htst_anneal_state_t *state, int64_t c, int32_t near)
{
    int64_t size = data->n_near, classes = data->n_classes, m = data->n_examples;
    int64_t total = list_near(data, state, c, near), n = total < size ? total : size;
    int32_t *list = state->near_list;
    for (int64_t t = 0; t < n; t++) {
        int64_t other = t + draw_below(state->generator, total - t);
        int32_t example = list[other];
        list[other] = list[t];
        list[t] = example;
    }
    for (int64_t at = 0; at < n; at += COPIED) {
        copy_features(data, state, c, at, n - at < COPIED ? n - at : COPIED);
    }
    int16_t *labels = state->near_labels + c * size;
    for (int64_t t = 0; t < size; t++) {
        labels[t] = (int16_t) (t < n ? label_of(data, list[t]) : NO_LABEL);
    }
    for (int64_t q = 0; q < classes; q++) {
        int16_t *logits = state->near_logits + (c * classes + q) * size;
        for (int64_t t = 0; t < n; t++) {
            logits[t] = state->logits[q * m + list[t]];
        }
    }
    state->near_totals[c] = total;
    state->near_sizes[c] = n;
    for (int64_t k = 0; k < size / HTST_ANNEAL_NEAR_BLOCK; k++) {
        state->near_versions[c * (size / HTST_ANNEAL_NEAR_BLOCK) + k] = -1;
    }
}

HTST_KERNEL(int32_t, sum_of, (const int8_t *HTST_RESTRICT x, int64_t n), (x, n))
{
    int32_t sum = 0;
    for (int64_t i = 0; i < n; i++) {
        sum += x[i];
    }
    return sum;
}

void
htst_near_means(const htst_anneal_data_t *data, htst_anneal_state_t *state, int64_t c)
{
    int64_t d = data->n_columns, n = state->near_sizes[c];
    int32_t *means = state->means + c * d;
    memset(means, 0, (size_t) d * sizeof(*means));
    for (int64_t at = 0; at < n; at += HTST_ANNEAL_NEAR_BLOCK) {
        int64_t left = n - at < HTST_ANNEAL_NEAR_BLOCK ? n - at : HTST_ANNEAL_NEAR_BLOCK;
        const int8_t *x = htst_near_features(data, state, c, at / HTST_ANNEAL_NEAR_BLOCK);
        for (int64_t j = 0; j < d; j++) {
            means[j] += sum_of(x + j * HTST_ANNEAL_NEAR_BLOCK, left);
        }
    }
    for (int64_t j = 0; j < d; j++) {
        means[j] = n ? (int32_t) ((int64_t) means[j] * 256 / n) : 0;
    }
}

/* Keep the logit of the label, and the largest logit of third classes, for a block. */
HTST_VOID_KERNEL(note_logits,
    (const int16_t *HTST_RESTRICT labels, const int16_t *HTST_RESTRICT logits, int16_t q,
        int16_t *HTST_RESTRICT label, int16_t *HTST_RESTRICT most),
    (labels, logits, q, label, most))
{
    for (int64_t i = 0; i < HTST_ANNEAL_NEAR_BLOCK; i++) {
        int16_t larger = logits[i] > most[i] ? logits[i] : most[i];
        label[i] = labels[i] == q ? logits[i] : label[i];
        most[i] = labels[i] == q ? most[i] : larger;
    }
}

HTST_VOID_KERNEL(set_near_margins,
    (const int16_t *HTST_RESTRICT labels, const int16_t *HTST_RESTRICT logits,
        const int16_t *HTST_RESTRICT label, const int16_t *HTST_RESTRICT most, int16_t c,
        int16_t *HTST_RESTRICT margins),
    (labels, logits, label, most, c, margins))
{
    for (int64_t i = 0; i < HTST_ANNEAL_NEAR_BLOCK; i++) {
        int32_t other = label[i] > most[i] ? label[i] - logits[i] : -HTST_MARGIN_FAR;
        int32_t margin = labels[i] == c ? most[i] - logits[i] + 1 : other;
        margin = labels[i] == NO_LABEL ? HTST_MARGIN_FAR : margin;
        margin = margin > HTST_MARGIN_FAR ? HTST_MARGIN_FAR : margin;
        margins[i] = (int16_t) (margin < -HTST_MARGIN_FAR ? -HTST_MARGIN_FAR : margin);
    }
}

/* Bring the margins of block k of the sample of class c up to date. */
static void
refresh_block(const htst_anneal_data_t *data, htst_anneal_state_t *state, int64_t c, int64_t k)
{
    int64_t size = data->n_near, classes = data->n_classes, at = k * HTST_ANNEAL_NEAR_BLOCK;
    int64_t *version = state->near_versions + c * (size / HTST_ANNEAL_NEAR_BLOCK) + k;
    if (*version == state->version) {
        return;
    }
    int16_t label[HTST_ANNEAL_NEAR_BLOCK], most[HTST_ANNEAL_NEAR_BLOCK];
    for (int64_t i = 0; i < HTST_ANNEAL_NEAR_BLOCK; i++) {
        label[i] = 0;
        most[i] = INT16_MIN;
    }
    const int16_t *labels = state->near_labels + c * size + at;
    const int16_t *logits = state->near_logits + c * classes * size + at;
    for (int64_t q = 0; q < classes; q++) {
        if (q != c) {
            note_logits(labels, logits + q * size, (int16_t) q, label, most);
        }
    }
    set_near_margins(
        labels, logits + c * size, label, most, (int16_t) c, state->near_margins + c * size + at);
    *version = state->version;
}

/* Count a block: margins above the change mean right, or wrong for the class itself. */
HTST_VOID_KERNEL(count_one,
    (const int16_t *HTST_RESTRICT margins, const int16_t *HTST_RESTRICT labels,
        const int8_t *HTST_RESTRICT x, int16_t c, int16_t weight, int16_t constant, int64_t *added,
        int64_t *changed),
    (margins, labels, x, c, weight, constant, added, changed))
{
    int16_t net = 0, turned = 0;
    for (int64_t i = 0; i < HTST_ANNEAL_NEAR_BLOCK; i++) {
        int16_t d = (int16_t) (weight * x[i] + constant);
        int16_t lost = (int16_t) ((margins[i] > 0) - (margins[i] > d));
        net = (int16_t) (net + (labels[i] == c ? -lost : lost));
        turned = (int16_t) (turned + (lost & 1));
    }
    *added += net;
    *changed += turned;
}

HTST_VOID_KERNEL(count_two,
    (const int16_t *HTST_RESTRICT margins, const int16_t *HTST_RESTRICT labels,
        const int8_t *HTST_RESTRICT x, const int8_t *HTST_RESTRICT z, int16_t c, int16_t weight,
        int16_t weight_z, int16_t constant, int64_t *added, int64_t *changed),
    (margins, labels, x, z, c, weight, weight_z, constant, added, changed))
{
    int16_t net = 0, turned = 0;
    for (int64_t i = 0; i < HTST_ANNEAL_NEAR_BLOCK; i++) {
        int16_t d = (int16_t) (weight * x[i] + weight_z * z[i] + constant);
        int16_t lost = (int16_t) ((margins[i] > 0) - (margins[i] > d));
        net = (int16_t) (net + (labels[i] == c ? -lost : lost));
        turned = (int16_t) (turned + (lost & 1));
    }
    *added += net;
    *changed += turned;
}

void
htst_near_count(const htst_anneal_data_t *data, htst_anneal_state_t *state,
    const htst_margins_change_t *change, int64_t k, int64_t *added, int64_t *changed)
{
    int64_t c = change->class_index, size = data->n_near, at = k * HTST_ANNEAL_NEAR_BLOCK;
    refresh_block(data, state, c, k);
    const int16_t *margins = state->near_margins + c * size + at;
    const int16_t *labels = state->near_labels + c * size + at;
    const int8_t *features = htst_near_features(data, state, c, k);
    const int8_t *x = features + change->columns[0] * HTST_ANNEAL_NEAR_BLOCK;
    int16_t weight = (int16_t) change->weights[0], constant = (int16_t) change->constant;
    if (change->n_columns == 1) {
        count_one(margins, labels, x, (int16_t) c, weight, constant, added, changed);
    }
    else {
        count_two(margins, labels, x, features + change->columns[1] * HTST_ANNEAL_NEAR_BLOCK,
            (int16_t) c, weight, (int16_t) change->weights[1], constant, added, changed);
    }
}
