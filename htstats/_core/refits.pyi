import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

def refits(
    n: int,
    y_head: Floats,
    log_xmin: float,
    alpha: float,
    refit: bool,
    seed: int,
    replicate: int,
    distances: Floats,
    alphas: Floats,
    log_xmins: Floats,
) -> None: ...
