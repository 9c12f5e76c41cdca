import numpy as np
import numpy.typing as npt

SEEN: int

def add_f32(
    x: npt.NDArray[np.float32],
    first: int,
    width: int,
    table: npt.NDArray[np.uint64],
    seen: npt.NDArray[np.int64],
) -> None: ...
def add_f64(
    x: npt.NDArray[np.float64],
    first: int,
    width: int,
    table: npt.NDArray[np.uint64],
    seen: npt.NDArray[np.int64],
) -> None: ...
def add_u16(x: npt.NDArray[np.uint16], table: npt.NDArray[np.uint64]) -> None: ...
def sums_u16(table: npt.NDArray[np.uint64], kept: int, out: npt.NDArray[np.uint64]) -> None: ...
