/* htst_partition_row: one row of the fill of htst_partition, with each kind of instructions.
 * Internal.
 *
 * METHOD: comparisons become a mask. The plain functions visit its ones. With vectors, the kept
 * lanes of indices and values move to the front together: AVX-512 has an instruction for that; for
 * AVX2 a table has the permutation of each mask. Call a function only if htst_partition_best()
 * allows its instructions.
 * ACCURACY: exact; the same bits with all instructions.
 *
 * Each function writes at most `room` indices and values and returns how many it wrote. `hits`
 * may be NULL: then the row need not have been counted. ERRORS: none. */
#ifndef HTST_PARTITION_ROW_H
#define HTST_PARTITION_ROW_H

#include <stdint.h>

#include "htst_isa.h"

int64_t htst_partition_row_plain_f16(const uint16_t *w, int64_t cols, int16_t low, int16_t high,
    const uint8_t *hits, int64_t room, int32_t *indices, uint32_t *values);
int64_t htst_partition_row_plain_bf16(const uint16_t *w, int64_t cols, int16_t low, int16_t high,
    const uint8_t *hits, int64_t room, int32_t *indices, uint32_t *values);
int64_t htst_partition_row_plain_b32(const uint32_t *w, int64_t cols, int32_t low, int32_t high,
    const uint8_t *hits, int64_t room, int32_t *indices, uint32_t *values);
int64_t htst_partition_row_plain_b64(const uint64_t *w, int64_t cols, int64_t low, int64_t high,
    const uint8_t *hits, int64_t room, int32_t *indices, uint64_t *values);

#ifdef HTST_ISA_HAS_X86
int64_t htst_partition_row_avx2_f16(const uint16_t *w, int64_t cols, int16_t low, int16_t high,
    const uint8_t *hits, int64_t room, int32_t *indices, uint32_t *values);
int64_t htst_partition_row_avx2_bf16(const uint16_t *w, int64_t cols, int16_t low, int16_t high,
    const uint8_t *hits, int64_t room, int32_t *indices, uint32_t *values);
int64_t htst_partition_row_avx2_b32(const uint32_t *w, int64_t cols, int32_t low, int32_t high,
    const uint8_t *hits, int64_t room, int32_t *indices, uint32_t *values);
int64_t htst_partition_row_avx2_b64(const uint64_t *w, int64_t cols, int64_t low, int64_t high,
    const uint8_t *hits, int64_t room, int32_t *indices, uint64_t *values);
int64_t htst_partition_row_avx512_f16(const uint16_t *w, int64_t cols, int16_t low, int16_t high,
    const uint8_t *hits, int64_t room, int32_t *indices, uint32_t *values);
int64_t htst_partition_row_avx512_bf16(const uint16_t *w, int64_t cols, int16_t low, int16_t high,
    const uint8_t *hits, int64_t room, int32_t *indices, uint32_t *values);
int64_t htst_partition_row_avx512_b32(const uint32_t *w, int64_t cols, int32_t low, int32_t high,
    const uint8_t *hits, int64_t room, int32_t *indices, uint32_t *values);
int64_t htst_partition_row_avx512_b64(const uint64_t *w, int64_t cols, int64_t low, int64_t high,
    const uint8_t *hits, int64_t room, int32_t *indices, uint64_t *values);
int64_t htst_partition_row_vbmi2_f16(const uint16_t *w, int64_t cols, int16_t low, int16_t high,
    const uint8_t *hits, int64_t room, int32_t *indices, uint32_t *values);
int64_t htst_partition_row_vbmi2_bf16(const uint16_t *w, int64_t cols, int16_t low, int16_t high,
    const uint8_t *hits, int64_t room, int32_t *indices, uint32_t *values);
int64_t htst_partition_row_vbmi2_b32(const uint32_t *w, int64_t cols, int32_t low, int32_t high,
    const uint8_t *hits, int64_t room, int32_t *indices, uint32_t *values);
int64_t htst_partition_row_vbmi2_b64(const uint64_t *w, int64_t cols, int64_t low, int64_t high,
    const uint8_t *hits, int64_t room, int32_t *indices, uint64_t *values);
#endif

#endif /* HTST_PARTITION_ROW_H */
