"""A column of numbers: a text file, a 1-D .npy, or standard input.

_text    lines of text as numbers; an error names the line
_column  read_column: an array; open_column: a `Column`, which a fit in bounded memory reads
         in blocks
"""

from htstats.columns._column import HELD, SUFFIXES, Column, is_column, open_column, read_column

__all__ = ["HELD", "SUFFIXES", "Column", "is_column", "open_column", "read_column"]
