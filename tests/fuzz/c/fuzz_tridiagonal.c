/* Symmetric tridiagonal matrices of any numbers through htst_tridiagonal_top, against the signs of
 * the pivots in long double (Sylvester's law of inertia): how many eigenvalues are above t. */
#include "htst_fuzz.h"
#include "htst_tridiagonal.h"

#include <float.h>

enum { MOST = 24 };

typedef struct {
    int64_t n;
    double diagonal[MOST], beside[MOST];
} matrix_t;

/* The number of eigenvalues above t. */
static int64_t
count_above(const matrix_t *a, long double t)
{
    int64_t n = 0;
    long double pivot = 1;
    for (int64_t i = 0; i < a->n; i++) {
        long double b = i ? a->beside[i - 1] : 0;
        pivot = (t - a->diagonal[i]) - (b == 0 ? 0 : b * (b / pivot));
        pivot = pivot == 0 ? LDBL_MIN : pivot;
        n += pivot < 0;
    }
    return n;
}

/* The largest sum of absolute values of a row, which bounds all abs(eigenvalue). It is at most
 * three times the largest of them. */
static double
size_of(const matrix_t *a)
{
    double most = 0;
    for (int64_t i = 0; i < a->n; i++) {
        double sum = fabs(a->diagonal[i]) + (i ? a->beside[i - 1] : 0);
        most = fmax(most, sum + (i + 1 < a->n ? a->beside[i] : 0));
    }
    return most;
}

/* A number t with at most k eigenvalues above it, and more slightly below. */
static long double
bisect(const matrix_t *a, int64_t k)
{
    long double high = 2 * (long double) size_of(a), low = -high;
    for (int step = 0; step < 80; step++) {
        long double t = low + (high - low) / 2;
        if (count_above(a, t) > k) {
            low = t;
        }
        else {
            high = t;
        }
    }
    return high;
}

/* abs of the last entry of the eigenvector of t, in long double: the twisted factorisation at the
 * row whose residual is smallest. */
static long double
last_of(const matrix_t *a, long double t)
{
    long double above[MOST], below[MOST], best = INFINITY, entry = 1, squares = 1;
    int64_t n = a->n, meet = 0;
    for (int64_t i = 0; i < n; i++) {
        long double b = i ? a->beside[i - 1] : 0, c = i ? a->beside[n - 1 - i] : 0;
        above[i] = (t - a->diagonal[i]) - (i ? b * (b / above[i - 1]) : 0);
        below[n - 1 - i] = (t - a->diagonal[n - 1 - i]) - (i ? c * (c / below[n - i]) : 0);
        above[i] = above[i] == 0 ? LDBL_MIN : above[i];
        below[n - 1 - i] = below[n - 1 - i] == 0 ? LDBL_MIN : below[n - 1 - i];
    }
    for (int64_t i = 0; i < n; i++) {
        long double residual = fabsl(above[i] + below[i] - (t - a->diagonal[i]));
        meet = residual < best ? i : meet;
        best = residual < best ? residual : best;
    }
    for (int64_t i = meet; i > 0; i--) {
        entry *= a->beside[i - 1] / above[i - 1];
        squares += entry * entry;
    }
    entry = 1;
    for (int64_t i = meet; i + 1 < n; i++) {
        entry *= a->beside[i] / below[i + 1];
        squares += entry * entry;
    }
    return fabsl(entry) / sqrtl(squares);
}

static void
check_top(const matrix_t *a, double value, double last)
{
    double size = size_of(a), slack = 8 * DBL_EPSILON * size;
    REQUIRE(isfinite(value) && last >= 0 && last <= 1);
    REQUIRE(count_above(a, (long double) value + slack) == 0);
    REQUIRE(count_above(a, (long double) value - slack) > 0 || size == 0);
    /* An error of slack in the eigenvalue turns the eigenvector by slack / gap. */
    long double gap = a->n > 1 ? bisect(a, 0) - bisect(a, 1) : INFINITY;
    if (gap > 1e4L * slack) {
        REQUIRE(fabsl(last - last_of(a, bisect(a, 0))) <= 4 * slack / gap + 1e-13L);
    }
}

static void
solve_ordinary(htst_fuzz_t *input)
{
    matrix_t a = { 1 + htst_fuzz_int(input, MOST), { 0 }, { 0 } };
    double work[2 * MOST], value, last = -1;
    int spread = (int) htst_fuzz_int(input, 9) * (int) htst_fuzz_int(input, 9);
    int centre = (int) htst_fuzz_int(input, 401) - 200;
    int64_t n = a.n, zeros = 1 + htst_fuzz_int(input, 40);
    for (int64_t i = 0; i < n; i++) {
        for (int k = 0; k < 2; k++) {
            int64_t digits = htst_fuzz_int(input, 65536), exponent = htst_fuzz_int(input, 65536);
            double x = digits % zeros == 0 && zeros < 20 ? 0 : (double) (digits - 32768);
            x = ldexp(x, centre + (spread ? (int) (exponent % (2 * spread)) - spread : 0));
            *(k ? &a.beside[i] : &a.diagonal[i]) = k ? fabs(x) : x;
        }
    }
    value = -size_of(&a);          /* below the eigenvalue that it should be */
    if (htst_fuzz_int(input, 4)) { /* as Lanczos' method calls it */
        for (a.n = 1; a.n < n; a.n++) {
            REQUIRE(htst_tridiagonal_top(a.diagonal, a.beside, a.n, work, &value, &last) == 0);
        }
    }
    REQUIRE(htst_tridiagonal_top(a.diagonal, a.beside, n, work, &value, &last) == 0);
    check_top(&a, value, last);
}

/* Any bits: a status that says whether all entries are finite, and an end. */
static void
solve_anything(htst_fuzz_t *input)
{
    int64_t n = htst_fuzz_int(input, MOST);
    double value = htst_fuzz_double(input), last, *work = malloc((size_t) n * 16);
    double *diagonal = htst_fuzz_array(input, n, 8);
    double *beside = htst_fuzz_array(input, n ? n - 1 : 0, 8);
    int is_finite = 1;
    for (int64_t i = 0; i < n; i++) {
        is_finite &= isfinite(diagonal[i]) && (i == 0 || isfinite(beside[i - 1]));
        if (i) {
            beside[i - 1] = fabs(beside[i - 1]);
        }
    }
    int status = htst_tridiagonal_top(diagonal, beside, n, work, &value, &last);
    REQUIRE(status == (n < 1 ? HTST_ERR_BAD_ARG : is_finite ? 0 : HTST_ERR_NO_CONVERGENCE));
    free(diagonal), free(beside), free(work);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const htst_fuzz_way_t ways[] = { { 1, solve_anything }, { 7, solve_ordinary },
        { 0, NULL } };
    return htst_fuzz_take(data, size, ways);
}
