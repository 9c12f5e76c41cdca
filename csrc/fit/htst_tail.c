#include "htst_tail.h"

#include <string.h>

/* Elements counted at once: their counts fit 32 bits, and they stay in the L1 cache. */
#define BLOCK 2048

/* Elements that are skipped together if none is in the interval, as in most groups of a thin
 * tail. */
#define GROUP 8

/* Whether no element of a group is in the interval. */
static inline int
is_none(const uint8_t *is_in)
{
    uint64_t all;

    memcpy(&all, is_in, sizeof all);
    return all == 0;
}

#define FLOAT float
#define UINT uint32_t
#define INT int32_t
#define SIGN UINT32_C(0x80000000)
#define INFINITE UINT32_C(0x7f800000)
#define DROPPED HTST_TAIL_DROPPED_F32
#define OF(name) name##_f32
#include "htst_tail_template.h"

#define FLOAT double
#define UINT uint64_t
#define INT int64_t
#define SIGN UINT64_C(0x8000000000000000)
#define INFINITE UINT64_C(0x7ff0000000000000)
#define DROPPED HTST_TAIL_DROPPED_F64
#define OF(name) name##_f64
#include "htst_tail_template.h"
