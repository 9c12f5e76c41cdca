"""The paper's figures 1 to 3 and its Table 1, as files: one call each.

Each takes a folder to write to, `data` (a folder of the user's), `seed` and `report` (gets a line
for what is missing), and returns the paths of what it wrote. `htstats reproduce NAME` and
`make paper` call the same functions.

Rooms: `_places` says where files lie; `_networks` and `_train` are the networks on Fashion-MNIST;
`_heads` gathers last layers with what enters them for `_table1`; `_matrices` gathers dense matrices
for `_figure3`; `_pytorchcv` knows the paper's own networks, `_crepe` a pitch tracker.
"""

from htstats.reproduce._figure1 import figure1
from htstats.reproduce._figure2 import figure2
from htstats.reproduce._figure3 import figure3, heavy_tails
from htstats.reproduce._table1 import table1

__all__ = ["figure1", "figure2", "figure3", "heavy_tails", "table1"]
