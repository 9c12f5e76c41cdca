import numpy as np
import numpy.typing as npt

_Floats = npt.NDArray[np.float64]
_Counts = npt.NDArray[np.int64]

def means(x: _Floats, first: _Counts, mean: _Floats) -> None: ...
def estimate(
    x: _Floats,
    mean: _Floats,
    begin: int,
    top: float,
    alpha_low: float,
    alpha: _Floats,
    norm: _Floats,
) -> None: ...
def best(
    x: _Floats,
    first: _Counts,
    top: float,
    is_two_sided: bool,
    begin: int,
    alpha: _Floats,
    norm: _Floats,
    tolerance: float,
) -> tuple[int, float]: ...
def curve(
    x: _Floats,
    first: _Counts,
    top: float,
    is_two_sided: bool,
    begin: int,
    alpha: _Floats,
    norm: _Floats,
    distances: _Floats,
) -> None: ...
def search(
    x: _Floats,
    first: _Counts,
    mean: _Floats,
    is_two_sided: bool,
    alpha_low: float,
    begin: int,
    end: int,
    tolerance: float,
) -> tuple[int, float, float]: ...
