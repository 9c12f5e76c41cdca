"""One matrix W(t) = mean + sqrt(t) G + q B in whole numbers, with its offsets."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from htstats._core.normal import fill

__all__ = ["HIDDEN_STEP", "MEANS", "NOISES", "TOP", "UNIT", "Layer"]

# The value of q. Means and sqrt(t) are therefore in sixteenths of q.
UNIT = 16
MEANS = (0, 1, -1, 2, -2, 3, -3, 4, -4, 6, -6, 8, -8)
NOISES = (0, 1, 2, 3, 4, 6, 8, 11, 16, 23, 32)

# The value of one step of the offset of a hidden unit. It is multiplied by 2^shift, and is then a
# sixteenth of the unit's range, which is 0 .. TOP.
HIDDEN_STEP = 8
TOP = 127


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer, whose weights are the whole numbers ``mean + rint(noise G) + 16 codes``.

    Attributes
    ----------
    codes : ndarray of int8, shape (units, inputs)
        B. Nearly all entries are zero; the others are values of the codebook, -values .. values.
    offsets : ndarray of int16, shape (units,)
        The offsets, in steps. A step is 256 in the last layer, and 8 x 2^shift in a hidden layer.
    mean, noise : int
        The mean and sqrt(t), in sixteenths of q. They are in `MEANS` and `NOISES`.
    shift : int
        The activation of a hidden unit is its sum / 2^shift, rounded down and clipped to 0 .. 127.
        In the last layer, the shift is 0.
    """

    codes: npt.NDArray[np.int8] = field(repr=False)
    offsets: npt.NDArray[np.int16] = field(repr=False)
    mean: int = 0
    noise: int = 0
    shift: int = 0

    def dense(self, seed: int, number: int) -> npt.NDArray[np.int32]:
        """The part without B: mean + rint(noise G[seed, number]), in the shape of the codes.

        It costs no bits.
        """
        weights = np.full(self.codes.shape, self.mean, np.int32)
        if self.noise:
            g = np.empty(self.codes.shape)
            fill(seed, number, 0, 0, g)
            weights += np.rint(self.noise * g).astype(np.int32)
        return weights
