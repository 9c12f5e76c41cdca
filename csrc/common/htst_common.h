/* htst_common: status codes of all modules, and the macros for compilers (htst_compiler.h).
 *
 * METHOD, ACCURACY: nothing is computed here. ERRORS: the codes below are those of all functions.
 */
#ifndef HTST_COMMON_H
#define HTST_COMMON_H

#include <stdint.h>

#include "htst_compiler.h"

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

#endif /* HTST_COMMON_H */
