"""Write the paper's figures 1 to 3 and its Table 1 to files, with one function for each.

Each function takes an output folder, `data` (a folder of the user), `seed` and `report` (called
with a line of text for each missing input). It returns the paths of the files that it wrote.
`htstats reproduce NAME` and `make paper` call the same functions.

Modules: `_places` defines where files are stored. `_networks` and `_train` define and train the
networks on Fashion-MNIST. `_heads` collects last layers and their inputs for `_table1`.
`_matrices` collects dense matrices for `_figure3`. `_pytorchcv` handles the paper's own networks,
and `_crepe` a pitch tracker.
"""

from htstats.reproduce._figure1 import figure1
from htstats.reproduce._figure2 import figure2
from htstats.reproduce._figure3 import figure3, heavy_tails
from htstats.reproduce._table1 import table1

__all__ = ["figure1", "figure2", "figure3", "heavy_tails", "table1"]
