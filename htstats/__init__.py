"""Heavy-tailed statistics of weight matrices: fit, split, bound.

This page lists the public names; each lives in the module it is imported from, and comes with it
when it is first asked for. `import htstats` loads nothing else: not NumPy, let alone torch, dask or
matplotlib.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from htstats._version import __version__

if TYPE_CHECKING:
    from htstats import binomial
    from htstats.compressed import CompressedMatrix
    from htstats.container import open_container
    from htstats.partition import partition
    from htstats.power_law import PowerLawFit, fit_power_law
    from htstats.sketch import TailSketch
    from htstats.spectral import spectral_norm, stable_rank
    from htstats.weights import open_weights

__all__ = [
    "CompressedMatrix",
    "PowerLawFit",
    "TailSketch",
    "__version__",
    "binomial",
    "fit_power_law",
    "open_container",
    "open_weights",
    "partition",
    "spectral_norm",
    "stable_rank",
]

_PLACES = {
    "CompressedMatrix": "compressed",
    "PowerLawFit": "power_law",
    "TailSketch": "sketch",
    "fit_power_law": "power_law",
    "open_container": "container",
    "open_weights": "weights",
    "partition": "partition",
    "spectral_norm": "spectral",
    "stable_rank": "spectral",
}

# Modules that are attributes without an import of their own, as if they had been loaded here.
_MODULES = {
    "binomial", "columns", "compressed", "container", "power_law", "sketch", "spectral",
    "thresholds", "weights",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in _MODULES:
        return import_module(f"htstats.{name}")
    if name not in _PLACES:
        raise AttributeError(f"module 'htstats' has no attribute {name!r}")
    value = getattr(import_module(f"htstats.{_PLACES[name]}"), name)
    setattr(sys.modules[__name__], name, value)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_MODULES})


class _Package(ModuleType):
    """`htstats.partition` is the function, whoever imports the module of that name, and when."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "partition" and isinstance(value, ModuleType):
            value = value.partition
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
