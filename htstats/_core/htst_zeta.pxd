"""Declarations of htst_zeta.h."""

cdef extern from "htst_zeta.h" nogil:
    double htst_zeta_scaled(double s, double q, double top) noexcept
    void htst_zeta_log_scaled(double s, double q, double top, double *out) noexcept
    void htst_zeta_log(double s, double q, double *out) noexcept
