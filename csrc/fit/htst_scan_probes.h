/* htst_scan_probes: places at which the distances of earlier candidates of a scan were largest. One
 * probe point excludes most later candidates. Private to csrc/fit.
 *
 * METHOD: the distance at one place is a lower bound of D. ACCURACY: to within the slack that is
 * subtracted. ERRORS: none. */
#ifndef HTST_SCAN_PROBES_H
#define HTST_SCAN_PROBES_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "htst_distance.h"
#include "htst_isa.h"
#include "htst_scan_values.h"

#define N_PROBES 8

/* Probe points whose tails differ by less than this proportion exclude the same candidates. */
#define NEAR .05

/* A probe point: a value at which an earlier candidate's distance was found. Its logarithm, the
 * tail from it on, and the tail after it (for two-sided distances). */
typedef struct {
    int64_t place;
    double y, tail, next_tail;
} probe_t;

/* Probe points; the one that last excluded a candidate comes first. */
typedef struct {
    probe_t probe[N_PROBES];
} probes_t;

/* Doubles of workspace that keep probe points between the parts of a scan. */
#define PROBES_WORDS ((int64_t) (sizeof(probes_t) / sizeof(double)))

/* True if the distance at a probe point exceeds `limit` even after the slack is subtracted. */
static int
shows(const htst_scan_t *s, const htst_candidate_t *c, const probe_t *probe, double limit)
{
    double tail = (double) (htst_scan_count(s, s->m) - htst_scan_count(s, c->k));
    double f = htst_distance_quick(c, probe->y), level = limit + c->slack;

    return f - (tail - probe->tail) * c->inverse_n > level
        || (tail - probe->next_tail) * c->inverse_n - f > level;
}

static probe_t
probe_at(const htst_scan_t *s, int64_t place)
{
    double n = (double) htst_scan_count(s, s->m);
    double y = htst_distance_log(s, place);

    return (probe_t){ place, y, n - (double) htst_scan_count(s, place),
        n - (double) htst_scan_count(s, place + (s->two_sided ? 1 : 0)) };
}

static void
to_front(probes_t *probes, probe_t probe, int from)
{
    memmove(probes->probe + 1, probes->probe, (size_t) from * sizeof probes->probe[0]);
    probes->probe[0] = probe;
}

/* Put a probe point first in the list. It replaces a point with nearly the same tail if there is
 * one, else the last point. */
static void
insert(probes_t *probes, probe_t probe)
{
    int i = 0;

    while (i < N_PROBES - 1 && !(fabs(probes->probe[i].tail - probe.tail) <= NEAR * probe.tail)) {
        i++;
    }
    to_front(probes, probe, i);
}

/* Raise excess[i] to the distance of candidate i at a probe point, minus its slack. In terms of
 * tails, F - E = tail_j / tail_k - exp(-rate (y_j - y_k)). Not for truncated laws. Returns for how
 * many candidates excess[i] is at most `limit`. */
HTST_KERNEL(int64_t, probe_all,
    (int64_t size, double y_j, double tail_j, double next_tail, double n, double limit,
        const double *HTST_RESTRICT y, const int64_t *HTST_RESTRICT first,
        const double *HTST_RESTRICT rate, double *HTST_RESTRICT excess),
    (size, y_j, tail_j, next_tail, n, limit, y, first, rate, excess))
{
    int64_t left = 0;

    for (int64_t i = 0; i < size; i++) {
        double inverse = 1 / (n - (double) first[i]);
        double survival = htst_distance_exp_minus(rate[i] * (y_j - y[i]));
        double plus = tail_j * inverse - survival, minus = survival - next_tail * inverse;
        double slack = HTST_DISTANCE_SLACK + HTST_DISTANCE_SLACK_OF_LOGS * rate[i] * fabs(y[i]);
        double larger = (plus > minus ? plus : minus) - slack;
        double most = larger > excess[i] ? larger : excess[i];
        excess[i] = most;
        left += most <= limit;
    }
    return left;
}

#endif /* HTST_SCAN_PROBES_H */
