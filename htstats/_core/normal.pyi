import numpy as np
import numpy.typing as npt

def fill(seed: int, layer: int, row: int, col: int, out: npt.NDArray[np.float64]) -> None: ...
def at(
    seed: int,
    layer: int,
    rows: npt.NDArray[np.int64],
    cols: npt.NDArray[np.int64],
    out: npt.NDArray[np.float64],
) -> None: ...
def quantile(u: npt.NDArray[np.float64], out: npt.NDArray[np.float64]) -> None: ...
def philox4x32(
    counter: npt.NDArray[np.uint32], key: npt.NDArray[np.uint32], out: npt.NDArray[np.uint32]
) -> None: ...
