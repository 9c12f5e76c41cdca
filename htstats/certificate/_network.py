"""Networks of formats 16 to 31: layers W(t) = mean + sqrt(t) G + q B in whole numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from htstats._core.network import Network, count_errors
from htstats.certificate._classifier import Classifier
from htstats.certificate._convolution import Convolution, check_sums, convolve, grid_after
from htstats.certificate._layer import HIDDEN_STEP, UNIT, Layer

__all__ = ["LOGIT_STEP", "IntegerNetwork"]

# The value of one step of the offset of a class.
LOGIT_STEP = 256

# Number of examples that one call sends through the network.
BLOCK = 4096


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
    convolutions : tuple of Convolution
        They compute the inputs of the first layer from images.
    image : (int, int)
        Height and width of the images, if there are convolutions.
    """

    layers: tuple[Layer, ...]
    values: int = 1
    seed: int = 0
    convolutions: tuple[Convolution, ...] = ()
    image: tuple[int, int] = (0, 0)

    @property
    def widths(self) -> tuple[int, ...]:
        """Numbers of inputs, of units of each hidden layer, and of classes."""
        return (self.layers[0].codes.shape[1], *(len(layer.codes) for layer in self.layers))

    @property
    def n_inputs(self) -> int:
        """Number of inputs of the network: pixels, if there are convolutions."""
        return self.image[0] * self.image[1] if self.convolutions else self.widths[0]

    @property
    def matrices(self) -> list[Layer]:
        """The filters of all convolutions as matrices, followed by the layers."""
        return [*(c.matrix for c in self.convolutions), *self.layers]

    @property
    def offsets(self) -> npt.NDArray[np.int16]:
        """The offsets of the classes."""
        return self.layers[-1].offsets

    @property
    def n_nonzeros(self) -> int:
        """Number of entries of B that are not zero, in all filters and layers."""
        return sum(int(np.count_nonzero(matrix.codes)) for matrix in self.matrices)

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
        """Raise ValueError if a sum could exceed 32 bits, or if convolutions do not fit."""
        if self.convolutions:
            grid = grid_after(self.convolutions, self.image)
            if math.prod(grid) != self.widths[0]:
                raise ValueError(f"{grid} activations do not fit the {self.widths[0]} inputs")
        try:
            Network(*self.arrays())
        except OverflowError:
            raise ValueError(
                f"sums of the network {self.widths} could leave 32 bits: its weights are too large"
            ) from None
        check_sums(self.convolutions, self.seed, len(self.layers))

    def convolve(self, images: npt.NDArray[Any]) -> npt.NDArray[np.int8]:
        """The inputs of the first layer, from rows of pixels (the features *raw*)."""
        if not self.convolutions:
            return images
        return convolve(self.convolutions, self.image, images, self.seed, len(self.layers))

    def logits(self, features: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Logits of rows of int8 features: int64, shape (examples, classes)."""
        network = Network(*self.arrays())
        work = np.empty(network.work(), np.int32)
        out = np.empty((len(features), self.widths[-1]), np.int64)
        for at in range(0, len(features), BLOCK):
            part = self.convolve(np.ascontiguousarray(features[at : at + BLOCK], np.int8))
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
        found, n = self.matrices, len(self.convolutions)
        for number in range(len(found) - 1):
            if not self.is_sorted(number - n):
                continue
            order = np.argsort(found[number].offsets, kind="stable")
            one, two = found[number], found[number + 1]
            # the columns of the next matrix that belong to one unit: of all places, or just one
            columns = two.codes.reshape(len(two.codes), len(order), -1)[:, order]
            found[number] = replace(
                one, codes=np.ascontiguousarray(one.codes[order]), offsets=one.offsets[order]
            )
            columns = np.ascontiguousarray(columns.reshape(two.codes.shape))
            found[number + 1] = replace(two, codes=columns)
        filters = tuple(c.fill(one) for c, one in zip(self.convolutions, found[:n], strict=True))
        return replace(self, layers=tuple(found[n:]), convolutions=filters)

    def is_sorted(self, number: int) -> bool:
        """Whether the units of this layer are sorted by offset in a file.

        Negative numbers are those of the convolutions: -1 is the last one.
        """
        matrices, at = self.matrices, number + len(self.convolutions)
        return at + 1 < len(matrices) and not (matrices[at].noise or matrices[at + 1].noise)
