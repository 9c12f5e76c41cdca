"""What a thread of a split adds up while it reads: exact sums, or the counts of 16-bit floats."""

from libc.stdint cimport int64_t, uint16_t, uint64_t

from htstats._core.htst_moments cimport (
    htst_moments_add_near_f32,
    htst_moments_add_near_f64,
    HTST_MOMENTS_SQUARES_F32,
    HTST_MOMENTS_SQUARES_F64,
    HTST_MOMENTS_SUM_F32,
    HTST_MOMENTS_SUM_F64,
)
from htstats._core.htst_sketch cimport htst_sketch_add_u16
from htstats._core.htst_split cimport htst_split_look_t

# Kinds of Sums: what is read. `sum` of PATTERNS has the 65,536 counts, and `squares` nothing.
F32, F64, PATTERNS = range(3)


cdef void read_f32(const void *x, int64_t n, void *state) noexcept nogil:
    cdef sums_t *to = <sums_t *>state
    htst_moments_add_near_f32(<const float *>x, n, to.sum, to.squares, &to.not_finite)


cdef void read_f64(const void *x, int64_t n, void *state) noexcept nogil:
    cdef sums_t *to = <sums_t *>state
    htst_moments_add_near_f64(<const double *>x, n, to.sum, to.squares, &to.not_finite)


cdef void read_u16(const void *x, int64_t n, void *state) noexcept nogil:
    htst_sketch_add_u16(<const uint16_t *>x, n, (<sums_t *>state).sum)


cdef const htst_split_look_t *look_of(Sums sums) noexcept:
    """The address that the split takes; NULL for None."""
    return NULL if sums is None else &sums.look


cdef class Sums:
    """Sums to which a split adds; the arrays belong to the caller and start with zeros."""

    def __init__(self, int kind, uint64_t[::1] sum, uint64_t[::1] squares):
        words = {
            F32: (HTST_MOMENTS_SUM_F32, HTST_MOMENTS_SQUARES_F32),
            F64: (HTST_MOMENTS_SUM_F64, HTST_MOMENTS_SQUARES_F64),
            PATTERNS: (65536, 0),
        }[kind]
        if (sum.shape[0], squares.shape[0]) != words:
            raise ValueError(f"sum and squares must have {words[0]} and {words[1]} words")
        self.arrays = sum, squares
        self.sums.sum = &sum[0]
        self.sums.squares = &squares[0] if words[1] else NULL
        self.look.state = &self.sums
        if kind == F32:
            self.look.read = read_f32
        elif kind == F64:
            self.look.read = read_f64
        else:
            self.look.read = read_u16

    def not_finite(self):
        """The number of elements of floats that were NaN or infinite."""
        return self.sums.not_finite
