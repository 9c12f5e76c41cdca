"""Binomial tails in log space, and their inversions, over arrays."""

from cpython.float cimport PyFloat_AsDouble, PyFloat_Check
from cpython.long cimport PyLong_AsLongLongAndOverflow, PyLong_CheckExact
from libc.math cimport NAN
from libc.stdint cimport int64_t

import numpy as np

from htstats._core.htst_binomial cimport htst_binomial_evaluate, htst_binomial_map
from htstats._core.htst_binomial_invert cimport htst_binomial_map_limit, htst_binomial_map_log_isf
from htstats._core.status cimport check

cdef object INT64 = np.int64
cdef long long EXACT = 1LL << 53  # a double represents every integer up to this one


cdef int64_t step_of(const double[::1] x, int64_t count) except -1:
    """The step of an input: 0 if it has one element, which is used for all outputs, else 1."""
    if x.shape[0] == count:
        return 1
    if x.shape[0] != 1:
        raise ValueError(f"an input has {x.shape[0]} elements, the output {count}")
    return 0


def evaluate(
    int function, const double[::1] k, const double[::1] n, const double[::1] p, double[::1] out
):
    """out[i] = function(k[i], n[i], p[i]); an input of one element is used for all i. If an
    argument is invalid, all elements are written and ValueError is raised."""
    cdef int64_t count = out.shape[0]
    cdef int status
    if count == 0:
        return
    cdef int64_t k_step = step_of(k, count), n_step = step_of(n, count), p_step = step_of(p, count)
    with nogil:
        status = htst_binomial_map(
            function, count, &k[0], k_step, &n[0], n_step, &p[0], p_step, &out[0])
    check(status)


cdef double plain(object x) noexcept:
    """The value of a float, int or numpy.int64 as a double. NaN for any other object, and for
    an integer that a double would round."""
    cdef int overflow = 0
    cdef long long whole
    if PyFloat_Check(x):
        return PyFloat_AsDouble(x)
    if not PyLong_CheckExact(x):
        if type(x) is not INT64:
            return NAN
        x = int(x)
    whole = PyLong_AsLongLongAndOverflow(x, &overflow)
    if overflow or whole > EXACT or whole < -EXACT:
        return NAN
    return <double> whole


def number(int function, k, n, p):
    """function(k, n, p) of three numbers; NaN for invalid arguments and for arguments that are not
    plain numbers."""
    return htst_binomial_evaluate(function, plain(k), plain(n), plain(p))


def log_isf(
    const double[::1] level, const double[::1] n, const double[::1] p, double[::1] out
):
    """out[i] = the smallest k with log P(X > k) <= level[i]."""
    cdef int64_t count = out.shape[0]
    cdef int status
    if count == 0:
        return
    cdef int64_t l_step = step_of(level, count), n_step = step_of(n, count)
    cdef int64_t p_step = step_of(p, count)
    with nogil:
        status = htst_binomial_map_log_isf(
            count, &level[0], l_step, &n[0], n_step, &p[0], p_step, &out[0])
    check(status)


def limit(
    bint upper, const double[::1] k, const double[::1] n, const double[::1] level,
    double[:, ::1] out
):
    """out[i] = (p, log p, log(1-p)) of the confidence limit of (k[i], n[i], level[i])."""
    cdef int64_t count = out.shape[0]
    cdef int status
    if out.shape[1] != 3:
        raise ValueError(f"out needs 3 columns, got {out.shape[1]}")
    if count == 0:
        return
    cdef int64_t k_step = step_of(k, count), n_step = step_of(n, count)
    cdef int64_t l_step = step_of(level, count)
    with nogil:
        status = htst_binomial_map_limit(
            upper, count, &k[0], k_step, &n[0], n_step, &level[0], l_step, &out[0, 0])
    check(status)
