"""Heavy-tailed statistics of weight matrices: fit, split, bound.

This page lists the public names; each lives in the module it is imported from.
`import htstats` loads neither torch nor dask nor matplotlib.
"""

from htstats import binomial
from htstats._version import __version__
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
