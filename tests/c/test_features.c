#include "htst_features.h"
#include "htst_test.h"

#include <math.h>

enum { SIDE = 9, CELLS = 9 };

static const int64_t SIZES[2] = { 3, 5 };

static void
fill(uint8_t *image, int16_t *taps)
{
    uint32_t state = 1;
    for (int i = 0; i < SIDE * SIDE; i++) {
        state = state * 1664525u + 1013904223u;
        image[i] = (uint8_t) (state >> 24);
    }
    for (int i = 0; i < 9 + 25; i++) {
        state = state * 1664525u + 1013904223u;
        taps[i] = (int16_t) ((int) (state >> 24) - 128);
    }
}

static int64_t
pixel(const uint8_t *image, int64_t y, int64_t x)
{
    return y >= 0 && y < SIDE && x >= 0 && x < SIDE ? image[y * SIDE + x] : 0;
}

/* The pooled response of a filter, by the formula. */
static int64_t
pooled(const uint8_t *image, const int16_t *taps, int64_t size, int64_t row, int64_t column)
{
    int64_t total = 0;
    for (int64_t y = 3 * row; y < 3 * row + 3; y++) {
        for (int64_t x = 3 * column; x < 3 * column + 3; x++) {
            int64_t sum = 0;
            for (int64_t t = 0; t < size * size; t++) {
                sum += taps[t] * pixel(image, y + t / size - size / 2, x + t % size - size / 2);
            }
            total += sum < 0 ? -sum : sum;
        }
    }
    return total / 100;
}

static void
test_formula(void)
{
    uint8_t image[SIDE * SIDE];
    int16_t taps[9 + 25];
    double work[4096];
    int8_t found[3 * CELLS];
    fill(image, taps);
    htst_features_bank_t bank = { .height = SIDE,
        .width = SIDE,
        .n_filters = 2,
        .sizes = SIZES,
        .taps = taps,
        .window = 3,
        .stride = 3,
        .margin = 0,
        .divisor = 100,
        .softening = 50 };
    CHECK(htst_features_rows(&bank) == 3 && htst_features_columns(&bank) == 3);
    CHECK(htst_features_work(&bank) <= 4096);
    CHECK(htst_features_images(&bank, image, 1, work, found) == HTST_OK);
    for (int64_t f = 0; f < 2; f++) {
        for (int64_t i = 0; i < CELLS; i++) {
            int64_t energy = 0;
            for (int64_t j = 0; j < CELLS; j++) {
                int64_t dy = j / 3 - i / 3, dx = j % 3 - i % 3;
                if (dy * dy <= 1 && dx * dx <= 1) {
                    energy += pooled(image, taps, 3, j / 3, j % 3)
                        + pooled(image, taps + 9, 5, j / 3, j % 3);
                }
            }
            int64_t own = pooled(image, f ? taps + 9 : taps, f ? 5 : 3, i / 3, i % 3), root = 0;
            int64_t share = HTST_FEATURES_SCALE * own / (energy + 50);
            while ((root + 1) * (root + 1) <= share) {
                root++;
            }
            CHECK(found[f * CELLS + i] == (root > 127 ? 127 : root));
        }
    }
}

static void
test_roots(void)
{
    for (int64_t x = 0; x < 100000; x++) {
        int64_t root = htst_features_isqrt(x);
        CHECK(root * root <= x && (root + 1) * (root + 1) > x);
    }
    int64_t most = ((int64_t) 1 << 26) - 1;
    CHECK(htst_features_isqrt(most * most) == most
        && htst_features_isqrt(most * most - 1) == most - 1);
}

static void
test_bad_banks(void)
{
    int16_t taps[1] = { 1 };
    int64_t even = 2, odd = 1;
    double work[4096];
    uint8_t image[4] = { 0 };
    int8_t out[16];
    htst_features_bank_t good = { .height = 2,
        .width = 2,
        .n_filters = 1,
        .sizes = &odd,
        .taps = taps,
        .window = 1,
        .stride = 1,
        .margin = 0,
        .divisor = 1,
        .softening = 1 };
    CHECK(htst_features_images(&good, image, 1, work, out) == HTST_OK);
    CHECK(htst_features_images(&good, image, -1, work, out) == HTST_ERR_BAD_ARG);
    htst_features_bank_t bad = good;
    bad.sizes = &even;
    CHECK(htst_features_images(&bad, image, 1, work, out) == HTST_ERR_BAD_ARG);
    bad = good;
    bad.window = 3;
    CHECK(htst_features_images(&bad, image, 1, work, out) == HTST_ERR_BAD_ARG);
    bad = good;
    bad.divisor = 0;
    CHECK(htst_features_images(&bad, image, 1, work, out) == HTST_ERR_BAD_ARG);
    bad = good;
    taps[0] = INT16_MIN;
    bad.height = bad.width = 1;
    CHECK(htst_features_images(&bad, image, 1, work, out) == HTST_OK);
}

/* Every width: a part of a tile, whole tiles, and rows that are longer than a tile. */
static void
test_round_scaled(void)
{
    static float sums[3 * 600], before[3 * 600], bias[600], factor[600];
    for (int channels = 1; channels <= 600; channels += channels < 20 ? 1 : 83) {
        for (int i = 0; i < 3 * channels; i++) {
            before[i] = sums[i] = (float) ((i * 7919) % 20011 - 10000);
            bias[i % channels] = (float) (i % channels - 3);
            factor[i % channels] = 0.0625f * (float) (i % channels % 9 + 1);
        }
        CHECK(htst_features_round_scaled(sums, 3, channels, bias, factor, -1023, 255) == HTST_OK);
        int wrong = 0;
        for (int i = 0; i < 3 * channels; i++) {
            double v = ((double) before[i] + bias[i % channels]) * factor[i % channels];
            double rounded = nearbyint(v < -1023 ? -1023 : (v > 255 ? 255 : v));
            wrong += (double) sums[i] != rounded;
        }
        CHECK(wrong == 0);
    }
    float one = 1;
    CHECK(htst_features_round_scaled(&one, -1, 1, bias, factor, 0, 1) == HTST_ERR_BAD_ARG);
    CHECK(htst_features_round_scaled(&one, 1, -1, bias, factor, 0, 1) == HTST_ERR_BAD_ARG);
    CHECK(htst_features_round_scaled(&one, 1, 1, bias, factor, 0, 2097153.0f) == HTST_ERR_BAD_ARG);
    CHECK(htst_features_round_scaled(&one, 1, 1, bias, factor, NAN, 1) == HTST_ERR_BAD_ARG);
}

int
main(void)
{
    test_formula();
    test_round_scaled();
    test_roots();
    test_bad_banks();
    return htst_test_report("test_features");
}
