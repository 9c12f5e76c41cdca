"""Keep a BLAS from starting threads in addition to ours."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import AbstractContextManager, nullcontext, suppress

__all__ = ["load_numpy_with_one_thread", "one_blas_thread"]


# Environment variables that set a BLAS's number of threads when it is loaded.
VARIABLES = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def load_numpy_with_one_thread() -> None:
    """Import NumPy so that its BLAS starts no threads; those of OpenBLAS spin for a while on cores
    that ours could use. Nothing happens where NumPy is there already, or the user has chosen.

    The process keeps it so: this is for a program's own.
    """
    if "numpy" in sys.modules or any(name in os.environ for name in VARIABLES):
        return
    os.environ.update(dict.fromkeys(VARIABLES, "1"))
    gc.disable()  # loaded modules stay, so there is no garbage to look for
    try:
        import numpy  # noqa: F401
    finally:
        gc.enable()
        for name in VARIABLES:
            del os.environ[name]  # child processes choose for themselves


def one_blas_thread() -> AbstractContextManager[object]:
    """Keeps a BLAS that has threads from using them.

    threadpoolctl comes with scikit-learn; without it nothing but time is lost.
    """
    with suppress(ImportError):
        from threadpoolctl import threadpool_limits

        return threadpool_limits(1, user_api="blas")  # type: ignore[no-any-return]
    return nullcontext()
