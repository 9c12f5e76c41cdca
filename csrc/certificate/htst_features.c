#include "htst_features.h"

#include "htst_isa.h"

#include <math.h>
#include <string.h>

/* Pixels whose correlations are computed together. */
#define BLOCK 64

#define MOST_SIDE 4096
#define MOST_CELLS ((int64_t) 1 << 20)
#define MOST_FILTERS 4096
#define MOST_SIZE 63

/* How many windows fit into this number of pixels; 0 if none does. */
static int64_t
count_windows(const htst_features_bank_t *bank, int64_t pixels)
{
    int64_t room = pixels + 2 * bank->margin - bank->window;
    return room < 0 ? 0 : room / bank->stride + 1;
}

int64_t
htst_features_rows(const htst_features_bank_t *bank)
{
    return count_windows(bank, bank->height);
}

int64_t
htst_features_columns(const htst_features_bank_t *bank)
{
    return count_windows(bank, bank->width);
}

int64_t
htst_features_isqrt(int64_t x)
{
    int64_t root = (int64_t) sqrt((double) x); /* correctly rounded: off by at most one */
    root -= root * root > x;
    return root + ((root + 1) * (root + 1) <= x);
}

/* The number of zeros that the largest filter needs on each side of the image. */
static int64_t
reach(const htst_features_bank_t *bank)
{
    int64_t most = 0;
    for (int64_t f = 0; f < bank->n_filters; f++) {
        most = bank->sizes[f] / 2 > most ? bank->sizes[f] / 2 : most;
    }
    return most;
}

/* The numbers of floats of the padded image and of one filter's responses. Both end with a spare
 * block. */
static int64_t
padded_size(const htst_features_bank_t *bank)
{
    int64_t r = reach(bank);
    return (bank->height + 2 * r) * (bank->width + 2 * r) + 2 * BLOCK;
}

int64_t
htst_features_work(const htst_features_bank_t *bank)
{
    int64_t cells = htst_features_rows(bank) * htst_features_columns(bank);
    return padded_size(bank) + bank->n_filters * cells + 2 * cells;
}

static int
check(const htst_features_bank_t *bank)
{
    if (bank->height < 1 || bank->width < 1 || bank->height > MOST_SIDE || bank->width > MOST_SIDE
        || bank->n_filters < 0 || bank->n_filters > MOST_FILTERS || bank->window < 1
        || bank->stride < 1 || bank->margin < 0 || bank->margin >= bank->window
        || bank->window > MOST_SIDE || bank->divisor < 1 || bank->softening < 1
        || bank->height + 2 * bank->margin < bank->window
        || bank->width + 2 * bank->margin < bank->window
        || (bank->n_filters + 1) * htst_features_rows(bank) * htst_features_columns(bank)
            > MOST_CELLS) {
        return HTST_ERR_BAD_ARG;
    }
    const int16_t *taps = bank->taps;
    for (int64_t f = 0; f < bank->n_filters; f++) {
        int64_t size = bank->sizes[f], total = 0;
        if (size < 1 || size > MOST_SIZE || size % 2 == 0) {
            return HTST_ERR_BAD_ARG;
        }
        for (int64_t t = 0; t < size * size; t++) {
            total += taps[t] < 0 ? -taps[t] : taps[t];
        }
        if (total * 255 >= 1 << 24) {
            return HTST_ERR_OVERFLOW;
        }
        taps += size * size;
    }
    return HTST_OK;
}

static void
pad_image(const htst_features_bank_t *bank, const uint8_t *image, int64_t r, float *padded)
{
    int64_t stride = bank->width + 2 * r;
    for (int64_t i = 0; i < padded_size(bank); i++) {
        padded[i] = 0;
    }
    for (int64_t y = 0; y < bank->height; y++) {
        for (int64_t x = 0; x < bank->width; x++) {
            padded[(y + r) * stride + x + r] = image[y * bank->width + x];
        }
    }
}

/* abs(correlation) at BLOCK successive places of the padded image; the first is `at`. */
HTST_VOID_KERNEL(correlate_block,
    (const float *at, const int16_t *taps, int64_t size, int64_t stride, float *out),
    (at, taps, size, stride, out))
{
    float sums[BLOCK] = { 0 };
    for (int64_t dy = 0; dy < size; dy++) {
        for (int64_t dx = 0; dx < size; dx++) {
            float tap = taps[dy * size + dx];
            const float *pixels = at + dy * stride + dx;
            if (tap != 0) {
                for (int i = 0; i < BLOCK; i++) {
                    sums[i] += tap * pixels[i];
                }
            }
        }
    }
    for (int i = 0; i < BLOCK; i++) {
        out[i] = fabsf(sums[i]);
    }
}

/* responses[y * stride + x] = abs(correlation at pixel (y, x)). */
static void
correlate(const htst_features_bank_t *bank, const float *padded, int64_t r, const int16_t *taps,
    int64_t size, float *responses)
{
    int64_t stride = bank->width + 2 * r, n = (bank->height - 1) * stride + bank->width;
    const float *first = padded + (r - size / 2) * (stride + 1);
    for (int64_t at = 0; at < n; at += BLOCK) {
        correlate_block(first + at, taps, size, stride, responses + at);
    }
}

/* The sum over the window of cell (row, column); values outside the image are zero. */
static int64_t
sum_window(const htst_features_bank_t *bank, const float *values, int64_t stride, int64_t row,
    int64_t column)
{
    int64_t top = row * bank->stride - bank->margin, left = column * bank->stride - bank->margin;
    int64_t bottom = top + bank->window, right = left + bank->window;
    top = top < 0 ? 0 : top;
    left = left < 0 ? 0 : left;
    bottom = bottom > bank->height ? bank->height : bottom;
    right = right > bank->width ? bank->width : right;
    int64_t total = 0;
    for (int64_t y = top; y < bottom; y++) {
        for (int64_t x = left; x < right; x++) {
            total += (int64_t) values[y * stride + x];
        }
    }
    return total;
}

/* The sum of `values` over the 3 x 3 cells around (row, column). */
static int64_t
sum_around(const int64_t *values, int64_t rows, int64_t columns, int64_t row, int64_t column)
{
    int64_t total = 0;
    for (int64_t y = row > 0 ? row - 1 : 0; y <= row + 1 && y < rows; y++) {
        for (int64_t x = column > 0 ? column - 1 : 0; x <= column + 1 && x < columns; x++) {
            total += values[y * columns + x];
        }
    }
    return total;
}

/* Compute the features of the filters' channels by divisive normalisation of their pooled
 * responses. */
static void
normalise(const htst_features_bank_t *bank, const int64_t *pooled, int64_t *energy, int8_t *out)
{
    int64_t rows = htst_features_rows(bank), columns = htst_features_columns(bank);
    int64_t cells = rows * columns;
    for (int64_t i = 0; i < cells; i++) {
        energy[i] = 0;
        for (int64_t f = 0; f < bank->n_filters; f++) {
            energy[i] += pooled[f * cells + i];
        }
    }
    for (int64_t i = 0; i < cells; i++) {
        int64_t around = sum_around(energy, rows, columns, i / columns, i % columns);
        for (int64_t f = 0; f < bank->n_filters; f++) {
            int64_t share =
                HTST_FEATURES_SCALE * pooled[f * cells + i] / (around + bank->softening);
            int64_t root = htst_features_isqrt(share);
            out[f * cells + i] = (int8_t) (root > 127 ? 127 : root);
        }
    }
}

static void
one_image(const htst_features_bank_t *bank, const uint8_t *image, double *work, int8_t *out)
{
    int64_t rows = htst_features_rows(bank), columns = htst_features_columns(bank);
    int64_t cells = rows * columns, r = reach(bank), stride = bank->width + 2 * r;
    float *padded = (float *) work, *responses = padded + padded_size(bank);
    int64_t *pooled = (int64_t *) (work + padded_size(bank));
    int64_t *energy = pooled + bank->n_filters * cells;
    const int16_t *taps = bank->taps;
    pad_image(bank, image, r, padded);
    for (int64_t f = 0; f < bank->n_filters; f++) {
        correlate(bank, padded, r, taps, bank->sizes[f], responses);
        taps += bank->sizes[f] * bank->sizes[f];
        for (int64_t i = 0; i < cells; i++) {
            pooled[f * cells + i] =
                sum_window(bank, responses, stride, i / columns, i % columns) / bank->divisor;
        }
    }
    normalise(bank, pooled, energy, out);
    const float *pixels = padded + r * (stride + 1);
    for (int64_t i = 0; i < cells; i++) {
        int64_t total = sum_window(bank, pixels, stride, i / columns, i % columns);
        out[bank->n_filters * cells + i] = (int8_t) (total / (2 * bank->window * bank->window));
    }
}

int
htst_features_images(const htst_features_bank_t *bank, const uint8_t *images, int64_t n,
    double *work, int8_t *features)
{
    int status = check(bank);
    if (status != HTST_OK || n < 0) {
        return status != HTST_OK ? status : HTST_ERR_BAD_ARG;
    }
    int64_t width = (bank->n_filters + 1) * htst_features_rows(bank) * htst_features_columns(bank);
    for (int64_t i = 0; i < n; i++) {
        one_image(bank, images + i * bank->height * bank->width, work, features + i * width);
    }
    return HTST_OK;
}

/* Adding and subtracting this rounds a float of at most 2^21 to a whole number. Each result below
 * has a variable of its own: where FLT_EVAL_METHOD is 1 (s390x), expressions have the precision of
 * double, and only an assignment rounds them to float. */
#define ROUNDING 12582912.0f

HTST_VOID_KERNEL(round_scaled,
    (float *HTST_RESTRICT sums, const float *HTST_RESTRICT bias, const float *HTST_RESTRICT factor,
        int64_t n, float least, float most),
    (sums, bias, factor, n, least, most))
{
    for (int64_t i = 0; i < n; i++) {
        float sum = sums[i] + bias[i];
        float v = sum * factor[i];
        v = v > least ? v : least;
        v = v < most ? v : most;
        float rounded = v + ROUNDING;
        sums[i] = rounded - ROUNDING;
    }
}

/* Copies of bias and factor fill a tile, so that inner loops are long. */
#define TILE 512

int
htst_features_round_scaled(float *sums, int64_t rows, int64_t channels, const float *bias,
    const float *factor, float least, float most)
{
    float limit = 1 << 21;
    if (rows < 0 || channels < 0 || !(least >= -limit) || !(most <= limit)) {
        return HTST_ERR_BAD_ARG;
    }
    if (channels > TILE) {
        for (int64_t i = 0; i < rows; i++) {
            round_scaled(sums + i * channels, bias, factor, channels, least, most);
        }
        return HTST_OK;
    }
    float tile_bias[TILE], tile_factor[TILE];
    int64_t copies = channels ? TILE / channels : 1;
    for (int64_t i = 0; i < copies * channels; i++) {
        tile_bias[i] = bias[i % channels];
        tile_factor[i] = factor[i % channels];
    }
    for (int64_t i = 0; i < rows; i += copies) {
        int64_t n = rows - i < copies ? rows - i : copies;
        round_scaled(sums + i * channels, tile_bias, tile_factor, n * channels, least, most);
    }
    return HTST_OK;
}
