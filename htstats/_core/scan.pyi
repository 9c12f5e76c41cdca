import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

def prepare(y: Floats, count: Counts, first: Counts, alpha: Floats) -> None: ...
def best(
    y: Floats,
    first: Counts,
    alpha: Floats,
    begin: int,
    end: int,
    alpha_low: float,
    alpha_high: float,
    sigma_below: float,
) -> tuple[int, float]: ...
def curve(
    y: Floats,
    first: Counts,
    alpha: Floats,
    begin: int,
    end: int,
    d_plus: Floats,
    d_minus: Floats,
) -> None: ...
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
