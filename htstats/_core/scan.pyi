import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

def distinct_f32(x: npt.NDArray[np.float32], v: Floats, first: Counts) -> int: ...
def distinct_f64(x: Floats, v: Floats, first: Counts) -> int: ...
def prepare(v: Floats, first: Counts, xmax: float, y: Floats, rate: Floats) -> None: ...
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
) -> tuple[int, float]: ...
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
