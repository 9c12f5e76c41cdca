"""The dense matrices of Fig. 3."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy.typing as npt
from torch import nn

from htstats.reproduce import _pytorchcv
from htstats.reproduce._frame import Report, Request
from htstats.reproduce._networks import RECIPES
from htstats.reproduce._places import Places
from htstats.reproduce._small import find_trained, train_small
from htstats.torch.layers import weight_matrices
from htstats.weights import open_weights

__all__ = ["SourceMatrix", "find_matrices"]

# With fewer elements than this, the fitted exponent is meaningless.
FEWEST = 256


@dataclass(frozen=True, eq=False)
class SourceMatrix:
    """A dense weight matrix and where it comes from.

    `group` is "checkpoint", "trained here" or "pytorchcv"; `values` has shape (rows, columns).
    """

    group: str
    source: str
    name: str
    values: npt.NDArray[Any] = field(repr=False)


def find_matrices(request: Request) -> Iterator[SourceMatrix]:
    """Yield every dense matrix with 256 elements or more; report missing networks."""
    places, report = request.places, request.report
    found = find_trained(request)
    for name, path in found.items():
        yield from _file_matrices("trained here", name, path)
    if not found:
        for name, model, _ in train_small(request):
            yield from _model_matrices("trained here", name, model)
    checkpoints = [path for path in places.checkpoints() if not _is_known(path.name)]
    if not checkpoints:
        report("no checkpoints of others: `make paper` in a checkout fetches some, or --data DIR")
    for path in checkpoints:
        yield from _file_matrices("checkpoint", path.stem, path)
    yield from _paper_matrices(places, report)


def _is_known(name: str) -> bool:
    """Whether another function already adds this file to the figure."""
    trained = name.removesuffix(".safetensors") in RECIPES
    return trained or any(name.startswith(f"{known}-") for known in _pytorchcv.APPENDIX_D)


def _file_matrices(group: str, source: str, path: Any) -> Iterator[SourceMatrix]:
    for name, matrix in open_weights(path).items():
        rows, cols = matrix.shape
        # skip convolutions, which are not dense matrices, and the state of optimizers
        if len(matrix.source_shape) == 2 and rows * cols >= FEWEST and "optimizer" not in name:
            yield SourceMatrix(group, source, name, matrix.toarray())


def _model_matrices(group: str, source: str, model: nn.Module) -> Iterator[SourceMatrix]:
    for name, weight in weight_matrices(model).items():
        if weight.numel() >= FEWEST:
            yield SourceMatrix(group, source, name, weight.numpy())


def _paper_matrices(places: Places, report: Report) -> Iterator[SourceMatrix]:
    missing = []
    for name in _pytorchcv.APPENDIX_D:
        try:
            path = _pytorchcv.find_weights(name, places.folders)
        except FileNotFoundError as error:
            missing.append(str(error))
            continue
        yield SourceMatrix("pytorchcv", name, "output.weight", _pytorchcv.head_of(path)[0])
    if missing:
        total = len(_pytorchcv.APPENDIX_D)
        report(f"{len(missing)} of the {total} networks of Appendix D are left out, such as:")
        report(f"  {missing[0]}")
