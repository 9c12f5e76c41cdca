import numpy as np
import numpy.typing as npt
from typing_extensions import disjoint_base

_Floats = npt.NDArray[np.float64]
_Counts = npt.NDArray[np.int64]

@disjoint_base
class Prune:
    def __init__(
        self,
        lower: _Floats,
        upper: _Floats,
        count: _Counts,
        total: _Floats | None,
        work: _Floats,
        tail: _Counts,
    ) -> None: ...
    def bound(self, b: int) -> float: ...
    def guess(self, least: int) -> float: ...
    def lowest(self, distance: float) -> int: ...
