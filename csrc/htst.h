/* htst: all public headers of the C library on which htstats is built.
 *
 * A program may include this header, or only the headers that it needs: each can be included alone.
 * csrc/README.md describes each folder and says how to build the library.
 *
 * VERSION: three whole numbers and a text, the same as those of the Python package. A program that
 * was compiled with another major number must be recompiled. */
#ifndef HTST_H
#define HTST_H

#define HTST_VERSION_MAJOR 0
#define HTST_VERSION_MINOR 1
#define HTST_VERSION_PATCH 0
#define HTST_VERSION "0.1.0"

/* Status codes and their texts; the instructions that kernels use. */
#include "htst_common.h"
#include "htst_isa.h"

/* Laws: the truncated exponential and the Hurwitz zeta function. */
#include "htst_truncated.h"
#include "htst_zeta.h"

/* Sketches: exact sums, and counts of values by buckets. */
#include "htst_moments.h"
#include "htst_sketch.h"

/* Partition: the elements of a matrix outside two bounds, as CSR. */
#include "htst_partition.h"
#include "htst_split.h"

/* Binomial tails and their inverses. */
#include "htst_binomial.h"
#include "htst_binomial_invert.h"

/* Alpha-stable laws, their quantiles, and tables of one law. */
#include "htst_stable.h"
#include "htst_stable_invert.h"
#include "htst_stable_table.h"

/* Random numbers, coding, linear algebra. */
#include "htst_gaps.h"
#include "htst_normal.h"
#include "htst_products.h"
#include "htst_rank.h"
#include "htst_single.h"
#include "htst_stable_sample.h"
#include "htst_tridiagonal.h"

/* Certificates: integer features, and the search for a ternary classifier or network. */
#include "htst_anneal.h"
#include "htst_features.h"
#include "htst_network.h"
#include "htst_network_search.h"
#include "htst_network_state.h"

/* The exact fit of a power law: `htst_fit.h` is the complete fit, the others are its steps. */
#include "htst_counts.h"
#include "htst_discrete.h"
#include "htst_estimate.h"
#include "htst_fit.h"
#include "htst_prune.h"
#include "htst_refits.h"
#include "htst_scan.h"
#include "htst_scan_input.h"
#include "htst_sort.h"
#include "htst_spread.h"
#include "htst_tail.h"
#include "htst_tally.h"

#endif /* HTST_H */
