#include "htst_wide.h"

#include "htst_test.h"

#define N 12

static const uint64_t words[N] = { 0, 1, 2, 0xffffffff, 0x100000000, 0x100000001,
    0x7fffffffffffffff, 0x8000000000000000, 0xfffffffeffffffff, 0xffffffff00000000,
    0x123456789abcdef1, UINT64_MAX };

/* Digits of 16 bits, the lowest first. */
typedef struct {
    uint32_t digit[8];
} digits_t;

static digits_t
digits_of(htst_wide_t a)
{
    digits_t digits;
    for (int k = 0; k < 8; k++) {
        uint64_t word = k < 4 ? htst_wide_low(a) : htst_wide_high(a);
        digits.digit[k] = (uint32_t) (word >> 16 * (k % 4) & 0xffff);
    }
    return digits;
}

/* Columns of digits with their carries, modulo 2^128. */
static digits_t
carry_over(const uint64_t column[8])
{
    digits_t digits;
    uint64_t carry = 0;
    for (int k = 0; k < 8; k++) {
        carry += column[k];
        digits.digit[k] = (uint32_t) (carry & 0xffff);
        carry >>= 16;
    }
    return digits;
}

static int
is_same(digits_t a, digits_t b)
{
    for (int k = 0; k < 8; k++) {
        if (a.digit[k] != b.digit[k]) {
            return 0;
        }
    }
    return 1;
}

static int
is_zero(htst_wide_t a)
{
    return htst_wide_low(a) == 0 && htst_wide_high(a) == 0;
}

/* Long multiplication, digit by digit. */
static void
test_products(void)
{
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) {
            uint64_t column[8] = { 0 };
            digits_t a = digits_of(htst_wide(0, words[i])), b = digits_of(htst_wide(0, words[j]));
            for (int k = 0; k < 16; k++) {
                column[k / 4 + k % 4] += (uint64_t) a.digit[k / 4] * b.digit[k % 4];
            }
            htst_wide_t product = htst_wide_product(words[i], words[j]);
            CHECK(is_same(digits_of(product), carry_over(column)));
        }
    }
}

static void
test_sums(void)
{
    for (int i = 0; i < N * N; i++) {
        htst_wide_t a = htst_wide(words[i / N], words[i % N]);
        CHECK(htst_wide_high(a) == words[i / N] && htst_wide_low(a) == words[i % N]);
        CHECK(is_zero(htst_wide_add(a, htst_wide_negative(a))));
        for (int j = 0; j < N * N; j++) {
            htst_wide_t b = htst_wide(words[j / N], words[j % N]);
            digits_t first = digits_of(a), second = digits_of(b);
            uint64_t column[8];
            for (int k = 0; k < 8; k++) {
                column[k] = first.digit[k] + second.digit[k];
            }
            CHECK(is_same(digits_of(htst_wide_add(a, b)), carry_over(column)));
        }
        CHECK(is_same(digits_of(htst_wide_add_signed(a, -1)),
            digits_of(htst_wide_add(a, htst_wide(UINT64_MAX, UINT64_MAX)))));
        CHECK(is_same(digits_of(htst_wide_add_signed(a, INT64_MIN)),
            digits_of(htst_wide_add(a, htst_wide(UINT64_MAX, UINT64_C(1) << 63)))));
        CHECK(is_same(
            digits_of(htst_wide_add_signed(a, 77)), digits_of(htst_wide_add(a, htst_wide(0, 77)))));
    }
}

/* A shift is as many doublings. */
static void
test_shifts(void)
{
    for (int i = 0; i < N * N; i++) {
        htst_wide_t a = htst_wide(words[i / N], words[i % N]), doubled = a;
        for (int bits = 0; bits < 64; bits++) {
            CHECK(is_same(digits_of(htst_wide_shift(a, bits)), digits_of(doubled)));
            doubled = htst_wide_add(doubled, doubled);
        }
    }
}

int
main(void)
{
    test_products();
    test_sums();
    test_shifts();
    return htst_test_report("wide");
}
