/* htst_isa: the instructions that the kernels use, and how a kernel is compiled for each.
 *
 * METHOD: the compiler makes one copy of a kernel for each kind of processor. The kind is chosen
 * when the library is loaded: the best that the processor has or, for benchmarks and tests, the one
 * that the environment variable HTST_ISA names. Each call of a kernel goes to the copy of that
 * kind. No loader feature is needed (IFUNC), so emulators and other C libraries work too.
 * ACCURACY: with -ffp-contract=off the results of all copies are bit-identical.
 * ERRORS: a wrong HTST_ISA is ignored, and htst_isa_status says so. */
#ifndef HTST_ISA_H
#define HTST_ISA_H

#include "htst_common.h"

/* Kinds of processors. A kind is the exact sets of instructions in HTST_FOR_AVX2 and
 * HTST_FOR_AVX512 below. */
enum {
    HTST_ISA_PLAIN = 0, /* what the compiler assumes without any option */
    HTST_ISA_AVX2 = 1,
    HTST_ISA_AVX512 = 2,
};

#ifdef HTST_ISA_HAS_X86
#define HTST_FOR_AVX2 HTST_TARGET("avx2,fma,bmi,bmi2,f16c,popcnt")
#define HTST_FOR_AVX512 \
    HTST_TARGET("avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx2,fma,bmi,bmi2,f16c,popcnt")
#endif

/* The best kind that both this processor and this build of the library support. METHOD: asks the
 * processor. ACCURACY: exact. ERRORS: none. */
int htst_isa_best(void);

/* The kind with this name ("plain", "avx2", "avx512"); HTST_ERR_BAD_ARG if there is none.
 * METHOD, ACCURACY: a comparison of texts. ERRORS: above. */
int htst_isa_of_name(const char *name);

/* The kind in use. METHOD, ACCURACY, ERRORS: as the file says. */
int htst_isa(void);

/* HTST_OK, or HTST_ERR_BAD_ARG if HTST_ISA was neither empty nor the name of a kind that this
 * processor and this build support. METHOD, ACCURACY, ERRORS: as the file says. */
int htst_isa_status(void);

/* ---- kernels --------------------------------------------------------------------------------- */

/* Write HTST_KERNEL(type, name, (parameters), (arguments)) in place of `static type name
 * (parameters)` before the body of a function whose loops a compiler vectorises. The arguments are
 * the names of the parameters. HTST_VOID_KERNEL is the same for a function that returns nothing.
 * Without HTST_HAVE_CLONES there is one copy, for the processor of the compiler's options. */
#if defined(HTST_HAVE_CLONES) && defined(HTST_ISA_HAS_X86)
/* Written once, by the loader; all other code only reads it. */
extern int htst_isa_in_use;

#define HTST_COPY(target, type, name, parameters, call) \
    target HTST_NOINLINE static type name parameters    \
    {                                                   \
        call;                                           \
    }
#define HTST_CALL_KIND(name, arguments, give, end) \
    if (htst_isa_in_use == HTST_ISA_AVX512) {      \
        give HTST_JOIN(name, _avx512) arguments;   \
        end;                                       \
    }                                              \
    if (htst_isa_in_use == HTST_ISA_AVX2) {        \
        give HTST_JOIN(name, _avx2) arguments;     \
        end;                                       \
    }                                              \
    give HTST_JOIN(name, _plain) arguments
#define HTST_COPIES(type, name, parameters, call)                                \
    HTST_INLINE type HTST_JOIN(name, _body) parameters;                          \
    HTST_COPY(HTST_FOR_AVX512, type, HTST_JOIN(name, _avx512), parameters, call) \
    HTST_COPY(HTST_FOR_AVX2, type, HTST_JOIN(name, _avx2), parameters, call)     \
    HTST_COPY(, type, HTST_JOIN(name, _plain), parameters, call)
#define HTST_KERNEL(type, name, parameters, arguments)                           \
    HTST_COPIES(type, name, parameters, return HTST_JOIN(name, _body) arguments) \
    HTST_INLINE type name parameters                                             \
    {                                                                            \
        HTST_CALL_KIND(name, arguments, return, );                               \
    }                                                                            \
    HTST_INLINE type HTST_JOIN(name, _body) parameters
#define HTST_VOID_KERNEL(name, parameters, arguments)                     \
    HTST_COPIES(void, name, parameters, HTST_JOIN(name, _body) arguments) \
    HTST_INLINE void name parameters                                      \
    {                                                                     \
        HTST_CALL_KIND(name, arguments, , return );                       \
    }                                                                     \
    HTST_INLINE void HTST_JOIN(name, _body) parameters
#else
#define HTST_KERNEL(type, name, parameters, arguments) static type name parameters
#define HTST_VOID_KERNEL(name, parameters, arguments) static void name parameters
#endif

#endif /* HTST_ISA_H */
