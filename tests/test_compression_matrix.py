"""CompressedMatrix: every entry is the twin's, block by block, and `@` never needs them all."""

import itertools
import tracemalloc
from dataclasses import replace

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import normal_twin
from scipy.sparse import csr_array

from htstats.compression.matrix import DTYPES, TILE, CompressedMatrix, _round_to, index_dtype
from htstats.compression.partition import partition


def make(rows=7, cols=9, density=0.3, *, dtype="float32", **changes):
    rng = np.random.default_rng(rows * 100 + cols)
    dense = rng.standard_normal((rows, cols)) * (rng.random((rows, cols)) < density) * 4
    dense = np.array([normal_twin.round_to(x, dtype) for x in dense.ravel()])
    fields = dict(
        sparse=csr_array(
            dense.reshape(rows, cols).astype("float64" if dtype == "float64" else "float32")
        ),
        mean=0.03,
        std=0.7,
        threshold=1.0,
        seed=2**40 + 5,
        layer=2,
        shape=(rows, cols),
        dtype=dtype,
        keep="abs",
        noise="paper",
        support="replaced",
        rule="std",
    )
    return CompressedMatrix(**{**fields, **changes})


@pytest.mark.parametrize(
    ("dtype", "support"), list(itertools.product(DTYPES, ["replaced", "full"]))
)
def test_entries_are_the_twins(dtype, support):
    c = make(dtype=dtype, support=support)
    expected = [[normal_twin.entry(c, i, j) for j in range(9)] for i in range(7)]
    dense = c.toarray()
    assert dense.tolist() == expected
    assert dense.dtype == ("float32" if dtype == "bfloat16" else dtype)
    if dtype == "bfloat16":
        assert np.array_equal(dense.astype(ml_dtypes.bfloat16).astype("f4"), dense)


@pytest.mark.parametrize("support", ["replaced", "full"])
def test_a_long_row_is_cut_into_tiles(support):
    c = make(2, 150_001, density=0.001, support=support)
    dense = c.toarray()
    for i, j in [(0, 0), (1, 65535), (0, 65536), (1, 131072), (1, 150_000)]:
        assert dense[i, j] == normal_twin.entry(c, i, j)
    i, j = c.sparse.nonzero()
    assert dense[i[-1], j[-1]] == normal_twin.entry(c, int(i[-1]), int(j[-1]))


@given(st.integers(0, 40), st.integers(0, 40), st.data())
def test_row_blocks_are_rows_of_the_whole(rows, cols, data):
    c = make(rows, cols, support=data.draw(st.sampled_from(["replaced", "full"])))
    start = data.draw(st.integers(0, rows))
    stop = data.draw(st.integers(start, rows))
    assert np.array_equal(c.row_block(start, stop), c.toarray()[start:stop])
    assert np.array_equal(c.toarray(n_threads=3), c.toarray())
    out = np.empty((stop - start, cols), np.float32)
    assert c.row_block(start, stop, out=out) is out


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("noise", ["paper", "none"])
def test_product_is_that_of_the_dense_matrix(dtype, noise):
    c = make(40, 5, dtype=dtype, noise=noise, **({"mean": 0, "std": 0} if noise == "none" else {}))
    rng = np.random.default_rng(3)
    dense = c.toarray().astype(np.float64)
    # two sums of at most 40 products, each off by at most n eps/2 times the sum of absolute values
    wide = dtype == "float64"
    for x in (rng.standard_normal(5), rng.standard_normal((5, 3)).astype("f4"), np.arange(5)):
        got = c @ x
        bound = 40 * (2.3e-16 if wide else 1.2e-7) * (np.abs(dense) @ np.abs(x))
        assert (np.abs(got - dense @ x) <= np.maximum(bound, 0)).all()
        assert got.dtype == np.result_type(c.toarray()[:0], x, np.float32)
    for x in (rng.standard_normal(40), rng.standard_normal((3, 40)).astype("f4")):
        got = x @ c
        bound = 40 * (2.3e-16 if wide else 1.2e-7) * (np.abs(x) @ np.abs(dense))
        assert (np.abs(got - x @ dense) <= bound).all()


def test_products_take_the_memory_of_a_block():
    W = np.random.default_rng(0).standard_normal((20_000, 250)).astype("f4")
    c = partition(W, 2.0)
    dense = c.toarray().astype(float)
    x, z = np.linspace(-1, 1, 250), np.linspace(-1, 1, 20_000)
    tracemalloc.start()
    y, back = c @ x, z @ c
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # a block has 16 TILE elements; while it is made and widened it takes some ten bytes for each
    assert peak < 16 * 16 * TILE < dense.nbytes / 2
    # sums of n products in any order: n eps times the sum of absolute values
    assert (np.abs(y - dense @ x) <= 250 * 2.3e-16 * (np.abs(dense) @ np.abs(x))).all()
    bound = 20_000 * 2.3e-16 * (np.abs(z) @ np.abs(dense))
    assert (np.abs(back - z @ dense) <= bound).all()


def test_no_noise_is_the_mean_off_the_pattern():
    c = make(noise="matched", std=0, mean=0.1)
    dense = c.toarray()
    assert (dense[c.sparse.toarray() == 0] == np.float32(0.1)).all()
    assert np.array_equal(dense[c.sparse.toarray() != 0], c.sparse.data)


def test_seed_and_layer_matter():
    dense = {}
    for seed, layer in [(0, 0), (1, 0), (2**32, 0), (0, 1)]:
        dense[seed, layer] = make(seed=seed, layer=layer).toarray()
    for a, b in itertools.combinations(dense.values(), 2):
        assert not np.array_equal(a, b)


@pytest.mark.parametrize(("dtype", "digits"), [("bfloat16", 8), ("float16", 11), ("float32", 24)])
def test_rounding_is_once_and_half_to_even(dtype, digits):
    """Halves, their neighbours (where rounding through float32 goes wrong), subnormals, zero."""
    rng = np.random.default_rng(digits)
    smallest = {"bfloat16": -133, "float16": -24, "float32": -149}[dtype]
    k = rng.integers(2 ** (digits - 1), 2**digits, 4000).astype(float)
    exponent = rng.integers(smallest, 4, 4000) if dtype != "float16" else rng.integers(-24, 4, 4000)
    halves = np.ldexp(k + 0.5, exponent)
    few = np.ldexp(rng.integers(0, 64, 4000) / 8, smallest)
    x = np.concatenate([halves, np.nextafter(halves, 0), np.nextafter(halves, 9e9), few, [0.0]])
    x = np.concatenate([x, -x])
    expected = [normal_twin.round_to(v, dtype) for v in x.tolist()]
    assert _round_to(x.copy(), dtype).tolist() == expected


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("dtype", "int8", ValueError),
        ("keep", "lower", ValueError),
        ("noise", "laplace", ValueError),
        ("support", "half", ValueError),
        ("mean", np.nan, ValueError),
        ("std", -1.0, ValueError),
        ("std", np.inf, ValueError),
        ("seed", -1, ValueError),
        ("seed", 2**64, ValueError),
        ("seed", 1.5, TypeError),
        ("layer", 2**32, ValueError),
        ("shape", (9, 7), ValueError),
        ("sparse", csr_array(np.zeros((7, 9))), TypeError),
    ],
)
def test_bad_fields_are_named(field, value, error):
    named = "sparse" if field == "shape" else field
    with pytest.raises(error, match=named):
        replace(make(), **{field: value})


def test_bad_calls_are_named():
    c = make()
    for start, stop, name in [(-1, 2, "start"), (3, 2, "start"), (0, 8, "stop")]:
        with pytest.raises(ValueError, match=name):
            c.row_block(start, stop)
    with pytest.raises(ValueError, match="out"):
        c.row_block(0, 2, out=np.empty((2, 9)))
    with pytest.raises(ValueError, match=r"x must .* 9 entries"):
        c @ np.zeros(7)
    with pytest.raises(ValueError, match=r"x must .* 7 entries"):
        np.zeros(9) @ c
    with pytest.raises(ValueError, match="n_threads"):
        c.toarray(n_threads=0)
    assert "7 x 9 float32" in repr(c)


def test_indices_widen_with_columns_or_entries():
    assert index_dtype(0, 5, 7) is index_dtype(2**31 - 1, 1) is np.int32
    assert index_dtype(2**31, 5) is index_dtype(1, 1, 2**31) is np.int64
