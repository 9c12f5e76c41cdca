"""The linear layers of a model that another layer can replace, and their positions in the model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import nn

__all__ = ["Site", "find_sites", "replace_site"]

# Hooks that move to the new layer. Their dictionaries are reused, so handles can still remove them.
HOOKS = (
    "_backward_pre_hooks", "_backward_hooks", "_is_full_backward_hook", "_forward_hooks",
    "_forward_hooks_with_kwargs", "_forward_hooks_always_called", "_forward_pre_hooks",
    "_forward_pre_hooks_with_kwargs",
)  # fmt: skip

# Hooks that expect the parameters of a linear layer.
STATE_HOOKS = (
    "_state_dict_hooks", "_state_dict_pre_hooks", "_load_state_dict_pre_hooks",
    "_load_state_dict_post_hooks",
)  # fmt: skip


class Holder(NamedTuple):
    """A module that holds a tensor, the name of the tensor, and its memory addresses."""

    owner: nn.Module
    name: str
    device: torch.device
    begin: int
    end: int


@dataclass(frozen=True)
class Site:
    """One weight, and the layers that hold it.

    `layers` has the paths of each layer in the model: a shared weight has several layers, and a
    shared layer has several paths. `obstacle` says why the layers cannot be replaced; it is empty
    if they can.
    """

    weight: torch.Tensor
    layers: dict[nn.Linear, list[str]]
    obstacle: str

    @property
    def names(self) -> list[str]:
        """The names of the weight in the state dict, in the order of the model."""
        return [f"{path}.weight" for paths in self.layers.values() for path in paths]


def find_sites(model: nn.Module) -> list[Site]:
    """Find all weights of linear layers, in the order of `model.named_modules()`.

    Raises
    ------
    ValueError
        If a weight has no values yet (a lazy layer, or one on the meta device).
    """
    groups: dict[Any, dict[nn.Linear, list[str]]] = {}
    for path, module in model.named_modules(remove_duplicate=False):
        if isinstance(module, nn.Linear):
            weight = module.weight
            if isinstance(weight, nn.parameter.UninitializedParameter) or weight.is_meta:
                raise ValueError(f"model must have values, got none in {path}.weight")
            groups.setdefault(_place(module), {}).setdefault(module, []).append(path)
    holders = list(_holders(model))
    sites = []
    for layers in groups.values():
        weight = next(iter(layers)).weight
        reasons = [why for module in layers if (why := _why_not(module))]
        reasons += _other_holders(weight, layers, holders)
        sites.append(Site(weight, layers, next(iter(reasons), "")))
    return sites


def replace_site(model: nn.Module, paths: Iterable[str], old: nn.Module, new: nn.Module) -> None:
    """Replace a layer everywhere in the model; the new layer takes over its mode and hooks."""
    for name in HOOKS:
        setattr(new, name, getattr(old, name))
    new.train(old.training)
    for path in paths:
        parent, _, leaf = path.rpartition(".")
        setattr(model.get_submodule(parent), leaf, new)


def _place(module: nn.Linear) -> Any:
    """A key that is equal for all layers with the same weight."""
    weight = module.weight
    if "weight" not in module._parameters or not weight.numel():
        return id(module) if "weight" not in module._parameters else id(weight)
    return weight.device, weight.data_ptr(), weight.dtype, weight.shape, weight.stride()


def _why_not(module: nn.Linear) -> str:
    """The reason why a linear layer cannot be replaced; empty if it is only a weight and a bias."""
    weight = module._parameters.get("weight")
    if weight is None:
        return "its weight is computed (by a parametrization, a norm or a mask)"
    if type(module).forward is not nn.Linear.forward or "forward" in vars(module):
        return "its forward is not that of torch.nn.Linear"
    if set(module._parameters) != {"weight", "bias"} or module._buffers or module._modules:
        return "it has more parameters, buffers or modules than torch.nn.Linear"
    if weight._backward_hooks or any(getattr(module, name, None) for name in STATE_HOOKS):
        return "hooks are registered on its weight or its state dict"
    return ""


def _holders(model: nn.Module) -> Iterator[Holder]:
    """A `Holder` for each parameter and buffer of the model."""
    for path, module in model.named_modules():
        for name, tensor in (*module._parameters.items(), *module._buffers.items()):
            if tensor is None or tensor.is_meta or tensor.layout != torch.strided:
                continue
            if not isinstance(tensor, nn.UninitializedParameter | nn.UninitializedBuffer):
                yield Holder(module, f"{path}.{name}".lstrip("."), tensor.device, *_reach(tensor))


def _other_holders(
    weight: torch.Tensor, layers: dict[nn.Linear, list[str]], holders: list[Holder]
) -> list[str]:
    """The reasons against replacement: other tensors that share memory with the weight."""
    first, last = _reach(weight)
    return [
        f"{holder.name} shares its memory"
        for holder in holders
        if holder.begin < last
        and first < holder.end
        and holder.device == weight.device
        # the weights of these layers themselves do not count; their biases and buffers do
        and not (holder.owner in layers and holder.name.endswith("weight"))
    ]


def _reach(tensor: torch.Tensor) -> tuple[int, int]:
    """The address of the first byte of a tensor, and the address just after its last byte."""
    if not tensor.numel():
        return 0, 0
    pairs = zip(tensor.shape, tensor.stride(), strict=True)
    span = 1 + sum((n - 1) * stride for n, stride in pairs)
    return tensor.data_ptr(), tensor.data_ptr() + span * tensor.element_size()
