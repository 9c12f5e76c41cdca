import numpy as np
import numpy.typing as npt

AHEAD: int

def add_f32_u8(
    x: npt.NDArray[np.float32],
    side: int,
    low: int,
    high: int,
    shift: int,
    table: npt.NDArray[np.uint8],
    anew: npt.NDArray[np.int64],
) -> tuple[int, int]: ...
def add_f32_u16(
    x: npt.NDArray[np.float32],
    side: int,
    low: int,
    high: int,
    shift: int,
    table: npt.NDArray[np.uint16],
    anew: npt.NDArray[np.int64],
) -> tuple[int, int]: ...
def add_f32_u32(
    x: npt.NDArray[np.float32],
    side: int,
    low: int,
    high: int,
    shift: int,
    table: npt.NDArray[np.uint32],
    anew: npt.NDArray[np.int64],
) -> tuple[int, int]: ...
def add_f64_u8(
    x: npt.NDArray[np.float64],
    side: int,
    low: int,
    high: int,
    shift: int,
    table: npt.NDArray[np.uint8],
    anew: npt.NDArray[np.int64],
) -> tuple[int, int]: ...
def add_f64_u16(
    x: npt.NDArray[np.float64],
    side: int,
    low: int,
    high: int,
    shift: int,
    table: npt.NDArray[np.uint16],
    anew: npt.NDArray[np.int64],
) -> tuple[int, int]: ...
def add_f64_u32(
    x: npt.NDArray[np.float64],
    side: int,
    low: int,
    high: int,
    shift: int,
    table: npt.NDArray[np.uint32],
    anew: npt.NDArray[np.int64],
) -> tuple[int, int]: ...
