"""Bindings of htst_features: integer features of grey images."""

from libc.stdint cimport int8_t, int16_t, int64_t, uint8_t

from htstats._core.htst_features cimport (
    htst_features_bank_t,
    htst_features_columns,
    htst_features_images,
    htst_features_round_scaled,
    htst_features_rows,
    htst_features_work,
)
from htstats._core.status cimport check


cdef class Bank:
    """A filter bank for images of one size."""

    cdef htst_features_bank_t bank
    cdef object arrays

    def __init__(self, int64_t height, int64_t width, const int64_t[::1] sizes,
                 const int16_t[::1] taps, int64_t window, int64_t stride, int64_t margin,
                 int64_t divisor, int64_t softening):
        cdef int64_t f, total = 0
        for f in range(sizes.shape[0]):
            if not 1 <= sizes[f] <= 1 << 20:
                raise ValueError(f"a filter's size must be 1 or more, got {sizes[f]}")
            total += sizes[f] * sizes[f]
        if total != taps.shape[0] or stride < 1:
            raise ValueError("taps must fill the filters, and stride be 1 or more")
        self.bank.height, self.bank.width = height, width
        self.bank.n_filters = sizes.shape[0]
        self.bank.sizes = &sizes[0] if sizes.shape[0] else NULL
        self.bank.taps = &taps[0] if taps.shape[0] else NULL
        self.bank.window, self.bank.stride, self.bank.margin = window, stride, margin
        self.bank.divisor, self.bank.softening = divisor, softening
        self.arrays = (sizes, taps)

    def grid(self):
        """(rows of cells, columns of cells, size of the workspace that `extract` needs)."""
        return (htst_features_rows(&self.bank), htst_features_columns(&self.bank),
                htst_features_work(&self.bank))

    def extract(self, const uint8_t[:, :, ::1] images, double[::1] work,
                int8_t[:, ::1] features):
        """Write the features of images (n, height, width) to an array (n, channels x cells)."""
        cdef int64_t n = images.shape[0], cells
        cdef int status
        rows, columns, room = self.grid()
        cells = rows * columns
        if (features.shape[0] != n or features.shape[1] != (self.bank.n_filters + 1) * cells
                or images.shape[1] != self.bank.height or images.shape[2] != self.bank.width
                or work.shape[0] < room or room < 1):
            raise ValueError("images, work and features do not fit the bank")
        if n == 0:
            return
        with nogil:
            status = htst_features_images(&self.bank, &images[0, 0, 0], n, &work[0],
                                          &features[0, 0])
        check(status)


def round_scaled(float[:, ::1] sums, const float[::1] bias, const float[::1] factor, float least,
                 float most):
    """Replace sums by round(min(max((sums + bias) factor, least), most)), channel by channel."""
    cdef int64_t rows = sums.shape[0], channels = sums.shape[1]
    cdef int status
    if bias.shape[0] != channels or factor.shape[0] != channels:
        raise ValueError("bias and factor must have one number for each channel")
    if rows == 0 or channels == 0:
        return
    with nogil:
        status = htst_features_round_scaled(&sums[0, 0], rows, channels, &bias[0], &factor[0],
                                            least, most)
    check(status)
