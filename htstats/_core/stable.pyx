"""Bindings of htst_stable and htst_stable_invert: density, tails and quantiles for arrays."""

from cpython.float cimport PyFloat_AsDouble, PyFloat_Check
from libc.math cimport NAN
from libc.stdint cimport int64_t

from htstats._core.htst_stable cimport htst_stable_evaluate, htst_stable_map
from htstats._core.htst_stable_invert cimport htst_stable_invert, htst_stable_map_inverse
from htstats._core.status cimport check


cdef int64_t step_of(const double[::1] x, int64_t count) except -1:
    """The step of an input: 0 if it has one element, which is used for all outputs, else 1."""
    if x.shape[0] == count:
        return 1
    if x.shape[0] != 1:
        raise ValueError(f"an input has {x.shape[0]} elements, the output {count}")
    return 0


def evaluate(
    int function, bint is_s1, const double[::1] x, const double[::1] alpha,
    const double[::1] beta, const double[::1] loc, const double[::1] scale, double[::1] out
):
    """out[i] = function(x[i], ...); an input of one element is used for all i. If an argument is
    invalid, all elements are written and ValueError is raised."""
    cdef int64_t count = out.shape[0]
    cdef int64_t[5] steps
    cdef int status
    if count == 0:
        return
    steps[0] = step_of(x, count)
    steps[1] = step_of(alpha, count)
    steps[2] = step_of(beta, count)
    steps[3] = step_of(loc, count)
    steps[4] = step_of(scale, count)
    with nogil:
        status = htst_stable_map(
            function, is_s1, count, &x[0], &alpha[0], &beta[0], &loc[0], &scale[0], steps, &out[0])
    check(status)


def invert(
    int function, bint is_s1, const double[::1] q, const double[::1] alpha,
    const double[::1] beta, const double[::1] loc, const double[::1] scale, double[::1] out
):
    """out[i] = function(q[i], ...); an input of one element is used for all i. If an argument is
    invalid, all elements are written and ValueError is raised."""
    cdef int64_t count = out.shape[0]
    cdef int64_t[5] steps
    cdef int status
    if count == 0:
        return
    steps[0] = step_of(q, count)
    steps[1] = step_of(alpha, count)
    steps[2] = step_of(beta, count)
    steps[3] = step_of(loc, count)
    steps[4] = step_of(scale, count)
    with nogil:
        status = htst_stable_map_inverse(
            function, is_s1, count, &q[0], &alpha[0], &beta[0], &loc[0], &scale[0], steps, &out[0])
    check(status)


cdef double plain(object x) noexcept:
    """The value of a float; NaN for any other object."""
    return PyFloat_AsDouble(x) if PyFloat_Check(x) else NAN


def number(int function, bint is_s1, x, alpha, beta, loc, scale):
    """function(x, ...) of floats; NaN for invalid arguments and for objects that are not floats."""
    return htst_stable_evaluate(
        function, is_s1, plain(x), plain(alpha), plain(beta), plain(loc), plain(scale))


def inverse_number(int function, bint is_s1, q, alpha, beta, loc, scale):
    """An inverse function of floats; NaN as in `number`."""
    return htst_stable_invert(
        function, is_s1, plain(q), plain(alpha), plain(beta), plain(loc), plain(scale))
