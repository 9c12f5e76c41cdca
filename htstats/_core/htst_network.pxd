from libc.stdint cimport int8_t, int32_t, int64_t

cdef extern from "htst_network.h" nogil:
    int HTST_NETWORK_LAYERS

    ctypedef struct htst_network_t:
        int64_t n_layers
        const int64_t *widths
        const int32_t *weights
        const int32_t *constants
        const int32_t *shifts

    int htst_network_check(const htst_network_t *network) noexcept
    int64_t htst_network_units(const htst_network_t *network, int64_t layer) noexcept
    int64_t htst_network_entries(const htst_network_t *network, int64_t layer) noexcept
    int64_t htst_network_work(const htst_network_t *network) noexcept
    void htst_network_logits(const htst_network_t *network, const int8_t *inputs, int64_t n,
                             int32_t *work, int32_t *logits) noexcept
    int64_t htst_network_errors(const int32_t *logits, const int64_t *labels, int64_t n_classes,
                                int64_t n) noexcept
