/* Images, filters and cells of any size through htst_features, against the formula in whole
 * numbers. */
#include "htst_features.h"
#include "htst_fuzz.h"

enum { MOST_FILTERS = 3, MOST_SIZE = 7 };

static int64_t
clip(int64_t x, int64_t most)
{
    return x < 0 ? 0 : x > most ? most : x;
}

/* The absolute correlation of a filter at a pixel. */
static int64_t
response(const htst_features_bank_t *bank, const uint8_t *image, const int16_t *taps, int64_t size,
    int64_t y, int64_t x)
{
    int64_t sum = 0;
    for (int64_t t = 0; t < size * size; t++) {
        int64_t row = y + t / size - size / 2, column = x + t % size - size / 2;
        if (row >= 0 && row < bank->height && column >= 0 && column < bank->width) {
            sum += taps[t] * (int64_t) image[row * bank->width + column];
        }
    }
    return sum < 0 ? -sum : sum;
}

/* The sum over the window of cell (row, column), of one filter's responses or of the pixels. */
static int64_t
pool(const htst_features_bank_t *bank, const uint8_t *image, const int16_t *taps, int64_t size,
    int64_t row, int64_t column)
{
    int64_t sum = 0, top = row * bank->stride - bank->margin;
    int64_t left = column * bank->stride - bank->margin;
    for (int64_t y = clip(top, bank->height); y < clip(top + bank->window, bank->height); y++) {
        for (int64_t x = clip(left, bank->width); x < clip(left + bank->window, bank->width); x++) {
            sum +=
                taps == NULL ? image[y * bank->width + x] : response(bank, image, taps, size, y, x);
        }
    }
    return sum;
}

static void
compute(const htst_features_bank_t *bank, const uint8_t *image, int8_t *out)
{
    int64_t rows = htst_features_rows(bank), columns = htst_features_columns(bank);
    int64_t cells = rows * columns, n = bank->n_filters;
    int64_t *pooled = malloc((size_t) (n + 1) * (size_t) cells * 8);
    const int16_t *taps = bank->taps;
    for (int64_t f = 0; f < n; taps += bank->sizes[f] * bank->sizes[f], f++) {
        for (int64_t i = 0; i < cells; i++) {
            pooled[f * cells + i] =
                pool(bank, image, taps, bank->sizes[f], i / columns, i % columns) / bank->divisor;
        }
    }
    for (int64_t i = 0; i < cells; i++) {
        int64_t energy = 0, row = i / columns, column = i % columns;
        for (int64_t k = 0; k < cells; k++) {
            if (llabs(k / columns - row) <= 1 && llabs(k % columns - column) <= 1) {
                for (int64_t f = 0; f < n; f++) {
                    energy += pooled[f * cells + k];
                }
            }
        }
        for (int64_t f = 0; f < n; f++) {
            int64_t root = 0;
            int64_t share =
                HTST_FEATURES_SCALE * pooled[f * cells + i] / (energy + bank->softening);
            while (root < 127 && (root + 1) * (root + 1) <= share) {
                root++;
            }
            out[f * cells + i] = (int8_t) root;
        }
        int64_t mean = pool(bank, image, NULL, 0, row, column) / (2 * bank->window * bank->window);
        out[n * cells + i] = (int8_t) mean;
    }
    free(pooled);
}

/* What the header demands of a bank; sizes are small, so that nothing here overflows. */
static int
status_of(const htst_features_bank_t *bank)
{
    if (bank->height < 1 || bank->width < 1 || bank->window < 1 || bank->stride < 1
        || bank->margin < 0 || bank->margin >= bank->window || bank->divisor < 1
        || bank->softening < 1 || bank->height + 2 * bank->margin < bank->window
        || bank->width + 2 * bank->margin < bank->window) {
        return HTST_ERR_BAD_ARG;
    }
    const int16_t *taps = bank->taps;
    for (int64_t f = 0; f < bank->n_filters; taps += bank->sizes[f] * bank->sizes[f], f++) {
        int64_t sum = 0;
        if (bank->sizes[f] % 2 == 0) {
            return HTST_ERR_BAD_ARG;
        }
        for (int64_t t = 0; t < bank->sizes[f] * bank->sizes[f]; t++) {
            sum += taps[t] < 0 ? -taps[t] : taps[t];
        }
        if (sum * 255 >= 1 << 24) {
            return HTST_ERR_OVERFLOW;
        }
    }
    return 0;
}

static void
describe(htst_fuzz_t *input)
{
    int64_t sizes[MOST_FILTERS], n_taps = 0, n_images = htst_fuzz_int(input, 3);
    htst_features_bank_t bank = { .height = 1 + htst_fuzz_int(input, 14),
        .width = 1 + htst_fuzz_int(input, 14),
        .n_filters = htst_fuzz_int(input, MOST_FILTERS + 1),
        .sizes = sizes,
        .window = 1 + htst_fuzz_int(input, 9),
        .stride = 1 + htst_fuzz_int(input, 5),
        .margin = htst_fuzz_int(input, 6),
        .divisor = 1 + htst_fuzz_int(input, 4000),
        .softening = 1 + htst_fuzz_int(input, 500) };
    int64_t fault = htst_fuzz_int(input, 64), small = htst_fuzz_int(input, 8);
    bank.height -= fault == 0 ? bank.height : 0;
    bank.divisor -= fault == 1 ? bank.divisor : 0;
    bank.stride -= fault == 2 ? bank.stride - 1 : 0;
    bank.softening -= fault == 3 ? bank.softening : 0;
    for (int64_t f = 0; f < bank.n_filters; f++) {
        sizes[f] = 1 + htst_fuzz_int(input, MOST_SIZE / 2) * 2 + (fault == 4);
        n_taps += sizes[f] * sizes[f];
    }
    int16_t *taps = htst_fuzz_array(input, n_taps, 2);
    for (int64_t t = 0; t < n_taps && small; t++) {
        taps[t] = (int16_t) (taps[t] / 256);
    }
    bank.taps = taps;
    uint8_t *images = htst_fuzz_array(input, n_images * bank.height * bank.width, 1);
    int64_t cells = htst_features_rows(&bank) * htst_features_columns(&bank);
    size_t n_out = (size_t) ((bank.n_filters + 1) * cells);
    double *work = malloc((size_t) htst_features_work(&bank) * sizeof *work);
    int8_t *out = malloc(n_out * (size_t) n_images), *expected = malloc(n_out);
    int status = htst_features_images(&bank, images, n_images, work, out);
    REQUIRE(status == status_of(&bank));
    for (int64_t i = 0; i < n_images && status == 0; i++) {
        compute(&bank, images + i * bank.height * bank.width, expected);
        REQUIRE(memcmp(out + (size_t) i * n_out, expected, n_out) == 0);
    }
    free(taps), free(images), free(work), free(out), free(expected);
}

static void
take_root(htst_fuzz_t *input)
{
    int64_t x;
    htst_fuzz_bytes(input, &x, sizeof x);
    x = (int64_t) ((uint64_t) x >> (12 + htst_fuzz_int(input, 52)));
    int64_t square = (x >> 26) * (x >> 26), root = htst_features_isqrt(x);
    REQUIRE(root >= 0 && root * root <= x && (root + 1) * (root + 1) > x);
    REQUIRE(htst_features_isqrt(square) == x >> 26);
    REQUIRE(square == 0 || htst_features_isqrt(square - 1) == (x >> 26) - 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const htst_fuzz_way_t ways[] = { { 1, take_root }, { 7, describe }, { 0, NULL } };
    return htst_fuzz_take(data, size, ways);
}
