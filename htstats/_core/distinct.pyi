import numpy as np
import numpy.typing as npt

def count_distinct_f32(x: npt.NDArray[np.float32]) -> int: ...
def distinct_part_f32(
    x: npt.NDArray[np.float32],
    base: int,
    v: npt.NDArray[np.float64],
    first: npt.NDArray[np.int64],
) -> None: ...
def count_distinct_f64(x: npt.NDArray[np.float64]) -> int: ...
def distinct_part_f64(
    x: npt.NDArray[np.float64],
    base: int,
    v: npt.NDArray[np.float64],
    first: npt.NDArray[np.int64],
) -> None: ...
