"""Generation of G against NumPy's ziggurat, and of W(t) from a compressed matrix."""

import numpy as np
from scipy.sparse import csr_array

from htstats._core import normal
from htstats.compression.matrix import CompressedMatrix

TABLE = "replay of G, one thread"


def test_fill(race, quick):
    out = np.empty((256, 1024) if quick else (4096, 1024))
    rng = np.random.default_rng(0)
    race(
        TABLE,
        f"{out.size} float64",
        lambda: normal.fill(0, 0, 0, 0, out),
        {
            "Generator.standard_normal": lambda: rng.standard_normal(out=out),
            "Generator.standard_normal, Philox": lambda: PHILOX.standard_normal(out=out),
        },
        reach={"Generator.standard_normal": "time <= 1"},
    )


PHILOX = np.random.Generator(np.random.Philox(0))


def test_rows_of_w(race, quick):
    """The complete W(t): G, scale and shift, rounding to float32, 5 % of the entries from B."""
    rows, cols = (256, 1024) if quick else (4096, 1024)
    rng = np.random.default_rng(0)
    dense = rng.standard_normal((rows, cols)).astype("f4")
    dense[rng.random((rows, cols)) > 0.05] = 0
    matrix = CompressedMatrix(
        csr_array(dense), mean=0.1, std=0.5, threshold=1.0, seed=0, layer=0, shape=(rows, cols),
        dtype="float32", keep="abs", noise="paper", support="replaced", rule="1.0",
    )  # fmt: skip
    race(
        TABLE,
        f"{rows * cols} entries of W(t), float32, 5 % kept",
        matrix.toarray,
        {"Generator.standard_normal, float32": lambda: rng.standard_normal(dense.shape, "f4")},
    )
