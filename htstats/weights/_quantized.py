"""Find the tensors of a checkpoint that are not weights, and the scales of 8-bit weights.

Quantised checkpoints contain scales, zero points and packed integers in addition to weights.
Training checkpoints contain the state of an optimizer. Both are recognized by their names. If the
name is ambiguous, the neighbouring tensors decide.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from htstats._common.arrays import HALF_DTYPES, widen_half
from htstats._common.float8 import FLOAT8_DTYPES, SCALE_DTYPE, exponent_scales, float16_bits
from htstats.weights._raw import ITEMSIZES, RawTensor, UnreadTensor

__all__ = ["OPTIMIZER", "QUANTIZED", "Roles", "Scale", "find_roles"]

QUANTIZED = "part of a quantised layer (scale, zero point or packed integers), no weights"
OPTIMIZER = "state of an optimizer, no weights"

# Last parts of tensor names that occur only in quantised layers.
CERTAIN = re.compile(
    r"(\w*_)?(weight|input|output|act|activation|k|v|q|kv|qkv|global)"
    r"_(global_|block_)?scales?(_inv|_\d)?"
    r"|\w*scale_inv|scales|q_?scales?(_max)?|scales_and_zeros|pre_quant_scale"
    r"|scale_(weight|input)|scaled_fp8|smooth(ing)?_(scale|factor)"
    r"|qzeros|qweight|(weight_)?g_idx|weight_(packed|shape)|q_(perm|invperm|groups|group_map)"
    r"|(nested_)?(absmax|quant_map)|SCB|CB|quant_state|bitsandbytes__\w+"
    r"|(\w+_)?zero_points?|(\w*_)?amax|_(scale|shift|zero_point)"
)

# Last parts of names that mean the same, but only next to integers or 8-bit floats.
BESIDE = re.compile(
    r"scale|zeros?|scales?_\w+|\w+_(scales?|zeros?|blocks)|codebooks|codes|centroids|tables"
    r"|[sz]|S[UV]|su[hv]|sv[h]|trellis|workspace|channel_scale|weight_bias"
)

# Dtypes of quantised weights. int64 is left out, because other layers use it for indices.
INTEGERS = ("uint8", "int8", "int16", "int32", "uint16", "uint32")

OPTIMIZER_PART = re.compile(
    r"(?i:(\w*_)?optim(i[sz]er)?s?(_?states?)?(_?dicts?)?)(_\w{1,2}|[A-Z0-9])?"
)

# Names of the tensors that optimizers keep for each weight.
SLOTS = {
    "exp_avg", "exp_avg_sq", "max_exp_avg_sq", "exp_avg_sq_row", "exp_avg_sq_col", "exp_avg_diff",
    "exp_avg_var", "exp_avg_slow", "exp_inf", "momentum_buffer", "momentum_buffers", "square_avg",
    "grad_avg", "acc_delta", "acc_grad", "previous_grad", "fp32_from_fp16",
}  # fmt: skip

# Side lengths of the blocks in known formats: DeepSeek's 128, MX 32, NVFP4 16, then others.
SIDES = (128, 32, 16, 64, 256, 512, 1024)

# Bytes of scales that are expanded to single elements at a time;
# `bench/studies/constants.py piece-bytes` times several sizes.
PIECE_BYTES = 1 << 20


class Scale(NamedTuple):
    """The scales of 8-bit weights, one for each block of weights.

    `shape` has as many axes as the weights. `steps` has the length of a block along each axis.
    """

    raw: RawTensor
    shape: tuple[int, ...]
    steps: tuple[int, ...]

    def multiply(self, start: int, out: npt.NDArray[np.float32]) -> None:
        """Multiply `out` in place; it contains the rows of the weights from row `start`."""
        row_bytes = math.prod(out.shape[1:]) * 4
        rows = max(PIECE_BYTES // max(row_bytes, 1), 1)
        for first in range(0, len(out), rows):
            part = out[first : first + rows]
            with np.errstate(over="ignore", invalid="ignore"):  # fits reject inf and NaN
                part *= self._spread(start + first, part.shape)

    def _spread(self, start: int, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
        """The scale of each element of some rows, as an array that broadcasts to their shape."""
        stop = start + shape[0]
        first, last = start // self.steps[0], (stop - 1) // self.steps[0] + 1
        scales = self._rows(first, last)
        spread = scales[np.arange(start, stop) // self.steps[0] - first]
        for axis in range(1, len(shape)):
            if self.shape[axis] not in (1, shape[axis]):
                spread = np.repeat(spread, self.steps[axis], axis)
                spread = spread[(slice(None),) * axis + (slice(shape[axis]),)]
        return spread

    def _rows(self, first: int, last: int) -> npt.NDArray[np.float32]:
        shape = (last - first, *self.shape[1:])
        row_bytes = math.prod(self.shape[1:]) * ITEMSIZES[self.raw.dtype]
        stored = bytearray(row_bytes * (last - first))
        self.raw._source.read(first * row_bytes, memoryview(stored))
        return _as_float32(stored, self.raw.dtype).reshape(shape)


class Roles(NamedTuple):
    """The roles of tensors that are not plain weights, by name."""

    aside: dict[str, str]  # why the tensor is not a weight
    scales: dict[str, Scale]  # the scale of each 8-bit weight tensor
    wrong: dict[str, str]  # why 8-bit weights cannot be multiplied by their scale


def find_roles(
    tensors: Mapping[str, RawTensor], unread: Mapping[str, UnreadTensor], others: Iterable[str]
) -> Roles:
    """Separate scales and optimizer state from weights, and assign each 8-bit weight its scale.

    Parameters
    ----------
    tensors : mapping of name to RawTensor
    unread : mapping of name to UnreadTensor
    others : iterable of str
        Names of the other entries of the checkpoint, which are not tensors.
    """
    roles = Roles({}, {}, {})
    prefixes = _optimizers([*tensors, *unread, *others])
    carriers = {_module(n) for n, raw in tensors.items() if _is_carrier(raw)}
    carriers |= {_module(n) for n, other in unread.items() if len(other.shape) > 1}
    both: dict[str, RawTensor | UnreadTensor] = {**tensors, **unread}
    for name, any_one in both.items():
        parts = re.split(r"[./]", name)
        if _is_optimizer_state(name, parts, prefixes):
            roles.aside[name] = OPTIMIZER
        elif CERTAIN.fullmatch(parts[-1]) or "quant_state" in parts or any_one.dtype == SCALE_DTYPE:
            roles.aside[name] = QUANTIZED
        elif BESIDE.fullmatch(parts[-1]) and _module(name) in carriers:
            roles.aside[name] = QUANTIZED
    for name, raw in tensors.items():
        if raw.dtype in FLOAT8_DTYPES and len(raw.shape) > 1 and name not in roles.aside:
            found = [tensors[other] for other in _names_of_scales(name) if other in tensors]
            if found:
                roles.aside[found[0].name] = QUANTIZED
                scale = _scale_of(raw, found[0])
                if isinstance(scale, Scale):
                    roles.scales[name] = scale
                else:
                    roles.wrong[name] = scale
    return roles


def _module(name: str) -> str:
    return re.sub(r"[^./]*$", "", name)


def _is_carrier(raw: RawTensor) -> bool:
    return len(raw.shape) > 1 and raw.dtype in (*INTEGERS, *FLOAT8_DTYPES)


def _names_of_scales(name: str) -> Iterable[str]:
    """Possible names of the scale of a weight, the likeliest first."""
    module = _module(name)
    last = name.removeprefix(module)
    for suffix in ("_scale_inv", "_scale", "_scales", ".scale_inv", ".scale", ".scales", "._scale"):
        yield name + suffix
    for other in ("weight_scale_inv", "weight_scale", "scale_weight", "scale", "scales", "_scale"):
        if last in ("weight", "_data", "qweight", "W_q"):
            yield module + other


def _scale_of(weights: RawTensor, raw: RawTensor) -> Scale | str:
    """The scale of a weight tensor, or the reason why it cannot be used."""
    shape, sides = weights.shape, raw.shape
    if raw.dtype not in SCALES:
        return f"{weights.dtype} with a scale of {raw.dtype}, which is not read"
    if math.prod(sides) == 1:
        sides = (1,) * len(shape)
    padded = (*sides, *(1,) * (len(shape) - len(sides)))
    is_whole = len(sides) > 1 or sides[:1] in ((1,), shape[:1])  # 1-D: one number, or one per row
    steps = [_side(n, parts) for n, parts in zip(shape, padded, strict=False)]
    if len(padded) != len(shape) or not is_whole or not all(steps):
        return (
            f"{weights.dtype} with a scale of shape {raw.shape}, which fits neither rows, columns "
            f"nor blocks of {shape}"
        )
    return Scale(raw, padded, tuple(steps))


def _side(n: int, parts: int) -> int:
    """The block length for which `parts` blocks cover n elements; 0 if there is none.

    The last block can be shorter.
    """
    if parts in (1, n):
        return max(n // max(parts, 1), 1)
    if not 1 < parts < n:
        return 0
    # different powers of 2 never give the same number of blocks
    side = next((side for side in SIDES if -(-n // side) == parts), 0)
    return side or (n // parts if n % parts == 0 else 0)


# Dtypes of scales: floats, or exponents of 2 as in MX formats.
SCALES = {"float64", "float32", "float16", "bfloat16", "uint8", SCALE_DTYPE, *FLOAT8_DTYPES}


def _as_float32(stored: bytearray, dtype: str) -> npt.NDArray[np.float32]:
    if dtype in ("uint8", SCALE_DTYPE):
        return exponent_scales()[np.frombuffer(stored, np.uint8)]
    if dtype in FLOAT8_DTYPES:
        return widen_half(float16_bits(dtype)[np.frombuffer(stored, np.uint8)], "float16")
    if dtype in HALF_DTYPES:
        return widen_half(np.frombuffer(stored, "<u2").astype(np.uint16, copy=False), dtype)
    little: np.dtype[Any] = np.dtype(dtype).newbyteorder("<")
    return np.frombuffer(stored, little).astype(np.float32)


def _optimizers(names: list[str]) -> tuple[str, ...]:
    """Prefixes of the names of optimizer entries.

    An optimizer has `state` next to `param_groups`. The groups of a pickled optimizer contain the
    parameters again.
    """
    found = {
        match[1] for match in map(re.compile(r"(.*?)param_groups(\.|$)").match, names) if match
    }
    whole = [prefix for prefix in found if not prefix or prefix[-1] in "./"]
    return tuple(prefix + part for prefix in whole for part in ("state.", "param_groups."))


def _is_optimizer_state(name: str, parts: list[str], prefixes: tuple[str, ...]) -> bool:
    if prefixes and name.startswith(prefixes):
        return True
    return not SLOTS.isdisjoint(parts) or any(map(OPTIMIZER_PART.fullmatch, parts[:-1]))
