import numpy as np
import numpy.typing as npt

def fill(
    seed: int,
    first: int,
    alpha: float,
    beta: float,
    loc: float,
    scale: float,
    parameterization: int,
    out: npt.NDArray[np.float64],
) -> None: ...
