from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t, uint64_t

cdef extern from "htst_network_state.h" nogil:
    ctypedef struct htst_network_data_t:
        int64_t n_examples, n_chunks
        const int64_t *starts
        const int8_t *inputs
        const int32_t *relatives
        int64_t n_relatives

    ctypedef struct htst_network_cost_t:
        int64_t rate
        int32_t unit
        const int32_t *steps
        const int64_t *support_cost
        int64_t most_nonzeros
        const int64_t *levels_cost
        int64_t most_levels

    ctypedef struct htst_network_state_t:
        int8_t *codes
        int8_t *best_codes
        int16_t *offsets
        int16_t *best_offsets
        int32_t *weights
        int32_t *constants
        int32_t *sums
        int8_t *activations
        uint8_t *right
        int32_t *trial_sums
        int8_t *trial_activations
        int16_t *differences
        int32_t *compared
        uint8_t *is_changed
        int32_t *places
        int32_t *means
        uint64_t generator[4]
        int64_t errors, energy, best_errors, best_energy
        int64_t n_proposals, n_accepted, n_compared
