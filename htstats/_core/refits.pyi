import numpy as np
import numpy.typing as npt

_Floats = npt.NDArray[np.float64]

def refits(
    n: int,
    y_head: _Floats,
    log_xmin: float,
    alpha: float,
    refit: bool,
    seed: int,
    replicate: int,
    distances: _Floats,
    alphas: _Floats,
    log_xmins: _Floats,
) -> None: ...
