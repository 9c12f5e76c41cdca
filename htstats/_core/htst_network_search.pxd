from libc.stdint cimport int64_t, uint64_t

from htstats._core.htst_network cimport htst_network_t
from htstats._core.htst_network_state cimport (
    htst_network_cost_t,
    htst_network_data_t,
    htst_network_state_t,
)

cdef extern from "htst_network_search.h" nogil:
    int htst_network_start(const htst_network_t *network, const htst_network_data_t *data,
                           const htst_network_cost_t *cost, htst_network_state_t *state) noexcept
    int htst_network_anneal(const htst_network_t *network, const htst_network_data_t *data,
                            const htst_network_cost_t *cost, htst_network_state_t *state,
                            int64_t n, uint64_t *temperature, uint64_t decay) noexcept
