import numpy as np
import numpy.typing as npt

def words(n: int, k: int) -> int: ...
def write(
    places: npt.NDArray[np.int64],
    n: int,
    work: npt.NDArray[np.uint64],
    rank: npt.NDArray[np.uint64],
) -> None: ...
def read(
    rank: npt.NDArray[np.uint64],
    n: int,
    work: npt.NDArray[np.uint64],
    places: npt.NDArray[np.int64],
) -> None: ...
