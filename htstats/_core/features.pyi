import numpy as np
import numpy.typing as npt
from typing_extensions import disjoint_base

@disjoint_base
class Bank:
    def __init__(
        self,
        height: int,
        width: int,
        sizes: npt.NDArray[np.int64],
        taps: npt.NDArray[np.int16],
        window: int,
        stride: int,
        margin: int,
        divisor: int,
        softening: int,
    ) -> None: ...
    def grid(self) -> tuple[int, int, int]: ...
    def extract(
        self,
        images: npt.NDArray[np.uint8],
        work: npt.NDArray[np.float64],
        features: npt.NDArray[np.int8],
    ) -> None: ...

def round_scaled(
    sums: npt.NDArray[np.float32],
    bias: npt.NDArray[np.float32],
    factor: npt.NDArray[np.float32],
    least: float,
    most: float,
) -> None: ...
