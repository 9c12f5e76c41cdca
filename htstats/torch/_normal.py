"""Compute G on any device: htst_normal.c rewritten with torch's int64 and float64 operations.

int64 tensors hold the 32-bit words. The product of two words can wrap, but its high word is still
right after masking, so no 64-bit high product is needed. Each operation is a separate kernel and
rounds once, so the results are bit-identical to those of the C library.
"""

from __future__ import annotations

import torch

__all__ = ["normal_block"]

MASK = 0xFFFFFFFF
M0, M1 = 0xD2511F53, 0xCD9E8D57
W0, W1 = 0x9E3779B9, 0xBB67AE85
ROUNDS = 10

# Wichura's coefficients as published, constant terms first.
CENTRE = (
    (3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
     1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
     3.3430575583588128105e4, 2.5090809287301226727e3),
    (1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
     2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4,
     5.2264952788528545610e3),
)  # fmt: skip
MIDDLE = (
    (1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
     3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1,
     2.27238449892691845833e-2, 7.74545014278341407640e-4),
    (1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
     1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
     1.05075007164441684324e-9),
)  # fmt: skip
FAR = (
    (6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0,
     2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
     2.71155556874348757815e-5, 2.01033439929228813265e-7),
    (1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
     7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
     2.04426310338993978564e-15),
)  # fmt: skip
SERIES = tuple(1.0 / n for n in range(3, 24, 2))
LOG2_HIGH, LOG2_LOW = float.fromhex("0x1.62E42FEEp-1"), float.fromhex("0x1.A39EF35793C76p-33")
ROOT_HALF_BITS = 0x3FE6A09E667F3BCD
MANTISSA = (1 << 52) - 1


def normal_block(
    seed: int, layer: int, row: int, n_rows: int, n_cols: int, device: torch.device
) -> torch.Tensor:
    """G[row : row + n_rows, :n_cols] in float64, bit-identical to `htstats._core.normal.fill`."""
    pairs = (n_cols + 1) // 2
    j = torch.arange(pairs, dtype=torch.int64, device=device)
    i = torch.arange(row, row + n_rows, dtype=torch.int64, device=device)
    shape = (n_rows, pairs)
    words = [j.expand(shape), i[:, None].expand(shape), torch.full_like(j, layer).expand(shape)]
    x = philox([*words, torch.zeros_like(j).expand(shape)], seed & MASK, seed >> 32)
    low, high = torch.stack([x[0], x[2]], -1), torch.stack([x[1], x[3]], -1)
    bits = (0x3FF << 52) | (high << 20) | (low >> 12)
    q = (bits.view(torch.float64) - 1.5) + 2.0**-53
    return quantile(q.reshape(n_rows, 2 * pairs)[:, :n_cols])


def philox(x: list[torch.Tensor], key0: int, key1: int) -> list[torch.Tensor]:
    for _ in range(ROUNDS):
        p0, p1 = x[0] * M0, x[2] * M1
        x = [
            ((p1 >> 32) & MASK) ^ x[1] ^ key0,
            p1 & MASK,
            ((p0 >> 32) & MASK) ^ x[3] ^ key1,
            p0 & MASK,
        ]
        key0, key1 = (key0 + W0) & MASK, (key1 + W1) & MASK
    return x


def quantile(q: torch.Tensor) -> torch.Tensor:
    """The quantile of the normal distribution at u = q + 1/2, computed by algorithm AS 241."""
    r = 0.180625 - q * q
    centre = q * horner(CENTRE[0], r) / horner(CENTRE[1], r)
    r = sqrt(minus_log(0.5 - q.abs()))
    middle = horner(MIDDLE[0], r - 1.6) / horner(MIDDLE[1], r - 1.6)
    far = horner(FAR[0], r - 5.0) / horner(FAR[1], r - 5.0)
    tail = torch.copysign(torch.where(r <= 5.0, middle, far), q)
    return torch.where(q.abs() <= 0.425, centre, tail)


def minus_log(x: torch.Tensor) -> torch.Tensor:
    shifted = x.view(torch.int64) - ROOT_HALF_BITS
    k = (shifted >> 52).to(torch.float64)
    m = ((shifted & MANTISSA) + ROOT_HALF_BITS).view(torch.float64)
    s = (m - 1.0) / (m + 1.0)
    z = s * s
    series = horner(SERIES, z)
    return -(k * LOG2_HIGH + (2.0 * s + (2.0 * s * z * series + k * LOG2_LOW)))


def sqrt(x: torch.Tensor) -> torch.Tensor:
    """The square root, rounded to nearest. On CPUs, torch's own can be one unit off.

    The remainder x - s^2 is exact: Veltkamp's splitting and Dekker's product give s^2 exactly, and
    the difference is small. s is too small if the remainder exceeds s times the step to the next
    larger number. s is too large if the remainder is at or below minus s times the step to the next
    smaller number.
    """
    s = torch.sqrt(x)
    high = s * 134217729.0
    high = high - (high - s)
    low = s - high
    square = s * s
    error = ((high * high - square) + 2.0 * high * low) + low * low
    rest = (x - square) - error
    above = torch.nextafter(s, torch.full_like(s, torch.inf))
    below = torch.nextafter(s, torch.zeros_like(s))
    s_or_above = torch.where(rest > s * (above - s), above, s)
    return torch.where(rest <= -(s * (s - below)), below, s_or_above)


def horner(coefficients: tuple[float, ...], x: torch.Tensor) -> torch.Tensor:
    value = coefficients[-1] * x + coefficients[-2]
    for c in reversed(coefficients[:-2]):
        value = value * x + c
    return value
