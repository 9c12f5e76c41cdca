import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

def means(x: Floats, first: Counts, mean: Floats) -> None: ...
def estimate(
    x: Floats, mean: Floats, begin: int, top: float, alpha_low: float, alpha: Floats, norm: Floats
) -> None: ...
def best(
    x: Floats,
    first: Counts,
    top: float,
    is_two_sided: bool,
    begin: int,
    alpha: Floats,
    norm: Floats,
    tolerance: float,
) -> tuple[int, float]: ...
def curve(
    x: Floats,
    first: Counts,
    top: float,
    is_two_sided: bool,
    begin: int,
    alpha: Floats,
    norm: Floats,
    distances: Floats,
) -> None: ...
def search(
    x: Floats,
    first: Counts,
    mean: Floats,
    is_two_sided: bool,
    alpha_low: float,
    begin: int,
    end: int,
    tolerance: float,
) -> tuple[int, float, float]: ...
