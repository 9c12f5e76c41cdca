import numpy as np
import numpy.typing as npt

_Values = npt.NDArray[np.float32]
_Counts = npt.NDArray[np.uint32]
_Floats = npt.NDArray[np.float64]

def groups(v: _Values, first: _Counts, begin: int, end: int, out: _Floats) -> None: ...
def prepare(
    v: _Values, first: _Counts, marks: _Floats, two_sided: bool, begin: int, work: _Floats
) -> None: ...
def part(
    v: _Values,
    first: _Counts,
    marks: _Floats,
    two_sided: bool,
    prepared: int,
    work: _Floats,
    step: int,
    begin: int,
    end: int,
    alpha_low: float,
    limit: float,
) -> tuple[int, float, float]: ...
