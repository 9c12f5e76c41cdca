"""Filter banks: fixed integer taps, which are part of the formats.

The four tables below are Gabor filters, sine phase, at 0 and 45 degrees: exp(-(u^2 + .36 v^2) /
(2 s^2)) sin(2 pi u / w) with s = .45 w and wavelengths w of 4 and 8 pixels, minus
their mean, scaled to a sum of abs(taps) of 1024 and rounded. The filters at 90 and 135 degrees are
their transpose and their mirror image. The tables are the definition; the formula only shows
their origin.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from htstats._core.normal import fill

__all__ = ["Filters", "gabor_filters", "gaussian_filters"]

Filters = list[npt.NDArray[np.int16]]

SMALL_0 = """
 12   0 -42   0  42   0 -12
 16   0 -56   0  56   0 -16
 19   0 -66   0  66   0 -19
 20   0 -70   0  70   0 -20
 19   0 -66   0  66   0 -19
 16   0 -56   0  56   0 -16
 12   0 -42   0  42   0 -12
"""

SMALL_45 = """
 -2   6  17   5 -26 -29   0
  6  19   6 -36 -44   0  29
 17   6 -40 -56   0  44  26
  5 -36 -56   0  56  36  -5
-26 -44   0  56  40  -6 -17
-29   0  44  36  -6 -19  -6
  0  29  26  -5 -17  -6   2
"""

LARGE_0 = """
  4   0  -8 -14 -11   0  11  14   8   0  -4
  5   0  -9 -16 -13   0  13  16   9   0  -5
  5   0 -10 -17 -14   0  14  17  10   0  -5
  6   0 -11 -19 -15   0  15  19  11   0  -6
  6   0 -11 -19 -15   0  15  19  11   0  -6
  6   0 -12 -20 -16   0  16  20  12   0  -6
  6   0 -11 -19 -15   0  15  19  11   0  -6
  6   0 -11 -19 -15   0  15  19  11   0  -6
  5   0 -10 -17 -14   0  14  17  10   0  -5
  5   0  -9 -16 -13   0  13  16   9   0  -5
  4   0  -8 -14 -11   0  11  14   8   0  -4
"""

LARGE_45 = """
  2   4   6   5   2  -4 -10 -13 -11  -6   0
  4   6   6   2  -4 -11 -15 -14  -8   0   6
  6   6   2  -5 -12 -17 -16  -9   0   8  11
  5   2  -5 -12 -18 -17 -10   0   9  14  13
  2  -4 -12 -18 -18 -11   0  10  16  15  10
 -4 -11 -17 -17 -11   0  11  17  17  11   4
-10 -15 -16 -10   0  11  18  18  12   4  -2
-13 -14  -9   0  10  17  18  12   5  -2  -5
-11  -8   0   9  16  17  12   5  -2  -6  -6
 -6   0   8  14  15  11   4  -2  -6  -6  -4
  0   6  11  13  10   4  -2  -5  -6  -4  -2
"""


def _table(text: str) -> npt.NDArray[np.int16]:
    return np.array([line.split() for line in text.strip().splitlines()], np.int16)


def gabor_filters() -> Filters:
    """Eight filters: four orientations at each of two scales, 7 x 7 and 11 x 11 taps."""
    filters = []
    for straight, slanted in ((SMALL_0, SMALL_45), (LARGE_0, LARGE_45)):
        a, b = _table(straight), _table(slanted)
        filters += [a, b, np.ascontiguousarray(a.T), np.ascontiguousarray(b[:, ::-1])]
    return filters


# On Fashion-MNIST, 3 M proposals from a dense start certify .217 by sixteen filters with their
# means, .207 by sixteen without them, .203 by twelve, .200 by ten, .202 by eight. Filters of 7 x 7,
# windows of 6 x 6 at steps of 3 and other softenings are worse.
def gaussian_filters(n: int = 10, size: int = 5, scale: int = 32) -> Filters:
    """The paper's G as filters: rint(scale G[i, j]) of seed 0 less its mean, one layer per filter.

    The mean is rounded to the nearest whole number. Without it, a filter does not answer to the
    brightness alone. G is not stored: the counter-based generator of csrc/normal/htst_normal.h
    computes it.
    """
    filters = []
    for layer in range(n):
        g = np.empty((size, size))
        fill(0, layer, 0, 0, g)
        taps = np.rint(scale * g).astype(np.int64)
        filters.append((taps - (2 * taps.sum() + taps.size) // (2 * taps.size)).astype(np.int16))
    return filters
