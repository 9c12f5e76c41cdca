import numpy as np
import numpy.typing as npt

class Chain:
    def __init__(
        self,
        starts: npt.NDArray[np.int64],
        turning: int,
        by_column: npt.NDArray[np.int8],
        by_example: npt.NDArray[np.int8],
        relatives: npt.NDArray[np.int32],
        rate: int,
        support_cost: npt.NDArray[np.int64],
        levels_cost: npt.NDArray[np.int64],
        step: int,
        weights: npt.NDArray[np.int8],
        offsets: npt.NDArray[np.int16],
        best_weights: npt.NDArray[np.int8],
        best_offsets: npt.NDArray[np.int16],
        logits: npt.NDArray[np.int32],
        margins: npt.NDArray[np.int16],
        largest: npt.NDArray[np.int32],
        versions: npt.NDArray[np.int64],
        right: npt.NDArray[np.int64],
        places: npt.NDArray[np.int32],
        means: npt.NDArray[np.int32],
        seed: int,
    ) -> None: ...
    def start(self) -> None: ...
    def run(self, n: int, temperature: int, decay: int) -> int: ...
    def counts(self) -> tuple[int, int, int, int, int, int, int]: ...
