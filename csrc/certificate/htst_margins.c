#include "htst_margins.h"

/* Number of examples for which an int16 counter cannot overflow in one lane of any vector. */
#define COUNT_BLOCK 8192

/* Smaller than every logit. */
#define LEAST_LOGIT (-32768)

/* Examples whose largest logits stay in the L1 cache while all classes are read. */
#define LARGEST_TILE 2048

HTST_CLONES static void
find_two_largest(const int16_t *HTST_RESTRICT logits, int64_t n, int16_t *HTST_RESTRICT first,
    int16_t *HTST_RESTRICT second)
{
    for (int64_t i = 0; i < n; i++) {
        int16_t x = logits[i];
        int16_t smaller = x < first[i] ? x : first[i];
        first[i] = x > first[i] ? x : first[i];
        second[i] = smaller > second[i] ? smaller : second[i];
    }
}

/* The same for three rows of logits at once. */
HTST_CLONES static void
find_largest_of_three(const int16_t *HTST_RESTRICT a, const int16_t *HTST_RESTRICT b,
    const int16_t *HTST_RESTRICT c, int64_t n, int16_t *HTST_RESTRICT first,
    int16_t *HTST_RESTRICT second)
{
    for (int64_t i = 0; i < n; i++) {
        int16_t most = a[i] > b[i] ? a[i] : b[i], next = a[i] > b[i] ? b[i] : a[i];
        int16_t smaller = c[i] < most ? c[i] : most;
        most = c[i] > most ? c[i] : most;
        next = smaller > next ? smaller : next;
        smaller = most < first[i] ? most : first[i];
        /* the second largest of both pairs: the smaller maximum, or a second of a pair */
        next = next > second[i] ? next : second[i];
        first[i] = most > first[i] ? most : first[i];
        second[i] = smaller > next ? smaller : next;
    }
}

/* Margins of a class for examples of another label. A difference that int16 cannot hold has the
 * sign of the label's logit. */
HTST_CLONES static void
set_others_margins(const int16_t *HTST_RESTRICT label, const int16_t *HTST_RESTRICT logits,
    const int16_t *HTST_RESTRICT first, const int16_t *HTST_RESTRICT second, int64_t n,
    int16_t *HTST_RESTRICT margins)
{
    for (int64_t i = 0; i < n; i++) {
        int16_t third = logits[i] == first[i] ? second[i] : first[i];
        int16_t margin = (int16_t) (label[i] - logits[i]);
        int16_t far = label[i] < 0 ? -HTST_MARGIN_FAR : HTST_MARGIN_FAR;
        int16_t overflow = (int16_t) ((label[i] ^ logits[i]) & (label[i] ^ margin));
        margin = overflow < 0 ? far : margin;
        margins[i] = label[i] > third ? margin : -HTST_MARGIN_FAR;
    }
}

HTST_CLONES static void
set_own_margins(const int16_t *HTST_RESTRICT label, const int16_t *HTST_RESTRICT first, int64_t n,
    int16_t *HTST_RESTRICT margins)
{
    for (int64_t i = 0; i < n; i++) {
        int16_t margin = (int16_t) (first[i] - label[i]);
        int16_t far = first[i] < 0 ? -HTST_MARGIN_FAR : HTST_MARGIN_FAR;
        int16_t overflow = (int16_t) ((first[i] ^ label[i]) & (first[i] ^ margin));
        margin = margin < HTST_MARGIN_FAR ? (int16_t) (margin + 1) : HTST_MARGIN_FAR;
        margins[i] = overflow < 0 ? far : margin;
    }
}

/* Find the largest logits of the examples [from, to), whose label is y. */
static void
find_largest_of_label(const htst_margins_block_t *block, int64_t y, int64_t from, int64_t to)
{
    int64_t n = block->n, size = to - from;
    int16_t *first = block->largest + from, *second = block->largest + n + from;
    const int16_t *rows[3];
    int n_rows = 0;
    for (int64_t i = 0; i < size; i++) {
        first[i] = second[i] = LEAST_LOGIT;
    }
    for (int64_t c = 0; c < block->n_classes; c++) {
        if (c == y) {
            continue;
        }
        rows[n_rows++] = block->logits + c * n + from;
        if (n_rows == 3) {
            find_largest_of_three(rows[0], rows[1], rows[2], size, first, second);
            n_rows = 0;
        }
    }
    for (int r = 0; r < n_rows; r++) {
        find_two_largest(rows[r], size, first, second);
    }
}

void
htst_margins_find_largest(const htst_margins_block_t *block)
{
    for (int64_t y = 0; y < block->n_classes; y++) {
        int64_t end = block->starts[y + 1] - block->starts[0];
        for (int64_t at = block->starts[y] - block->starts[0]; at < end; at += LARGEST_TILE) {
            find_largest_of_label(block, y, at, end - at < LARGEST_TILE ? end : at + LARGEST_TILE);
        }
    }
}

void
htst_margins_compute(const htst_margins_block_t *block, int64_t c, int16_t *HTST_RESTRICT margins)
{
    int64_t n = block->n;
    const int16_t *first = block->largest, *second = block->largest + n;
    const int16_t *logits = block->logits + c * n;
    for (int64_t y = 0; y < block->n_classes; y++) {
        int64_t at = block->starts[y] - block->starts[0];
        int64_t size = block->starts[y + 1] - block->starts[y];
        const int16_t *label = block->logits + y * n + at;
        if (y == c) {
            set_own_margins(label, first + at, size, margins + at);
        }
        else {
            set_others_margins(label, logits + at, first + at, second + at, size, margins + at);
        }
    }
}

/* Count the examples whose margin exceeds the change (below), and those for which this comparison
 * has another result than without the change (changed). */
HTST_CLONES static void
count_one(const int16_t *HTST_RESTRICT margins, const int8_t *HTST_RESTRICT x, int64_t n,
    int16_t weight, int16_t constant, int64_t *below, int64_t *changed)
{
    int16_t now = 0, other = 0;
    for (int64_t i = 0; i < n; i++) {
        int16_t is = margins[i] > (int16_t) (weight * x[i] + constant), was = margins[i] > 0;
        now = (int16_t) (now + is);
        other = (int16_t) (other + (is ^ was));
    }
    *below += now;
    *changed += other;
}

HTST_CLONES static void
count_two(const int16_t *HTST_RESTRICT margins, const int8_t *HTST_RESTRICT x,
    const int8_t *HTST_RESTRICT z, int64_t n, int16_t weight, int16_t weight_z, int16_t constant,
    int64_t *below, int64_t *changed)
{
    int16_t now = 0, other = 0;
    for (int64_t i = 0; i < n; i++) {
        int16_t d = (int16_t) (weight * x[i] + weight_z * z[i] + constant);
        int16_t is = margins[i] > d, was = margins[i] > 0;
        now = (int16_t) (now + is);
        other = (int16_t) (other + (is ^ was));
    }
    *below += now;
    *changed += other;
}

/* The same for examples [begin, end) of a chunk and a change of one or two columns. */
static void
count_segment(const int16_t *margins, const int8_t *const columns[2],
    const htst_margins_change_t *change, int64_t begin, int64_t end, int64_t *below,
    int64_t *changed)
{
    int16_t w = (int16_t) change->weights[0], v = (int16_t) change->weights[1];
    int16_t constant = (int16_t) change->constant;
    for (int64_t at = begin; at < end; at += COUNT_BLOCK) {
        int64_t n = end - at < COUNT_BLOCK ? end - at : COUNT_BLOCK;
        if (change->n_columns == 1) {
            count_one(margins + at, columns[0] + at, n, w, constant, below, changed);
        }
        else {
            count_two(
                margins + at, columns[0] + at, columns[1] + at, n, w, v, constant, below, changed);
        }
    }
}

void
htst_margins_count(const htst_margins_block_t *block, const int16_t *margins,
    const htst_margins_change_t *change, int64_t *right, int64_t *changed)
{
    const int64_t *starts = block->starts;
    int64_t n = block->n, c = change->class_index;
    const int8_t *columns[2] = { block->columns + change->columns[0] * n,
        block->columns + change->columns[1] * n };
    int64_t own = starts[c] - starts[0], after = starts[c + 1] - starts[0];
    int64_t below = 0, own_below = 0, ignored = 0;
    /* one loop over all examples is faster than three loops around the segment of class c */
    count_segment(margins, columns, change, 0, n, &below, changed);
    count_segment(margins, columns, change, own, after, &own_below, &ignored);
    *right += below - own_below + (after - own - own_below);
}

HTST_CLONES static void
count_net_one(const int16_t *HTST_RESTRICT margins, const int16_t *HTST_RESTRICT signs,
    const int8_t *HTST_RESTRICT x, int64_t n, int16_t weight, int16_t constant,
    int64_t *HTST_RESTRICT net, int64_t *HTST_RESTRICT changed)
{
    int16_t sum = 0, other = 0;
    for (int64_t i = 0; i < n; i++) {
        int16_t is = margins[i] > (int16_t) (weight * x[i] + constant), was = margins[i] > 0;
        int16_t turned = (int16_t) (was - is);
        sum = (int16_t) (sum + turned * signs[i]);
        other = (int16_t) (other + turned * turned);
    }
    *net += sum;
    *changed += other;
}

HTST_CLONES static void
count_net_two(const int16_t *HTST_RESTRICT margins, const int16_t *HTST_RESTRICT signs,
    const int8_t *HTST_RESTRICT x, const int8_t *HTST_RESTRICT z, int64_t n, int16_t weight,
    int16_t weight_z, int16_t constant, int64_t *HTST_RESTRICT net, int64_t *HTST_RESTRICT changed)
{
    int16_t sum = 0, other = 0;
    for (int64_t i = 0; i < n; i++) {
        int16_t d = (int16_t) (weight * x[i] + weight_z * z[i] + constant);
        int16_t is = margins[i] > d, was = margins[i] > 0, turned = (int16_t) (was - is);
        sum = (int16_t) (sum + turned * signs[i]);
        other = (int16_t) (other + turned * turned);
    }
    *net += sum;
    *changed += other;
}

void
htst_margins_count_net(const htst_margins_block_t *block, const int16_t *margins,
    const int16_t *signs, const htst_margins_change_t *change, int64_t *net, int64_t *changed)
{
    int64_t n = block->n;
    const int8_t *x = block->columns + change->columns[0] * n;
    const int8_t *z = block->columns + change->columns[1] * n;
    int16_t w = (int16_t) change->weights[0], v = (int16_t) change->weights[1];
    int16_t constant = (int16_t) change->constant;
    if (change->n_columns == 1) {
        count_net_one(margins, signs, x, n, w, constant, net, changed);
    }
    else {
        count_net_two(margins, signs, x, z, n, w, v, constant, net, changed);
    }
}

int64_t
htst_margins_right(const htst_margins_block_t *block, const int16_t *margins, int64_t c)
{
    int64_t right = 0, changed = 0;
    htst_margins_change_t none = { .class_index = c, .n_columns = 1 };
    htst_margins_count(block, margins, &none, &right, &changed);
    return right;
}

HTST_CLONES static int64_t
count_near(const int16_t *HTST_RESTRICT margins, int64_t n, int16_t near)
{
    int32_t found = 0;
    for (int64_t i = 0; i < n; i++) {
        found += margins[i] > -near && margins[i] < near;
    }
    return found;
}

int64_t
htst_margins_count_near(const int16_t *margins, int64_t n, int16_t near)
{
    return count_near(margins, n, near);
}

HTST_CLONES static void
add_column(int16_t *HTST_RESTRICT logits, const int8_t *HTST_RESTRICT x, int64_t n, int32_t weight,
    int32_t constant)
{
    for (int64_t i = 0; i < n; i++) {
        logits[i] = (int16_t) (logits[i] + weight * x[i] + constant);
    }
}

void
htst_margins_apply(const htst_margins_block_t *block, const htst_margins_change_t *change)
{
    int64_t n = block->n;
    for (int t = 0; t < change->n_columns; t++) {
        add_column(block->logits + change->class_index * n, block->columns + change->columns[t] * n,
            n, change->weights[t], t == 0 ? change->constant : 0);
    }
}
