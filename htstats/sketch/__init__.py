"""Summarize numbers in one pass by integer counts and sums that merge exactly.

The modules, from the lowest level to the highest:

    _buckets      divide the bit patterns of a dtype into buckets
    exact_sums    number, sum and sum of squares without rounding
    _tail_sketch  TailSketch, which combines both
    _bytes        read the byte form of a sketch
    _rows         sketch a matrix that is read in blocks
"""

from htstats.sketch._buckets import FORMATS, Buckets, Format
from htstats.sketch._rows import sketch_rows
from htstats.sketch._tail_sketch import TailSketch

__all__ = ["FORMATS", "Buckets", "Format", "TailSketch", "sketch_rows"]
