/* htst_compiler: everything that this library uses beyond C11, behind macros. Internal.
 *
 * No other file of csrc names an extension of GNU C. A compiler that does not know them (MSVC), or
 * any compiler with -DHTST_PORTABLE, compiles plain C11 instead. Vectors are in htst_vector.h, and
 * integers of 128 bits in htst_wide.h.
 *
 * METHOD: HTST_GNU_C is 1 if the extensions are used.
 * ACCURACY: the results of both ways are bit-identical. ERRORS: none. */
#ifndef HTST_COMPILER_H
#define HTST_COMPILER_H

#include <math.h>
#include <stdint.h>

#if !defined(HTST_PORTABLE) && (defined(__GNUC__) || defined(__clang__))
#define HTST_GNU_C 1
#else
#define HTST_GNU_C 0
#endif

#define HTST_JOIN_(a, b) a##b
#define HTST_JOIN(a, b) HTST_JOIN_(a, b)

/* ---- hints ----------------------------------------------------------------------------------- */

/* HTST_NOINLINE keeps the arrays of a function off the stack of its callers. HTST_PREFETCH asks for
 * memory that will be written, HTST_PREFETCH_READ for memory to read. */
#if HTST_GNU_C
#define HTST_LIKELY(c) __builtin_expect(!!(c), 1)
#define HTST_UNLIKELY(c) __builtin_expect(!!(c), 0)
#define HTST_RESTRICT __restrict__
#define HTST_NOINLINE __attribute__((noinline))
#define HTST_INLINE static inline __attribute__((always_inline))
#define HTST_PREFETCH(p) __builtin_prefetch((p), 1)
#define HTST_PREFETCH_READ(p) __builtin_prefetch(p)
#else
#define HTST_LIKELY(c) (c)
#define HTST_UNLIKELY(c) (c)
#define HTST_RESTRICT
#define HTST_NOINLINE
#define HTST_INLINE static inline
#define HTST_PREFETCH(p) ((void) (p))
#define HTST_PREFETCH_READ(p) ((void) (p))
#endif

/* ---- numbers --------------------------------------------------------------------------------- */

/* a b + c with one rounding. The first is one instruction if the target has it. */
#if HTST_GNU_C
#define HTST_FMA(a, b, c) __builtin_fma((a), (b), (c))
#else
#define HTST_FMA(a, b, c) fma((a), (b), (c))
#endif

/* The number of zeros below the lowest 1 of a uint32_t that is not 0. */
#if HTST_GNU_C
#define HTST_ZEROS_BELOW(bits) __builtin_ctz(bits)
#else
#define HTST_ZEROS_BELOW(bits) htst_zeros_below(bits)
static inline int
htst_zeros_below(uint32_t bits)
{
    int n = 0;
    while (!(bits & 1)) {
        bits >>= 1;
        n++;
    }
    return n;
}
#endif

/* GNU C says which byte of a number is the first. The other compilers are those of Windows, which
 * puts the lowest byte first. */
#if defined(__BYTE_ORDER__) && defined(__ORDER_BIG_ENDIAN__)
#define HTST_BIG_ENDIAN (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
#else
#define HTST_BIG_ENDIAN 0
#endif

/* An integer of 128 bits: 64-bit targets of GNU C have one. */
#if HTST_GNU_C && defined(__SIZEOF_INT128__)
#define HTST_HAS_INT128 1
__extension__ typedef unsigned __int128 htst_unsigned128_t;
#else
#define HTST_HAS_INT128 0
#endif

/* ---- vectors --------------------------------------------------------------------------------- */

/* What follows the name in the typedef of a vector in registers, or of one in memory that is
 * aligned to so many bytes only. HTST_VECTOR_CONVERT converts each lane. */
#if HTST_GNU_C
#define HTST_VECTOR_SIZE(bytes) __attribute__((vector_size(bytes)))
#define HTST_VECTOR_IN_MEMORY(bytes, alignment) \
    __attribute__((vector_size(bytes), aligned(alignment), may_alias))
#define HTST_VECTOR_CONVERT(vector, type) __builtin_convertvector((vector), type)
#endif

/* ---- kinds of x86 processors ----------------------------------------------------------------- */

/* Functions for other instructions than the compiler's options allow, and questions to the
 * processor. Clang for MSVC's linker lacks the functions that answer these. */
#if HTST_GNU_C && defined(__x86_64__) && !defined(_MSC_VER)
#define HTST_ISA_HAS_X86 1
#define HTST_TARGET(features) __attribute__((target(features)))
#define HTST_AT_LOAD __attribute__((constructor)) /* runs before anything else of the library */
#define HTST_CPU_INIT() __builtin_cpu_init()
#define HTST_CPU_HAS(feature) __builtin_cpu_supports(feature)
#define HTST_CPU_IS(maker) __builtin_cpu_is(maker)
#endif

#endif /* HTST_COMPILER_H */
