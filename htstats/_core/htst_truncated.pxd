"""Declarations of htst_truncated.h."""

cdef extern from "htst_truncated.h" nogil:
    double htst_truncated_mean(double u) noexcept
