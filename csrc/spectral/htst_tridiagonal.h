/* htst_tridiagonal: the largest eigenvalue of a symmetric tridiagonal matrix that grows by one row
 * at a time, as in Lanczos' method, and the last entry of its eigenvector. */
#ifndef HTST_TRIDIAGONAL_H
#define HTST_TRIDIAGONAL_H

#include <stdint.h>

#include "htst_common.h"

/* The largest eigenvalue of T, and abs(z[n - 1]) of its unit eigenvector z.
 *
 * n             the number of rows of T.
 * diagonal[n]   the diagonal of T.
 * beside[n - 1] the entries next to the diagonal, >= 0.
 * work[2 n]     workspace.
 * value         on entry the largest eigenvalue of the leading n - 1 rows and columns (any number
 *               if n = 1); set to that of T.
 * last          set to abs(z[n - 1]).
 *
 * METHOD: if t is above all eigenvalues, the pivots of t - T are positive, and Newton's method for
 * the determinant of t - T comes down to the largest eigenvalue. It starts from the largest
 * eigenvalue of ((*value, b), (b, d)), with b and d the last entries of `beside` and `diagonal`,
 * which is an upper bound. The eigenvector is computed outwards from the row where the pivots from
 * above and from below agree best, so that even an entry far below 1 has a small relative error
 * (Dhillon and Parlett, "Multiple representations to compute orthogonal eigenvectors", Linear
 * Algebra and its Applications 387 (2004), section 3).
 *
 * ACCURACY: *value to 8 ulps of the largest abs(eigenvalue); tests/c/test_tridiagonal.c.
 * ERRORS: HTST_ERR_BAD_ARG if n < 1; HTST_ERR_NO_CONVERGENCE if an entry is not finite. */
int htst_tridiagonal_top(const double *diagonal, const double *beside, int64_t n, double *work,
    double *value, double *last);

#endif /* HTST_TRIDIAGONAL_H */
