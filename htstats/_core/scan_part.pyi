import numpy as np
import numpy.typing as npt

_Floats = npt.NDArray[np.float64]
_Counts = npt.NDArray[np.int64]

FEW: int
SOME: int
LEAST: int
LOWEST: int

def prepare(
    v: _Floats, first: _Counts, marks: _Floats, two_sided: bool, begin: int, work: _Floats
) -> None: ...
def part(
    v: _Floats,
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
