"""Declarations of htst_common.h."""

cdef extern from "htst_common.h" nogil:
    int HTST_OK, HTST_ERR_NO_MEMORY, HTST_ERR_OVERFLOW, HTST_ERR_NO_CONVERGENCE
    const char *htst_strerror(int status) noexcept
