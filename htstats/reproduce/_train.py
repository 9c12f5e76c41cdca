"""Train the networks on Fashion-MNIST with a seed; resume an interrupted training."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from htstats._common.files import atomic_write
from htstats.datasets import Split
from htstats.reproduce._networks import SIDE, Recipe, load_network, save_network
from htstats.torch.layers import evaluate

__all__ = ["train_recipe"]


def train_recipe(
    recipe: Recipe,
    data: Split,
    out: Path,
    *,
    seed: int = 0,
    device: str | None = None,
    report: Callable[[str], None] = lambda line: None,
) -> Path:
    """Train one network and write NAME.safetensors (weights) and NAME.json (recipe and results).

    Parameters
    ----------
    recipe : Recipe
    data : Split
        Images as rows of 784 pixels in [-1, 1].
    out : Path
        Output folder; created if it is missing. It contains NAME.checkpoint until the training is
        complete. An interrupted training resumes after its last complete epoch and reaches the same
        weights.
    seed : int
        Seed of the initial weights, of the order of the samples and of the augmentation.
    device : str, optional
        Default: CUDA if available, otherwise the CPU.
    report : callable
        Called with a line of text after each epoch.

    Returns
    -------
    Path
        The file with the weights. The accuracy in NAME.json is that of the weights in this file.

    Notes
    -----
    Each time an image is used, it is shifted by up to `recipe.shift` pixels and mirrored with
    probability 1/2. On a CPU, the forward pass of a convolutional network is computed in bfloat16
    (autocast). This halves the time on processors with bfloat16 matrix instructions.
    """
    out.mkdir(parents=True, exist_ok=True)
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    run = _Run(recipe, data, seed, device)
    checkpoint = out / f"{recipe.name}.checkpoint"
    if checkpoint.exists():
        run.resume(torch.load(checkpoint, weights_only=True), checkpoint)
    while run.epoch < recipe.epochs:
        loss = run.one_epoch()
        with atomic_write(checkpoint) as file:
            torch.save(run.state(), file)
        report(f"{recipe.name}: epoch {run.epoch} of {recipe.epochs}, training loss {loss:.4f}")
    weights = out / f"{recipe.name}.safetensors"
    save_network(run.model, weights)
    _record(recipe, data, weights, run)
    checkpoint.unlink()
    return weights


# Test samples evaluated at a time.
BATCH = 500


class _Run:
    """The state of a training between two epochs."""

    def __init__(self, recipe: Recipe, data: Split, seed: int, device: str) -> None:
        self.recipe, self.seed, self.device = recipe, seed, device
        # leave the random state of the caller unchanged
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.model = recipe.build().to(device)
        self.convolutional = any(isinstance(m, nn.Conv2d) for m in self.model.modules())
        if self.convolutional:
            self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.x = torch.from_numpy(data.x_train).reshape(-1, SIDE, SIDE)
        self.y = torch.from_numpy(data.y_train)
        self.optimizer = torch.optim.SGD(
            self.model.parameters(), lr=recipe.learning_rate, momentum=recipe.momentum,
            weight_decay=recipe.weight_decay,
        )  # fmt: skip
        self.random = torch.Generator().manual_seed(seed)
        self.epoch, self.seconds = 0, 0.0

    def one_epoch(self) -> float:
        """Train on every sample once; returns the mean loss."""
        begin = time.perf_counter()
        batches = torch.split(torch.randperm(len(self.y), generator=self.random), self.recipe.batch)
        total = 0.0
        self.model.train()
        for number, batch in enumerate(batches):
            rate = self._rate((self.epoch + number / len(batches)) / self.recipe.epochs)
            for group in self.optimizer.param_groups:
                group["lr"] = rate
            x = augment(self.x[batch], self.recipe.shift, self.random).flatten(1).to(self.device)
            y = self.y[batch].to(self.device)
            self.optimizer.zero_grad()
            half = self.convolutional and self.device == "cpu"
            with torch.autocast("cpu", torch.bfloat16, enabled=half):
                outputs = self.model(x)
            loss = nn.functional.cross_entropy(outputs.float(), y)
            loss.backward()  # type: ignore[no-untyped-call]
            self.optimizer.step()
            total += float(loss.detach()) * len(batch)
        self.epoch += 1
        self.seconds += time.perf_counter() - begin
        return total / len(self.y)

    def _rate(self, done: float) -> float:
        """The learning rate after this proportion of the training."""
        warm_up = self.recipe.warm_up
        if done < warm_up:
            return self.recipe.learning_rate * (done / warm_up)
        phase = math.pi * (done - warm_up) / (1 - warm_up)
        return self.recipe.learning_rate * 0.5 * (1 + math.cos(phase))

    def state(self) -> dict[str, Any]:
        return {
            "name": self.recipe.name, "epochs": self.recipe.epochs, "seed": self.seed,
            "epoch": self.epoch, "seconds": self.seconds, "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(), "random": self.random.get_state(),
        }  # fmt: skip

    def resume(self, state: dict[str, Any], path: Path) -> None:
        for key in ("name", "epochs", "seed"):
            if state.get(key) != self.state()[key]:
                raise ValueError(f"{path} is of another training ({key}): remove it to begin anew")
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.random.set_state(state["random"])
        self.epoch, self.seconds = state["epoch"], state["seconds"]


def augment(images: torch.Tensor, shift: int, random: torch.Generator) -> torch.Tensor:
    """Randomly shift images of shape (n, 28, 28) by up to `shift` pixels, and mirror them."""
    n = len(images)
    wide = nn.functional.pad(images, (shift,) * 4, value=-1.0)
    down, right = torch.randint(0, 2 * shift + 1, (2, n, 1), generator=random)
    mirrored = torch.rand(n, 1, generator=random) < 0.5
    pixels = torch.arange(SIDE)
    columns = right + torch.where(mirrored, pixels.flip(0), pixels)
    rows = down + pixels
    return wide[torch.arange(n)[:, None, None], rows[:, :, None], columns[:, None, :]]


def _record(recipe: Recipe, data: Split, weights: Path, run: _Run) -> None:
    parts = (torch.split(torch.from_numpy(part), BATCH) for part in (data.x_test, data.y_test))
    test = list(zip(*parts, strict=True))
    stored = evaluate(load_network(recipe, weights), test)
    before = evaluate(run.model, test)
    record = {
        "network": recipe.name,
        "data": data.name,
        "samples": len(data.y_train),
        "parameters": sum(p.numel() for p in run.model.parameters()),
        "epochs": recipe.epochs,
        "batch": recipe.batch,
        "optimizer": "SGD",
        "momentum": recipe.momentum,
        "learning_rate": recipe.learning_rate,
        "schedule": f"linear over {recipe.warm_up:.0%} of the steps, then a cosine to 0",
        "weight_decay": recipe.weight_decay,
        "augmentation": f"moved by up to {recipe.shift} pixels, mirrored with probability 1/2",
        "seed": run.seed,
        "device": run.device,
        "torch": torch.__version__,
        "seconds": round(run.seconds, 1),
        "test_accuracy_of_stored_weights": stored.accuracy,
        "test_accuracy_before_rounding": before.accuracy,
        "stored": "matrices as float16, the head and vectors as float32",
    }
    with atomic_write(weights.with_suffix(".json")) as file:
        file.write((json.dumps(record, indent=1) + "\n").encode())
