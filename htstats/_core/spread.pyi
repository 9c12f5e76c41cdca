import numpy as np
import numpy.typing as npt

BUCKETS: int
LOWER: int

def spread_f32(
    x: npt.NDArray[np.float32],
    side: int,
    begin: int,
    following: npt.NDArray[np.uint32],
    out: npt.NDArray[np.uint16],
) -> int: ...
def distinct_f32(
    begin: int,
    starts: npt.NDArray[np.uint32],
    lower: npt.NDArray[np.uint16],
    at_end: bool,
    count: npt.NDArray[np.uint32],
    v: npt.NDArray[np.float32],
    first: npt.NDArray[np.uint32],
) -> int: ...
