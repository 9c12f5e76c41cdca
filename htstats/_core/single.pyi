import numpy as np
import numpy.typing as npt

def gram_f32(
    w: npt.NDArray[np.float32], v: npt.NDArray[np.float32], out: npt.NDArray[np.float64]
) -> None: ...
def gram_bf16(
    w: npt.NDArray[np.uint16], v: npt.NDArray[np.float32], out: npt.NDArray[np.float64]
) -> None: ...
def gram_f16(
    w: npt.NDArray[np.uint16], v: npt.NDArray[np.float32], out: npt.NDArray[np.float64]
) -> None: ...
