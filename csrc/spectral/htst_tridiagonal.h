/* htst_tridiagonal: the largest eigenvalue of a symmetric tridiagonal matrix that grows by a row at a
 * time, as Lanczos' method makes it, and what its eigenvector ends with.
 */
#ifndef HTST_TRIDIAGONAL_H
#define HTST_TRIDIAGONAL_H

#include <stdint.h>

#include "htst_common.h"

/* The matrix T has diagonal[0..n-1], not negative in their sum of squares, and beside[0..n-2] >= 0 next
 * to it. On entry *value is the largest eigenvalue of its leading n - 1 rows and columns (n = 1:
 * anything), on return that of T, and *last is abs(z[n-1]) of its unit eigenvector z. work has room
 * for 2 n numbers.
 *
 * Method: with t above all eigenvalues the pivots of t - T are positive, and Newton's steps for its
 * determinant come down to the largest eigenvalue from above; they start from the largest eigenvalue of
 * ((*value, b), (b, d)), b and d being the last of beside and diagonal, which bounds it. The eigenvector
 * is multiplied out from where the pivots from above and from below meet closest, so that even an
 * entry far below 1 is right to some ulps of itself (Dhillon and Parlett, "Multiple representations to
 * compute orthogonal eigenvectors", Linear Algebra and its Applications 387 (2004), section 3).
 *
 * ACCURACY: *value to 8 ulps of the largest abs(eigenvalue).
 * ERRORS: HTST_ERR_BAD_ARG if n < 1; HTST_ERR_NO_CONVERGENCE if an entry is not finite. */
int htst_tridiagonal_top(const double *diagonal, const double *beside, int64_t n, double *work,
    double *value, double *last);

#endif /* HTST_TRIDIAGONAL_H */
