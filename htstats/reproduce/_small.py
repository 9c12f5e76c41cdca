"""Find the networks that `make paper-train` trained, or train small networks instead."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from torch import nn

from htstats.datasets import Split, digits
from htstats.reproduce._frame import Request
from htstats.reproduce._networks import RECIPES
from htstats.torch.training import one_thread, train

__all__ = ["find_trained", "train_small"]


def find_trained(request: Request) -> dict[str, Path]:
    """The files of the trained networks, by name; report the missing ones."""
    found = {}
    for name in RECIPES:
        path = request.places.file(f"{name}.safetensors")
        if path is None:
            request.report(f"{name}: not trained; `make paper-train` in a checkout does it")
        else:
            found[name] = path
    return found


def train_small(request: Request) -> Iterator[tuple[str, nn.Sequential, Split]]:
    """Train small networks on scikit-learn's digits; yield their names, models and data."""
    request.report("without them: small networks are trained on scikit-learn's digits instead")
    data, effort = digits(seed=request.seed), request.effort
    for hidden, decay in effort.small:
        with one_thread():
            model = train(data, hidden, seed=request.seed, epochs=effort.epochs, weight_decay=decay)
        yield "mlp-" + "-".join(map(str, hidden)), model, data
