"""Prevent a BLAS from starting threads in addition to those of htstats."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import AbstractContextManager, nullcontext, suppress
from importlib import import_module

__all__ = ["load_numpy_with_one_thread", "load_scipy_with_threads", "one_blas_thread"]


# Environment variables that set a BLAS's number of threads when it is loaded.
VARIABLES = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def load_numpy_with_one_thread() -> None:
    """Import NumPy so that its BLAS starts no threads.

    Idle threads of OpenBLAS spin for a while on cores that our threads could use. The function does
    nothing if NumPy is already imported or if the user has set the number of threads.

    The setting lasts for the whole process, so only a program should call this, not a library.
    """
    _load("numpy", 1)


def load_scipy_with_threads(n_threads: int) -> None:
    """Import SciPy's linear algebra, which has a BLAS of its own; see `load_numpy_with_one_thread`.

    Each of our threads that calls it would otherwise start as many threads as there are cores.
    """
    _load("scipy.linalg", n_threads)


def _load(module: str, n_threads: int) -> None:
    """Import a module whose BLAS then has this number of threads."""
    if module in sys.modules or any(name in os.environ for name in VARIABLES):
        return
    os.environ.update(dict.fromkeys(VARIABLES, str(n_threads)))
    gc.disable()  # an import creates no garbage, so collections would only cost time
    try:
        import_module(module)
    finally:
        gc.enable()
        for name in VARIABLES:
            del os.environ[name]  # child processes make their own choice


def one_blas_thread() -> AbstractContextManager[object]:
    """Make a BLAS use only one of its threads.

    This needs threadpoolctl, which comes with scikit-learn; without it, only time is lost.
    """
    with suppress(ImportError):
        from threadpoolctl import threadpool_limits

        return threadpool_limits(1, user_api="blas")  # type: ignore[no-any-return]
    return nullcontext()
