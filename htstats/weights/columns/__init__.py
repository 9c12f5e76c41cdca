"""Read a column of numbers from a text file, a 1-D .npy or standard input.

_text    convert lines of text to numbers; errors name the line
_column  read_column returns an array; open_column returns a `Column`, which fits with a memory
         budget read in blocks
"""

from htstats.weights.columns._column import (
    HELD,
    SUFFIXES,
    Column,
    is_column,
    open_column,
    read_column,
)

__all__ = ["HELD", "SUFFIXES", "Column", "is_column", "open_column", "read_column"]
