"""Bindings of htst_split. Floats are passed as the unsigned integers of their bits."""

from libc.stdint cimport int16_t, int32_t, int64_t, uint16_t, uint32_t, uint64_t

from htstats._core.htst_partition cimport htst_partition_best
from htstats._core.htst_split cimport (
    htst_split_b32,
    htst_split_b64,
    htst_split_bf16,
    htst_split_f16,
    HTST_SPLIT_OWN,
    HTST_SPLIT_PIECE,
    htst_split_look_t,
    htst_split_turns_t,
)
from htstats._core.split_sums cimport look_of, Sums
from htstats._core.status cimport check

PIECE = HTST_SPLIT_PIECE
OWN = HTST_SPLIT_OWN
TURNS = sizeof(htst_split_turns_t) // sizeof(int64_t)


cdef bint fits(int64_t rows, int64_t cols, int instructions, int64_t turns, int64_t own_indices,
               int64_t own_values, int64_t indptr, int64_t indices, int64_t values) except -1:
    """Check the sizes; returns True if there is anything to split."""
    if not 0 <= instructions <= htst_partition_best():
        raise ValueError(f"this processor has no instructions number {instructions}")
    if turns != TURNS or own_indices != own_values or own_indices not in (0, OWN):
        raise ValueError(f"turns must hold {TURNS} numbers, and a thread's own arrays {OWN} or none")
    cdef int64_t size = rows * cols + (0 if own_indices else OWN)
    if rows * cols >= 2**31 or indptr != rows + 1 or indices != size or values != size:
        raise ValueError(f"the result's arrays do not fit a matrix of {rows} x {cols}")
    return rows > 0 and cols > 0


def split_f16(const uint16_t[:, ::1] w, int16_t low, int16_t high, int instructions, int64_t[::1] turns,
              Sums elements, Sums kept,
              int32_t[::1] own_indices, uint32_t[::1] own_values, int64_t[::1] indptr,
              int32_t[::1] indices, uint32_t[::1] values):
    cdef int64_t rows = w.shape[0], cols = w.shape[1], not_finite = 0
    cdef const htst_split_look_t *of_elements = look_of(elements)
    cdef const htst_split_look_t *of_kept = look_of(kept)
    cdef int status
    if not fits(rows, cols, instructions, turns.shape[0], own_indices.shape[0],
                own_values.shape[0], indptr.shape[0], indices.shape[0], values.shape[0]):
        return 0
    with nogil:
        status = htst_split_f16(&w[0, 0], rows, cols, low, high, instructions,
                                <htst_split_turns_t *>&turns[0], of_elements, of_kept,
                                &own_indices[0] if own_indices.shape[0] else NULL,
                                &own_values[0] if own_values.shape[0] else NULL,
                                &indptr[0], &indices[0], &values[0], &not_finite)
    check(status)
    return not_finite


def split_bf16(const uint16_t[:, ::1] w, int16_t low, int16_t high, int instructions,
               int64_t[::1] turns, Sums elements, Sums kept, int32_t[::1] own_indices,
               uint32_t[::1] own_values, int64_t[::1] indptr, int32_t[::1] indices, uint32_t[::1] values):
    cdef int64_t rows = w.shape[0], cols = w.shape[1], not_finite = 0
    cdef const htst_split_look_t *of_elements = look_of(elements)
    cdef const htst_split_look_t *of_kept = look_of(kept)
    cdef int status
    if not fits(rows, cols, instructions, turns.shape[0], own_indices.shape[0],
                own_values.shape[0], indptr.shape[0], indices.shape[0], values.shape[0]):
        return 0
    with nogil:
        status = htst_split_bf16(&w[0, 0], rows, cols, low, high, instructions,
                                <htst_split_turns_t *>&turns[0], of_elements, of_kept,
                                &own_indices[0] if own_indices.shape[0] else NULL,
                                &own_values[0] if own_values.shape[0] else NULL,
                                &indptr[0], &indices[0], &values[0], &not_finite)
    check(status)
    return not_finite


def split_b32(const uint32_t[:, ::1] w, int32_t low, int32_t high, int instructions, int64_t[::1] turns,
              Sums elements, Sums kept,
              int32_t[::1] own_indices, uint32_t[::1] own_values, int64_t[::1] indptr,
              int32_t[::1] indices, uint32_t[::1] values):
    cdef int64_t rows = w.shape[0], cols = w.shape[1], not_finite = 0
    cdef const htst_split_look_t *of_elements = look_of(elements)
    cdef const htst_split_look_t *of_kept = look_of(kept)
    cdef int status
    if not fits(rows, cols, instructions, turns.shape[0], own_indices.shape[0],
                own_values.shape[0], indptr.shape[0], indices.shape[0], values.shape[0]):
        return 0
    with nogil:
        status = htst_split_b32(&w[0, 0], rows, cols, low, high, instructions,
                                <htst_split_turns_t *>&turns[0], of_elements, of_kept,
                                &own_indices[0] if own_indices.shape[0] else NULL,
                                &own_values[0] if own_values.shape[0] else NULL,
                                &indptr[0], &indices[0], &values[0], &not_finite)
    check(status)
    return not_finite


def split_b64(const uint64_t[:, ::1] w, int64_t low, int64_t high, int instructions, int64_t[::1] turns,
              Sums elements, Sums kept,
              int32_t[::1] own_indices, uint64_t[::1] own_values, int64_t[::1] indptr,
              int32_t[::1] indices, uint64_t[::1] values):
    cdef int64_t rows = w.shape[0], cols = w.shape[1], not_finite = 0
    cdef const htst_split_look_t *of_elements = look_of(elements)
    cdef const htst_split_look_t *of_kept = look_of(kept)
    cdef int status
    if not fits(rows, cols, instructions, turns.shape[0], own_indices.shape[0],
                own_values.shape[0], indptr.shape[0], indices.shape[0], values.shape[0]):
        return 0
    with nogil:
        status = htst_split_b64(&w[0, 0], rows, cols, low, high, instructions,
                                <htst_split_turns_t *>&turns[0], of_elements, of_kept,
                                &own_indices[0] if own_indices.shape[0] else NULL,
                                &own_values[0] if own_values.shape[0] else NULL,
                                &indptr[0], &indices[0], &values[0], &not_finite)
    check(status)
    return not_finite
