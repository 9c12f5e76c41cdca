import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

class Prune:
    def __init__(
        self,
        lower: Floats,
        upper: Floats,
        count: Counts,
        total: Floats | None,
        work: Floats,
        tail: Counts,
    ) -> None: ...
    def bound(self, b: int) -> float: ...
    def guess(self, least: int) -> float: ...
    def lowest(self, distance: float) -> int: ...
