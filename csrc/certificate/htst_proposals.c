#include "htst_proposals.h"

#include "htst_draws.h"

/* Kinds of proposals, in 1/256 of all proposals; all other proposals move a non-zero. Wide moves
 * reach far more heads, so that fewer proposals are spent on the same few entries. */
typedef struct {
    int off, on_active, on_any, flip;
} shares_t;
static const shares_t SHARES = { 56, 46, 38, 4 }, WIDE_SHARES = { 16, 24, 64, 4 };

/* Targets of wide moves, in 1/256 of them: relatives, and columns that some class uses. All others
 * go to any column. WIDE_FLIP of 256 moves that do not go to a relative change the sign. */
#define WIDE_RELATIVE 40
#define WIDE_ACTIVE 60
#define WIDE_FLIP 128

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

/* Propose to move the non-zero `any` to a relative of its column, to a column that some class uses,
 * or to any column; unless it is a relative, perhaps with the other sign. */
static htst_margins_change_t
draw_wide_move(const htst_anneal_data_t *data, htst_anneal_state_t *state, int64_t any)
{
    htst_margins_change_t change = { 0 };
    uint64_t *s = state->generator;
    int64_t d = data->n_columns, column = any % d, way = draw_below(s, 256), other;
    int sign = state->weights[any];
    if (way < WIDE_RELATIVE && data->n_relatives) {
        other = data->relatives[column * data->n_relatives + draw_below(s, data->n_relatives)];
    }
    else {
        other = way < WIDE_RELATIVE + WIDE_ACTIVE
            ? state->places[draw_below(s, state->n_nonzeros)] % d
            : draw_below(s, d);
        sign = draw_below(s, 256) < WIDE_FLIP ? -sign : sign;
    }
    if (other >= 0 && !state->weights[any - column + other]) {
        change = (htst_margins_change_t){ any / d, 2, { column, other },
            { -state->weights[any], sign }, 0 };
    }
    return change;
}

htst_margins_change_t
htst_proposals_draw(
    const htst_anneal_data_t *data, const htst_anneal_cost_t *cost, htst_anneal_state_t *state)
{
    const shares_t shares = cost->wide ? WIDE_SHARES : SHARES;
    htst_margins_change_t change = { 0 };
    uint64_t *s = state->generator;
    int64_t d = data->n_columns, k = state->n_nonzeros;
    int64_t kind = draw_below(s, 256), sign = next_bits(s) >> 63 ? 1 : -1;
    int64_t any = k ? state->places[draw_below(s, k)] : -1; /* a non-zero */
    int64_t c = draw_below(s, data->n_classes), entry = any;
    if (kind < shares.off) {
        sign = k ? -state->weights[any] : 0;
    }
    else if (kind < shares.off + shares.on_active) {
        entry = k ? c * d + any % d : -1;
    }
    else if (kind < shares.off + shares.on_active + shares.on_any) {
        entry = c * d + draw_below(s, d);
    }
    else if (kind < shares.off + shares.on_active + shares.on_any + shares.flip) {
        sign = k ? -2 * state->weights[any] : 0;
    }
    else if (k) {
        return cost->wide ? draw_wide_move(data, state, any) : draw_move(data, state, any);
    }
    else {
        return change;
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
htst_proposals_balance(const htst_anneal_data_t *data, const htst_anneal_cost_t *cost,
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
