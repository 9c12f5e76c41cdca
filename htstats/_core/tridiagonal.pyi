import numpy as np
import numpy.typing as npt

def top(
    diagonal: npt.NDArray[np.float64],
    beside: npt.NDArray[np.float64],
    n: int,
    before: float,
    work: npt.NDArray[np.float64],
) -> tuple[float, float]: ...
