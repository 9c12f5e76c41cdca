"""Heavy-tailed statistics of weight matrices: fit, split, bound.

This page lists the public names; each lives in the module it is imported from.
`import htstats` loads neither torch nor dask nor matplotlib.
"""

from htstats._version import __version__
from htstats.sketch import TailSketch

__all__ = ["TailSketch", "__version__"]
