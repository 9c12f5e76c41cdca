/* htst_common: status codes and compiler macros of all modules.
 *
 * METHOD, ACCURACY: nothing is computed here. ERRORS: the codes below are those of all functions.
 */
#ifndef HTST_COMMON_H
#define HTST_COMMON_H

#include <stdint.h>

/* The return value of a function that can fail. Zero is success, errors are negative. */
typedef enum {
    HTST_OK = 0,
    HTST_ERR_BAD_ARG = -1,    /* an argument outside its documented range */
    HTST_ERR_NOT_FINITE = -2, /* NaN or infinity among the data */
    HTST_ERR_TOO_FEW = -3,    /* not enough distinct values for the estimate */
    HTST_ERR_OVERFLOW = -4,   /* a count or a size leaves its integer type */
    HTST_ERR_NO_MEMORY = -5,
    HTST_ERR_NO_CONVERGENCE = -6,
} htst_status_t;

/* The text of a status on one line; it ends with the name of the status' macro. Never NULL. The
 * text is constant and belongs to the library. METHOD, ACCURACY: a table of texts. ERRORS: none; an
 * unknown status has a text too. */
const char *htst_strerror(int status);

/* Hints to compilers that know them. HTST_NOINLINE keeps the arrays of a function off the stack of
 * its callers. HTST_PREFETCH asks for memory that will be written, HTST_PREFETCH_READ for memory to
 * read. */
#if defined(__GNUC__) || defined(__clang__)
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

#endif /* HTST_COMMON_H */
