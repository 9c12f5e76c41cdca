"""Heavy-tailed statistics of weight matrices: fit, split, bound.

This page lists the public names; each lives in the room it is imported from, and is loaded when it
is first asked for. `import htstats` loads nothing else: not NumPy, let alone torch, dask or
matplotlib.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from htstats._common.lazy import LATE_FUNCTIONS, attributes_of
from htstats._version import __version__

if TYPE_CHECKING:
    from htstats import binomial
    from htstats._common.config import show_config
    from htstats.compression.container import open_container
    from htstats.compression.matrix import CompressedMatrix
    from htstats.compression.partition import partition
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
    "show_config",
    "spectral_norm",
    "stable_rank",
]

# `TailSketch.fit` is a method of a low room, and its code stands in a higher one.
LATE_FUNCTIONS["fit_sketch"] = "htstats.power_law"

__getattr__, __dir__ = attributes_of(
    __name__,
    {
        "CompressedMatrix": "compression.matrix",
        "PowerLawFit": "power_law",
        "TailSketch": "sketch",
        "fit_power_law": "power_law",
        "open_container": "compression.container",
        "open_weights": "weights",
        "partition": "compression.partition",
        "show_config": "_common.config",
        "spectral_norm": "spectral",
        "stable_rank": "spectral",
        # rooms that need no import of their own
        "alternatives": "",
        "binomial": "",
        "certificate": "",
        "compression": "",
        "datasets": "",
        "plot": "",
        "power_law": "",
        "report": "",
        "sketch": "",
        "spectral": "",
        "stable": "",
        "streaming": "",
        "theory": "",
        "weights": "",
    },
)
