/* A fuzz target is a program with a function that takes any bytes. It reads arguments from them,
 * calls the library, and compares with a slow twin; REQUIRE stops the program where they differ. */
#ifndef HTST_FUZZ_H
#define HTST_FUZZ_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* libFuzzer calls this function; main.c calls it for kept inputs. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                  \
    do {                                                                    \
        if (!(condition)) {                                                 \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                        \
        }                                                                   \
    } while (0)

/* The bytes that have not been read. */
typedef struct {
    const uint8_t *at;
    size_t left;
} htst_fuzz_t;

/* The next n bytes; zeros after the end. An input must mean the same with every compiler: do not
 * read twice in one expression or initializer, whose parts have no order in C. */
static inline void
htst_fuzz_bytes(htst_fuzz_t *input, void *out, size_t n)
{
    size_t have = n < input->left ? n : input->left;
    if (n == 0) {
        return;
    }
    memset(out, 0, n);
    if (have) {
        memcpy(out, input->at, have);
    }
    input->at += have;
    input->left -= have;
}

static inline int64_t
htst_fuzz_int(htst_fuzz_t *input, int64_t below)
{
    uint16_t word;
    htst_fuzz_bytes(input, &word, sizeof word);
    return word % below;
}

static inline double
htst_fuzz_double(htst_fuzz_t *input)
{
    double value;
    htst_fuzz_bytes(input, &value, sizeof value);
    return value;
}

/* A number that is often in the domain of a function: any bits, a whole number, a proportion, or a
 * number of ordinary size. */
static inline double
htst_fuzz_number(htst_fuzz_t *input)
{
    uint8_t kind;
    uint32_t word;
    htst_fuzz_bytes(input, &kind, sizeof kind);
    if (kind % 4 == 0) {
        return htst_fuzz_double(input);
    }
    htst_fuzz_bytes(input, &word, sizeof word);
    double sign = kind & 16 ? -1 : 1;
    if (kind % 4 == 1) {
        return sign * (double) (word >> (kind >> 5) * 4);
    }
    return kind % 4 == 2 ? (word + .5) * 0x1p-32 : sign * exp2((double) word * 0x1p-26 - 32);
}

/* One of the things that a target does with an input, and how many parts of all draws lead to it.
 */
typedef struct {
    int64_t parts;
    void (*take)(htst_fuzz_t *input);
} htst_fuzz_way_t;

/* Draw one of the ways, of which the last has no parts, and take it. */
static inline int
htst_fuzz_take(const uint8_t *data, size_t size, const htst_fuzz_way_t *ways)
{
    htst_fuzz_t input = { data, size };
    int64_t all = 0;
    for (const htst_fuzz_way_t *way = ways; way->parts > 0; way++) {
        all += way->parts;
    }
    int64_t drawn = htst_fuzz_int(&input, all);
    while (drawn >= ways->parts) {
        drawn -= ways->parts;
        ways++;
    }
    ways->take(&input);
    return 0;
}

/* An array of exactly n items in memory of its own, so that sanitizers see its end. */
static inline void *
htst_fuzz_array(htst_fuzz_t *input, int64_t n, size_t item)
{
    REQUIRE(n >= 0 && n < 1 << 28);
    void *out = malloc((size_t) n * item);
    REQUIRE(out != NULL || n == 0);
    htst_fuzz_bytes(input, out, (size_t) n * item);
    return out;
}

/* Whether both have the same bits, or both are NaN. */
static inline int
htst_fuzz_same(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

#endif
