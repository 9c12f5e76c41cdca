import numpy as np
import numpy.typing as npt

_Found = tuple[tuple[int, int, int, int], int, float, float, float]

ALL_AT_ONCE: int

def workspace(n: int) -> int: ...
def fit_f32(
    x: npt.NDArray[np.float32],
    side: int,
    two_sided: bool,
    least: int,
    tolerance: float,
    work: npt.NDArray[np.float64],
) -> _Found: ...
def fit_f64(
    x: npt.NDArray[np.float64],
    side: int,
    two_sided: bool,
    least: int,
    tolerance: float,
    work: npt.NDArray[np.float64],
) -> _Found: ...
