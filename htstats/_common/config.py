"""What this build of htstats is, and what it runs on."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from htstats._common import checks
from htstats._common.processor import instructions
from htstats._version import __version__

__all__ = ["show_config"]

OPTIONAL = ("torch", "dask", "matplotlib")


def show_config(mode: str = "stdout") -> dict[str, Any] | None:
    """Print how htstats was built and what it runs on; a report of a fault needs these lines.

    Parameters
    ----------
    mode : {"stdout", "dicts"}
        "stdout" prints the lines. "dicts" returns them, as `numpy.show_config` does.

    Returns
    -------
    dict or None
        With mode "dicts": `version`; `python` (version, and whether it has the global lock);
        `machine` (processor, system, instructions that the kernels use, usable threads); `build`
        (compiler, flags of the C library, whether kernels have copies for several kinds of
        processors, whether the modules use the limited API); `packages` (the version of each, or
        None where it is not installed).

    Raises
    ------
    ValueError
        If `mode` is another word.

    Examples
    --------
    >>> import htstats
    >>> htstats.show_config("dicts")["version"] == htstats.__version__
    True
    """
    checks.one_of("mode", mode, ("stdout", "dicts"))
    config = _config()
    if mode == "dicts":
        return config
    for name, part in config.items():
        print(f"{name}: {part}" if isinstance(part, str) else f"{name}:")
        for key, value in part.items() if isinstance(part, dict) else ():
            print(f"  {key}: {value}")
    return None


def _config() -> dict[str, Any]:
    from htstats._core import build

    names = ("numpy", "scipy", *OPTIONAL)
    return {
        "version": __version__,
        "python": {
            "version": platform.python_version(),
            "global lock": getattr(sys, "_is_gil_enabled", lambda: True)(),
        },
        "machine": {
            "processor": platform.machine(),
            "system": platform.platform(),
            "instructions": instructions(),
            "threads": _usable_threads(),
        },
        "build": {
            "compiler": build.COMPILER,
            "flags": build.FLAGS,
            "clones": build.HAS_CLONES,
            "limited API": build.IS_ABI3,
        },
        "packages": {name: _installed(name) for name in names},
    }


def _usable_threads() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
