"""Bindings of htst_stable_sample: counter-based random numbers of the alpha-stable laws."""

from libc.stdint cimport int64_t, uint64_t

from htstats._core.htst_stable_sample cimport htst_stable_sample, htst_stable_sample_law_t
from htstats._core.status cimport check


def fill(
    uint64_t seed, int64_t first, double alpha, double beta, double loc, double scale,
    int parameterization, double[::1] out
):
    """out[k] = number first + k of the seed; parameterization is 0 (S0) or 1 (S1)."""
    cdef int64_t n = out.shape[0]
    cdef int status
    cdef htst_stable_sample_law_t law
    if n == 0:
        return
    law.alpha, law.beta, law.loc, law.scale = alpha, beta, loc, scale
    law.parameterization = parameterization
    with nogil:
        status = htst_stable_sample(seed, first, n, &law, &out[0])
    check(status)
