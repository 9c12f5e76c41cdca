"""Alpha-stable laws: random numbers and fits.

_sample   random numbers as a function of a seed and an index
"""

from htstats.stable._sample import sample

__all__ = ["sample"]
