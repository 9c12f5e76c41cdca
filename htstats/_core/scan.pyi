import numpy as np
import numpy.typing as npt

_Floats = npt.NDArray[np.float64]
_Counts = npt.NDArray[np.int64]

def workspace(m: int) -> int: ...
def within(
    v: _Floats,
    y: _Floats,
    first: _Counts,
    rate: _Floats,
    begin: int,
    end: int,
    step: int,
    limit: float,
    found: _Counts,
    distance: _Floats,
    work: _Floats,
) -> int: ...
def truncated_mean(u: float) -> float: ...
def best(
    v: _Floats,
    y: _Floats,
    first: _Counts,
    rate: _Floats,
    xmax: float,
    two_sided: bool,
    begin: int,
    end: int,
    alpha_low: float,
    alpha_high: float,
    sigma_below: float,
    tolerance: float,
    work: _Floats,
) -> tuple[int, float, float]: ...
def best_of_marks(
    v: _Floats,
    first: _Counts,
    marks: _Floats,
    two_sided: bool,
    begin: int,
    end: int,
    alpha_low: float,
    tolerance: float,
    work: _Floats,
) -> tuple[int, float, float]: ...
def curve(
    v: _Floats,
    y: _Floats,
    first: _Counts,
    rate: _Floats,
    xmax: float,
    two_sided: bool,
    begin: int,
    end: int,
    d_plus: _Floats,
    d_minus: _Floats,
) -> None: ...
