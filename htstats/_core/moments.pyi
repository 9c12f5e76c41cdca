import numpy as np
import numpy.typing as npt

WORDS_F32: tuple[int, int]
WORDS_F64: tuple[int, int]

def add_f32(
    x: npt.NDArray[np.float32],
    sum: npt.NDArray[np.uint64],
    squares: npt.NDArray[np.uint64],
) -> int: ...
def add_f64(
    x: npt.NDArray[np.float64],
    sum: npt.NDArray[np.uint64],
    squares: npt.NDArray[np.uint64],
) -> int: ...
