"""The paper's own networks, from pytorchcv, if the user has their weights and test data.

Nothing is downloaded. The weights of a network are the file NAME-*.pth that pytorchcv itself puts
into ~/.torch/models. The test sets are the binary version of CIFAR-10 and SVHN's test_32x32.mat;
they are read without unpickling.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

__all__ = ["APPENDIX_D", "TABLE_1", "find_weights", "head_of", "run_network"]

# The 40 distinct names of Appendix D, whose text says 43 networks and whose list has 44. One of
# them, resnet100_cifar100, has never existed in pytorchcv.
APPENDIX_D = tuple(
    """
    resnet20_cifar10 resnet56_cifar10 resnet110_cifar10 resnet164bn_cifar10 resnet272bn_cifar10
    resnet20_cifar100 resnet56_cifar100 resnet100_cifar100 resnet20_svhn resnet56_svhn
    resnet110_svhn densenet40_k12_cifar10 densenet40_k12_cifar100 densenet40_k12_bc_svhn
    xdensenet40_2_k24_bc_cifar10 xdensenet40_2_k24_bc_svhn pyramidnet110_a48_svhn
    pyramidnet110_a48_cifar10 pyramidnet110_a84_cifar10 preresnet20_svhn preresnet56_svhn
    preresnet110_svhn preresnet20_cifar10 preresnet56_cifar10 preresnet110_cifar10
    seresnet20_cifar10 seresnet56_cifar10 seresnet110_cifar10 seresnet20_svhn seresnet56_svhn
    seresnet110_svhn sepreresnet20_cifar10 sepreresnet56_cifar10 sepreresnet110_cifar10
    sepreresnet20_svhn wrn16_10_cifar10 wrn28_10_cifar10 wrn28_10_svhn wrn40_8_cifar10
    wrn40_8_svhn
    """.split()
)


class Printed(NamedTuple):
    """A row of the paper's Table 1, with accuracies in percent."""

    alpha: float
    original: float
    compressed: float
    std: float


TABLE_1 = {
    "densenet40_k12_cifar10": Printed(2.84, 94.46, 94.26, 0.09),
    "resnet20_cifar10": Printed(3.22, 93.90, 89.19, 3.03),
    "resnet56_cifar10": Printed(3.02, 95.32, 94.74, 0.30),
    "resnet110_cifar10": Printed(2.98, 96.26, 95.63, 0.63),
    "resnet164bn_cifar10": Printed(4.65, 96.24, 95.78, 0.15),
    "resnet272bn_cifar10": Printed(2.89, 96.63, 96.51, 0.06),
    "densenet40_k12_svhn": Printed(1.39, 96.99, 96.99, 0.02),
    "xdensenet40_2_k24_bc_svhn": Printed(2.99, 97.08, 96.97, 0.05),
    "resnet20_svhn": Printed(3.34, 96.60, 94.60, 0.71),
    "resnet56_svhn": Printed(2.63, 97.19, 96.58, 0.39),
    "resnet110_svhn": Printed(2.33, 97.48, 97.16, 0.14),
    "pyramidnet110_a48_svhn": Printed(3.64, 97.56, 97.28, 0.11),
}

# Normalization of the pixels in pytorchcv's training, for both CIFAR-10 and SVHN.
MEAN = (0.4914, 0.4822, 0.4465)
STD = (0.2023, 0.1994, 0.2010)

CIFAR_TEST = 10_000
SVHN_TEST = 26_032


def find_weights(name: str, folders: Iterable[Path]) -> Path:
    """Find the file with the weights of a network in these folders or in ~/.torch/models.

    Raises
    ------
    FileNotFoundError
        If there is no such file; the message says which file to put where.
    """
    home = Path.home() / ".torch" / "models"
    for folder in (*folders, home):
        found = sorted(folder.glob(f"{name}-*.pth"))
        if found:
            return found[0]
    raise FileNotFoundError(
        f"{name}: put pytorchcv's {name}-*.pth into {home} (where pytorchcv itself downloads it)"
    )


def head_of(path: Path) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """The weight and the bias of the last dense layer: `output`, or `output.fc` in some families.

    Raises
    ------
    ValueError
        If the file is not a checkpoint, or has neither layer.
    """
    state = _state(path)
    for layer in ("output", "output.fc"):
        weight, bias = state.get(f"{layer}.weight"), state.get(f"{layer}.bias")
        if weight is not None and bias is not None and weight.ndim == 2:
            return weight.float().numpy(), bias.float().numpy()
    raise ValueError(f"{path} has no dense layer called output or output.fc")


def run_network(
    name: str, path: Path, folders: Iterable[Path]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """The inputs of the last layer and the labels, for the test set of the network's data set.

    Raises
    ------
    FileNotFoundError, ImportError
        If the test set or pytorchcv is missing; the message says what to put where.
    ValueError
        If a file is damaged, or does not fit the network.
    """
    images, labels = _test_set("svhn" if name.endswith("_svhn") else "cifar10", folders)
    try:
        from pytorchcv.model_provider import get_model
    except ImportError as error:
        raise ImportError(
            f"{name}: needs pytorchcv and torchvision to be run, and {error.name} is missing"
        ) from None
    model = get_model(name, pretrained=False).eval()
    try:
        model.load_state_dict(_state(path))
    except RuntimeError as error:
        raise ValueError(f"{path} does not fit {name}: {str(error).splitlines()[0]}") from None
    layer = model.output if isinstance(model.output, torch.nn.Linear) else model.output.fc
    caught: list[torch.Tensor] = []
    hook = layer.register_forward_pre_hook(lambda _, inputs: caught.append(inputs[0].detach()))
    device = "cuda" if torch.cuda.is_available() else "cpu"
    mean, std = (torch.tensor(values).reshape(3, 1, 1) for values in (MEAN, STD))
    model.to(device)
    with torch.inference_mode():
        for part in torch.split(torch.from_numpy(images), 250):
            model(((part.float() / 255 - mean) / std).to(device))
    hook.remove()
    return torch.cat(caught).flatten(1).float().cpu().numpy(), labels


def _state(path: Path) -> dict[str, Any]:
    try:
        state = torch.load(path, weights_only=True, map_location="cpu")
    except Exception as error:  # torch raises errors of many kinds for a file that it cannot read
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(f"{path} is no checkpoint: {reason}") from None
    if not isinstance(state, dict):
        raise ValueError(f"{path} must hold a state dict, got {type(state).__name__}")
    return state


def _test_set(
    kind: str, folders: Iterable[Path]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Images (n, 3, 32, 32) and labels."""
    name, hint = {
        "cifar10": ("test_batch.bin", "of CIFAR-10's binary version, cifar-10-binary.tar.gz"),
        "svhn": ("test_32x32.mat", "of SVHN, format 2"),
    }[kind]
    places = [f / sub for f in folders for sub in (".", "cifar-10-batches-bin", "svhn")]
    path = next((place / name for place in places if (place / name).is_file()), None)
    if path is None:
        raise FileNotFoundError(f"the test data are missing: put {name} ({hint}) into --data DIR")
    return _cifar10(path) if kind == "cifar10" else _svhn(path)


def _cifar10(path: Path) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    record = 1 + 3 * 32 * 32
    with path.open("rb") as file:
        content = file.read(CIFAR_TEST * record + 1)
    if not content or len(content) % record or len(content) > CIFAR_TEST * record:
        raise ValueError(f"{path} must have at most {CIFAR_TEST} records of {record} bytes")
    records = np.frombuffer(content, np.uint8).reshape(-1, record)
    return records[:, 1:].reshape(-1, 3, 32, 32).copy(), records[:, 0].astype(np.int64)


def _svhn(path: Path) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    from scipy.io import loadmat

    try:
        content = loadmat(path, variable_names=["X", "y"])
        x, y = content["X"], content["y"].ravel().astype(np.int64)
    except (KeyError, ValueError, NotImplementedError, TypeError) as error:
        raise ValueError(f"{path} is not SVHN's test set: {error}") from None
    if x.dtype != np.uint8 or x.ndim != 4 or x.shape[:3] != (32, 32, 3) or x.shape[3] != len(y):
        raise ValueError(f"{path} must hold X of shape (32, 32, 3, n) and y of n labels")
    # SVHN labels the digit 0 as 10
    return np.ascontiguousarray(x.transpose(3, 2, 0, 1)), y % 10
