"""Encode sparse rows as bytes: Rice-coded gaps, then values, raw or by a codebook."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from htstats._common.arrays import HALF_DTYPES, widen_half
from htstats._core import gaps
from htstats.compression.container._records import Buffer, Meta

__all__ = ["Rows", "decode_rows", "decode_values", "encode_rows", "encode_values"]

STORED_DTYPES = {"float64": "<u8", "float32": "<u4", "float16": "<u2", "bfloat16": "<u2"}

# A codebook is tried only if at most half of the first PROBE values are distinct: larger codebooks
# save little.
PROBE = 4096
MAX_LEVELS = 4096


class Rows(NamedTuple):
    """Some rows as CSR: `indptr` begins with 0; values are float64 or float32."""

    indptr: npt.NDArray[np.int64]
    indices: npt.NDArray[np.int64]
    values: npt.NDArray[Any]


def encode_values(values: npt.NDArray[Any], dtype: str) -> npt.NDArray[Any]:
    """The bits of the values in the dtype of the matrix, little-endian.

    This is exact, because the values in memory were only widened.
    """
    if dtype == "bfloat16":
        bits = np.ascontiguousarray(values, "<f4").view("<u4")
        return (bits >> 16).astype("<u2")
    floats = np.ascontiguousarray(values, np.dtype(dtype).newbyteorder("<"))
    return floats.view(STORED_DTYPES[dtype])


def decode_values(bits: npt.NDArray[Any], dtype: str) -> npt.NDArray[Any]:
    """The values that `encode_values` encoded: float64, or float32 for the other dtypes."""
    if dtype in HALF_DTYPES:
        return widen_half(bits.astype(np.uint16, copy=False), dtype)
    return bits.view(np.dtype(dtype).newbyteorder("<")).astype(dtype)


def encode_rows(rows: Rows, n_cols: int, dtype: str) -> tuple[dict[str, int], list[Buffer]]:
    """Encode rows as the fields and the payload of a record. Equal rows give equal bytes."""
    nnz = len(rows.indices)
    k = rice_parameter(nnz, (len(rows.indptr) - 1) * n_cols)
    pattern = gaps.write(n_cols, rows.indptr, rows.indices, k)
    bits = encode_values(rows.values, dtype)
    levels = codebook(bits)
    fields = {"nnz": nnz, "rice": k, "gap_bytes": len(pattern), "levels": len(levels)}
    if len(levels) == 0:
        return fields, [pattern, bits.view(np.uint8).data]
    codes = pack(np.searchsorted(levels, bits), code_bits(len(levels)))
    return fields, [pattern, levels.tobytes(), codes.tobytes()]


def decode_rows(meta: Meta, payload: bytes, n_rows: int, n_cols: int, dtype: str) -> Rows:
    """Decode the rows of a record.

    Raises
    ------
    ValueError
        If the fields, the payload and the shape contradict each other, or a value is not finite.
    """
    item = np.dtype(STORED_DTYPES[dtype])
    gap_bytes = meta.integer("gap_bytes", below=len(payload) + 1)
    # a gap takes at least one bit, so the arrays cannot be much larger than the file
    nnz = meta.integer("nnz", below=8 * gap_bytes + 1)
    k = meta.integer("rice", below=gaps.MAX_K + 1)
    n_levels = meta.integer("levels", below=MAX_LEVELS + 1)
    width = code_bits(n_levels)
    value_bytes = n_levels * item.itemsize + (nnz * width + 7) // 8 if n_levels else (
        nnz * item.itemsize
    )  # fmt: skip
    if gap_bytes + value_bytes != len(payload):
        raise meta.error("gap_bytes", f"leaves room for {value_bytes} bytes of values", gap_bytes)
    indptr, indices = np.empty(n_rows + 1, np.int64), np.empty(nnz, np.int64)
    view = memoryview(payload)
    try:
        gaps.read(view[:gap_bytes], k, n_cols, indptr, indices)
    except (ValueError, OverflowError):
        raise ValueError(f"{meta.where}: the gaps do not describe its rows") from None
    stored = view[gap_bytes:]
    if n_levels:
        levels = np.frombuffer(stored[: n_levels * item.itemsize], item)
        codes = unpack(np.frombuffer(stored[n_levels * item.itemsize :], np.uint8), width, nnz)
        if nnz and int(codes.max()) >= n_levels:
            raise meta.error("levels", "are fewer than a code says", n_levels)
        bits = levels[codes]
    else:
        bits = np.frombuffer(stored, item)
    values = decode_values(bits, dtype)
    if not np.isfinite(values).all():
        raise ValueError(f"{meta.where}: a value is not finite")
    return Rows(indptr, indices, values)


def rice_parameter(nnz: int, total: int) -> int:
    """The k whose 2^k is nearest, as a ratio, to log(2)/density: the best for random patterns."""
    # with the factor sqrt(2) log(2) = .980, the floor of the logarithm is the rounded logarithm
    ratio = 980 * total // (1000 * max(nnz, 1))
    return min(max(ratio.bit_length() - 1, 0), gaps.MAX_K)


def codebook(bits: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The distinct values in the order of their bits; empty if codes for them save no bytes."""
    none = bits[:0]
    if 2 * len(np.unique(bits[:PROBE])) > min(len(bits), PROBE):
        return none
    levels = np.unique(bits)
    if len(levels) > MAX_LEVELS:
        return none
    coded = len(levels) * bits.itemsize + (len(bits) * code_bits(len(levels)) + 7) // 8
    return levels if coded < bits.nbytes else none


def code_bits(n_levels: int) -> int:
    """Number of bits of a code for `n_levels` values; 0 for a single value."""
    return max(n_levels - 1, 0).bit_length()


def pack(codes: npt.NDArray[np.int64], width: int) -> npt.NDArray[np.uint8]:
    """Concatenate codes of `width` bits; codes and bytes begin with the least significant bit."""
    bits = np.empty((len(codes), width), np.uint8)
    for b in range(width):
        bits[:, b] = (codes >> b) & 1
    return np.packbits(bits, bitorder="little")


def unpack(packed: npt.NDArray[np.uint8], width: int, n: int) -> npt.NDArray[np.int64]:
    bits = np.unpackbits(packed, count=n * width, bitorder="little").reshape(n, width)
    codes = np.zeros(n, np.int64)
    for b in range(width):
        codes |= bits[:, b].astype(np.int64) << b
    return codes
