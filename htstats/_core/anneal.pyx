"""Bindings of htst_anneal: simulated annealing of a ternary linear classifier."""

from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint64_t
from libc.string cimport memset

from htstats._core.htst_anneal cimport (
    htst_anneal_cost_t,
    htst_anneal_data_t,
    htst_anneal_run,
    htst_anneal_seed,
    htst_anneal_start,
    htst_anneal_state_t,
)
from htstats._core.status cimport check


cdef class Chain:
    """One chain of the search: its arrays, which Python allocated, and its counters."""

    cdef htst_anneal_data_t data
    cdef htst_anneal_cost_t cost
    cdef htst_anneal_state_t state
    cdef object arrays

    def __init__(self, const int64_t[:, ::1] starts, int64_t turning, const int8_t[::1] by_column,
                 const int8_t[:, ::1] by_example, const int32_t[:, ::1] relatives,
                 int64_t rate, const int64_t[::1] support_cost, const int64_t[::1] levels_cost,
                 int32_t step, int8_t[:, ::1] weights, int16_t[::1] offsets,
                 int8_t[:, ::1] best_weights, int16_t[::1] best_offsets,
                 int32_t[:, ::1] logits, int16_t[::1] margins, int32_t[:, ::1] largest,
                 int64_t[:, ::1] versions, int64_t[:, ::1] right, int32_t[:, ::1] places,
                 int32_t[:, ::1] means, uint64_t seed):
        cdef int64_t m = by_example.shape[0], d = by_example.shape[1], c = weights.shape[0]
        cdef int64_t chunks = starts.shape[0]
        if (min(m, d, c, chunks) < 1 or starts.shape[1] != c + 1 or by_column.shape[0] != m * d
                or relatives.shape[0] != d or weights.shape[1] != d or offsets.shape[0] != c
                or best_weights.shape[0] != c or best_weights.shape[1] != d
                or best_offsets.shape[0] != c or logits.shape[0] != c or logits.shape[1] != m
                or margins.shape[0] != c * m or largest.shape[0] != 2 or largest.shape[1] != m
                or versions.shape[0] != chunks or versions.shape[1] != c + 1
                or right.shape[0] != 2 or right.shape[1] != chunks or places.shape[0] != 2 or places.shape[1] != c * d
                or means.shape[0] != c + 1 or means.shape[1] != d or support_cost.shape[0] < 1
                or levels_cost.shape[0] < 2):
            raise ValueError("the arrays of a chain do not fit each other")
        memset(&self.state, 0, sizeof(self.state))
        self.data.n_examples, self.data.n_columns = m, d
        self.data.n_classes, self.data.n_chunks, self.data.n_turning = c, chunks, turning
        self.data.starts, self.data.by_column = &starts[0, 0], &by_column[0]
        self.data.by_example = &by_example[0, 0]
        self.data.n_relatives = relatives.shape[1]
        self.data.relatives = &relatives[0, 0] if relatives.shape[1] else NULL
        self.cost.rate, self.cost.step = rate, step
        self.cost.support_cost, self.cost.most_nonzeros = &support_cost[0], support_cost.shape[0] - 1
        self.cost.levels_cost, self.cost.most_levels = &levels_cost[0], levels_cost.shape[0] - 1
        self.state.weights, self.state.offsets = &weights[0, 0], &offsets[0]
        self.state.best_weights, self.state.best_offsets = &best_weights[0, 0], &best_offsets[0]
        self.state.logits, self.state.margins = &logits[0, 0], &margins[0]
        self.state.largest, self.state.versions = &largest[0, 0], &versions[0, 0]
        self.state.right, self.state.places = &right[0, 0], &places[0, 0]
        self.state.means, self.state.sums = &means[0, 0], &means[c, 0]
        self.arrays = (starts, by_column, by_example, relatives, support_cost, levels_cost,
                       weights, offsets, best_weights, best_offsets, logits, margins, largest,
                       versions, right, places, means)
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
