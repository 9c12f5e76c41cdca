import numpy as np
import numpy.typing as npt
from typing_extensions import disjoint_base

@disjoint_base
class Network:
    def __init__(
        self,
        widths: npt.NDArray[np.int64],
        weights: npt.NDArray[np.int32],
        constants: npt.NDArray[np.int32],
        shifts: npt.NDArray[np.int32],
    ) -> None: ...
    def work(self) -> int: ...
    def logits(
        self,
        inputs: npt.NDArray[np.int8],
        work: npt.NDArray[np.int32],
        logits: npt.NDArray[np.int32],
    ) -> None: ...

def count_errors(logits: npt.NDArray[np.int32], labels: npt.NDArray[np.int64]) -> int: ...
