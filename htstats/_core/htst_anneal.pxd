from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint64_t

cdef extern from "htst_anneal.h" nogil:
    enum:
        HTST_ANNEAL_NEAR_BLOCK

    ctypedef struct htst_anneal_data_t:
        int64_t n_examples, n_columns, n_classes, n_near
        const int64_t *starts
        const int8_t *by_column
        const int8_t *by_example
        const int32_t *relatives
        int64_t n_relatives

    ctypedef struct htst_anneal_cost_t:
        int64_t rate
        const int64_t *support_cost
        int64_t most_nonzeros
        const int64_t *levels_cost
        int64_t most_levels
        int32_t step, wide

    ctypedef struct htst_anneal_state_t:
        int8_t *weights
        int16_t *offsets
        int8_t *best_weights
        int16_t *best_offsets
        int16_t *logits
        int8_t *near_features
        int16_t *near_logits
        int16_t *near_labels
        int16_t *near_margins
        int64_t *near_versions
        int64_t *near_sizes
        int64_t *near_totals
        int32_t *near_list
        int32_t *places
        int32_t *row_nonzeros
        int32_t *means
        uint64_t generator[4]
        int64_t n_nonzeros, errors, energy, best_errors, best_energy
        int64_t version, n_proposals, n_accepted, n_compared

    int64_t htst_anneal_most_in_row(int64_t most_levels, int64_t step) noexcept
    int htst_anneal_start(const htst_anneal_data_t *data, const htst_anneal_cost_t *cost,
                          htst_anneal_state_t *state) noexcept
    int htst_anneal_run(const htst_anneal_data_t *data, const htst_anneal_cost_t *cost,
                        htst_anneal_state_t *state, int64_t n, uint64_t *temperature,
                        uint64_t decay) noexcept
    void htst_anneal_seed(htst_anneal_state_t *state, uint64_t seed) noexcept
