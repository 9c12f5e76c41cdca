#include "htst_rank.h"

#include <string.h>

#include "htst_wide.h"

/* htst_rank_read compares this many leading bits. With a factor of 32 bits they fit in 64 bits. */
#define LEADING_BITS 31

/* ---- whole numbers of several words --------------------------------------------------------- */

/* A number: words[0 .. size - 1], the least significant first. The last of them is not zero. */
typedef struct {
    uint64_t *words;
    int64_t size;
} number_t;

static int
bit_length(uint64_t x)
{
    int length = 0;
    for (int half = 32; half; half /= 2) {
        if (x >> half) {
            x >>= half;
            length += half;
        }
    }
    return length + (x != 0);
}

static void
trim(number_t *a)
{
    while (a->size > 0 && a->words[a->size - 1] == 0) {
        a->size--;
    }
}

/* -1, 0 or 1 as a is below, equal to or above b. */
static int
compare(const number_t *a, const number_t *b)
{
    if (a->size != b->size) {
        return a->size < b->size ? -1 : 1;
    }
    for (int64_t w = a->size - 1; w >= 0; w--) {
        if (a->words[w] != b->words[w]) {
            return a->words[w] < b->words[w] ? -1 : 1;
        }
    }
    return 0;
}

/* Add b to the words of a sum that has room for the result. */
static void
add(uint64_t *sum, const number_t *b)
{
    uint64_t carry = 0;
    for (int64_t w = 0; w < b->size || carry; w++) {
        uint64_t term = w < b->size ? b->words[w] : 0, with_carry = sum[w] + carry;
        carry = with_carry < carry;
        sum[w] = with_carry + term;
        carry += sum[w] < term;
    }
}

/* a -= b, for b <= a. */
static void
subtract(number_t *a, const number_t *b)
{
    uint64_t borrow = 0;
    for (int64_t w = 0; w < b->size || borrow; w++) {
        uint64_t term = w < b->size ? b->words[w] : 0, before = a->words[w];
        a->words[w] = before - term - borrow;
        borrow = before < term || before - term < borrow;
    }
    trim(a);
}

/* The inverse of an odd number modulo 2^64: 3 d is right in 5 bits after the exclusive or, and each
 * step of Newton's method doubles that. */
static uint64_t
inverse_of(uint64_t d)
{
    uint64_t x = 3 * d ^ 2;
    for (int step = 0; step < 4; step++) {
        x *= 2 - d * x;
    }
    return x;
}

/* a = a factor / divisor, which must be a whole number. Both are not zero. */
static void
scale(number_t *a, uint64_t factor, uint64_t divisor)
{
    int twos = 0;
    while (!(divisor >> twos & 1)) {
        twos++;
    }
    uint64_t odd = divisor >> twos, inverse = inverse_of(odd), borrow = 0;
    htst_wide_t product = htst_wide_product(a->words[0], factor);
    for (int64_t w = 0; w < a->size; w++) {
        uint64_t word = htst_wide_low(product), carry = htst_wide_high(product);
        product = w + 1 < a->size ? htst_wide_product(a->words[w + 1], factor) : htst_wide(0, 0);
        product = htst_wide_add(product, htst_wide(0, carry));
        uint64_t shifted = word >> twos | htst_wide_low(product) << 1 << (63 - twos);
        uint64_t quotient = (shifted - borrow) * inverse;
        borrow = htst_wide_high(htst_wide_product(quotient, odd)) + (shifted < borrow);
        a->words[w] = quotient;
    }
    uint64_t last = ((htst_wide_low(product) >> twos) - borrow) * inverse;
    if (last) {
        a->words[a->size++] = last;
    }
    trim(a);
}

/* ---- binomial coefficients ------------------------------------------------------------------ */

/* Factors that a number will be scaled by. Each is at most 2^64 / `limit`. */
typedef struct {
    uint64_t factor, divisor, limit;
} batch_t;

static void
flush(number_t *a, batch_t *batch)
{
    if (batch->factor != batch->divisor) {
        scale(a, batch->factor, batch->divisor);
    }
    batch->factor = batch->divisor = 1;
}

static void
scale_later(number_t *a, batch_t *batch, int64_t factor, int64_t divisor)
{
    if (batch->factor > batch->limit || batch->divisor > batch->limit) {
        flush(a, batch);
    }
    batch->factor *= (uint64_t) factor;
    batch->divisor *= (uint64_t) divisor;
}

/* a = C(p, i), for 0 <= i <= p. */
static void
choose(number_t *a, int64_t p, int64_t i)
{
    batch_t batch = { 1, 1, UINT64_MAX / (uint64_t) (p ? p : 1) };
    int64_t least = i < p - i ? i : p - i;
    a->words[0] = 1;
    a->size = 1;
    for (int64_t t = 1; t <= least; t++) { /* C(p - least + t, t) */
        scale_later(a, &batch, p - least + t, t);
    }
    flush(a, &batch);
}

/* a = C(to, i) from a = C(from, i), for i <= from and i <= to. */
static void
walk(number_t *a, int64_t from, int64_t to, int64_t i)
{
    int64_t most = from < to ? to : from, steps = from < to ? to - from : from - to;
    batch_t batch = { 1, 1, UINT64_MAX / (uint64_t) (most ? most : 1) };
    if (i < steps || to - i < steps) {
        choose(a, to, i);
        return;
    }
    for (int64_t p = from + 1; p <= to; p++) {
        scale_later(a, &batch, p, p - i);
    }
    for (int64_t p = from; p > to; p--) {
        scale_later(a, &batch, p - i, p);
    }
    flush(a, &batch);
}

/* ---- ranks ---------------------------------------------------------------------------------- */

int64_t
htst_rank_words(int64_t n, int64_t k)
{
    if (k < 0 || k > n || n > HTST_RANK_MOST_N) {
        return HTST_ERR_BAD_ARG;
    }
    int64_t least = k < n - k ? k : n - k, bits = n;
    if (least) {
        int64_t ratio = n * 87 / (32 * least) + 1; /* above e n / least */
        int64_t length = bit_length((uint64_t) ratio);
        bits = length < n / least ? least * length : n;
    }
    return bits / 64 + 1;
}

static int
are_places(const int64_t *places, int64_t k, int64_t n)
{
    int64_t before = -1;
    for (int64_t i = 0; i < k; i++) {
        if (places[i] <= before || places[i] >= n) {
            return 0;
        }
        before = places[i];
    }
    return 1;
}

int
htst_rank_write(
    const int64_t *places, int64_t k, int64_t n, int64_t n_words, uint64_t *work, uint64_t *rank)
{
    int64_t needed = htst_rank_words(n, k), i = 0;
    number_t coefficient = { .words = work };
    if (needed < 0 || n_words < needed || !are_places(places, k, n)) {
        return HTST_ERR_BAD_ARG;
    }
    memset(rank, 0, (size_t) n_words * sizeof(*rank));
    while (i < k && places[i] == i) { /* C(i - 1, i) = 0 */
        i++;
    }
    for (int64_t first = i; i < k; i++) {
        if (i == first) {
            choose(&coefficient, places[i], i + 1);
        }
        else { /* C(p + 1, i + 1) from C(p, i) */
            scale(&coefficient, (uint64_t) places[i - 1] + 1, (uint64_t) i + 1);
            walk(&coefficient, places[i - 1] + 1, places[i], i + 1);
        }
        add(rank, &coefficient);
    }
    return HTST_OK;
}

/* The number divided by 2^shift, for a result that fits in a word. */
static uint64_t
leading(const number_t *a, int64_t shift)
{
    int64_t w = shift / 64;
    int bits = (int) (shift % 64);
    uint64_t low = w < a->size ? a->words[w] >> bits : 0;
    return w + 1 < a->size ? low | a->words[w + 1] << 1 << (63 - bits) : low;
}

/* Reduce p, and with it coefficient = C(p, i), to the largest p with C(p, i) <= rest. Before, the
 * coefficient is above rest, which is not zero. */
static int64_t
find_place(number_t *coefficient, const number_t *rest, int64_t p, int64_t i)
{
    while (compare(coefficient, rest) > 0) {
        int length = bit_length(coefficient->words[coefficient->size - 1]);
        int64_t shift = 64 * (coefficient->size - 1) + length - LEADING_BITS, from = p;
        shift = shift > 0 ? shift : 0;
        /* `low` is never above the coefficient's leading bits. If it is above those of rest, so is
         * the coefficient. */
        uint64_t low = leading(coefficient, shift), goal = leading(rest, shift);
        do {
            low = low * (uint64_t) (p - i) / (uint64_t) p;
            p--;
        } while (low > goal && p > i);
        walk(coefficient, from, p, i);
    }
    return p;
}

int
htst_rank_read(
    const uint64_t *rank, int64_t n_words, int64_t k, int64_t n, uint64_t *work, int64_t *places)
{
    int64_t room = htst_rank_words(n, k), p = n, i = k;
    number_t coefficient = { .words = work }, rest = { .words = work + room, .size = n_words };
    if (room < 0 || n_words < 0) {
        return HTST_ERR_BAD_ARG;
    }
    while (rest.size > 0 && rank[rest.size - 1] == 0) {
        rest.size--;
    }
    if (rest.size > room) {
        return HTST_ERR_BAD_ARG;
    }
    if (rest.size > 0) {
        memcpy(rest.words, rank, (size_t) rest.size * sizeof(*rank));
    }
    choose(&coefficient, n, k);
    if (compare(&rest, &coefficient) >= 0) {
        return HTST_ERR_BAD_ARG;
    }
    while (rest.size > 0) { /* rest < C(p, i), so i > 0 */
        p = find_place(&coefficient, &rest, p, i);
        subtract(&rest, &coefficient);
        /* C(p, i - 1) = C(p, i) i / (p - i + 1) */
        scale(&coefficient, (uint64_t) i, (uint64_t) (p - i + 1));
        places[--i] = p;
    }
    while (i > 0) { /* C(i - 1, i) = 0 */
        i--;
        places[i] = i;
    }
    return HTST_OK;
}
