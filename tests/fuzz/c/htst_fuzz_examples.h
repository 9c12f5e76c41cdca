/* Examples with labels, in chunks and sorted by label, as the searches of certificates take them;
 * and tables of costs. */
#ifndef HTST_FUZZ_EXAMPLES_H
#define HTST_FUZZ_EXAMPLES_H

#include "htst_fuzz.h"

typedef struct {
    int64_t n, columns, classes, chunks, largest; /* largest: examples of a chunk */
    int64_t *starts, *labels;                     /* (chunks, classes + 1), (n,) */
    int8_t *by_example, *by_column;
    int32_t *relatives; /* (columns, n_relatives) */
    int64_t n_relatives;
} htst_fuzz_examples_t;

static inline htst_fuzz_examples_t
htst_fuzz_examples(htst_fuzz_t *input, int64_t columns, int64_t chunks)
{
    htst_fuzz_examples_t e = { .columns = columns,
        .classes = 2 + htst_fuzz_int(input, 4),
        .chunks = chunks,
        .n_relatives = htst_fuzz_int(input, 3) };
    int64_t most = 1 + htst_fuzz_int(input, 12), width = e.classes + 1;
    e.starts = malloc((size_t) (chunks * width) * 8);
    for (int64_t k = 0; k < chunks; k++) {
        int64_t begin = e.n;
        for (int64_t c = 0; c <= e.classes; c++) {
            e.starts[k * width + c] = e.n;
            e.n += c < e.classes ? htst_fuzz_int(input, most) : 0;
        }
        e.n += k + 1 == chunks && e.n == 0; /* one example at least, of the last class */
        e.starts[k * width + e.classes] = e.n;
        e.largest = e.n - begin > e.largest ? e.n - begin : e.largest;
    }
    size_t size = (size_t) (e.n * columns);
    e.labels = malloc((size_t) e.n * 8), e.by_column = malloc(size), e.by_example = malloc(size);
    e.relatives = malloc((size_t) (columns * e.n_relatives) * 4);
    for (int64_t j = 0; j < columns * e.n_relatives; j++) {
        e.relatives[j] = (int32_t) (htst_fuzz_int(input, columns + 1) - 1);
    }
    int64_t n_bits = 1 + (int64_t) input->left / 2; /* repeated with changes */
    int8_t *bits = htst_fuzz_array(input, n_bits, 1);
    for (int64_t k = 0; k < chunks; k++) {
        const int64_t *starts = e.starts + k * width;
        int64_t begin = starts[0], rows = starts[e.classes] - begin;
        for (int64_t i = begin, c = 0; i < begin + rows; i++) {
            while (starts[c + 1] <= i) {
                c++;
            }
            e.labels[i] = c;
            for (int64_t j = 0; j < columns; j++) {
                int64_t at = i * columns + j;
                int8_t x = (int8_t) (uint8_t) ((uint8_t) bits[at % n_bits] + at / n_bits * 89);
                e.by_example[at] = x == -128 ? 0 : x;
                e.by_column[begin * columns + j * rows + i - begin] = e.by_example[at];
            }
        }
    }
    free(bits);
    return e;
}

static inline void
htst_fuzz_free_examples(htst_fuzz_examples_t e)
{
    free(e.starts), free(e.labels), free(e.by_example), free(e.by_column), free(e.relatives);
}

/* n costs that do not fall by much. */
static inline int64_t *
htst_fuzz_costs(htst_fuzz_t *input, int64_t n)
{
    int64_t *costs = malloc((size_t) n * 8), value = 0, step = htst_fuzz_int(input, 8192);
    for (int64_t i = 0; i < n; i++) {
        costs[i] = value;
        value += step + (i * 7 % 13) * 16 - 64;
    }
    return costs;
}

#endif
