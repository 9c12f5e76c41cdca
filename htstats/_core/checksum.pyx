"""Bindings of the checksums of htst_tail."""

from libc.stdint cimport int64_t, uint16_t, uint64_t

from htstats._core.htst_tail cimport (
    htst_tail_checksum_counts_u16,
    htst_tail_checksum_f32,
    htst_tail_checksum_f64,
    htst_tail_checksum_u16,
)


def checksum_f32(const float[::1] x):
    """The checksum of the patterns, below 2^64; it does not depend on their order."""
    cdef int64_t n = x.shape[0]
    cdef uint64_t found = 0
    if n:
        with nogil:
            found = htst_tail_checksum_f32(n, &x[0])
    return found


def checksum_f64(const double[::1] x):
    """The checksum of the patterns, below 2^64; it does not depend on their order."""
    cdef int64_t n = x.shape[0]
    cdef uint64_t found = 0
    if n:
        with nogil:
            found = htst_tail_checksum_f64(n, &x[0])
    return found


def checksum_u16(const uint16_t[::1] x):
    """The checksum of the patterns, below 2^64; it does not depend on their order."""
    cdef int64_t n = x.shape[0]
    cdef uint64_t found = 0
    if n:
        with nogil:
            found = htst_tail_checksum_u16(n, &x[0])
    return found


def checksum_counts_u16(const uint64_t[::1] counts):
    """The checksum of 16-bit patterns from the count of each of the 65,536."""
    if counts.shape[0] != 65536:
        raise ValueError("counts must have 65536 entries")
    return htst_tail_checksum_counts_u16(&counts[0])
