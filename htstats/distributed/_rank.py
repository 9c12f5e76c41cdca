"""The stable rank of a matrix that no machine holds as a whole."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from distributed import Client

from htstats._common.arrays import Floats, widen
from htstats.distributed._cluster import identity, tree
from htstats.distributed._parts import Parts, blocks_of
from htstats.sketch import TailSketch
from htstats.spectral import norm_by_products

__all__ = ["stable_rank"]

Vector = Floats


def stable_rank(client: Client, parts: Parts, sketch: TailSketch, rtol: float) -> float:
    """`htstats.spectral.stable_rank` of a matrix in parts of whole rows, whose sketch is known.

    The Frobenius norm is exact. Each step of the iteration for the spectral norm runs one task per
    part and adds the results in a fixed order.
    """
    largest = max(abs(sketch.min), abs(sketch.max))
    exponent = math.frexp(largest)[1] - 1

    def gram(v: Vector) -> Vector:
        given = client.submit(identity, v, pure=False)
        leaves = parts.submit(client, _gram_task, parts.dtype, exponent, given)
        product: Vector = tree(client, _sum_task, leaves).result()
        return product

    squares = sketch.total_of_squares / 4**exponent if exponent >= 0 else (
        sketch.total_of_squares * 4**-exponent
    )  # fmt: skip
    return float(squares) / norm_by_products(gram, parts.shape[1], rtol=rtol) ** 2


def _gram_task(part: Any, dtype: str, exponent: int, v: Vector) -> Vector:
    """W^T W v for the rows of a part, scaled by a power of two."""
    out = np.zeros(len(v))
    for block in blocks_of(part):
        rows = np.ldexp(widen(block, dtype), -exponent)
        out += (rows @ v) @ rows
    return out


def _sum_task(vectors: list[Vector]) -> Vector:
    total: Vector = np.sum(vectors, axis=0)
    return total
