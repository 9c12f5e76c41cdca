"""Bindings of htst_network_search: simulated annealing of an integer network."""

from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t, uint64_t
from libc.string cimport memset

from htstats._core.htst_network cimport (
    HTST_NETWORK_LAYERS,
    htst_network_entries,
    htst_network_t,
    htst_network_units,
)
from htstats._core.htst_network_search cimport htst_network_anneal, htst_network_start
from htstats._core.htst_network_state cimport (
    htst_network_cost_t,
    htst_network_data_t,
    htst_network_state_t,
)
from htstats._core.status cimport check


cdef class NetworkChain:
    """One chain of a search; the arrays are those of htst_network_state.h."""

    cdef htst_network_t network
    cdef htst_network_data_t data
    cdef htst_network_cost_t cost
    cdef htst_network_state_t state
    cdef object arrays

    def __init__(self, const int64_t[::1] widths, int32_t[::1] weights, int32_t[::1] constants,
                 const int32_t[::1] shifts, const int64_t[:, ::1] starts, const int8_t[::1] inputs,
                 const int32_t[:, ::1] relatives, int64_t rate, int32_t unit,
                 const int32_t[::1] steps, const int64_t[:, ::1] support_cost,
                 const int64_t[:, ::1] levels_cost, int8_t[:, ::1] codes, int16_t[:, ::1] offsets,
                 int32_t[::1] sums, int8_t[::1] activations, uint8_t[::1] right, int32_t[:, ::1] trial_sums,
                 int8_t[:, ::1] trial_activations, int16_t[:, ::1] differences,
                 int32_t[:, ::1] compared, uint8_t[::1] is_changed, int32_t[:, ::1] places,
                 int32_t[::1] means, const uint64_t[::1] generator):
        cdef int64_t n = widths.shape[0] - 1, m = right.shape[0], room = trial_sums.shape[1]
        if n < 1 or n > HTST_NETWORK_LAYERS or shifts.shape[0] != n - 1:
            raise ValueError("widths and shifts do not fit each other")
        self.network.n_layers, self.network.widths = n, &widths[0]
        cdef int64_t d = widths[0], units = htst_network_units(&self.network, n)
        cdef int64_t entries = htst_network_entries(&self.network, n)
        if (min(m, room, starts.shape[0], *widths) < 1 or starts.shape[1] != widths[n] + 1
                or inputs.shape[0] != m * d or relatives.shape[0] != d or steps.shape[0] != n
                or support_cost.shape[0] != n or support_cost.shape[1] < 1
                or levels_cost.shape[0] != n or levels_cost.shape[1] < 2
                or (codes.shape[0], codes.shape[1]) != (2, entries)
                or (offsets.shape[0], offsets.shape[1]) != (2, units)
                or weights.shape[0] != entries or constants.shape[0] != units
                or sums.shape[0] != units * m or activations.shape[0] != units * m
                or trial_sums.shape[0] != units or trial_activations.shape[0] != units
                or trial_activations.shape[1] != room or differences.shape[0] != units
                or differences.shape[1] != room or is_changed.shape[0] != units
                or (compared.shape[0], compared.shape[1]) != (2, room)
                or (places.shape[0], places.shape[1]) != (2, entries)
                or means.shape[0] < d + units or generator.shape[0] != 4
                or room != max(starts[k, starts.shape[1] - 1] - starts[k, 0]
                               for k in range(starts.shape[0]))):
            raise ValueError("the arrays of a chain do not fit each other")
        memset(&self.state, 0, sizeof(self.state))
        self.network.weights, self.network.constants = &weights[0], &constants[0]
        self.network.shifts = &shifts[0] if n > 1 else NULL
        self.data.n_examples, self.data.n_chunks = m, starts.shape[0]
        self.data.starts, self.data.inputs = &starts[0, 0], &inputs[0]
        self.data.n_relatives = relatives.shape[1]
        self.data.relatives = &relatives[0, 0] if relatives.shape[1] else NULL
        self.cost.rate, self.cost.unit, self.cost.steps = rate, unit, &steps[0]
        self.cost.support_cost, self.cost.levels_cost = &support_cost[0, 0], &levels_cost[0, 0]
        self.cost.most_nonzeros = support_cost.shape[1] - 1
        self.cost.most_levels = levels_cost.shape[1] - 1
        self.state.codes, self.state.best_codes = &codes[0, 0], &codes[1, 0]
        self.state.offsets, self.state.best_offsets = &offsets[0, 0], &offsets[1, 0]
        self.state.weights, self.state.constants = &weights[0], &constants[0]
        self.state.sums, self.state.activations = &sums[0], &activations[0]
        self.state.right, self.state.is_changed = &right[0], &is_changed[0]
        self.state.trial_sums, self.state.differences = &trial_sums[0, 0], &differences[0, 0]
        self.state.trial_activations, self.state.compared = &trial_activations[0, 0], &compared[0, 0]
        self.state.places, self.state.means = &places[0, 0], &means[0]
        for i in range(4):
            self.state.generator[i] = generator[i]
        self.arrays = (widths, shifts, starts, inputs, relatives, steps, support_cost, levels_cost, codes, offsets,
                       weights, constants, sums, activations, right, trial_sums,
                       trial_activations, differences, compared, is_changed, places, means)

    def start(self):
        """Compute the errors and the energy of the current codes and offsets."""
        cdef int status
        with nogil:
            status = htst_network_start(&self.network, &self.data, &self.cost, &self.state)
        check(status)

    def run(self, int64_t n, uint64_t temperature, uint64_t decay):
        """Make n proposals; returns the temperature after them."""
        cdef int status
        with nogil:
            status = htst_network_anneal(&self.network, &self.data, &self.cost, &self.state, n,
                                         &temperature, decay)
        check(status)
        return temperature

    def counts(self):
        """(errors, energy, best_errors, best_energy, n_proposals, n_accepted, n_compared)."""
        return (self.state.errors, self.state.energy, self.state.best_errors,
                self.state.best_energy, self.state.n_proposals, self.state.n_accepted,
                self.state.n_compared)
