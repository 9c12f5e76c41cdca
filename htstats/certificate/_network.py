"""Networks of formats 16 to 31: layers W(t) = mean + sqrt(t) G + q B in whole numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from htstats._core.network import Network, count_errors
from htstats._core.normal import fill
from htstats.certificate._classifier import Classifier

__all__ = ["MEANS", "NOISES", "UNIT", "IntegerNetwork", "Layer"]

# The value of q. Means and sqrt(t) are therefore in sixteenths of q.
UNIT = 16
MEANS = (0, 1, -1, 2, -2, 3, -3, 4, -4, 6, -6, 8, -8)
NOISES = (0, 1, 2, 3, 4, 6, 8, 11, 16, 23, 32)

# The value of one step of an offset: of a class, and of a hidden unit. The step of a hidden unit is
# multiplied by 2^shift, and is then a sixteenth of the unit's range.
LOGIT_STEP = 256
HIDDEN_STEP = 8

# Number of examples that one call sends through the network.
BLOCK = 4096


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


@dataclass(frozen=True, eq=False)
class IntegerNetwork(Classifier):
    """A feed-forward network in whole numbers, with the same outputs on every machine.

    Hidden activations are ``min(127, max(0, floor(sum / 2^shift)))``. The class of an example is
    the class with the strictly largest logit. If two logits are equally large and largest, the
    example has no class and counts as an error.

    Attributes
    ----------
    layers : tuple of Layer
    values : int
        The codebook of B consists of the whole numbers from -values to values.
    seed : int
        Seed of G; 0 if no layer has noise.
    """

    layers: tuple[Layer, ...]
    values: int = 1
    seed: int = 0

    @property
    def widths(self) -> tuple[int, ...]:
        """Numbers of inputs, of units of each hidden layer, and of classes."""
        return (self.layers[0].codes.shape[1], *(len(layer.codes) for layer in self.layers))

    @property
    def offsets(self) -> npt.NDArray[np.int16]:
        """The offsets of the classes."""
        return self.layers[-1].offsets

    @property
    def n_nonzeros(self) -> int:
        """Number of entries of B that are not zero, in all layers."""
        return sum(int(np.count_nonzero(layer.codes)) for layer in self.layers)

    def step(self, number: int) -> int:
        """The value of one step of an offset of a layer."""
        last = number == len(self.layers) - 1
        return LOGIT_STEP if last else HIDDEN_STEP << self.layers[number].shift

    def arrays(self) -> tuple[npt.NDArray[Any], ...]:
        """Widths, weights, constants and shifts in the form that the C code reads."""
        weights = [
            (layer.dense(self.seed, number) + UNIT * layer.codes.astype(np.int32)).ravel()
            for number, layer in enumerate(self.layers)
        ]
        constants = [
            self.step(number) * layer.offsets.astype(np.int32)
            for number, layer in enumerate(self.layers)
        ]
        return (
            np.array(self.widths, np.int64),
            np.concatenate(weights),
            np.concatenate(constants),
            np.array([layer.shift for layer in self.layers[:-1]], np.int32),
        )

    def check(self) -> None:
        """Raise ValueError if a sum could exceed 32 bits."""
        try:
            Network(*self.arrays())
        except OverflowError:
            raise ValueError(
                f"sums of the network {self.widths} could leave 32 bits: its weights are too large"
            ) from None

    def logits(self, features: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Logits of rows of int8 features: int64, shape (examples, classes)."""
        network = Network(*self.arrays())
        work = np.empty(network.work(), np.int32)
        out = np.empty((len(features), self.widths[-1]), np.int64)
        for at in range(0, len(features), BLOCK):
            part = np.ascontiguousarray(features[at : at + BLOCK], np.int8)
            logits = np.empty((self.widths[-1], len(part)), np.int32)
            network.logits(part, work, logits)
            out[at : at + BLOCK] = logits.T
        return out

    def count_errors(self, features: npt.NDArray[Any], labels: npt.NDArray[Any]) -> int:
        """Number of examples whose class differs from their label, or that have no class."""
        logits = np.ascontiguousarray(self.logits(features).T, np.int32)
        return int(count_errors(logits, np.ascontiguousarray(labels, np.int64)))

    def in_order(self) -> IntegerNetwork:
        """A network for the same function, with the units of hidden layers sorted by offset.

        Units of a layer can change places if neither their layer nor the next one has noise. Sorted
        offsets take fewer bits.
        """
        layers = list(self.layers)
        for number, (one, two) in enumerate(pairwise(layers)):
            if not self.is_sorted(number):
                continue
            order = np.argsort(one.offsets, kind="stable")
            layers[number] = Layer(
                np.ascontiguousarray(layers[number].codes[order]), one.offsets[order], one.mean,
                one.noise, one.shift,
            )  # fmt: skip
            layers[number + 1] = Layer(
                np.ascontiguousarray(two.codes[:, order]), two.offsets, two.mean, two.noise,
                two.shift,
            )  # fmt: skip
        return IntegerNetwork(tuple(layers), self.values, self.seed)

    def is_sorted(self, number: int) -> bool:
        """Whether the units of this layer are sorted by offset in a file."""
        return number + 1 < len(self.layers) and not (
            self.layers[number].noise or self.layers[number + 1].noise
        )
