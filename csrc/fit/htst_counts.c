#include "htst_counts.h"

#include <string.h>

#define FLOAT float
#define UINT uint32_t
#define SIGN UINT32_C(0x80000000)

#define SLOT uint8_t
#define OF(name) name##_f32_u8
#include "htst_counts_template.h"

#define SLOT uint16_t
#define OF(name) name##_f32_u16
#include "htst_counts_template.h"

#define SLOT uint32_t
#define OF(name) name##_f32_u32
#include "htst_counts_template.h"

#undef FLOAT
#undef UINT
#undef SIGN

#define FLOAT double
#define UINT uint64_t
#define SIGN UINT64_C(0x8000000000000000)

#define SLOT uint8_t
#define OF(name) name##_f64_u8
#include "htst_counts_template.h"

#define SLOT uint16_t
#define OF(name) name##_f64_u16
#include "htst_counts_template.h"

#define SLOT uint32_t
#define OF(name) name##_f64_u32
#include "htst_counts_template.h"

#undef FLOAT
#undef UINT
#undef SIGN
