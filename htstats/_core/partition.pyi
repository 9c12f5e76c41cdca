import numpy as np
import numpy.typing as npt

SEGMENT: int

def count_f32(
    w: npt.NDArray[np.float32],
    low: float,
    high: float,
    counts: npt.NDArray[np.int64],
    hits: npt.NDArray[np.uint8],
) -> int: ...
def count_f64(
    w: npt.NDArray[np.float64],
    low: float,
    high: float,
    counts: npt.NDArray[np.int64],
    hits: npt.NDArray[np.uint8],
) -> int: ...
def count_u16(
    w: npt.NDArray[np.uint16],
    low: int,
    high: int,
    infinity: int,
    counts: npt.NDArray[np.int64],
    hits: npt.NDArray[np.uint8],
) -> int: ...
def fill_f32_i32(
    w: npt.NDArray[np.float32],
    low: float,
    high: float,
    hits: npt.NDArray[np.uint8],
    indptr: npt.NDArray[np.int64],
    indices: npt.NDArray[np.int32],
    values: npt.NDArray[np.float32],
) -> None: ...
def fill_f32_i64(
    w: npt.NDArray[np.float32],
    low: float,
    high: float,
    hits: npt.NDArray[np.uint8],
    indptr: npt.NDArray[np.int64],
    indices: npt.NDArray[np.int64],
    values: npt.NDArray[np.float32],
) -> None: ...
def fill_f64_i32(
    w: npt.NDArray[np.float64],
    low: float,
    high: float,
    hits: npt.NDArray[np.uint8],
    indptr: npt.NDArray[np.int64],
    indices: npt.NDArray[np.int32],
    values: npt.NDArray[np.float64],
) -> None: ...
def fill_f64_i64(
    w: npt.NDArray[np.float64],
    low: float,
    high: float,
    hits: npt.NDArray[np.uint8],
    indptr: npt.NDArray[np.int64],
    indices: npt.NDArray[np.int64],
    values: npt.NDArray[np.float64],
) -> None: ...
def fill_f16_i32(
    w: npt.NDArray[np.uint16],
    low: int,
    high: int,
    hits: npt.NDArray[np.uint8],
    indptr: npt.NDArray[np.int64],
    indices: npt.NDArray[np.int32],
    values: npt.NDArray[np.float32],
) -> None: ...
def fill_f16_i64(
    w: npt.NDArray[np.uint16],
    low: int,
    high: int,
    hits: npt.NDArray[np.uint8],
    indptr: npt.NDArray[np.int64],
    indices: npt.NDArray[np.int64],
    values: npt.NDArray[np.float32],
) -> None: ...
def fill_bf16_i32(
    w: npt.NDArray[np.uint16],
    low: int,
    high: int,
    hits: npt.NDArray[np.uint8],
    indptr: npt.NDArray[np.int64],
    indices: npt.NDArray[np.int32],
    values: npt.NDArray[np.float32],
) -> None: ...
def fill_bf16_i64(
    w: npt.NDArray[np.uint16],
    low: int,
    high: int,
    hits: npt.NDArray[np.uint8],
    indptr: npt.NDArray[np.int64],
    indices: npt.NDArray[np.int64],
    values: npt.NDArray[np.float32],
) -> None: ...
