from libc.stdint cimport int8_t, int16_t, int64_t, uint8_t

cdef extern from "htst_features.h" nogil:
    ctypedef struct htst_features_bank_t:
        int64_t height, width
        int64_t n_filters
        const int64_t *sizes
        const int16_t *taps
        int64_t window, stride, margin
        int64_t divisor, softening

    int64_t htst_features_rows(const htst_features_bank_t *bank) noexcept
    int64_t htst_features_columns(const htst_features_bank_t *bank) noexcept
    int64_t htst_features_work(const htst_features_bank_t *bank) noexcept
    int htst_features_images(const htst_features_bank_t *bank, const uint8_t *images, int64_t n,
                             double *work, int8_t *features) noexcept
    int htst_features_round_scaled(float *sums, int64_t rows, int64_t channels, const float *bias,
                                   const float *factor, float least, float most) noexcept
