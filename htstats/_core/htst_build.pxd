cdef extern from "htst_build.h":
    const char *HTST_COMPILER
    const char *HTST_FLAGS
    int HTST_ABI3
    int HTST_HAS_COPIES
