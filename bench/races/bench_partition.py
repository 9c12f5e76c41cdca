"""The split against copying the matrix, SciPy's and torch's sparse matrices, and reading.

The copy is np.copyto, one thread, into an array whose memory is allocated before the measurement.
The split allocates its result, as SciPy and torch do. At 18 % the result has 97 MB of new pages,
which the system clears before they are written; both together take one thread about as long as
reading W. The rest of the time is for reading W once, compressing it in the nearest cache, and
copying. Reading is np.max of W's bits, one thread. The split can be faster than this: it prefetches
eight pages in parallel, and a processor by itself prefetches one page at a time.
"""

import ml_dtypes
import numpy as np
import pytest
import scipy.sparse

from htstats import partition
from htstats._common.processor import instructions
from htstats._core import partition as _core
from htstats.compression.partition.bounds import Bounds
from htstats.compression.partition.split import count_rows, fill_rows

TABLE = "partition in memory, 8192 x 8192"
SIGMA = np.float32(0.02)
TAU = {0.18: 1.3408, 0.01: 2.5758, 0.0001: 3.8906}  # thresholds of a normal law, in units of sigma


@pytest.fixture(scope="module")
def W():
    return np.random.default_rng(0).standard_normal((8192, 8192), dtype=np.float32) * SIGMA


def sized(W, quick):
    return W[:512] if quick else W


def test_against_copy_scipy_and_torch(race, quick, W):
    torch = pytest.importorskip("torch")
    W, tau = sized(W, quick), float(TAU[0.18] * SIGMA)
    copy, tensor = np.empty_like(W), torch.from_numpy(W)
    zero = torch.zeros((), dtype=tensor.dtype)
    race(
        TABLE,
        "float32, 18 % kept, two threads (threshold given, noise none)",
        lambda: partition(W, tau, noise="none", n_threads=2),
        {"np.copyto of W": lambda: np.copyto(copy, W)},
        once={
            "scipy csr_matrix(np.where(...))": lambda: scipy.sparse.csr_matrix(
                np.where(abs(W) > tau, W, 0)
            ),
            "torch to_sparse_csr": lambda: torch.where(
                tensor.abs() > tau, tensor, zero
            ).to_sparse_csr(),
        },
        reach={
            "np.copyto of W": "time <= 1.2",
            "scipy csr_matrix(np.where(...))": "speedup >= 40",
            "torch to_sparse_csr": "speedup >= 25",
        },
        rounds=15,
    )


# Times of np.copyto, which is held to the same instructions; for two threads.
REACH_WITH_NOISE = {"plain": "time <= 4", "avx2": "time <= 1.6", "avx512": "time <= 1.5"}


@pytest.mark.parametrize(("threads", "in_words"), [(1, "one thread"), (2, "two threads")])
def test_with_the_default_noise(race, quick, W, threads, in_words):
    """The moments come from the pass that splits. By default, `partition` takes one thread."""
    W, tau = sized(W, quick), float(TAU[0.18] * SIGMA)
    copy = np.empty_like(W)
    race(
        TABLE,
        f"float32, 18 % kept, {in_words} (threshold given, default noise)",
        lambda: partition(W, tau, n_threads=threads),
        {"np.copyto of W": lambda: np.copyto(copy, W)},
        reach={"np.copyto of W": REACH_WITH_NOISE[instructions()]} if threads == 2 else {},
        rounds=15,
    )


def test_with_the_papers_noise(race, quick, W):
    W, copy = sized(W, quick), np.empty_like(sized(W, quick))
    race(
        TABLE,
        "float32, threshold std, paper's noise (exact moments too), two threads",
        lambda: partition(W, "std", n_threads=2),
        {
            "np.copyto of W": lambda: np.copyto(copy, W),
            "W.mean(), W.std() alone": lambda: (W.mean(), W.std()),
        },
    )


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_halves_against_float32(race, quick, W, dtype):
    W, tau = sized(W, quick), float(TAU[0.18] * SIGMA)
    half = W.astype(ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype)
    race(
        TABLE,
        f"{dtype}, 18 % kept, one thread",
        lambda: partition(half, tau, noise="none"),
        {"the same in float32": lambda: partition(W, tau, noise="none")},
        reach={"the same in float32": "time <= 1"},
    )


def test_sparse_results_cost_the_reading(race, quick, W):
    W, tau = sized(W, quick), float(TAU[0.0001] * SIGMA)
    bits = W.view(np.uint32)
    race(
        TABLE,
        "float32, 0.01 % kept, one thread",
        lambda: partition(W, tau, noise="none"),
        {"reading W (np.max of its bits)": lambda: bits.max()},
        reach={"reading W (np.max of its bits)": "time <= 1.1"},
        rounds=15,
    )


@pytest.mark.parametrize("kept", TAU)
def test_instructions(race, quick, W, kept):
    """The gain of the compress instructions in the fill."""
    W = sized(W, quick)[:1024]
    bounds = Bounds.of("float32", "abs", float(TAU[kept] * SIGMA))
    rows = count_rows(W, bounds)
    indptr, indices, values = fill_rows(W, bounds, rows)

    def fill(instructions):
        _core.fill_b32(
            W.view(np.uint32),
            bounds.low,
            bounds.high,
            rows.hits,
            indptr,
            instructions,
            False,
            indices.view(np.uint8),
            values.view(np.uint32),
        )

    names = {1: "AVX2", 2: "AVX-512", 3: "AVX-512, VBMI2"}
    peers = {names[k]: lambda k=k: fill(k) for k in range(1, _core.BEST + 1)}
    race(
        "fill, 1024 x 8192 float32, one thread",
        f"{100 * kept:g} % kept, plain loops",
        lambda: fill(0),
        peers,
        rounds=15,
    )


def test_quantile(race, quick, W):
    W = sized(W, quick)
    race(
        TABLE,
        "float32, threshold quantile:0.82 (exact), two threads",
        lambda: partition(W, "quantile:0.82", noise="none", n_threads=2),
        {},
        once={"np.quantile of abs(W) alone": lambda: np.quantile(abs(W), 0.82)},
        rounds=3,
    )
