/* htst_features: integer features of grey images, the same on every machine.
 *
 * Each filter is correlated with the image, which is padded with zeros. The absolute values are
 * summed over square windows, and the sums are divided by `divisor`. Every result is then divided
 * by the sum of all filters over 3 x 3 neighbouring cells, and the square root is taken:
 *
 *     r_f(y, x)  = abs(sum over dy, dx of taps_f(dy, dx) image(y + dy, x + dx))
 *     v_f(cell)  = floor(sum of r_f over the cell's window / divisor)
 *     e(cell)    = sum over f and the 3 x 3 cells around it of v_f
 *     feature    = min(127, floor(sqrt(floor(HTST_FEATURES_SCALE v_f / (e + softening)))))
 *
 * One more channel is the mean of the window's pixels: floor(sum of pixels / (2 window^2)). Cells
 * are `stride` pixels apart, and the first window begins `margin` pixels outside the image.
 */
#ifndef HTST_FEATURES_H
#define HTST_FEATURES_H

#include <stdint.h>

#include "htst_common.h"

/* 9 x 127^2: a feature is 127 times the square root of nine times the proportion of e that belongs
 * to the filter. */
#define HTST_FEATURES_SCALE 145161

typedef struct {
    int64_t height, width; /* pixels */
    int64_t n_filters;
    const int64_t *sizes; /* (n_filters,): filter f has sizes[f] x sizes[f] taps; odd */
    const int16_t *taps;  /* filter after filter, row by row */
    int64_t window, stride, margin;
    int64_t divisor, softening;
} htst_features_bank_t;

/* The number of rows and of columns of cells of `bank`: (height + 2 margin - window) / stride + 1,
 * and the same with width. 0 if no window fits. METHOD: the formula. ACCURACY: exact. ERRORS:
 * none. */
int64_t htst_features_rows(const htst_features_bank_t *bank);
int64_t htst_features_columns(const htst_features_bank_t *bank);

/* The size, in doubles, of the workspace of htst_features_images for `bank`. It holds floats and
 * then int64 numbers. METHOD: a sum of sizes. ACCURACY: exact. ERRORS: none. */
int64_t htst_features_work(const htst_features_bank_t *bank);

/* Compute the features of n images.
 *   bank: the filters and the layout of cells
 *   images: (n, height, width)
 *   work: htst_features_work(bank) doubles
 *   features: (n, (n_filters + 1) x rows x columns), the channel of the pixels last
 * METHOD: correlations in float32. Every product and every partial sum is an integer below 2^24,
 * so each is exact in any order.
 * ACCURACY: exact.
 * ERRORS: HTST_ERR_BAD_ARG if a size is out of range or the size of a filter is even;
 * HTST_ERR_OVERFLOW if a correlation may reach 2^24. */
int htst_features_images(const htst_features_bank_t *bank, const uint8_t *images, int64_t n,
    double *work, int8_t *features);

/* The outputs of a layer in whole numbers, in place: round(min(max((sums + bias) factor, least),
 * most)).
 *   sums: (rows, channels), whole numbers
 *   bias, factor: (channels,); bias holds whole numbers
 *   least, most: whole numbers in [-2^21, 2^21]
 * METHOD: the sum with the bias is exact below 2^24, and the product is rounded once. Adding and
 * subtracting 1.5 x 2^23 rounds to the nearest whole number, halves to even.
 * ACCURACY: bit-identical on every machine.
 * ERRORS: HTST_ERR_BAD_ARG if a size is negative or the limits are out of range. */
int htst_features_round_scaled(float *sums, int64_t rows, int64_t channels, const float *bias,
    const float *factor, float least, float most);

/* floor(sqrt(x)) for 0 <= x < 2^52. METHOD: sqrt, then a correction. ACCURACY: exact. ERRORS:
 * none. */
int64_t htst_features_isqrt(int64_t x);

#endif /* HTST_FEATURES_H */
