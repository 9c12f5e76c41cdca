import numpy as np
import numpy.typing as npt
from typing_extensions import disjoint_base

NEAR_BLOCK: int

def most_in_row(most_levels: int, step: int) -> int: ...

@disjoint_base
class Chain:
    def __init__(
        self,
        starts: npt.NDArray[np.int64],
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
        logits: npt.NDArray[np.int16],
        near_features: npt.NDArray[np.int8],
        near_logits: npt.NDArray[np.int16],
        near_notes: npt.NDArray[np.int16],
        near_counts: npt.NDArray[np.int64],
        near_list: npt.NDArray[np.int32],
        places: npt.NDArray[np.int32],
        means: npt.NDArray[np.int32],
        seed: int,
        wide: bool,
    ) -> None: ...
    def start(self) -> None: ...
    def run(self, n: int, temperature: int, decay: int) -> int: ...
    def counts(self) -> tuple[int, int, int, int, int, int, int]: ...
