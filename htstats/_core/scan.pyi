import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

def workspace(m: int) -> int: ...
def within(
    v: Floats,
    y: Floats,
    first: Counts,
    rate: Floats,
    begin: int,
    end: int,
    step: int,
    limit: float,
    found: Counts,
    distance: Floats,
    work: Floats,
) -> int: ...
def truncated_mean(u: float) -> float: ...
def best(
    v: Floats,
    y: Floats,
    first: Counts,
    rate: Floats,
    xmax: float,
    two_sided: bool,
    begin: int,
    end: int,
    alpha_low: float,
    alpha_high: float,
    sigma_below: float,
    tolerance: float,
    work: Floats,
) -> tuple[int, float, float]: ...
def best_of_marks(
    v: Floats,
    first: Counts,
    marks: Floats,
    two_sided: bool,
    begin: int,
    end: int,
    alpha_low: float,
    tolerance: float,
    work: Floats,
) -> tuple[int, float, float]: ...
def curve(
    v: Floats,
    y: Floats,
    first: Counts,
    rate: Floats,
    xmax: float,
    two_sided: bool,
    begin: int,
    end: int,
    d_plus: Floats,
    d_minus: Floats,
) -> None: ...
