"""Convert a C status to a Python exception."""

from htstats._core.htst_common cimport (
    HTST_ERR_NO_CONVERGENCE,
    HTST_ERR_NO_MEMORY,
    HTST_ERR_OVERFLOW,
    HTST_OK,
    htst_strerror,
)


cdef int check(int status) except -1:
    if status == HTST_OK:
        return 0
    text = htst_strerror(status).decode("ascii")
    if status == HTST_ERR_NO_MEMORY:
        raise MemoryError(text)
    if status == HTST_ERR_OVERFLOW:
        raise OverflowError(text)
    if status == HTST_ERR_NO_CONVERGENCE:
        raise ArithmeticError(text)
    raise ValueError(text)


def raise_for(int status):
    """Raise the exception of a status, or return None for success. Only tests call it."""
    check(status)
