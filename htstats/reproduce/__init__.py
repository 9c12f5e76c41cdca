"""Write the paper's figures 1 to 3 and its Table 1 to files, with one function for each.

`htstats reproduce NAME` and `make paper` call the same functions. Each has these arguments and
returns the paths of the files that it wrote:

out : Path
    Output folder; created if it is missing.
data : Path, optional
    A folder of the user, with more networks and data sets. It must exist.
seed : int, optional
    Seed of all random numbers; default 0.
report : callable, optional
    Called with a line of text for each missing input.
effort : Effort, optional
    Numbers of small networks, epochs and trials.

A function raises ValueError if `data` is not a folder or a file in it is damaged, or if an output
is one of the inputs.

Modules: `_frame` has these arguments. `_places` defines where files are stored. `_networks` and
`_train` define and train the networks on Fashion-MNIST. `_small` trains small networks instead.
`_heads` collects last layers and their inputs for `_table1`. `_matrices` collects dense matrices
for `_figure3`. `_pytorchcv` handles the paper's own networks, and `_crepe` a pitch tracker.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from htstats._common.extras import name_missing_package
from htstats._common.lazy import attributes_of
from htstats.reproduce._frame import Effort

if TYPE_CHECKING:
    from htstats.reproduce._figure1 import figure1
    from htstats.reproduce._figure2 import figure2
    from htstats.reproduce._figure3 import figure3, heavy_tails
    from htstats.reproduce._table1 import table1

__all__ = ["Effort", "figure1", "figure2", "figure3", "heavy_tails", "table1"]

# Figure 3 and Table 1 need torch, the others do not.
_load, __dir__ = attributes_of(
    __name__,
    {
        "figure1": "_figure1",
        "figure2": "_figure2",
        "figure3": "_figure3",
        "heavy_tails": "_figure3",
        "table1": "_table1",
    },
)


def __getattr__(name: str) -> Any:
    with name_missing_package("htstats.reproduce"):
        return _load(name)
