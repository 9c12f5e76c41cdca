import numpy as np
import numpy.typing as npt
from typing_extensions import disjoint_base

F32: int
F64: int
PATTERNS: int

@disjoint_base
class Sums:
    def __init__(
        self, kind: int, sum: npt.NDArray[np.uint64], squares: npt.NDArray[np.uint64]
    ) -> None: ...
    def not_finite(self) -> int: ...
