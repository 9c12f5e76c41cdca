#include "htst_spread.h"

#include <string.h>

#include "htst_isa.h"
#include "htst_spread_x86.h"

/* Elements whose keys are selected together; they stay in the first cache. */
#define BLOCK 2048

/* The place that is prefetched when one is written. Each bucket is written at its own places, which
 * processors do not prefetch: without it the pass takes twice as long. */
#define AHEAD 16

/* Counters that are read together, and values of a set that one word marks. */
#define SOME HTST_SPREAD_SOME
#define WORD 64

/* A bucket with at least one element for so many values is dense: its counters are read from the
 * first to the last. This is faster with vectors. */
#define SPARSE 4
#define SPARSE_AVX512 32

int64_t
htst_spread_f32(int64_t n, const float *x, htst_tail_side_t side, int64_t begin, int64_t size,
    uint32_t *next, uint16_t *out)
{
    const int64_t low = begin > 0 ? begin << HTST_TAIL_DROPPED_F32 : 1;
    const int64_t high = ((begin + size) << HTST_TAIL_DROPPED_F32) - 1;
    float taken[BLOCK];
    int64_t m = 0;

    for (int64_t i = 0; i < n; i += BLOCK) {
        int64_t some = n - i < BLOCK ? n - i : BLOCK;
        int64_t count = htst_tail_select_f32(some, x + i, side, low, high, BLOCK, taken);
        for (int64_t j = 0; j < count; j++) {
            uint32_t key;
            memcpy(&key, taken + j, sizeof key);
            uint32_t place = next[(key >> HTST_TAIL_DROPPED_F32) - (uint32_t) begin]++;
            out[place] = (uint16_t) (key & (HTST_SPREAD_LOWER - 1));
            HTST_PREFETCH(out + place + AHEAD);
        }
        m += count;
    }
    return m;
}

/* One bucket: its elements' lower bits, the key of its first value, and its first place. */
typedef struct {
    int64_t n;
    const uint16_t *lower;
    uint32_t key, place;
} bucket_t;

/* Where the values of a bucket are written. */
typedef struct {
    float *v;
    uint32_t *first;
} output_t;

static output_t
after(output_t out, int64_t m)
{
    return (output_t){ out.v + m, out.first + m };
}

/* ---- dense buckets -------------------------------------------------------------------------- */

HTST_KERNEL(int64_t, number_used, (const uint32_t *count), (count))
{
    uint32_t used = 0;

    for (uint32_t d = 0; d < HTST_SPREAD_LOWER; d++) {
        used += count[d] != 0;
    }
    return (int64_t) used;
}

/* Write the values with these counters, which are then 0; add the counts to *place. Returns the
 * number of values. */
static int64_t
read_some(uint32_t key, uint32_t *count, uint32_t *place, output_t out)
{
    uint32_t keys[SOME + 1], places[SOME + 1], at = *place;
    int64_t m = 0;

#ifdef HTST_ISA_HAS_X86
    if (htst_isa() == HTST_ISA_AVX512) {
        return htst_spread_read_avx512(key, count, place, out.v, out.first);
    }
#endif
    for (uint32_t d = 0; d < SOME; d++) { /* always written; m grows only for values that occur */
        keys[m] = key + d;
        places[m] = at;
        m += count[d] != 0;
        at += count[d];
    }
    memset(count, 0, SOME * sizeof count[0]);
    memcpy(out.v, keys, (size_t) m * sizeof keys[0]);
    memcpy(out.first, places, (size_t) m * sizeof places[0]);
    *place = at;
    return m;
}

static int64_t
take_dense(const bucket_t *bucket, int at_end, uint32_t *count, output_t out)
{
    uint32_t place = bucket->place;
    int64_t m = 0;

    for (int64_t i = 0; i < bucket->n; i++) {
        count[bucket->lower[i] % HTST_SPREAD_LOWER]++;
    }
    out = after(out, at_end ? -number_used(count) : 0);
    for (uint32_t d = 0; d < HTST_SPREAD_LOWER; d += SOME) {
        m += read_some(bucket->key + d, count + d, &place, after(out, m));
    }
    return m;
}

/* ---- sparse buckets ------------------------------------------------------------------------- */

static int64_t
take_sparse(const bucket_t *bucket, int at_end, uint32_t *count, output_t out)
{
    uint64_t set[HTST_SPREAD_LOWER / WORD] = { 0 };
    uint32_t place = bucket->place;
    int64_t m = 0, n_distinct = 0;

    for (int64_t i = 0; i < bucket->n; i++) {
        const uint16_t lower = bucket->lower[i] % HTST_SPREAD_LOWER;
        n_distinct += count[lower]++ == 0;
        set[lower / WORD] |= UINT64_C(1) << lower % WORD;
    }
    out = after(out, at_end ? -n_distinct : 0);
    for (uint32_t w = 0; w < HTST_SPREAD_LOWER / WORD; w++) {
        for (uint64_t left = set[w]; left != 0; left &= left - 1) {
            uint32_t half = (uint32_t) left, d = w * WORD;
            d += half != 0 ? (uint32_t) HTST_ZEROS_BELOW(half)
                           : 32 + (uint32_t) HTST_ZEROS_BELOW((uint32_t) (left >> 32));
            uint32_t key = bucket->key + d;
            memcpy(out.v + m, &key, sizeof key);
            out.first[m++] = place;
            place += count[d];
            count[d] = 0;
        }
    }
    return m;
}

/* ---- all buckets ---------------------------------------------------------------------------- */

static int
is_ascending(int64_t size, const uint32_t *starts)
{
    int falls = 0;

    for (int64_t b = 0; b < size; b++) {
        falls |= starts[b + 1] < starts[b];
    }
    return !falls;
}

int64_t
htst_spread_distinct_f32(int64_t begin, int64_t size, const uint32_t *starts, const uint16_t *lower,
    int at_end, uint32_t *count, float *v, uint32_t *first)
{
    const int64_t sparse = htst_isa() == HTST_ISA_AVX512 ? SPARSE_AVX512 : SPARSE;
    const output_t all =
        after((output_t){ v, first }, at_end ? (int64_t) starts[size] - starts[0] : 0);
    int64_t m = 0;

    if (!is_ascending(size, starts)) {
        return HTST_ERR_BAD_ARG;
    }
    for (int64_t i = 0; i < size; i++) {
        const int64_t b = at_end ? size - 1 - i : i;
        const bucket_t bucket = { (int64_t) starts[b + 1] - starts[b], lower + starts[b],
            (uint32_t) (begin + b) << HTST_TAIL_DROPPED_F32, starts[b] };
        const output_t out = after(all, at_end ? -m : m);
        if (bucket.n * sparse >= HTST_SPREAD_LOWER) {
            m += take_dense(&bucket, at_end, count, out);
        }
        else if (bucket.n > 0) {
            m += take_sparse(&bucket, at_end, count, out);
        }
    }
    return m;
}
