import numpy as np
import numpy.typing as npt

SIZE: int

def tally_f64(
    x: npt.NDArray[np.float64],
    side: int,
    table: npt.NDArray[np.int64],
    out: npt.NDArray[np.float64],
) -> tuple[int, int, int]: ...
