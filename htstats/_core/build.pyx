"""How the compiled modules were built: constants that setup.py and the compiler give."""

from htstats._core.htst_build cimport HTST_ABI3, HTST_COMPILER, HTST_FLAGS, HTST_HAS_COPIES

COMPILER = HTST_COMPILER.decode()
FLAGS = HTST_FLAGS.decode()
IS_ABI3 = bool(HTST_ABI3)
HAS_CLONES = bool(HTST_HAS_COPIES)
