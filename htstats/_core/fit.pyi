import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

def workspace(n: int) -> int: ...
def sorted_f32(
    x: npt.NDArray[np.float32],
    two_sided: bool,
    least: int,
    tolerance: float,
    v: Floats,
    first: Counts,
    work: Floats,
) -> tuple[int, int, float, float, float]: ...
def sorted_f64(
    v: Floats, two_sided: bool, least: int, tolerance: float, first: Counts, work: Floats
) -> tuple[int, int, float, float, float]: ...
