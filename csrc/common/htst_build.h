/* htst_build: the compiler of this library, as text and numbers. Private to csrc and its bindings.
 *
 * METHOD: macros that compilers define. ACCURACY: as the compiler says. ERRORS: "unknown" for a
 * compiler that does not say its name. */
#ifndef HTST_BUILD_H
#define HTST_BUILD_H

#include "htst_compiler.h"

#if defined(__clang__)
#define HTST_COMPILER __VERSION__
#elif defined(__GNUC__)
#define HTST_COMPILER "GCC " __VERSION__
#elif defined(_MSC_FULL_VER)
#define HTST_TEXT_OF(number) #number
#define HTST_TEXT(number) HTST_TEXT_OF(number)
#define HTST_COMPILER "MSVC " HTST_TEXT(_MSC_FULL_VER)
#else
#define HTST_COMPILER "unknown"
#endif

/* 1 if kernels have copies for several kinds of processors (htst_isa.h). */
#if defined(HTST_HAVE_CLONES) && defined(HTST_ISA_HAS_X86)
#define HTST_HAS_COPIES 1
#else
#define HTST_HAS_COPIES 0
#endif

/* Given by the build of the bindings: the options of the compiler, and whether the bindings use
 * Python's limited API. */
#ifndef HTST_FLAGS
#define HTST_FLAGS ""
#define HTST_ABI3 0
#endif

#endif /* HTST_BUILD_H */
