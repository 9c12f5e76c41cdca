#include "htst_common.h"

const char *
htst_strerror(int status)
{
    switch (status) {
        case HTST_OK: return "success (HTST_OK)";
        case HTST_ERR_BAD_ARG: return "an argument is outside its range (HTST_ERR_BAD_ARG)";
        case HTST_ERR_NOT_FINITE: return "the data contain NaN or infinity (HTST_ERR_NOT_FINITE)";
        case HTST_ERR_TOO_FEW: return "too few distinct values (HTST_ERR_TOO_FEW)";
        case HTST_ERR_OVERFLOW: return "a count leaves its integer type (HTST_ERR_OVERFLOW)";
        case HTST_ERR_NO_MEMORY: return "out of memory (HTST_ERR_NO_MEMORY)";
        case HTST_ERR_NO_CONVERGENCE:
            return "an iteration did not converge (HTST_ERR_NO_CONVERGENCE)";
        default: return "unknown status (HTST_ERR_UNKNOWN)";
    }
}
