"""The laws, points and random numbers that the tests of stable laws share."""

from __future__ import annotations

import struct

from hypothesis import strategies as st

NAMES = ("pdf", "logpdf", "cdf", "logcdf", "sf", "logsf")
INVERSES = ("ppf", "isf", "log_isf")
LAWS = [
    (alpha, beta)
    for alpha in (0.1, 0.3, 0.5, 0.75, 0.99, 1 - 1e-9, 1.0, 1 + 1e-6, 1.2, 1.7, 1.99, 2 - 1e-9, 2.0)
    for beta in (-1.0, -0.6, 0.0, 1e-6, 0.03, 1 - 1e-9, 1.0)
]
POINTS = [-1e300, -1e8, -40.0, -3.0, -0.4, -1e-5, 0.0, 1e-300, 0.2, 1.0, 5.0, 12.5, 700.0, 1e30]


def from_bits(bits: int) -> float:
    return struct.unpack("<d", struct.pack("<Q", bits))[0]


anything = st.integers(0, 2**64 - 1).map(from_bits)
alphas = st.one_of(
    st.floats(0.1, 2.0), st.floats(1e-9, 0.3).map(lambda e: 1 + e), st.sampled_from([0.5, 1.0, 2.0])
)
betas = st.one_of(st.floats(-1.0, 1.0), st.sampled_from([-1.0, 0.0, 1.0]))
