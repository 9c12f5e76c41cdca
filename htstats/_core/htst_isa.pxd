"""Declarations of htst_isa.h."""

cdef extern from "htst_isa.h" nogil:
    int htst_isa() noexcept
    int htst_isa_best() noexcept
    int htst_isa_status() noexcept
