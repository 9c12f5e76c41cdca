import numpy as np
import numpy.typing as npt

_Floats = npt.NDArray[np.float64]

def evaluate(
    function: int,
    is_s1: bool,
    x: _Floats,
    alpha: _Floats,
    beta: _Floats,
    loc: _Floats,
    scale: _Floats,
    out: _Floats,
) -> None: ...
def number(
    function: int, is_s1: bool, x: float, alpha: float, beta: float, loc: float, scale: float
) -> float: ...
def invert(
    function: int,
    is_s1: bool,
    q: _Floats,
    alpha: _Floats,
    beta: _Floats,
    loc: _Floats,
    scale: _Floats,
    out: _Floats,
) -> None: ...
def inverse_number(
    function: int, is_s1: bool, q: float, alpha: float, beta: float, loc: float, scale: float
) -> float: ...
