#include "htst_draws.h"
#include "htst_network_trial.h"

/* Kinds of proposals, in 1/256 of all proposals; all other proposals move a non-zero to another
 * column. */
#define SHARE_OFF 56
#define SHARE_ON_ACTIVE 42
#define SHARE_ON_ANY 34
#define SHARE_FLIP 6
#define SHARE_OFFSET 16

static htst_network_change_t
change_of(const htst_network_t *network, int64_t layer, int64_t entry, int code)
{
    int64_t place = entry - htst_network_entries(network, layer);
    return (htst_network_change_t){ layer, place / network->widths[layer], 1,
        { place % network->widths[layer], 0 }, { code, 0 }, 0 };
}

static int64_t
layer_of_entry(const htst_network_t *network, int64_t entry)
{
    int64_t layer = 0;
    while (entry >= htst_network_entries(network, layer + 1)) {
        layer++;
    }
    return layer;
}

/* Propose to move the non-zero `entry` to a relative of its column, or to any column of its
 * unit. */
static htst_network_change_t
draw_move(const htst_network_t *network, const htst_network_data_t *data,
    htst_network_state_t *state, int64_t layer, int64_t entry)
{
    uint64_t *s = state->generator;
    htst_network_change_t change = change_of(network, layer, entry, -state->codes[entry]);
    int64_t column = change.columns[0], d = network->widths[layer], other = -1;
    int64_t relatives = layer == 0 ? data->n_relatives : 0;
    int64_t which = draw_below(s, relatives + relatives / 2 + 1);
    if (which < relatives) {
        other = data->relatives[column * relatives + which];
    }
    else {
        other = draw_below(s, d);
    }
    if (other < 0 || state->codes[entry - column + other]) {
        change.layer = -1;
        return change;
    }
    change.n_columns = 2;
    change.columns[1] = other;
    change.codes[1] = state->codes[entry];
    return change;
}

static htst_network_change_t
draw_offset(const htst_network_t *network, htst_network_state_t *state)
{
    uint64_t *s = state->generator;
    int64_t unit = draw_below(s, htst_network_units(network, network->n_layers)), layer = 0;
    while (unit >= htst_network_units(network, layer + 1)) {
        layer++;
    }
    int64_t steps = next_bits(s) >> 63 ? 1 : -1;
    return (htst_network_change_t){ layer, unit - htst_network_units(network, layer), 0, { 0, 0 },
        { 0, 0 }, steps };
}

htst_network_change_t
htst_network_draw(
    const htst_network_t *network, const htst_network_data_t *data, htst_network_state_t *state)
{
    uint64_t *s = state->generator;
    htst_network_change_t none = { .layer = -1 };
    int64_t kind = draw_below(s, 256), k = state->n_listed;
    int sign = next_bits(s) >> 63 ? 1 : -1;
    if (k == 0) {
        int64_t any = draw_below(s, htst_network_entries(network, network->n_layers));
        return change_of(network, layer_of_entry(network, any), any, sign);
    }
    int64_t entry = state->places[draw_below(s, k)];
    int64_t layer = layer_of_entry(network, entry), d = network->widths[layer];
    int64_t first = htst_network_entries(network, layer);
    if (kind < SHARE_OFF) {
        return change_of(network, layer, entry, -state->codes[entry]);
    }
    if ((kind -= SHARE_OFF)
        < SHARE_ON_ACTIVE) { /* the column of one non-zero, the unit of another */
        int64_t other = state->places[draw_below(s, k)];
        if (layer_of_entry(network, other) != layer) {
            return none;
        }
        other = first + (other - first) / d * d + (entry - first) % d;
        return state->codes[other] ? none : change_of(network, layer, other, sign);
    }
    if ((kind -= SHARE_ON_ACTIVE) < SHARE_ON_ANY) {
        int64_t other = first + draw_below(s, d * network->widths[layer + 1]);
        return state->codes[other] ? none : change_of(network, layer, other, sign);
    }
    if ((kind -= SHARE_ON_ANY) < SHARE_FLIP) {
        return change_of(network, layer, entry, -2 * state->codes[entry]);
    }
    if (kind - SHARE_FLIP < SHARE_OFFSET) {
        return draw_offset(network, state);
    }
    return draw_move(network, data, state, layer, entry);
}
