#include "htst_margins.h"
#include "htst_test.h"

#include <string.h>

/* Counts of htst_margins are those of the definition: the label's logit is strictly the largest. */

enum { N = 101, C = 5, D = 4 };

static int8_t columns[D * N];
static int16_t logits[C * N], largest[2 * N], margins[N], signs[N];
static int64_t starts[C + 1];
static const htst_margins_block_t BLOCK = { .n = N,
    .n_classes = C,
    .starts = starts,
    .columns = columns,
    .logits = logits,
    .largest = largest };
static uint32_t seed = 7;

static int
draw(int below)
{
    seed = seed * 1664525u + 1013904223u;
    return (int) ((seed >> 8) % (uint32_t) below);
}

/* Logits of up to `size`. Labels begin at `first`, as in a chunk that others precede; label 3 has
 * no example. */
static void
make_block(int size, int64_t first)
{
    const int ends[C] = { 20, 21, 70, 70, N };
    starts[0] = first;
    for (int c = 0; c < C; c++) {
        starts[c + 1] = first + ends[c];
    }
    for (int i = 0; i < D * N; i++) {
        columns[i] = (int8_t) (draw(255) - 127);
    }
    for (int i = 0; i < C * N; i++) {
        logits[i] = (int16_t) (draw(2 * size + 1) - size);
    }
}

static int
is_right(int i, const htst_margins_change_t *change)
{
    int64_t label = 0, z[C];
    while (starts[label + 1] - starts[0] <= i) {
        label++;
    }
    for (int c = 0; c < C; c++) {
        z[c] = logits[c * N + i];
    }
    for (int t = 0; change && t < change->n_columns; t++) {
        z[change->class_index] += change->weights[t] * columns[change->columns[t] * N + i];
    }
    z[change ? change->class_index : 0] += change ? change->constant : 0;
    for (int c = 0; c < C; c++) {
        if (c != label && z[c] >= z[label]) {
            return 0;
        }
    }
    return 1;
}

static void
test_counts(int size, int64_t first)
{
    int wrong = 0;
    for (int round = 0; round < 200; round++) {
        make_block(size, first);
        htst_margins_change_t change = { draw(C), 1 + draw(2), { draw(D), draw(D) },
            { draw(2) ? 1 : -1, draw(2) ? 1 : -2 }, 16 * (draw(21) - 10) };
        int64_t right = 0, changed = 0, net = 0, net_changed = 0;
        int64_t expected = 0, turned = 0, before = 0;
        for (int i = 0; i < N; i++) {
            int is = is_right(i, &change), was = is_right(i, NULL);
            int own = i >= starts[change.class_index] - first
                && i < starts[change.class_index + 1] - first;
            expected += is;
            before += was;
            turned += is != was;
            signs[i] = own ? -1 : 1;
        }
        htst_margins_find_largest(&BLOCK);
        htst_margins_compute(&BLOCK, change.class_index, margins);
        htst_margins_count(&BLOCK, margins, &change, &right, &changed);
        htst_margins_count_net(&BLOCK, margins, signs, &change, &net, &net_changed);
        wrong += right != expected || changed != turned;
        wrong += net != before - expected || net_changed != turned;
        wrong += htst_margins_right(&BLOCK, margins, change.class_index) != before;
        int16_t after[N];
        for (int i = 0; i < N; i++) {
            after[i] = (int16_t) is_right(i, &change);
        }
        if (size < 32000) {
            htst_margins_apply(&BLOCK, &change);
            for (int i = 0; i < N; i++) {
                wrong += is_right(i, NULL) != after[i];
            }
        }
    }
    CHECK(wrong == 0);
}

static void
test_near(void)
{
    int16_t values[] = { -64, -63, 0, 63, 64, 17000, -17000 };
    CHECK(htst_margins_count_near(values, 7, 64) == 3);
    CHECK(htst_margins_count_near(values, 0, 64) == 0);
}

int
main(void)
{
    test_counts(60, 0);     /* most changes turn some example */
    test_counts(400, 35);   /* a chunk behind others */
    test_counts(32600, 12); /* differences leave int16 */
    test_near();
    return htst_test_report("test_margins");
}
