/* htst_stable_law: the constants of a standardised stable law, and of a point. Internal.
 *
 * With A = pi alpha/2 and tan eta = beta tan A, the angle of Nolan's integral is theta in
 * (-eta/alpha, pi/2). A law has two sides: the right side is the law of X, the left side is the law
 * of -X, whose beta has the opposite sign.
 *
 * METHOD: tan A is computed as a sum of two doubles (a pair), from the exact distance of alpha to
 * 0, 1 or 2. Every angle is the argument of a point whose coordinates have exact signs, so that
 * small angles keep their digits.
 * ACCURACY: 2^-93 for tan A, one unit in the last place for angles; x_S1 is a pair.
 * ERRORS: none; the functions of htst_stable.h check the arguments. */
#ifndef HTST_STABLE_LAW_H
#define HTST_STABLE_LAW_H

#include <stdbool.h>

#include "htst_pair.h"

typedef struct {
    double beta;
    double sin_part; /* Lambda = (1 + beta) sin A */
    double cos_part; /* K = cos A - beta sin^2 A/cos A, so that K - i Lambda is the coefficient of
                         s^alpha on the cut; -+inf if alpha is 1 */
    double full;     /* alpha Phi, Phi = pi/2 + eta/alpha: the length of the interval of theta */
    double kappa;    /* pi - alpha Phi */
    double length;   /* Phi */
    double beyond;   /* pi - Phi */
    double sin_eta, cos_eta;
} htst_stable_side_t;

typedef struct {
    double alpha, beta;
    double excess;              /* alpha - 1; for alpha = 1 a number too small to matter */
    double sine, cosine;        /* of A */
    htst_pair_t shift;          /* beta tan A: x_S1 = x_S0 + shift */
    bool is_one;                /* alpha = 1 */
    htst_stable_side_t side[2]; /* right, left */
} htst_stable_law_t;

/* A point: its coordinates in S0 and S1, each a pair. If they are too large for a double, `far` is
 * the logarithm of their absolute value and both are replaced by a large double of the same sign;
 * otherwise `far` is 0. */
typedef struct {
    htst_pair_t x0, x1;
    double far;
} htst_stable_point_t;

/* The density and both tails at a point, with factors that can be outside the range of a double:
 *   the density is  density exp(density_scale),
 *   P(X > x) is     upper exp(tail_scale) + upper_more,
 *   P(X <= x) is    lower exp(tail_scale) + lower_more. */
typedef struct {
    double density_scale, tail_scale, density, upper, lower, upper_more, lower_more;
} htst_stable_values_t;

/* Computes the constants of the law, for alpha in (0, 2) and beta in [-1, 1]. */
void htst_stable_law(double alpha, double beta, htst_stable_law_t *law);

/* The point with coordinate x in S1 (is_s1) or in S0. If alpha is 1, both give the same point. */
htst_stable_point_t htst_stable_point(const htst_stable_law_t *law, htst_pair_t x, bool is_s1);

/* The same point in the law of -X: both coordinates change their signs. */
htst_stable_point_t htst_stable_mirror(htst_stable_point_t point);

#endif /* HTST_STABLE_LAW_H */
