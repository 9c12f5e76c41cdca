"""Bindings of htst_anneal: simulated annealing of a ternary linear classifier."""

from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint64_t
from libc.string cimport memset

from htstats._core.htst_anneal cimport (
    HTST_ANNEAL_NEAR_BLOCK,
    htst_anneal_cost_t,
    htst_anneal_data_t,
    htst_anneal_most_in_row,
    htst_anneal_run,
    htst_anneal_seed,
    htst_anneal_start,
    htst_anneal_state_t,
)
from htstats._core.status cimport check


NEAR_BLOCK = HTST_ANNEAL_NEAR_BLOCK


def most_in_row(int64_t most_levels, int64_t step):
    """The largest number of non-zeros of one class."""
    return htst_anneal_most_in_row(most_levels, step)


cdef class Chain:
    """One chain of the search: its arrays, which Python allocated, and its counters."""

    cdef htst_anneal_data_t data
    cdef htst_anneal_cost_t cost
    cdef htst_anneal_state_t state
    cdef object arrays

    def __init__(self, const int64_t[::1] starts, const int8_t[:, ::1] by_column,
                 const int8_t[:, ::1] by_example, const int32_t[:, ::1] relatives,
                 int64_t rate, const int64_t[::1] support_cost, const int64_t[::1] levels_cost,
                 int32_t step, int8_t[:, ::1] weights, int16_t[::1] offsets,
                 int8_t[:, ::1] best_weights, int16_t[::1] best_offsets,
                 int16_t[:, ::1] logits, int8_t[:, :, :, ::1] near_features,
                 int16_t[:, :, ::1] near_logits, int16_t[:, :, ::1] near_notes,
                 int64_t[:, ::1] near_counts, int32_t[::1] near_list,
                 int32_t[:, ::1] places, int32_t[:, ::1] means, uint64_t seed,
                 bint wide):
        cdef int64_t m = by_example.shape[0], d = by_example.shape[1], c = weights.shape[0]
        cdef int64_t near = near_notes.shape[2]
        if (min(m, d, c, near) < 1 or starts.shape[0] != c + 1 or by_column.shape[0] != d
                or by_column.shape[1] != m or relatives.shape[0] != d or weights.shape[1] != d
                or offsets.shape[0] != c or best_weights.shape[0] != c
                or best_weights.shape[1] != d or best_offsets.shape[0] != c
                or logits.shape[0] != c or logits.shape[1] != m or near_features.shape[0] != c
                or near_features.shape[1] != near // NEAR_BLOCK or near_features.shape[2] != d
                or near_features.shape[3] != NEAR_BLOCK or near_logits.shape[0] != c
                or near_logits.shape[1] != c or near_logits.shape[2] != near
                or near_notes.shape[0] != 2 or near_notes.shape[1] != c
                or near_notes.shape[2] != near or near_counts.shape[0] != 2 + near // NEAR_BLOCK
                or near_counts.shape[1] != c or near_list.shape[0] != m or places.shape[0] != 3
                or places.shape[1] != c * d or means.shape[0] != c or means.shape[1] != d
                or support_cost.shape[0] < 1 or levels_cost.shape[0] < 2):
            raise ValueError("the arrays of a chain do not fit each other")
        memset(&self.state, 0, sizeof(self.state))
        self.data.n_examples, self.data.n_columns, self.data.n_classes = m, d, c
        self.data.n_near = near
        self.data.starts, self.data.by_column = &starts[0], &by_column[0, 0]
        self.data.by_example = &by_example[0, 0]
        self.data.n_relatives = relatives.shape[1]
        self.data.relatives = &relatives[0, 0] if relatives.shape[1] else NULL
        self.cost.rate, self.cost.step, self.cost.wide = rate, step, wide
        self.cost.support_cost, self.cost.most_nonzeros = &support_cost[0], support_cost.shape[0] - 1
        self.cost.levels_cost, self.cost.most_levels = &levels_cost[0], levels_cost.shape[0] - 1
        self.state.weights, self.state.offsets = &weights[0, 0], &offsets[0]
        self.state.best_weights, self.state.best_offsets = &best_weights[0, 0], &best_offsets[0]
        self.state.logits, self.state.near_features = &logits[0, 0], &near_features[0, 0, 0, 0]
        self.state.near_logits = &near_logits[0, 0, 0]
        self.state.near_labels, self.state.near_margins = &near_notes[0, 0, 0], &near_notes[1, 0, 0]
        self.state.near_sizes, self.state.near_totals = &near_counts[0, 0], &near_counts[1, 0]
        self.state.near_versions, self.state.near_list = &near_counts[2, 0], &near_list[0]
        self.state.places, self.state.row_nonzeros = &places[0, 0], &places[2, 0]
        self.state.means = &means[0, 0]
        self.arrays = (starts, by_column, by_example, relatives, support_cost, levels_cost,
                       weights, offsets, best_weights, best_offsets, logits, near_features,
                       near_logits, near_notes, near_counts, near_list, places, means)
        htst_anneal_seed(&self.state, seed)

    def start(self):
        """Compute the errors and the energy of the current weights and offsets."""
        cdef int status
        with nogil:
            status = htst_anneal_start(&self.data, &self.cost, &self.state)
        check(status)

    def run(self, int64_t n, uint64_t temperature, uint64_t decay):
        """Make n proposals; returns the temperature after them."""
        cdef int status
        with nogil:
            status = htst_anneal_run(&self.data, &self.cost, &self.state, n, &temperature, decay)
        check(status)
        return temperature

    def counts(self):
        """(errors, energy, best_errors, best_energy, n_proposals, n_accepted, n_compared)."""
        return (self.state.errors, self.state.energy, self.state.best_errors,
                self.state.best_energy, self.state.n_proposals, self.state.n_accepted,
                self.state.n_compared)
