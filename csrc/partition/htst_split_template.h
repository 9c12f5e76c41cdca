/* htst_split_template: htst_split.c for one format of floats. That file includes it once for each,
 * with BITS and INT, the unsigned and signed integers of its width; OUT, the unsigned integer of a
 * value's width; INFINITE and OUT_INFINITE, infinity as an element and as a value; ROW(...), a row
 * by htst_partition_row.h; and OF(name), the name with the format's suffix. */

/* The number of values that are NaN or infinite. */
HTST_KERNEL(int64_t, OF(not_finite), (const OUT *values, int64_t n), (values, n))
{
    OUT bad = 0;

    for (int64_t i = 0; i < n; i++) {
        bad += (OUT) (values[i] << 1) >= (OUT) (OUT_INFINITE << 1);
    }
    return (int64_t) bad;
}

/* The rows of a piece: the elements that they keep, and in ends[r] how many the first r + 1 rows
 * keep, for the n_ends rows that end in this piece. Returns the number of kept elements. */
static int64_t
OF(split_piece)(const BITS *w, int64_t row_length, const piece_t *piece, INT low, INT high,
    int instructions, const htst_split_look_t *elements, int32_t *indices, OUT *values,
    int64_t *ends, int64_t n_ends, int64_t *not_finite)
{
    int64_t k = 0, looked = 0;

    for (int64_t r = 0; r < piece->rows; r++, w += row_length) {
        int64_t ahead = piece->rows * piece->cols - looked;
        if (elements != NULL && looked < (r + 1) * piece->cols) {
            ahead = MIN(ahead, MAX(piece->cols, LOOK));
            elements->read(w + looked - r * piece->cols, ahead, elements->state);
            looked += ahead;
        }
        int64_t room = piece->cols + HTST_SPLIT_OWN - PIECE;
        int64_t kept = ROW(w, piece->cols, low, high, NULL, room, indices + k, values + k);
        *not_finite += OF(not_finite)(values + k, kept);
        k += kept;
        if (r < n_ends) {
            ends[r] = k;
        }
    }
    for (int64_t i = 0; piece->col > 0 && i < k; i++) {
        indices[i] += (int32_t) piece->col;
    }
    return k;
}

int
OF(htst_split)(const BITS *w, int64_t rows, int64_t cols, INT low, INT high, int instructions,
    htst_split_turns_t *turns, const htst_split_look_t *elements, const htst_split_look_t *kept,
    int32_t *own_indices, OUT *own_values, int64_t *indptr, int32_t *indices, OUT *values,
    int64_t *not_finite)
{
    const int64_t last = pieces(rows, cols), size = rows * cols, each = sizeof(OUT);
    const int alone = own_indices == NULL;
    int64_t turn;

    *not_finite = 0;
    atomic_fetch_add(&turns->threads, 1);
    /* NaN and infinity are then kept: only the few kept values must be searched for them */
    low = (INT) MAX(low, -INFINITE);
    high = (INT) MIN(high, INFINITE - 1);
    while ((turn = atomic_fetch_add(&turns->next, 1)) < last) {
        piece_t piece = piece_at(turn, rows, cols);
        int64_t *ends = indptr + piece.row + 1;
        int64_t n_ends = piece.col + piece.cols == cols ? piece.rows : 0;
        int32_t *to_indices = alone ? indices + turns->kept : own_indices;
        OUT *to_values = alone ? values + turns->kept : own_values;
        int64_t k = OF(split_piece)(w + piece.row * cols + piece.col, cols, &piece, low, high,
            instructions, elements, to_indices, to_values, ends, n_ends, not_finite);
        if (kept != NULL && k > 0) {
            kept->read(to_values, k, kept->state);
        }
        int64_t at = take_place(turns, turn, k);
        for (int64_t r = 0; r < n_ends; r++) {
            ends[r] += at;
        }
        if (!alone) {
            place(indices, size * 4, at * 4, own_indices, k * 4, lead(turns));
            place(values, size * each, at * each, own_values, k * each, lead(turns));
        }
    }
    return HTST_OK;
}

#undef BITS
#undef INT
#undef OUT
#undef INFINITE
#undef OUT_INFINITE
#undef ROW
#undef OF
