#include "htst_panel.h"

#include "htst_draws.h"

#include <string.h>

/* Rows and columns that are transposed at once. */
#define ROWS 16
#define TILE 256

htst_margins_block_t
htst_chunk_block(const htst_anneal_data_t *data, const htst_anneal_state_t *state, int64_t k)
{
    const int64_t *starts = data->starts + k * (data->n_classes + 1);
    return (htst_margins_block_t){ .n = starts[data->n_classes] - starts[0],
        .n_classes = data->n_classes,
        .starts = starts,
        .columns = data->by_column + starts[0] * data->n_columns,
        .logits = state->logits + starts[0] * data->n_classes,
        .largest = state->largest + 2 * starts[0] };
}

htst_margins_block_t
htst_panel_block(const htst_anneal_data_t *data, const htst_anneal_state_t *state, int64_t p)
{
    const int64_t *starts = state->panel_starts + p * (data->n_classes + 1);
    return (htst_margins_block_t){ .n = starts[data->n_classes],
        .n_classes = data->n_classes,
        .starts = starts,
        .columns = state->panel_columns + p * data->n_columns * state->panel_size,
        .logits = state->panel_logits + p * data->n_classes * state->panel_size,
        .largest = state->panel_largest };
}

/* List every q-th example near the boundary of class c, by label. ends[y] is the end of label y in
 * the list. Returns the length of the list. */
static int64_t
list_near(
    const htst_anneal_data_t *data, htst_anneal_state_t *state, int64_t c, int64_t q, int64_t *ends)
{
    int64_t found = 0, phase = draw_below(state->generator, q), n_classes = data->n_classes;
    for (int64_t y = 0; y < n_classes; y++) {
        for (int64_t k = 0; k < data->n_chunks; k++) {
            const int64_t *starts = data->starts + k * (n_classes + 1);
            const int16_t *margins = htst_chunk_margins(data, state, k, c) - starts[0];
            int64_t i = starts[y] + phase;
            for (; i < starts[y + 1]; i += q) {
                if (margins[i] > -HTST_PANEL_NEAR && margins[i] < HTST_PANEL_NEAR) {
                    state->near[found++] = (int32_t) i;
                }
            }
            phase = i - starts[y + 1];
        }
        ends[y] = found;
    }
    return found;
}

/* Keep `size` of the `found` examples of the list, evenly spread. */
static void
thin_out(htst_anneal_state_t *state, int64_t found, int64_t size, int64_t n_classes, int64_t *ends)
{
    int64_t kept = 0, t = 0;
    for (int64_t y = 0; y < n_classes; y++) {
        for (; t < ends[y]; t++) {
            if ((t + 1) * size / found > t * size / found) {
                state->near[kept++] = state->near[t];
            }
        }
        ends[y] = kept;
    }
}

HTST_CLONES static void
interleave(const int8_t *HTST_RESTRICT a, const int8_t *HTST_RESTRICT b, int64_t n,
    int8_t *HTST_RESTRICT out)
{
    for (int64_t i = 0; i < n; i++) {
        out[2 * i] = a[i];
        out[2 * i + 1] = b[i];
    }
}

/* Copy `width` columns of up to sixteen rows, so that the bytes of a column follow each other:
 * column j to out + j * stride. */
static void
transpose_rows(
    const int8_t *const rows[ROWS], int64_t n_rows, int64_t width, int8_t *out, int64_t stride)
{
    int8_t one[ROWS * TILE], two[ROWS * TILE], *from = one, *to = two;
    for (int r = 0; r < ROWS / 2; r++) {
        interleave(rows[r], rows[r + ROWS / 2], width, from + 2 * r * width);
    }
    for (int64_t half = ROWS / 4; half >= 1; half /= 2) {
        int64_t length = ROWS / 2 / half * width;
        for (int64_t r = 0; r < half; r++) {
            interleave(from + r * length, from + (r + half) * length, length, to + 2 * r * length);
        }
        int8_t *swap = from;
        from = to;
        to = swap;
    }
    for (int64_t j = 0; j < width; j++) {
        if (n_rows == ROWS) {
            memcpy(out + j * stride, from + j * ROWS, ROWS);
        }
        else {
            memcpy(out + j * stride, from + j * ROWS, (size_t) n_rows);
        }
    }
}

/* Copy the columns of the examples in the list. */
static void
copy_columns(const htst_anneal_data_t *data, const htst_anneal_state_t *state,
    const htst_margins_block_t *block, int8_t *columns)
{
    int64_t d = data->n_columns, n = block->n;
    for (int64_t at = 0; at < n; at += ROWS) {
        int64_t n_rows = n - at < ROWS ? n - at : ROWS;
        const int8_t *rows[ROWS];
        for (int64_t r = 0; r < ROWS; r++) {
            rows[r] = data->by_example + state->near[at + (r < n_rows ? r : 0)] * d;
        }
        for (int64_t j = 0; j < d; j += TILE) {
            int64_t width = d - j < TILE ? d - j : TILE;
            transpose_rows(rows, n_rows, width, columns + j * n + at, n);
            for (int64_t r = 0; r < ROWS; r++) {
                rows[r] += width;
            }
        }
    }
}

static void
copy_logits(const htst_anneal_data_t *data, const htst_anneal_state_t *state,
    const htst_margins_block_t *panel)
{
    for (int64_t t = 0; t < panel->n; t++) {
        int64_t i = state->near[t], k = 0;
        while (data->starts[(k + 1) * (data->n_classes + 1) - 1] <= i) {
            k++;
        }
        htst_margins_block_t chunk = htst_chunk_block(data, state, k);
        for (int64_t q = 0; q < data->n_classes; q++) {
            panel->logits[q * panel->n + t] = chunk.logits[q * chunk.n + i - chunk.starts[0]];
        }
    }
}

HTST_CLONES static int32_t
sum_bytes(const int8_t *x, int64_t n)
{
    int32_t sum = 0;
    for (int64_t i = 0; i < n; i++) {
        sum += x[i];
    }
    return sum;
}

void
htst_panel_draw(const htst_anneal_data_t *data, htst_anneal_state_t *state, int64_t p)
{
    int64_t d = data->n_columns, n_classes = data->n_classes, near = 0, c = p % n_classes;
    for (int64_t k = 0; k < data->n_chunks; k++) {
        const int64_t *starts = data->starts + k * (n_classes + 1);
        near += htst_margins_count_near(
            htst_chunk_margins(data, state, k, c), starts[n_classes] - starts[0], HTST_PANEL_NEAR);
    }
    int64_t *starts = state->panel_starts + p * (n_classes + 1);
    int64_t q = near / state->panel_size;
    starts[0] = 0;
    int64_t found = list_near(data, state, c, q < 1 ? 1 : q, starts + 1);
    if (found > state->panel_size) {
        thin_out(state, found, state->panel_size, n_classes, starts + 1);
    }
    htst_margins_block_t panel = htst_panel_block(data, state, p);
    copy_columns(data, state, &panel, state->panel_columns + p * d * state->panel_size);
    copy_logits(data, state, &panel);
    int16_t *signs = state->panel_signs + p * state->panel_size;
    for (int64_t i = 0; i < panel.n; i++) {
        signs[i] = i >= starts[c] && i < starts[c + 1] ? -1 : 1;
    }
    state->panels[p] = (htst_panel_t){
        .near = near, .drawn_version = state->version, .drawn_at = state->n_proposals, .version = -1
    };
    for (int64_t j = 0; p < n_classes && j < d; j++) {
        int64_t sum = sum_bytes(panel.columns + j * panel.n, panel.n);
        state->means[c * d + j] = panel.n ? (int32_t) (sum * 256 / panel.n) : 0;
    }
}
