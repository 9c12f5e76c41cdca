"""A reader of `.htz` files made from docs/format.md and nothing else, as another program would be.

Slow, and strict: what the page does not allow is an assertion error. Numbers of the noise are
Python's own floats, which round each operation once.
"""

import json
import math
import re
import struct
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

PAGE = Path(__file__).parents[2] / "docs" / "format.md"

SIGNATURE = bytes.fromhex("8948545A0D0A1A0A")
WIDTHS = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2}
MOST_ELEMENTS = 2**20
MASK = 2**32 - 1


class Matrix(NamedTuple):
    """The fields of a matrix, and B as lists in row-major order."""

    fields: dict[str, Any]
    rows: list[int]
    columns: list[int]
    patterns: list[int]

    @property
    def values(self):
        return [to_float(pattern, self.fields["dtype"]) for pattern in self.patterns]


class Tensor(NamedTuple):
    fields: dict[str, Any]
    data: bytes


class File(NamedTuple):
    options: dict[str, Any]
    matrices: dict[str, Matrix]
    tensors: dict[str, Tensor]
    metadata: dict[str, str]
    tied: dict[str, str]


def frames(data: bytes):
    """(kind, fields, payload, records before it, checksum of their frames) of each record."""
    assert data[:8] == SIGNATURE
    at, chain, count = 8, 0, 0
    kind = None
    while at < len(data):
        assert kind != "DONE", "nothing follows DONE"
        frame = data[at : at + 24]
        word, n_fields, n_payload, payload_crc, crc = struct.unpack("<4sIQII", frame)
        kind = word.decode("ascii")
        text = data[at + 24 : at + 24 + n_fields]
        payload = data[at + 24 + n_fields : at + 24 + n_fields + n_payload]
        assert n_fields <= 2**20
        assert (len(text), len(payload)) == (n_fields, n_payload)
        assert zlib.crc32(frame[:20] + text) == crc
        assert zlib.crc32(payload) == payload_crc
        fields = json.loads(text.decode("utf-8"))
        assert text.decode() == json.dumps(fields, sort_keys=True, separators=(",", ":"))
        assert (kind == "HEAD") == (count == 0)
        yield kind, fields, payload, count, chain
        chain, count, at = zlib.crc32(frame, chain), count + 1, at + 24 + n_fields + n_payload
    assert kind == "DONE"


def read(data: bytes) -> File:
    """All of a file."""
    found, closed, chunks = File({}, {}, {}, {}, {}), [], []
    for kind, fields, payload, count, chain in frames(data):
        if kind == "HEAD":
            assert fields["format"] == "htz"
            assert fields["version"] in (1, 2)
            found.options.update(fields["options"])
            version = fields["version"]
        elif kind in ("ROWS", "DATA"):
            chunks.append((kind, fields, payload))
        elif kind in ("MATX", "TENS"):
            assert fields["chunks"] == len(chunks)
            assert {k for k, _, _ in chunks} <= {"ROWS" if kind == "MATX" else "DATA"}
            close = matrix_of if kind == "MATX" else tensor_of
            entries = found.matrices if kind == "MATX" else found.tensors
            entries[fields["name"]] = close(fields, [chunk[1:] for chunk in chunks])
            closed.append(fields["name"])
            chunks = []
        elif kind == "META":
            assert version == 2
            assert not closed
            assert not found.metadata
            found.metadata.update(metadata_of(fields, chunks))
            chunks = []
        elif kind == "TIED":
            assert version == 2
            assert not chunks
            assert fields["tied_to"] in closed
            assert fields["name"] not in {*closed, *found.tied}
            found.tied[fields["name"]] = fields["tied_to"]
        else:
            assert kind == "DONE"
            assert (fields["records"], fields["chain"]) == (count, chain)
            assert not chunks
    return found


def metadata_of(fields, chunks):
    assert fields["chunks"] == len(chunks)
    assert {kind for kind, _, _ in chunks} == {"DATA"}
    text = b"".join(payload for _, _, payload in chunks)
    assert len(text) == fields["bytes"]
    metadata = json.loads(text.decode("utf-8"))
    assert all(isinstance(value, str) for value in metadata.values())
    return metadata


def tensor_of(fields, chunks):
    data = b"".join(payload for _, payload in chunks)
    assert len(data) == fields["bytes"]
    return Tensor(fields, data)


def matrix_of(fields, chunks):
    height, width = fields["shape"]
    assert math.prod(fields["source_shape"]) == height * width
    assert fields["generator"] == "philox4x32-10/as241"
    matrix, next_row = Matrix(fields, [], [], []), 0
    for chunk, payload in chunks:
        first, end = chunk["rows"]
        assert first == next_row < end <= first + MOST_ELEMENTS
        assert (end - first) * width <= MOST_ELEMENTS or end - first == 1
        pattern, values = payload[: chunk["gap_bytes"]], payload[chunk["gap_bytes"] :]
        places = positions(pattern, chunk["rice"], chunk["nnz"])
        assert not places or places[-1] < (end - first) * width
        matrix.rows.extend(first + place // width for place in places)
        matrix.columns.extend(place % width for place in places)
        matrix.patterns.extend(patterns(values, chunk, WIDTHS[fields["dtype"]]))
        next_row = end
    assert next_row == height
    assert len(matrix.rows) == len(matrix.patterns) == fields["nnz"]
    return matrix


class Bits:
    """The bits of a stream; the lowest bit of each byte comes first."""

    def __init__(self, data: bytes) -> None:
        self.all = int.from_bytes(data, "little")
        self.size, self.at = 8 * len(data), 0

    def take(self, n: int) -> int:
        assert self.at + n <= self.size
        value = self.all >> self.at & (1 << n) - 1
        self.at += n
        return value

    def end(self) -> None:
        """Less than a byte is left, and it is 0."""
        assert 0 <= self.size - self.at < 8
        assert self.all >> self.at == 0


def positions(data: bytes, k: int, n: int) -> list[int]:
    assert 0 <= k <= 31
    bits, found, previous = Bits(data), [], -1
    for _ in range(n):
        zeros = 0
        while zeros < 32 and bits.take(1) == 0:
            zeros += 1
        gap = bits.take(64) if zeros == 32 else (zeros << k) + bits.take(k)
        previous += gap + 1
        found.append(previous)
    bits.end()
    return found


def patterns(data: bytes, chunk, width: int) -> list[int]:
    def integers(part):
        return [int.from_bytes(part[i : i + width], "little") for i in range(0, len(part), width)]

    if chunk["levels"] == 0:
        assert len(data) == width * chunk["nnz"]
        return integers(data)
    levels = integers(data[: width * chunk["levels"]])
    assert len(levels) == chunk["levels"] <= 4096
    assert levels == sorted(set(levels))
    of_a_code = math.ceil(math.log2(chunk["levels"]))
    bits = Bits(data[width * chunk["levels"] :])
    found = [levels[bits.take(of_a_code)] for _ in range(chunk["nnz"])]
    bits.end()
    return found


def to_float(pattern: int, dtype: str) -> float:
    if dtype == "bfloat16":
        pattern, dtype = pattern << 16, "float32"
    letter = {"float64": "d", "float32": "f", "float16": "e"}[dtype]
    return struct.unpack("<" + letter, pattern.to_bytes(WIDTHS[dtype], "little"))[0]


# ---- the noise -------------------------------------------------------------------------------


def polynomials() -> dict[str, list[float]]:
    """The table of coefficients, out of the page."""
    lines = re.findall(r"^\| ([A-F]) \| (.*) \|$", PAGE.read_text(), re.MULTILINE)
    return {name: [float(number) for number in numbers.split(",")] for name, numbers in lines}


COEFFICIENTS = polynomials()


def philox(counter, key):
    x, k = list(counter), list(key)
    for _ in range(10):
        p, q = 0xD2511F53 * x[0], 0xCD9E8D57 * x[2]
        x = [q >> 32 ^ x[1] ^ k[0], q & MASK, p >> 32 ^ x[3] ^ k[1], p & MASK]
        k = [k[0] + 0x9E3779B9 & MASK, k[1] + 0xBB67AE85 & MASK]
    return x


def polynomial(name, x):
    value = 0.0
    for coefficient in reversed(COEFFICIENTS[name]):
        value = value * x + coefficient
    return value


def logarithm(u):
    m, k = math.frexp(u)
    if m < float.fromhex("0x1.6A09E667F3BCDp-1"):
        m, k = 2 * m, k - 1
    s = (m - 1) / (m + 1)
    z, p = s * s, 0.0
    for n in range(23, 1, -2):
        p = p * z + 1 / n
    high, low = float.fromhex("0x1.62E42FEEp-1"), float.fromhex("0x1.A39EF35793C76p-33")
    return k * high + (2 * s + (2 * s * z * p + k * low))


def gaussian(seed, layer, i, j):
    x = philox((j // 2, i, layer, 0), (seed & MASK, seed >> 32))
    w = x[2 * (j % 2)] + 2**32 * x[2 * (j % 2) + 1]
    u = (w // 2**12 + 0.5) * 2.0**-52
    t = u - 0.5
    if abs(t) <= 0.425:
        r = 0.180625 - t * t
        return t * polynomial("A", r) / polynomial("B", r)
    r = math.sqrt(-logarithm(min(u, 1 - u)))
    top, bottom, start = ("C", "D", 1.6) if r <= 5 else ("E", "F", 5.0)
    return math.copysign(polynomial(top, r - start) / polynomial(bottom, r - start), t)


def dense(matrix: Matrix) -> np.ndarray:
    """W(t) in its dtype; bfloat16 as the float32 that it equals."""
    f = matrix.fields
    places = zip(matrix.rows, matrix.columns, strict=True)
    kept = dict(zip(places, matrix.values, strict=True))
    out = np.empty(f["shape"], "float32" if f["dtype"] == "bfloat16" else f["dtype"])
    for i, j in np.ndindex(out.shape):
        value = kept.get((i, j))
        if value is None or f["support"] == "full":
            noise = f["mean"] + f["std"] * gaussian(f["seed"], f["layer"], i, j)
            value = noise if value is None else noise + value
        out[i, j] = rounded_to_bfloat16(value) if f["dtype"] == "bfloat16" else value
    return out


def float8_numbers(dtype: str) -> list[float]:
    """The finite numbers of an 8-bit format, by their patterns from 0 on."""
    mantissa_bits, bias, last = {
        "float8_e4m3fn": (3, 7, 0x7E), "float8_e5m2": (2, 15, 0x7B),
        "float8_e4m3fnuz": (3, 8, 0x7F), "float8_e5m2fnuz": (2, 16, 0x7F),
    }[dtype]  # fmt: skip
    numbers = []
    for pattern in range(last + 1):
        exponent, mantissa = pattern >> mantissa_bits, pattern & (1 << mantissa_bits) - 1
        if exponent == 0:
            numbers.append(math.ldexp(mantissa, 1 - bias - mantissa_bits))
        else:
            whole = mantissa + (1 << mantissa_bits)
            numbers.append(math.ldexp(whole, exponent - bias - mantissa_bits))
    return numbers


def float8_pattern(x: float, dtype: str) -> int:
    """The nearest number of the format; of two that are as near the even pattern."""
    numbers = float8_numbers(dtype)
    size = min(abs(x), numbers[-1])
    nearest = min(range(len(numbers)), key=lambda p: (abs(numbers[p] - size), p % 2))
    is_negative = math.copysign(1, x) < 0 and (nearest > 0 or not dtype.endswith("fnuz"))
    return nearest | (0x80 if is_negative else 0)


def float8_bytes(matrix: Matrix) -> bytes:
    """The dense matrix in the 8-bit format that it had."""
    dtype = matrix.fields["source_dtype"]
    return bytes(float8_pattern(float(x), dtype) for x in dense(matrix).ravel())


def rounded_to_bfloat16(x: float) -> float:
    """Round a float64 in the range of bfloat16's normal numbers to bfloat16, half to even."""
    if x == 0:
        return x
    exponent = math.frexp(x)[1] - 8
    return math.ldexp(round(math.ldexp(x, -exponent)), exponent)
