"""Bindings of htst_network: feed-forward networks in whole numbers."""

from libc.stdint cimport int8_t, int32_t, int64_t

from htstats._core.htst_network cimport (
    HTST_NETWORK_LAYERS,
    htst_network_check,
    htst_network_entries,
    htst_network_errors,
    htst_network_logits,
    htst_network_t,
    htst_network_units,
    htst_network_work,
)
from htstats._core.status cimport check


cdef class Network:
    """A network, in arrays that Python allocated."""

    cdef htst_network_t network
    cdef object arrays

    def __init__(self, const int64_t[::1] widths, const int32_t[::1] weights,
                 const int32_t[::1] constants, const int32_t[::1] shifts):
        cdef int64_t n = widths.shape[0] - 1
        if n < 1 or n > HTST_NETWORK_LAYERS or shifts.shape[0] != n - 1:
            raise ValueError("widths and shifts do not fit each other")
        self.network.n_layers, self.network.widths = n, &widths[0]
        if (min(widths) < 1 or weights.shape[0] != htst_network_entries(&self.network, n)
                or constants.shape[0] != htst_network_units(&self.network, n)):
            raise ValueError("the arrays of a network do not fit each other")
        self.network.weights, self.network.constants = &weights[0], &constants[0]
        self.network.shifts = &shifts[0] if n > 1 else NULL
        self.arrays = (widths, weights, constants, shifts)
        check(htst_network_check(&self.network))

    def work(self):
        """The size of the workspace of `logits`, in int32."""
        return htst_network_work(&self.network)

    def logits(self, const int8_t[:, ::1] inputs, int32_t[::1] work, int32_t[:, ::1] logits):
        """Write the logits (classes, n) of inputs (n, width)."""
        cdef int64_t n = inputs.shape[0], last = self.network.n_layers
        if (inputs.shape[1] != self.network.widths[0] or logits.shape[1] != n
                or logits.shape[0] != self.network.widths[last]
                or work.shape[0] < htst_network_work(&self.network)):
            raise ValueError("inputs, work and logits do not fit the network")
        if n == 0:
            return
        with nogil:
            htst_network_logits(&self.network, &inputs[0, 0], n, &work[0], &logits[0, 0])


def count_errors(const int32_t[:, ::1] logits, const int64_t[::1] labels):
    """The number of examples whose label's logit is not strictly the largest of logits (classes,
    n)."""
    cdef int64_t c = logits.shape[0], n = logits.shape[1], i
    if labels.shape[0] != n:
        raise ValueError(f"lengths differ: {n}, {labels.shape[0]}")
    for i in range(n):
        if labels[i] < 0 or labels[i] >= c:
            raise ValueError(f"a label is outside [0, {c})")
    return htst_network_errors(&logits[0, 0], &labels[0], c, n) if n else 0
