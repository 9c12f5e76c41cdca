import numpy as np
import numpy.typing as npt

SEGMENT: int
BEST: int

def count_b16(
    w: npt.NDArray[np.uint16],
    low: int,
    high: int,
    infinity: int,
    counts: npt.NDArray[np.int64],
    hits: npt.NDArray[np.uint8],
) -> int: ...
def count_b32(
    w: npt.NDArray[np.uint32],
    low: int,
    high: int,
    counts: npt.NDArray[np.int64],
    hits: npt.NDArray[np.uint8],
) -> int: ...
def count_b64(
    w: npt.NDArray[np.uint64],
    low: int,
    high: int,
    counts: npt.NDArray[np.int64],
    hits: npt.NDArray[np.uint8],
) -> int: ...
def fill_f16(
    w: npt.NDArray[np.uint16],
    low: int,
    high: int,
    hits: npt.NDArray[np.uint8],
    indptr: npt.NDArray[np.int64],
    instructions: int,
    wide: bool,
    indices: npt.NDArray[np.uint8],
    values: npt.NDArray[np.uint32],
) -> None: ...
def fill_bf16(
    w: npt.NDArray[np.uint16],
    low: int,
    high: int,
    hits: npt.NDArray[np.uint8],
    indptr: npt.NDArray[np.int64],
    instructions: int,
    wide: bool,
    indices: npt.NDArray[np.uint8],
    values: npt.NDArray[np.uint32],
) -> None: ...
def fill_b32(
    w: npt.NDArray[np.uint32],
    low: int,
    high: int,
    hits: npt.NDArray[np.uint8],
    indptr: npt.NDArray[np.int64],
    instructions: int,
    wide: bool,
    indices: npt.NDArray[np.uint8],
    values: npt.NDArray[np.uint32],
) -> None: ...
def fill_b64(
    w: npt.NDArray[np.uint64],
    low: int,
    high: int,
    hits: npt.NDArray[np.uint8],
    indptr: npt.NDArray[np.int64],
    instructions: int,
    wide: bool,
    indices: npt.NDArray[np.uint8],
    values: npt.NDArray[np.uint64],
) -> None: ...
