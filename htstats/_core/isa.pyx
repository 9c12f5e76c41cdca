"""Bindings of htst_isa: the instructions that the kernels use."""

from htstats._core.htst_common cimport HTST_OK
from htstats._core.htst_isa cimport htst_isa, htst_isa_best, htst_isa_status

NAMES = ("plain", "avx2", "avx512")


def best():
    """The index in NAMES of the best kind that the processor and this build support."""
    return htst_isa_best()


def in_use():
    """The index in NAMES of the kind in use."""
    return htst_isa()


def is_right():
    """False if HTST_ISA had a wrong value when the library was loaded."""
    return htst_isa_status() == HTST_OK
