"""One pass over numbers to integer counts and sums that merge exactly.

From the smallest part to the largest:

    _buckets      how the bit patterns of a dtype are cut into buckets
    exact_sums    number, sum and sum of squares without rounding
    _tail_sketch  TailSketch, which holds both
    _bytes        its byte form
    _rows         the sketch of a matrix that is read in blocks
"""

from htstats.sketch._buckets import FORMATS, Buckets, Format
from htstats.sketch._rows import sketch_rows
from htstats.sketch._tail_sketch import TailSketch

__all__ = ["FORMATS", "Buckets", "Format", "TailSketch", "sketch_rows"]
