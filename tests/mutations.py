"""The faults that tests/mutate.py puts into csrc, and which Python tests watch each module."""

from __future__ import annotations

from typing import NamedTuple


class Fault(NamedTuple):
    """`line` (text that occurs once in csrc/`file`) becomes `replacement`."""

    file: str
    what: str
    line: str
    replacement: str
    quick: bool = False  # one of the handful that C tests alone must notice


# in the order in which they run, after tests/c/test_MODULE.c
TESTS = {
    "binomial": ("test_binomial.py", "test_binomial_accuracy.py"),
    "binomial_bulk": ("test_binomial_accuracy.py", "test_binomial.py"),
    "binomial_far": ("test_binomial_accuracy.py", "test_binomial.py"),
    "binomial_invert": ("test_binomial.py",),
    "distance": ("test_scan.py",),
    "estimate": ("test_scan.py",),
    "gaps": (
        "test_container.py::test_gaps_are_the_twins_and_come_back",
        "test_container.py::test_gaps_beyond_32_bits",
    ),
    "moments": ("test_moments.py",),
    "normal": ("test_normal.py",),
    "pair": ("test_binomial_accuracy.py",),
    "partition": ("test_partition.py",),
    "prune": ("test_prune.py",),
    "refits": ("test_goodness.py",),
    "scan": ("test_scan.py",),
    "sketch": ("test_sketch.py",),
    "split": ("test_partition.py",),
    "tail": ("test_prune.py",),
}

FAULTS = (
    Fault(
        "htst_binomial.c",
        "all but one outcome taken for all",
        "if (rising ? j == 1.0 : j == n - 1.0) {",
        "if (rising ? j == 1.0 : j == n) {",
    ),
    Fault(
        "htst_binomial.c",
        "off by one in the mirrored tail",
        "upper ? (mirrored ? j - 1.0 : j + 1.0) : j, n,",
        "upper ? j + 1.0 : j, n,",
    ),
    Fault(
        "htst_binomial.c",
        "the end of Chernoff's bound moved by one",
        "if (j <= 0.0 || k >= n) {",
        "if (j <= 0.0 || k > n) {",
        quick=True,
    ),
    Fault(
        "htst_binomial.c",
        "a tiny p is scaled, its log is not",
        "htst_fraction_terms(&problem, TINY_SHIFT)",
        "htst_fraction_terms(&problem, 0.0)",
    ),
    Fault(
        "htst_binomial_bulk.c",
        "Phi of small counts by the series",
        "if ((k < 16.0 || m < 16.0) && !isnan(terms->a[i])) {",
        "if ((k < 8.0 || m < 8.0) && !isnan(terms->a[i])) {",
    ),
    Fault(
        "htst_binomial_bulk.c",
        "a lane of the fraction forgets when it settled",
        "value[i] = done[i] != 0.0 ? value[i] : at.p1;",
        "value[i] = at.p1;",
    ),
    Fault(
        "htst_binomial_bulk.c",
        "padding gathers behind the last element",
        "int place = at[i < count ? i : 0];",
        "int place = at[i];",
    ),
    Fault(
        "htst_binomial_bulk.c",
        "Chernoff's bound in arrays mirrored the wrong way",
        "p[i] > 0.5 ? -t.d.hi : t.d.hi, bound",
        "p[i] > 0.5 ? t.d.hi : t.d.hi, bound",
        quick=True,
    ),
    Fault(
        "htst_binomial_bulk.c",
        "n KL of a fractional k in arrays",
        "| ((function == HTST_BINOMIAL_KL) & (floor(k[i]) != k[i]));",
        "| ((function == HTST_BINOMIAL_KL) & (floor(k[i]) > k[i]));",
    ),
    Fault(
        "htst_binomial_far.h",
        "a dropped term of Stirling's series",
        "double s = htst_fma(y, -691.0 / 360360, 1.0 / 1188);",
        "double s = htst_fma(y, -0.0 / 360360, 0.0 / 1188);",
    ),
    Fault(
        "htst_binomial_far.h",
        "the sign of d seen from below",
        ".d = { above * d.hi, above * d.lo },",
        ".d = { d.hi, d.lo },",
    ),
    Fault(
        "htst_binomial_far.h",
        "n p without its low half near the mean",
        "return htst_pair_fast_sum(j - mean.hi, -mean.lo);",
        "return htst_pair_fast_sum(j - mean.hi, 0.0);",
    ),
    Fault(
        "htst_binomial_far.h",
        "the sign of the skewness",
        "return htst_fma(lambda, -1.0 / 6, 0.5) - (odd + even);",
        "return htst_fma(lambda, 1.0 / 6, 0.5) - (odd + even);",
    ),
    Fault(
        "htst_binomial_far.h",
        "one variance too few in the recurrence",
        "u = htst_fma((M + 1) * inverse_variance, before, power);",
        "u = htst_fma(M * inverse_variance, before, power);",
    ),
    Fault(
        "htst_binomial_far.h",
        "the long series is the short one",
        "    if (kind != HTST_BINOMIAL_SHORT) {\n        HTST_STEP(11, odd);",
        "    if (kind == HTST_BINOMIAL_FRACTION) {\n        HTST_STEP(11, odd);",
    ),
    Fault(
        "htst_binomial_far.h",
        "the fraction's first level is like the others",
        "before = first == 1.0 ? 1.0 : before;",
        "before = first == 0.0 ? 1.0 : before;",
    ),
    Fault(
        "htst_binomial_far.h",
        "a tail on the mean is the other one",
        "int other = side * here.hi < 0.0;",
        "int other = side * here.hi <= 0.0;",
    ),
    Fault(
        "htst_binomial_invert.c",
        "the step of a limit takes the wrong way",
        "* ratio * (rising ? 1.0 : -1.0);",
        "* ratio;",
    ),
    Fault(
        "htst_binomial_invert.c",
        "<= becomes < where log_isf compares with its level",
        "bool reached = at.log <= level;\n        *(",
        "bool reached = at.log < level;\n        *(",
    ),
    Fault(
        "htst_binomial_invert.c",
        "settled without a look at the neighbour",
        "return gap > 1e-12 * fabs(level);",
        "return gap > -1e-12 * fabs(level);",
    ),
    Fault(
        "htst_binomial_invert.c",
        "a limit stops a step too early",
        "if (size < 1e-15 ||",
        "if (size < 1e-9 ||",
    ),
    Fault(
        "htst_pair.h",
        "the low half of an exponent is lost",
        "htst_fma(-e, LOG2_HIGH, -x)) - a.lo;",
        "htst_fma(-e, LOG2_HIGH, -x));",
    ),
    Fault(
        "htst_gaps.c",
        "size in bytes rounded down",
        "((bits + 7) / 8);",
        "(bits / 8);",
        quick=True,
    ),
    Fault(
        "htst_gaps.c",
        "the last position may lie behind the matrix",
        "gap >= (uint64_t) (end - 1 - position)",
        "gap > (uint64_t) (end - 1 - position)",
    ),
    Fault(
        "htst_gaps.c",
        "the longest unary part takes one bit more",
        "bits += quotient < ESCAPE ?",
        "bits += quotient <= ESCAPE ?",
    ),
    Fault(
        "htst_gaps.c",
        "off by one at the end of a row",
        "while (position - row_start >= n_cols) {",
        "while (position - row_start > n_cols) {",
        quick=True,
    ),
    Fault(
        "htst_gaps.c",
        "bits lost where a code crosses a word",
        "writer->used == 0 ? 0 : value >> (64 - writer->used);",
        "0;",
    ),
    Fault(
        "htst_gaps.c",
        "a repeated column passes",
        "indices[e] <= last ||",
        "indices[e] < last ||",
    ),
    Fault(
        "htst_normal.c",
        "the layer is ignored",
        "x1 = row, x2 = layer, x3 = 0;",
        "x1 = row, x2 = 0 * layer, x3 = 0;",
        quick=True,
    ),
    Fault(
        "htst_normal.c",
        "the high word of the seed is ignored",
        ".key = { (uint32_t) seed, (uint32_t) (seed >> 32) },",
        ".key = { (uint32_t) seed, 0 },",
    ),
    Fault("htst_normal.c", "a round less", "#define PHILOX_ROUNDS 10", "#define PHILOX_ROUNDS 9"),
    Fault(
        "htst_normal.c",
        "blocks start at even columns",
        "int64_t skip = col & 1;",
        "int64_t skip = 0;",
    ),
    Fault(
        "htst_normal.c",
        "beyond five sigma's square root the middle branch stays",
        "if (HTST_UNLIKELY(r[k] > SPLIT_TAIL)) {",
        "if (HTST_UNLIKELY(r[k] > 2 * SPLIT_TAIL)) {",
    ),
    Fault(
        "htst_normal.c",
        "u without its half step",
        "return (one_and_fraction - 1.5) + 0x1p-53;",
        "return one_and_fraction - 1.5;",
    ),
    Fault(
        "htst_partition.c",
        "> becomes >= in the count",
        "(unsigned_t)((o > high) | (o < low)));",
        "(unsigned_t)((o >= high) | (o < low)));",
        quick=True,
    ),
    Fault(
        "htst_partition.c",
        "an infinity counts as finite",
        "(w[j] & ~sign) >= infinity));",
        "(w[j] & ~sign) > infinity));",
    ),
    Fault(
        "htst_partition.c",
        "-0 and 0 in one place",
        "w & 0x8000 ? ~(w & 0x7fff) : w",
        "w & 0x8000 ? -(w & 0x7fff) : w",
    ),
    Fault(
        "htst_partition.c",
        "a full segment looks empty",
        "(uint8_t)(kept < 255 ? kept : 255);",
        "(uint8_t)kept;",
    ),
    Fault(
        "htst_partition.c",
        "a float16 denormal keeps its hidden bit",
        "value -= hidden ? 0x1p-14f : 0.0f;",
        "value -= 0.0f;",
    ),
    Fault(
        "htst_partition.c",
        "fewer kept than counted passes",
        "if (kept != room) {",
        "if (kept > room) {",
    ),
    Fault(
        "htst_partition_x86.c",
        "columns count from the vector's start",
        "__m256i column = _mm256_add_epi32(order, _mm256_set1_epi32((int32_t)start));",
        "__m256i column = _mm256_add_epi32(order, _mm256_set1_epi32((int32_t)(0 * start)));",
    ),
    Fault(
        "htst_partition_x86.c",
        "elements behind the row count",
        "kept_512(bits[v], rule) & lanes_512(left - 16 * v);",
        "kept_512(bits[v], rule);",
    ),
    Fault(
        "htst_partition_x86.c",
        "bounds that meet keep nothing",
        "low > high ? 0 : (uint32_t)high - (uint32_t)low + 1;",
        "low > high ? UINT32_MAX : (uint32_t)high - (uint32_t)low + 1;",
    ),
    Fault(
        "htst_partition_x86.c",
        "the seventeenth of a vector is forgotten",
        "if (kept > 16) {",
        "if (kept > 17) {",
    ),
    Fault(
        "htst_split.c",
        "a piece goes where the one before it went",
        "turns->kept = before + kept;",
        "turns->kept = before + (kept > 0);",
        quick=True,
    ),
    Fault(
        "htst_split.c",
        "columns of a row's later pieces count from 0",
        "own_indices[i] += (int32_t)piece.col;",
        "own_indices[i] += (int32_t)(0 * piece.col);",
    ),
    Fault(
        "htst_split.c",
        "what is not finite lies within the bounds",
        "low = (signed_t)MAX(low, -infinity);",
        "low = (signed_t)MAX(low, -infinity - 1);",
    ),
    Fault(
        "htst_split.c",
        "an infinity is no number too large",
        ">= (unsigned_t)(infinity << 1);",
        "> (unsigned_t)(infinity << 1);",
    ),
    Fault(
        "htst_moments.c",
        "-v = ~v, without the 1",
        "u128 carry = flip & 1; /*",
        "u128 carry = 0; /*",
        quick=True,
    ),
    Fault("htst_moments.c", "a lost carry", "carry = total >> 64;", "carry = 0;"),
    Fault(
        "htst_moments.c",
        "the top word of a shifted sum is lost",
        "bit ? (uint64_t)(value >> 64 >> (64 - bit)) : 0}",
        "0}",
    ),
    Fault(
        "htst_moments.c",
        "what rounding a square leaves is dropped",
        "*low += square - rounded;",
        "*low += rounded - rounded;",
    ),
    Fault(
        "htst_moments.c",
        "denormals and the smallest normals differ by 2",
        "int shift = e > 0 ? e - 1 : 0;",
        "int shift = e;",
    ),
    Fault(
        "htst_moments.c",
        "sums by exponent are never emptied",
        "if (few->room < n) {\n        flush_f32(",
        "if (few->room < -1000 * n) {\n        flush_f32(",
    ),
    Fault(
        "htst_scan.c",
        "the smallest distance is never replaced by a smaller one",
        "            limit = search->best.distance;",
        "            limit += 0;",
    ),
    Fault(
        "htst_scan.c",
        "a block is bounded by the size of its largest tail",
        "n = e->least;",
        "n = e->most;",
    ),
    Fault(
        "htst_distance.c",
        "one value too few in the empirical distribution",
        "return (double) (c->scan->first[j] - c->scan->first[c->k]) * c->inverse_n;",
        "return (double) (c->scan->first[j] - c->scan->first[c->k] - 1) * c->inverse_n;",
    ),
    Fault(
        "htst_distance.c",
        "what lies between the places of a grid is not looked at",
        "for (; p->spacing > 1 &&",
        "for (; p->spacing > 1000000000 &&",
    ),
    Fault(
        "htst_estimate.c",
        "a large step by the series for small ones",
        "return (b > (1 + 0x1p-4) * a) |",
        "return (b > (1 + 0x1p4) * a) |",
    ),
    Fault(
        "htst_scan.c",
        "the lower end of alpha's range is allowed",
        "return alpha > allowed->alpha_low &&",
        "return alpha >= allowed->alpha_low &&",
    ),
    Fault("htst_refits.c", "the seed is ignored", "mix(mix(seed) +", "mix(mix(0 * seed) +"),
    Fault(
        "htst_tail.c",
        "the lower end is left out",
        "UINT found = (UINT) (key >= low) &",
        "UINT found = (UINT) (key > low) &",
    ),
    Fault(
        "htst_prune.c",
        "the bound looks at one side only",
        "return (plus > minus ? plus : minus) - ROUNDING;",
        "return minus - ROUNDING + 0 * plus;",
    ),
    Fault("htst_sketch.c", "a lost carry", "entry[2] += entry[1] < low;", "entry[2] += 0;"),
    Fault(
        "htst_sketch.c",
        "negative zeros count as zeros of the other sign",
        "negative += bits == ~ABS_F32;",
        "negative += bits == 0;",
    ),
    Fault(
        "htst_sketch.c",
        "a bucket more than the window has",
        "largest >> dropped < first + width);",
        "largest >> dropped <= first + width);",
    ),
    Fault(
        "htst_sketch.c",
        "the sum in the place of the sum of squares",
        "second += count * (m * m);",
        "second += count * m;",
        quick=True,
    ),
)
