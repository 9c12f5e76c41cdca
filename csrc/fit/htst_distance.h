/* htst_distance: the distances of one candidate of a scan, see htst_scan.h. Internal.
 *
 * METHOD: the model is first evaluated quickly, with a known bound of the error. The model and the
 * sample's steps both grow, so the values at the ends of a segment bound the distances inside it. A
 * grid of probe points, kept together in memory, shows the few segments that must be searched.
 * Where the bounds cannot decide, distances are evaluated exactly from the values. So a distance
 * has the same bits whichever way it was found.
 * ACCURACY: that of htst_scan.h. ERRORS: none. */
#ifndef HTST_DISTANCE_H
#define HTST_DISTANCE_H

#include <string.h>

#include "htst_common.h"
#include "htst_scan_input.h"

/* Bounds of the error of the quick evaluation: of the exponential and the arithmetic after it, and
 * of the logarithms in units of rate * abs(y). Larger numbers are correct too, and slower. */
#define HTST_DISTANCE_SLACK 1e-10
#define HTST_DISTANCE_SLACK_OF_LOGS (32 * 0x1p-53)

/* exp(-t) for t >= 0, to 1e-11: a quick version that compilers vectorise. t = n log 2 - r; the sum
 * with 1.5 * 2^52 leaves n in the low bits, which then become an exponent. */
static inline double
htst_distance_exp_minus(double t)
{
    const double magic = 0x1.8p52;
    double held = t < 700 ? t : 700; /* exp(-700) is 1e-304, negligible here */
    double shifted = held * -1.4426950408889634 + magic;
    double r = -held - (shifted - magic) * 0.6931471805599453;
    double q = r * r, w = q * q; /* powers first: fewer dependent operations */
    double high = (1. / 24 + r * (1. / 120)) + q * (1. / 720 + r * (1. / 5040))
        + w * (1. / 40320 + r * (1. / 362880));
    double p = (1 + r) + q * (.5 + r * (1. / 6)) + w * high;
    uint64_t bits;
    double scale;

    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits << 52) + UINT64_C(0x3ff0000000000000);
    memcpy(&scale, &bits, sizeof scale);
    return p * scale;
}

/* A candidate and its law, which is base + size * exp(-decay * abs(y - origin)) to within `slack`.
 */
typedef struct {
    const htst_scan_t *scan;
    int64_t k;
    double rate, inverse_n, slack, length;
    double base, size, decay, origin;
} htst_candidate_t;

/* The logarithm of value j, relative to the largest value or to that of the scan's `y`. */
double htst_distance_log(const htst_scan_t *scan, int64_t j);

/* Candidate k, with the logarithm and the estimate of its value. */
htst_candidate_t htst_distance_candidate(const htst_scan_t *scan, int64_t k, double y, double rate);

/* The law to within `slack`, at a logarithm not below the candidate's. */
double htst_distance_quick(const htst_candidate_t *c, double y);

/* Probe points: values of a scan from `begin` to the last one, `spacing` apart, and their data. */
typedef struct {
    int64_t begin, spacing, size;
    double *y, *lower,
        *upper;    /* logarithms; counts before each point, and those of E' if two-sided */
    double *model; /* workspace */
} htst_places_t;

/* `many` are points close enough to each other to show where distances are large. `few` are some
 * of these points, which are tried first. */
typedef struct {
    htst_places_t few, many;
} htst_grid_t;

/* Doubles of workspace for a grid over m values or fewer. */
int64_t htst_distance_grid_words(int64_t m);

/* The grid for candidates from `begin` on, begin < scan->m - 1. `work` must outlive the grid. */
htst_grid_t htst_distance_grid(const htst_scan_t *scan, int64_t begin, double *work);

/* The same grid if `work` is a copy of the memory that it filled: threads cannot share one, because
 * it has workspace. */
htst_grid_t htst_distance_filled_grid(const htst_scan_t *scan, int64_t begin, double *work);

/* Lower bounds of a candidate's distances; `where` is the value at which they were found. */
typedef struct {
    double plus, minus;
    int64_t where;
    int joint;    /* only the larger distance is needed: each bounds the other */
    int rough;    /* no exact evaluations: the distances found are reduced by the slack */
    double rival; /* an upper bound of the distance at any other value, if that matters */
} htst_found_t;

/* Both distances of a candidate, in *found; returns 0 as soon as one exceeds `limit`, else 1. The
 * value found->where is tried first. grid: NULL, or the grid of a scan that contains the
 * candidate; found->joint must then be 1. */
int htst_distance_measure(
    const htst_candidate_t *c, const htst_grid_t *grid, double limit, htst_found_t *found);

/* The distance D, or -1 if it exceeds `limit`. The value *where is tried first; *where becomes the
 * value at which D, or a distance above the limit, was found. */
double htst_distance_up_to(
    const htst_candidate_t *c, const htst_grid_t *grid, double limit, int64_t *where);

#endif /* HTST_DISTANCE_H */
