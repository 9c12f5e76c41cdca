import numpy as np
import numpy.typing as npt

DROPPED: tuple[int, int]
SLOTS: tuple[int, int]

def histogram_f32(
    x: npt.NDArray[np.float32],
    side: int,
    low: int,
    table: npt.NDArray[np.uint32],
    out: npt.NDArray[np.float32],
) -> tuple[int, int]: ...
def histogram_f64(
    x: npt.NDArray[np.float64],
    side: int,
    low: int,
    table: npt.NDArray[np.uint32],
    out: npt.NDArray[np.float64],
) -> tuple[int, int]: ...
def survey_f32(x: npt.NDArray[np.float32]) -> tuple[int, int, int, int]: ...
def survey_f64(x: npt.NDArray[np.float64]) -> tuple[int, int, int, int]: ...
def select_f32(
    x: npt.NDArray[np.float32], side: int, low: int, high: int, out: npt.NDArray[np.float32]
) -> int: ...
def select_f64(
    x: npt.NDArray[np.float64], side: int, low: int, high: int, out: npt.NDArray[np.float64]
) -> int: ...
def take_f32(
    x: npt.NDArray[np.float32], side: int, out: npt.NDArray[np.float32]
) -> tuple[int, int, int, int, int]: ...
def take_f64(
    x: npt.NDArray[np.float64], side: int, out: npt.NDArray[np.float64]
) -> tuple[int, int, int, int, int]: ...
