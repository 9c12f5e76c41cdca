#include "htst_anneal_draw.h"

#include "htst_draws.h"

/* Kinds of proposals, in 1/256 of all proposals; all other proposals move a non-zero. */
#define SHARE_OFF 56
#define SHARE_ON_ACTIVE 46
#define SHARE_ON_ANY 38
#define SHARE_FLIP 4

/* Propose to move the non-zero `any` to a relative of its column, or to a column that some class
 * uses. */
static htst_margins_change_t
draw_move(const htst_anneal_data_t *data, htst_anneal_state_t *state, int64_t any)
{
    htst_margins_change_t change = { 0 };
    uint64_t *s = state->generator;
    int64_t d = data->n_columns, column = any % d;
    int64_t which = draw_below(s, 3 * (data->n_relatives + 1) / 2 + 1);
    int64_t other = which < data->n_relatives ? data->relatives[column * data->n_relatives + which]
                                              : state->places[draw_below(s, state->n_nonzeros)] % d;
    if (other >= 0 && !state->weights[any - column + other]) {
        change = (htst_margins_change_t){ any / d, 2, { column, other },
            { -state->weights[any], state->weights[any] }, 0 };
    }
    return change;
}

htst_margins_change_t
htst_anneal_draw(const htst_anneal_data_t *data, htst_anneal_state_t *state)
{
    htst_margins_change_t change = { 0 };
    uint64_t *s = state->generator;
    int64_t d = data->n_columns, k = state->n_nonzeros;
    int64_t kind = draw_below(s, 256), sign = next_bits(s) >> 63 ? 1 : -1;
    int64_t any = k ? state->places[draw_below(s, k)] : -1; /* a non-zero */
    int64_t c = draw_below(s, data->n_classes), entry = any;
    if (kind < SHARE_OFF) {
        sign = k ? -state->weights[any] : 0;
    }
    else if (kind < SHARE_OFF + SHARE_ON_ACTIVE) {
        entry = k ? c * d + any % d : -1;
    }
    else if (kind < SHARE_OFF + SHARE_ON_ACTIVE + SHARE_ON_ANY) {
        entry = c * d + draw_below(s, d);
    }
    else if (kind < SHARE_OFF + SHARE_ON_ACTIVE + SHARE_ON_ANY + SHARE_FLIP) {
        sign = k ? -2 * state->weights[any] : 0;
    }
    else {
        return k ? draw_move(data, state, any) : change;
    }
    if (entry >= 0 && (sign * sign != 1 || !state->weights[entry] || entry == any)) {
        int64_t after = state->weights[entry] + sign;
        if (after >= -1 && after <= 1) {
            change =
                (htst_margins_change_t){ entry / d, 1, { entry % d, 0 }, { (int) sign, 0 }, 0 };
        }
    }
    return change;
}

int64_t
htst_anneal_balance(const htst_anneal_data_t *data, const htst_anneal_cost_t *cost,
    htst_anneal_state_t *state, const htst_margins_change_t *change)
{
    int64_t step = 256 * (int64_t) cost->step, shift = 0;
    for (int t = 0; t < change->n_columns; t++) {
        shift -= (int64_t) change->weights[t]
            * state->means[change->class_index * data->n_columns + change->columns[t]];
    }
    for (int t = 0; t < 3; t++) { /* three uniform variables of two steps each */
        shift += draw_below(state->generator, 2 * step) - step;
    }
    return floor_divide(shift + step / 2, step);
}
