import numpy as np
import numpy.typing as npt
from typing_extensions import Buffer

MAX_K: int

def write(
    n_cols: int, indptr: npt.NDArray[np.int64], indices: npt.NDArray[np.int64], k: int
) -> bytearray: ...
def read(
    data: Buffer, k: int, n_cols: int, indptr: npt.NDArray[np.int64], indices: npt.NDArray[np.int64]
) -> None: ...
