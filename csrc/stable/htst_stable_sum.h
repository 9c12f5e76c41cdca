/* htst_stable_sum: sums of the trapezoid rule with a test of convergence. Internal.
 *
 * The nodes are v = start + k step. The sum over even k and that over odd k are both the rule with
 * twice the step, so their difference shows its error; the error of the rule with all nodes is
 * about the square of that, relative to the sum.
 *
 * METHOD: the error of the rule is dominated by the pole of the integrand nearest to the real axis.
 * It is the real part of a complex number that turns as the nodes or the integrand move, so it
 * passes through 0 by chance. The error of the moment, which is the sum over v times the integrand,
 * is the real part of the same number times the place of the pole. Because the pole is not real,
 * both errors are not 0 together.
 * ACCURACY: rounding of sums. ERRORS: none. */
#ifndef HTST_STABLE_SUM_H
#define HTST_STABLE_SUM_H

#include <math.h>
#include <stdbool.h>

#include "htst_common.h"

#define HTST_STABLE_BLOCK 16 /* terms that are added together */

/* The sums over even and odd nodes, and their moments about v = 0. */
typedef struct {
    double even, odd, even_moment, odd_moment;
} htst_stable_sum_t;

/* Adds the terms of the nodes v + i step. */
HTST_INLINE void
htst_stable_add(
    const double terms[HTST_STABLE_BLOCK], double v, double step, htst_stable_sum_t *sum)
{
    double part[8], moment[8];
    for (int i = 0; i < 8; i++) {
        double one = terms[i], other = terms[i + 8];
        part[i] = one + other;
        moment[i] = one * (v + i * step) + other * (v + (i + 8) * step);
    }
    sum->even += (part[0] + part[4]) + (part[2] + part[6]);
    sum->odd += (part[1] + part[5]) + (part[3] + part[7]);
    sum->even_moment += (moment[0] + moment[4]) + (moment[2] + moment[6]);
    sum->odd_moment += (moment[1] + moment[5]) + (moment[3] + moment[7]);
}

HTST_INLINE double
htst_stable_total(const htst_stable_sum_t *sum)
{
    return sum->even + sum->odd;
}

/* The sums of the rule with half of the step; `between` are the sums over its new nodes. */
HTST_INLINE htst_stable_sum_t
htst_stable_halve(const htst_stable_sum_t *sum, const htst_stable_sum_t *between)
{
    return (htst_stable_sum_t){ sum->even + sum->odd, between->even + between->odd,
        sum->even_moment + sum->odd_moment, between->even_moment + between->odd_moment };
}

/* Whether the sums over even and odd nodes differ by less than `size`, and their moments by less
 * than moment_size times as much. */
HTST_INLINE bool
htst_stable_agrees(const htst_stable_sum_t *sum, double size, double moment_size)
{
    return fabs(sum->even - sum->odd) < size
        && fabs(sum->even_moment - sum->odd_moment) < moment_size * size;
}

#endif /* HTST_STABLE_SUM_H */
