#include "htst_gaps.h"

#include <string.h>

/* The largest unary part is this long, so that no gap takes more than 96 bits. */
#define ESCAPE 32

static int
has_positions(int64_t n_rows, int64_t n_cols)
{
    return n_cols == 0 || n_rows <= INT64_MAX / n_cols;
}

/* ---- writing -------------------------------------------------------------------------------- */

static int
is_csr(int64_t n_rows, int64_t n_cols, const int64_t *indptr, const int64_t *indices)
{
    if (n_rows < 0 || n_cols < 0 || indptr[0] != 0) {
        return 0;
    }
    for (int64_t row = 0; row < n_rows; row++) {
        int64_t last = -1;
        if (indptr[row + 1] < indptr[row]) {
            return 0;
        }
        for (int64_t e = indptr[row]; e < indptr[row + 1]; e++) {
            if (indices[e] <= last || indices[e] >= n_cols) {
                return 0;
            }
            last = indices[e];
        }
    }
    return 1;
}

int
htst_gaps_size(int64_t n_rows, int64_t n_cols, const int64_t *indptr, const int64_t *indices, int k,
    int64_t *n_bytes)
{
    /* at most 96 bits per entry: the sum fits uint64 as long as the indices fit in memory */
    uint64_t bits = 0;
    int64_t previous = -1;

    if (k < 0 || k > HTST_GAPS_MAX_K || !is_csr(n_rows, n_cols, indptr, indices)) {
        return HTST_ERR_BAD_ARG;
    }
    if (!has_positions(n_rows, n_cols)) {
        return HTST_ERR_OVERFLOW;
    }
    for (int64_t row = 0; row < n_rows; row++) {
        for (int64_t e = indptr[row]; e < indptr[row + 1]; e++) {
            int64_t position = row * n_cols + indices[e];
            int64_t quotient = (position - previous - 1) >> k;
            bits += quotient < ESCAPE ? (uint64_t) (quotient + 1 + k) : ESCAPE + 64;
            previous = position;
        }
    }
    *n_bytes = (int64_t) ((bits + 7) / 8);
    return HTST_OK;
}

typedef struct {
    uint8_t *out;
    uint64_t word; /* bits not yet written, from the least significant bit up */
    int used;      /* number of these bits, at most 63 */
} writer_t;

static void
flush_bytes(writer_t *writer, int n_bytes)
{
    for (int b = 0; b < n_bytes; b++) {
        *writer->out++ = (uint8_t) (writer->word >> (8 * b));
    }
}

static inline void
put(writer_t *writer, uint64_t value, int n_bits)
{
    writer->word |= value << writer->used;
    if (writer->used + n_bits < 64) {
        writer->used += n_bits;
        return;
    }
    flush_bytes(writer, 8);
    writer->word = writer->used == 0 ? 0 : value >> (64 - writer->used);
    writer->used += n_bits - 64;
}

void
htst_gaps_write(int64_t n_rows, int64_t n_cols, const int64_t *indptr, const int64_t *indices,
    int k, uint8_t *out)
{
    writer_t writer = { .out = out };
    const uint64_t low_bits = (UINT64_C(1) << k) - 1;
    int64_t previous = -1;

    for (int64_t row = 0; row < n_rows; row++) {
        for (int64_t e = indptr[row]; e < indptr[row + 1]; e++) {
            int64_t position = row * n_cols + indices[e];
            uint64_t gap = (uint64_t) (position - previous - 1);
            uint64_t quotient = gap >> k;
            if (HTST_LIKELY(quotient < ESCAPE)) {
                int unary = (int) quotient + 1;
                uint64_t code = (gap & low_bits) << unary | UINT64_C(1) << quotient;
                put(&writer, code, unary + k);
            }
            else {
                put(&writer, 0, ESCAPE);
                put(&writer, gap, 64);
            }
            previous = position;
        }
    }
    flush_bytes(&writer, (writer.used + 7) / 8);
}

/* ---- reading -------------------------------------------------------------------------------- */

typedef struct {
    const uint8_t *in;
    uint64_t n_bits;
    uint64_t at;
} reader_t;

/* The next bits, at least 57, from this position on; zeros after the end of the stream. */
static inline uint64_t
peek(const reader_t *reader)
{
    uint64_t first = reader->at >> 3, n_bytes = reader->n_bits >> 3, word = 0;

    if (HTST_LIKELY(first + 8 <= n_bytes)) {
        /* compilers make one load of this on a little-endian machine */
        for (int b = 0; b < 8; b++) {
            word |= (uint64_t) reader->in[first + (uint64_t) b] << (8 * b);
        }
    }
    else {
        for (uint64_t b = first; b < n_bytes; b++) {
            word |= (uint64_t) reader->in[b] << (8 * (b - first));
        }
    }
    return word >> (reader->at & 7);
}

static inline uint64_t
take_gap(reader_t *reader, int k)
{
    uint64_t word = peek(reader), gap;
    int quotient;

    if (HTST_UNLIKELY((uint32_t) word == 0)) {
        reader->at += ESCAPE;
        gap = (uint32_t) peek(reader);
        reader->at += 32;
        gap |= (uint64_t) (uint32_t) peek(reader) << 32;
        reader->at += 32;
        return gap;
    }
    quotient = HTST_ZEROS_BELOW((uint32_t) word);
    reader->at += (uint64_t) quotient + 1;
    word = quotient + 1 + k <= 57 ? word >> quotient >> 1 : peek(reader);
    reader->at += (uint64_t) k;
    return (uint64_t) quotient << k | (word & ((UINT64_C(1) << k) - 1));
}

int
htst_gaps_read(int64_t n_bytes, const uint8_t *in, int k, int64_t n, int64_t n_rows, int64_t n_cols,
    int64_t *indptr, int64_t *indices)
{
    reader_t reader = { .in = in };
    int64_t position = -1, row = 0, row_start = 0, end;

    if (n_bytes < 0 || n_bytes > INT64_MAX / 8 || k < 0 || k > HTST_GAPS_MAX_K || n < 0
        || n_rows < 0 || n_cols < 0) {
        return HTST_ERR_BAD_ARG;
    }
    if (!has_positions(n_rows, n_cols)) {
        return HTST_ERR_OVERFLOW;
    }
    end = n_rows * n_cols;
    reader.n_bits = 8 * (uint64_t) n_bytes;
    indptr[0] = 0;
    for (int64_t e = 0; e < n; e++) {
        uint64_t gap = take_gap(&reader, k);
        if (reader.at > reader.n_bits || gap >= (uint64_t) (end - 1 - position)) {
            return HTST_ERR_BAD_ARG;
        }
        position += 1 + (int64_t) gap;
        while (position - row_start >= n_cols) {
            indptr[++row] = e;
            row_start += n_cols;
        }
        indices[e] = position - row_start;
    }
    while (row < n_rows) {
        indptr[++row] = n;
    }
    /* at most 7 bits may be left, all zero */
    if (reader.n_bits - reader.at >= 8 || peek(&reader) != 0) {
        return HTST_ERR_BAD_ARG;
    }
    return HTST_OK;
}
