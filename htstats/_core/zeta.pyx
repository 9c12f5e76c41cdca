"""Bindings of htst_zeta: the scaled Hurwitz zeta function and its truncation."""

from htstats._core.htst_zeta cimport htst_zeta_log, htst_zeta_log_scaled, htst_zeta_scaled


def scaled_sums(double s, const double[::1] q, double top, double[::1] out):
    """out[k] = sum of (j/q[k])^-s over j = q[k], q[k] + 1, ..., top."""
    cdef Py_ssize_t k, n = q.shape[0]
    if out.shape[0] != n:
        raise ValueError(f"lengths differ: {n}, {out.shape[0]}")
    with nogil:
        for k in range(n):
            out[k] = htst_zeta_scaled(s, q[k], top)


def log_scaled_sum(double s, double q, double top):
    """The logarithm of `scaled`, and its first and second derivative in s."""
    cdef double out[3]
    htst_zeta_log_scaled(s, q, top, out)
    return out[0], out[1], out[2]


def log_zeta(double s, double q):
    """log zeta(s, q), and its first and second derivative in s."""
    cdef double out[3]
    htst_zeta_log(s, q, out)
    return out[0], out[1], out[2]
