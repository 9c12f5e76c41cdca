import numpy as np
import numpy.typing as npt

from htstats._core.split_sums import Sums

PIECE: int
OWN: int
TURNS: int

def split_f16(
    w: npt.NDArray[np.uint16],
    low: int,
    high: int,
    instructions: int,
    turns: npt.NDArray[np.int64],
    elements: Sums | None,
    kept: Sums | None,
    own_indices: npt.NDArray[np.int32],
    own_values: npt.NDArray[np.uint32],
    indptr: npt.NDArray[np.int64],
    indices: npt.NDArray[np.int32],
    values: npt.NDArray[np.uint32],
) -> int: ...
def split_bf16(
    w: npt.NDArray[np.uint16],
    low: int,
    high: int,
    instructions: int,
    turns: npt.NDArray[np.int64],
    elements: Sums | None,
    kept: Sums | None,
    own_indices: npt.NDArray[np.int32],
    own_values: npt.NDArray[np.uint32],
    indptr: npt.NDArray[np.int64],
    indices: npt.NDArray[np.int32],
    values: npt.NDArray[np.uint32],
) -> int: ...
def split_b32(
    w: npt.NDArray[np.uint32],
    low: int,
    high: int,
    instructions: int,
    turns: npt.NDArray[np.int64],
    elements: Sums | None,
    kept: Sums | None,
    own_indices: npt.NDArray[np.int32],
    own_values: npt.NDArray[np.uint32],
    indptr: npt.NDArray[np.int64],
    indices: npt.NDArray[np.int32],
    values: npt.NDArray[np.uint32],
) -> int: ...
def split_b64(
    w: npt.NDArray[np.uint64],
    low: int,
    high: int,
    instructions: int,
    turns: npt.NDArray[np.int64],
    elements: Sums | None,
    kept: Sums | None,
    own_indices: npt.NDArray[np.int32],
    own_values: npt.NDArray[np.uint64],
    indptr: npt.NDArray[np.int64],
    indices: npt.NDArray[np.int32],
    values: npt.NDArray[np.uint64],
) -> int: ...
