import numpy as np
import numpy.typing as npt
from typing_extensions import disjoint_base

@disjoint_base
class NetworkChain:
    def __init__(
        self,
        widths: npt.NDArray[np.int64],
        weights: npt.NDArray[np.int32],
        constants: npt.NDArray[np.int32],
        shifts: npt.NDArray[np.int32],
        starts: npt.NDArray[np.int64],
        inputs: npt.NDArray[np.int8],
        relatives: npt.NDArray[np.int32],
        rate: int,
        unit: int,
        steps: npt.NDArray[np.int32],
        support_cost: npt.NDArray[np.int64],
        levels_cost: npt.NDArray[np.int64],
        codes: npt.NDArray[np.int8],
        offsets: npt.NDArray[np.int16],
        sums: npt.NDArray[np.int32],
        activations: npt.NDArray[np.int8],
        right: npt.NDArray[np.uint8],
        trial_sums: npt.NDArray[np.int32],
        trial_activations: npt.NDArray[np.int8],
        differences: npt.NDArray[np.int16],
        compared: npt.NDArray[np.int32],
        is_changed: npt.NDArray[np.uint8],
        places: npt.NDArray[np.int32],
        means: npt.NDArray[np.int32],
        generator: npt.NDArray[np.uint64],
    ) -> None: ...
    def start(self) -> None: ...
    def run(self, n: int, temperature: int, decay: int) -> int: ...
    def counts(self) -> tuple[int, int, int, int, int, int, int]: ...
