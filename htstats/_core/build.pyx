"""How the compiled modules were built: constants that setup.py and the compiler give."""

cdef extern from *:
    """
    #ifdef __clang__
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
    #ifdef HTST_HAVE_CLONES
    #define HTST_CLONED 1
    #else
    #define HTST_CLONED 0
    #endif
    """
    const char *HTST_COMPILER
    const char *HTST_FLAGS
    int HTST_ABI3
    int HTST_CLONED

COMPILER = HTST_COMPILER.decode()
FLAGS = HTST_FLAGS.decode()
IS_ABI3 = bool(HTST_ABI3)
HAS_CLONES = bool(HTST_CLONED)
