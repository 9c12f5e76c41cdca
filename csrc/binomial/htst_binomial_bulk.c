#include "htst_binomial_bulk.h"

#include "htst_binomial_far.h"
#include "htst_isa.h"

#define CHUNK HTST_BINOMIAL_BULK_CHUNK
#define BLOCK 16

typedef struct {
    double a[CHUNK], a_low[CHUNK], factor[CHUNK], complement[CHUNK], k[CHUNK];
} terms_t;

/* A kernel over `count` problems (k, n, p); `first` is what they have in common. */
#define PROBLEM_KERNEL(name, first_type, first, out_type)                 \
    HTST_VOID_KERNEL(name,                                                \
        (first_type first, int count, const double *HTST_RESTRICT k,      \
            const double *HTST_RESTRICT n, const double *HTST_RESTRICT p, \
            out_type *HTST_RESTRICT out),                                 \
        (first, count, k, n, p, out))

/* ---- kinds of problems --------------------------------------------------------------------- */

/* `shift` is added to k */
#define DEFINE_KINDS(name, is_tail)                                          \
    PROBLEM_KERNEL(name, double, shift, double)                              \
    {                                                                        \
        for (int i = 0; i < count; i++) {                                    \
            htst_side_t at = htst_far_side(floor(k[i]) + shift, n[i], p[i]); \
            out[i] = htst_far_kind(is_tail, at, n[i]);                       \
        }                                                                    \
    }

DEFINE_KINDS(tail_kinds, 1)
DEFINE_KINDS(point_kinds, 0)

/* ---- terms --------------------------------------------------------------------------------- */

#define STORE(i, t, found)                   \
    do {                                     \
        out->a[i] = (found).a.hi;            \
        out->a_low[i] = (found).a.lo;        \
        out->factor[i] = (found).factor;     \
        out->complement[i] = (t).complement; \
    } while (0)

#define DEFINE_NEAR_TAILS(name, kind, for_log)                                     \
    PROBLEM_KERNEL(name, int, upper, terms_t)                                      \
    {                                                                              \
        for (int i = 0; i < count; i++) {                                          \
            htst_far_t t = htst_far_of_tail(upper, floor(k[i]), n[i], p[i], kind); \
            htst_terms_t found = htst_near_terms(&t, kind, for_log);               \
            STORE(i, t, found);                                                    \
        }                                                                          \
    }

DEFINE_NEAR_TAILS(short_tails, HTST_BINOMIAL_SHORT, 0)
DEFINE_NEAR_TAILS(long_tails, HTST_BINOMIAL_LONG, 0)
DEFINE_NEAR_TAILS(short_logs, HTST_BINOMIAL_SHORT, 1)
DEFINE_NEAR_TAILS(long_logs, HTST_BINOMIAL_LONG, 1)

#define DEFINE_NEAR_POINTS(name, kind)                                               \
    PROBLEM_KERNEL(name, double, shift, terms_t)                                     \
    {                                                                                \
        for (int i = 0; i < count; i++) {                                            \
            htst_far_t t = htst_far_of_point(floor(k[i]) + shift, n[i], p[i], kind); \
            htst_terms_t found = htst_near_point(&t, kind);                          \
            STORE(i, t, found);                                                      \
        }                                                                            \
    }

DEFINE_NEAR_POINTS(short_points, HTST_BINOMIAL_SHORT)
DEFINE_NEAR_POINTS(long_points, HTST_BINOMIAL_LONG)

/* A and Phi, except Phi for small k or m; NaN if the fraction cannot be used. */
#define STORE_LARGE(i, t)                                        \
    do {                                                         \
        double inverse = 1.0 / ((t).k * (t).m * (t).n);          \
        htst_pair_t a = htst_any_divergence(&(t), 0.0, inverse); \
        int serves = htst_far_is_served(&(t));                   \
        out->a[i] = serves ? a.hi : NAN;                         \
        out->a_low[i] = serves ? a.lo : NAN;                     \
        out->factor[i] = htst_large_phi(&(t), inverse);          \
        out->complement[i] = (t).complement;                     \
        out->k[i] = (t).k;                                       \
    } while (0)

PROBLEM_KERNEL(large_points, double, shift, terms_t)
{
    for (int i = 0; i < count; i++) {
        htst_far_t t = htst_far_of_point(floor(k[i]) + shift, n[i], p[i], HTST_BINOMIAL_FRACTION);
        STORE_LARGE(i, t);
    }
}

typedef struct {
    double b[CHUNK], x[CHUNK], edge[CHUNK], y1[CHUNK], inverse[CHUNK], inverse_x[CHUNK],
        total[CHUNK], scale[CHUNK];
} fractions_t;

/* The same for tails, and the arguments of their continued fractions. */
HTST_VOID_KERNEL(large_tails,
    (int upper, int count, const double *HTST_RESTRICT k, const double *HTST_RESTRICT n,
        const double *HTST_RESTRICT p, terms_t *HTST_RESTRICT out, fractions_t *HTST_RESTRICT to),
    (upper, count, k, n, p, out, to))
{
    for (int i = 0; i < count; i++) {
        htst_far_t t = htst_far_of_tail(upper, floor(k[i]), n[i], p[i], HTST_BINOMIAL_FRACTION);
        htst_fraction_t f = htst_fraction(&t);
        STORE_LARGE(i, t);
        to->b[i] = f.b;
        to->x[i] = f.x;
        to->edge[i] = f.edge;
        to->y1[i] = f.y1;
        to->inverse[i] = f.inverse;
        to->inverse_x[i] = f.inverse_x;
        to->total[i] = f.total;
        to->scale[i] = htst_fraction_factor(&t, 1.0);
    }
}

/* Phi for small k or m, from a table; compilers do not vectorise this loop. Elements whose `a` is
 * NaN are skipped, because their k can be any number. */
HTST_VOID_KERNEL(small_phis, (int count, const double *n, terms_t *terms), (count, n, terms))
{
    for (int i = 0; i < count; i++) {
        double k = terms->k[i], m = n[i] - k;
        if ((k < 16.0 || m < 16.0) && !isnan(terms->a[i])) {
            terms->factor[i] = htst_any_phi(n[i], k, m, 1.0 / (k * m * n[i]));
        }
    }
}

static void
any_points(double shift, int count, const double *k, const double *n, const double *p, terms_t *out)
{
    large_points(shift, count, k, n, p, out);
    small_phis(count, n, out);
}

/* Multiply `factor` by P/pmf, block by block, until all elements of the block have converged. Each
 * element keeps the first value at which it converged, as in the scalar functions. */
HTST_VOID_KERNEL(finish_fractions,
    (int count, const fractions_t *HTST_RESTRICT from, double *HTST_RESTRICT factor),
    (count, from, factor))
{
    for (int start = 0; start < count; start += BLOCK) {
        double p0[BLOCK], q0[BLOCK], p1[BLOCK], q1[BLOCK], value[BLOCK], done[BLOCK];
        for (int i = 0; i < BLOCK; i++) {
            p0[i] = 0.0;
            q0[i] = 1.0;
            p1[i] = 1.0;
            q1[i] = from->edge[start + i];
            value[i] = done[i] = 0.0;
        }
        double settled = 0.0;
        for (int round = 0; round < HTST_FRACTION_ROUNDS && settled < BLOCK; round++) {
            settled = 0.0;
            for (int i = 0; i < BLOCK; i++) {
                int j = start + i;
                htst_fraction_t f = { from->b[j], from->x[j], from->edge[j], from->y1[j],
                    from->inverse[j], from->inverse_x[j], from->total[j] };
                htst_approximants_t at = { p0[i], q0[i], p1[i], q1[i] };
                at = htst_fraction_steps(&f, 4.0 * round + 1.0, at);
                value[i] = done[i] != 0.0 ? value[i] : at.p1;
                done[i] = (done[i] != 0.0) | htst_fraction_is_done(at) ? 1.0 : 0.0;
                p0[i] = at.p0;
                q0[i] = at.q0;
                p1[i] = at.p1;
                q1[i] = at.q1;
            }
            for (int i = 0; i < BLOCK; i++) {
                settled += done[i];
            }
        }
        for (int i = 0; i < BLOCK; i++) {
            factor[start + i] *= from->scale[start + i] * value[i];
        }
    }
}

static void
fraction_tails(
    int upper, int count, const double *k, const double *n, const double *p, terms_t *out)
{
    fractions_t fractions;
    large_tails(upper, count, k, n, p, out, &fractions);
    small_phis(count, n, out);
    finish_fractions(count, &fractions, out->factor);
}

/* ---- answers ------------------------------------------------------------------------------- */

HTST_VOID_KERNEL(
    logs, (int count, const terms_t *HTST_RESTRICT t, double *HTST_RESTRICT out), (count, t, out))
{
    for (int i = 0; i < count; i++) {
        htst_pair_t a = { t->a[i], t->a_low[i] };
        out[i] = htst_far_log(a, t->factor[i], t->complement[i]);
    }
}

HTST_VOID_KERNEL(
    values, (int count, const terms_t *HTST_RESTRICT t, double *HTST_RESTRICT out), (count, t, out))
{
    for (int i = 0; i < count; i++) {
        htst_pair_t a = { t->a[i], t->a_low[i] };
        out[i] = htst_far_value(a, t->factor[i], t->complement[i]);
    }
}

HTST_VOID_KERNEL(divergences,
    (int count, const terms_t *HTST_RESTRICT t, double *HTST_RESTRICT out), (count, t, out))
{
    for (int i = 0; i < count; i++) {
        out[i] = t->a[i] + t->a_low[i];
    }
}

/* Chernoff's bound: minus the divergence of k + 1 if k + 1 is above the mean, else 0. */
HTST_VOID_KERNEL(bounds,
    (int count, const double *HTST_RESTRICT k, const double *HTST_RESTRICT n,
        const double *HTST_RESTRICT p, const terms_t *HTST_RESTRICT terms,
        double *HTST_RESTRICT out),
    (count, k, n, p, terms, out))
{
    for (int i = 0; i < count; i++) {
        htst_far_t t = htst_far_of_point(floor(k[i]) + 1.0, n[i], p[i], HTST_BINOMIAL_FRACTION);
        double above = p[i] > 0.5 ? -t.d.hi : t.d.hi, bound = -(terms->a[i] + terms->a_low[i]);
        out[i] = ((above > 0.0) | (bound != bound)) ? bound : 0.0;
    }
}

/* ---- chunks -------------------------------------------------------------------------------- */

typedef void tails_t(int, int, const double *, const double *, const double *, terms_t *);
typedef void points_t(double, int, const double *, const double *, const double *, terms_t *);

/* The quantity that a function computes: an upper or a lower tail, or the point k + shift. */
typedef struct {
    int is_tail, upper;
    double shift;
} pose_t;

static const pose_t POSES[HTST_BINOMIAL_N_FUNCTIONS] = {
    [HTST_BINOMIAL_LOGSF] = { 1, 1, 1.0 },
    [HTST_BINOMIAL_LOGCDF] = { 1, 0, 0.0 },
    [HTST_BINOMIAL_SF] = { 1, 1, 1.0 },
    [HTST_BINOMIAL_CDF] = { 1, 0, 0.0 },
    [HTST_BINOMIAL_CHERNOFF_LOGSF] = { 0, 0, 1.0 },
};

static void
solve(int function, int kind, int count, const double *k, const double *n, const double *p,
    double *out)
{
    static tails_t *const tails[][HTST_BINOMIAL_KINDS] = {
        { short_tails, long_tails, fraction_tails }, { short_logs, long_logs, fraction_tails }
    };
    static points_t *const points[] = { short_points, long_points, any_points };
    const pose_t *pose = &POSES[function];
    int for_log = function == HTST_BINOMIAL_LOGSF || function == HTST_BINOMIAL_LOGCDF;
    terms_t terms;
    if (pose->is_tail) {
        tails[for_log][kind](pose->upper, count, k, n, p, &terms);
    }
    else {
        points[kind](pose->shift, count, k, n, p, &terms);
    }
    switch (function) {
        case HTST_BINOMIAL_SF:
        case HTST_BINOMIAL_CDF:
        case HTST_BINOMIAL_PMF: values(count, &terms, out); break;
        case HTST_BINOMIAL_KL: divergences(count, &terms, out); break;
        case HTST_BINOMIAL_CHERNOFF_LOGSF: bounds(count, k, n, p, &terms, out); break;
        default: logs(count, &terms, out); break;
    }
    for (int i = 0; i < count; i++) {
        out[i] += 0.0; /* turns -0.0 into 0.0 */
    }
}

/* Gather the elements of one kind in arrays, padded to whole blocks with the first element. */
static void
solve_some(int function, int kind, int count, const uint8_t *at, const double *k, const double *n,
    const double *p, double *out)
{
    double some_k[CHUNK], some_n[CHUNK], some_p[CHUNK], found[CHUNK];
    int size = (count + BLOCK - 1) / BLOCK * BLOCK;
    for (int i = 0; i < size; i++) {
        int place = at[i < count ? i : 0];
        some_k[i] = k[place];
        some_n[i] = n[place];
        some_p[i] = p[place];
    }
    solve(function, kind, size, some_k, some_n, some_p, found);
    for (int i = 0; i < count; i++) {
        out[at[i]] = found[i];
    }
}

/* Find the places where kinds[i] = kind. Returns their number. */
static int
find_places(int count, const double *kinds, double kind, uint8_t *places)
{
    int found = 0;
    for (int i = 0; i < count; i++) {
        places[found] = (uint8_t) i;
        found += kinds[i] == kind;
    }
    return found;
}

HTST_KERNEL(int, are_equal, (int count, const double *x), (count, x))
{
    int different = 0;
    for (int i = 0; i < count; i++) {
        different += x[i] != x[0];
    }
    return different == 0;
}

/* Find the elements that the caller must evaluate: those for which the fraction cannot be used, and
 * n KL of a fractional k. */
static int
find_left(
    int function, int count, const double *kinds, const double *k, const double *out, uint8_t *left)
{
    int found = 0;
    for (int i = 0; i < count; i++) {
        left[found] = (uint8_t) i;
        found += ((kinds[i] == HTST_BINOMIAL_FRACTION) & isnan(out[i]))
            | ((function == HTST_BINOMIAL_KL) & (floor(k[i]) != k[i]));
    }
    return found;
}

int
htst_binomial_bulk_chunk(int function, int count, const double *k, const double *n, const double *p,
    double *out, uint8_t *left)
{
    double kinds[CHUNK];
    uint8_t places[CHUNK + 1];
    const pose_t *pose = &POSES[function];

    (pose->is_tail ? tail_kinds : point_kinds)(pose->shift, count, k, n, p, kinds);
    if (count > 0 && count % BLOCK == 0 && are_equal(count, kinds)) {
        solve(function, (int) kinds[0], count, k, n, p, out);
        if (kinds[0] != HTST_BINOMIAL_FRACTION && function != HTST_BINOMIAL_KL) {
            return 0;
        }
    }
    else {
        for (int kind = 0; kind < HTST_BINOMIAL_KINDS; kind++) {
            int found = find_places(count, kinds, kind, places);
            if (found > 0) {
                solve_some(function, kind, found, places, k, n, p, out);
            }
        }
    }
    return find_left(function, count, kinds, k, out, left);
}
