#include "htst_vector.h"

#include "htst_test.h"

#define LANES 4
#define FLOAT float
#define WORD uint32_t
#define VECTOR floats_t
#define WORDS words_t
#include "htst_vector_template.h"
#undef LANES

#define LANES 8
#define FLOAT double
#define WORD uint64_t
#define VECTOR doubles_t
#define WORDS long_words_t
#include "htst_vector_template.h"

/* Each operation on vectors is that on their lanes; memory need not be aligned. */
static void
test_arithmetic(void)
{
    double from[2 * LANES + 1], to[LANES + 1];
    for (int i = 0; i < 2 * LANES + 1; i++) {
        from[i] = 1.0 / (i + 1) - 0.3;
    }
    doubles_t a = HTST_VECTOR_LOAD(doubles_t, from + 1);
    doubles_t b = HTST_VECTOR_LOAD(doubles_t, from + 1 + LANES);
    doubles_t sum = HTST_VECTOR_ADD(doubles_t, a, b);
    doubles_t rest = HTST_VECTOR_SUBTRACT(doubles_t, a, b);
    doubles_t product = HTST_VECTOR_MULTIPLY(doubles_t, a, b);
    doubles_t rounded = HTST_VECTOR_ROUND(doubles_t, a, 0x1.8p40);
    for (int k = 0; k < LANES; k++) {
        volatile double x = from[1 + k], y = from[1 + LANES + k], above = x + 0x1.8p40;
        CHECK(HTST_LANE(a, k) == x && HTST_LANE(b, k) == y);
        CHECK(HTST_LANE(sum, k) == x + y);
        CHECK(HTST_LANE(rest, k) == x - y);
        CHECK(HTST_LANE(product, k) == x * y);
        CHECK(HTST_LANE(rounded, k) == above - 0x1.8p40);
        CHECK(HTST_LANE(rounded, k) != x);
    }
    HTST_VECTOR_STORE(doubles_t, to + 1, sum);
    CHECK(to[1] == HTST_LANE(sum, 0) && to[LANES] == HTST_LANE(sum, LANES - 1));
}

static void
test_words(void)
{
    const uint16_t halves[9] = { 0, 0x3f80, 0x4000, 0xc040, 0x1234, 0xbf80, 0x5678, 0x0001, 0 };
    words_t a = HTST_VECTOR_LOAD(words_t, halves + 1);
    words_t upper = HTST_WORDS_AND(words_t, a, 0xffff0000u);
    words_t moved = HTST_WORDS_SHIFT(words_t, a, 16);
    words_t large = HTST_WORDS_FROM(words_t, a, 0x7fffffffu, 0x40000000u);
    floats_t numbers = HTST_VECTOR_OF(floats_t, upper);
    for (int k = 0; k < 4; k++) {
        uint32_t word, up;
        float number;
        memcpy(&word, halves + 1 + 2 * k, sizeof word);
        CHECK(HTST_LANE(a, k) == word);
        up = word & 0xffff0000u;
        CHECK(HTST_LANE(upper, k) == up);
        CHECK(HTST_LANE(moved, k) == word << 16);
        CHECK(HTST_LANE(large, k) == ((word & 0x7fffffffu) >= 0x40000000u ? word : 0));
        memcpy(&number, &up, sizeof number);
        CHECK(HTST_LANE(numbers, k) == number);
    }
}

int
main(void)
{
    test_arithmetic();
    test_words();
    return htst_test_report("vector");
}
