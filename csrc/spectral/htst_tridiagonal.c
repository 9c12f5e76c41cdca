#include "htst_tridiagonal.h"

#include <float.h>
#include <math.h>

/* The largest number of steps of Newton's method; from a bound near the eigenvalue, two to ten
 * steps suffice. */
#define MOST_STEPS 1000

/* A pivot of t - T, with a tiny number in place of zero. */
static double
away_from_zero(double pivot, double scale)
{
    double least = fmax(DBL_EPSILON * DBL_EPSILON * scale, DBL_MIN);
    return fabs(pivot) < least ? least : pivot;
}

/* The step of Newton's method from t down to the largest eigenvalue; negative if t is not above
 * the largest eigenvalue. */
static double
newton(const double *diagonal, const double *beside, int64_t n, double t)
{
    double pivot = t - diagonal[0], slope = 1, sum = slope / pivot;
    for (int64_t i = 1; i < n && pivot > 0; i++) {
        double ratio = beside[i - 1] / pivot;
        pivot = (t - diagonal[i]) - beside[i - 1] * ratio;
        slope = 1 + ratio * ratio * slope;
        sum += slope / pivot;
    }
    return pivot > 0 ? 1 / sum : -1;
}

/* An upper bound of all eigenvalues (Gershgorin). */
static double
bound(const double *diagonal, const double *beside, int64_t n)
{
    double most = -INFINITY;
    for (int64_t i = 0; i < n; i++) {
        double reach = (i > 0 ? beside[i - 1] : 0) + (i + 1 < n ? beside[i] : 0);
        most = fmax(most, diagonal[i] + reach);
    }
    return most;
}

static double
slightly_above(double t)
{
    return t + 8 * DBL_EPSILON * fabs(t);
}

static double
largest(const double *diagonal, const double *beside, int64_t n, double before)
{
    double half = (before - diagonal[n - 1]) / 2, off = beside[n - 2];
    double t = slightly_above(diagonal[n - 1] + half + hypot(half, off));
    double step = newton(diagonal, beside, n, t);
    if (!(step >= 0)) {
        t = slightly_above(bound(diagonal, beside, n));
        step = newton(diagonal, beside, n, t);
    }
    for (int k = 0; k < MOST_STEPS && step > DBL_EPSILON * fabs(t); k++) {
        t -= step;
        step = newton(diagonal, beside, n, t);
    }
    return t;
}

/* abs of the last entry of the unit eigenvector. */
static double
last_entry(
    const double *diagonal, const double *beside, int64_t n, double t, double *above, double *below)
{
    double scale = fabs(t);
    above[0] = away_from_zero(t - diagonal[0], scale);
    below[n - 1] = away_from_zero(t - diagonal[n - 1], scale);
    for (int64_t i = 1; i < n; i++) {
        double pivot = (t - diagonal[i]) - beside[i - 1] * (beside[i - 1] / above[i - 1]);
        above[i] = away_from_zero(pivot, scale);
    }
    for (int64_t i = n - 2; i >= 0; i--) {
        double pivot = (t - diagonal[i]) - beside[i] * (beside[i] / below[i + 1]);
        below[i] = away_from_zero(pivot, scale);
    }
    int64_t meet = 0;
    double closest = INFINITY;
    for (int64_t i = 0; i < n; i++) {
        double apart = fabs(above[i] + below[i] - (t - diagonal[i]));
        if (apart < closest) {
            closest = apart;
            meet = i;
        }
    }
    double entry = 1, squares = 1;
    for (int64_t i = meet; i > 0; i--) {
        entry *= beside[i - 1] / above[i - 1];
        squares += entry * entry;
    }
    entry = 1;
    for (int64_t i = meet; i + 1 < n; i++) {
        entry *= beside[i] / below[i + 1];
        squares += entry * entry;
    }
    return fabs(entry) / sqrt(squares);
}

int
htst_tridiagonal_top(const double *diagonal, const double *beside, int64_t n, double *work,
    double *value, double *last)
{
    if (n < 1) {
        return HTST_ERR_BAD_ARG;
    }
    for (int64_t i = 0; i < n; i++) {
        if (!isfinite(diagonal[i]) || (i + 1 < n && !isfinite(beside[i]))) {
            return HTST_ERR_NO_CONVERGENCE;
        }
    }
    if (n == 1) {
        *value = diagonal[0];
        *last = 1;
        return HTST_OK;
    }
    *value = largest(diagonal, beside, n, *value);
    *last = last_entry(diagonal, beside, n, *value, work, work + n);
    return HTST_OK;
}
