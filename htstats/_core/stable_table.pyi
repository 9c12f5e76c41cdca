import numpy as np
import numpy.typing as npt

_Floats = npt.NDArray[np.float64]

def doubles() -> int: ...
def build(alpha: float, beta: float, table: _Floats) -> None: ...
def table_range(table: _Floats) -> tuple[float, float, float, bool]: ...
def evaluate(
    table: _Floats,
    function: int,
    is_s1: bool,
    loc: float,
    scale: float,
    x: _Floats,
    out: _Floats,
) -> None: ...
