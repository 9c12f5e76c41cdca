/* htst_distance: the distances of one candidate of a scan, see htst_scan.h.
 *
 * METHOD: a quick evaluation of the model whose error is bounded; F and the steps grow, so the ends of
 * a segment of values bound the distances inside it. A grid of places, kept together in memory, tells
 * the few segments that must be looked into; what the bounds cannot decide is evaluated from the values
 * alone. So a distance is the same to the bit however it was looked for. */
#ifndef HTST_DISTANCE_H
#define HTST_DISTANCE_H

#include <string.h>

#include "htst_common.h"
#include "htst_scan_input.h"

/* Errors of the quick evaluation: of the exponential and of what follows it, and in units of
 * rate * abs(y) of the logarithms. Any larger number is right too. */
#define HTST_DISTANCE_SLACK 1e-10
#define HTST_DISTANCE_SLACK_OF_LOGS (32 * 0x1p-53)

/* exp(-t) for t >= 0 to 1e-11: its quick version, which loops can be made of. t = n log 2 - r; the
 * sum with 1.5 * 2^52 leaves n in the low bits, where it becomes an exponent. */
static inline double
htst_distance_exp_minus(double t)
{
    const double magic = 0x1.8p52;
    double held = t < 700 ? t : 700; /* exp(-700) is 1e-304, and nothing here */
    double shifted = held * -1.4426950408889634 + magic;
    double r = -held - (shifted - magic) * 0.6931471805599453;
    double q = r * r, w = q * q; /* powers first: the sum then waits less for its terms */
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

/* A candidate's law; near enough it is base + size * exp(-decay * abs(y - origin)), to `slack`. */
typedef struct {
    const htst_scan_t *scan;
    int64_t k;
    double rate, inverse_n, slack, length;
    double base, size, decay, origin;
} htst_candidate_t;

/* Of value k with its logarithm and estimate. */
htst_candidate_t htst_distance_candidate(const htst_scan_t *scan, int64_t k, double y, double rate);

/* The law near enough, at a logarithm not below the candidate's. */
double htst_distance_quick(const htst_candidate_t *c, double y);

/* Places of a scan from `begin` to its last value, `spacing` apart, and what is known there. */
typedef struct {
    int64_t begin, spacing, size;
    double *y, *lower,
        *upper;    /* logarithms; counts before each place, and those of E' if two-sided */
    double *model; /* workspace */
} htst_places_t;

/* Places near enough to each other to tell where distances are large, and a few to begin with. */
typedef struct {
    htst_places_t few, many;
} htst_grid_t;

/* Words of workspace that a grid over m values, or fewer, needs. */
int64_t htst_distance_grid_words(int64_t m);

/* The grid for candidates from `begin` < scan->m - 1 on. */
htst_grid_t htst_distance_grid(const htst_scan_t *scan, int64_t begin, double *work);

/* What is known of a candidate's distances: they are at least these, found at `where`. */
typedef struct {
    double plus, minus;
    int64_t where;
    int joint;    /* only the larger one is asked for: each bounds the other */
    int rough;    /* without exact evaluations: what is found is less by the slack */
    double rival; /* roughly: the distance at any other place, or more, where it matters */
} htst_found_t;

/* Both distances of a candidate, or 0 once one is above `limit`. found->where is looked at first.
 * With a grid (of a scan with the candidate in it; else NULL) the larger distance alone: joint. */
int htst_distance_measure(
    const htst_candidate_t *c, const htst_grid_t *grid, double limit, htst_found_t *found);

/* The distance alone, or -1 if it is above `limit`; *where is looked at first, and becomes the place
 * where it, or one above the limit, shows. */
double htst_distance_up_to(
    const htst_candidate_t *c, const htst_grid_t *grid, double limit, int64_t *where);

#endif
