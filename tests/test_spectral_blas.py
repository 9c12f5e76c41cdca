"""BLAS and LAPACK by their addresses, against exact sums and known eigenvalues."""

import ctypes
import math

import numpy as np
import pytest

from htstats.spectral import _blas


@pytest.fixture(params=["by address", "by SciPy"])
def way(request, monkeypatch):
    """Both ways: the second is for a SciPy whose routines take other types."""
    caches = _blas._routine, _blas._is_known
    for cache in caches:
        cache.cache_clear()
    if request.param == "by SciPy":
        monkeypatch.delitem(_blas._TYPES, "int")
    assert _blas._is_known() == (request.param == "by address")
    yield request.param
    for cache in caches:
        cache.cache_clear()


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (128, 40), (40, 128)])
def test_products_are_added_to_the_lower_triangle(way, shape):
    rng = np.random.default_rng(sum(shape))
    block = rng.integers(-99, 100, shape)
    gram = np.asfortranarray(rng.integers(-99, 100, (shape[1], shape[1])).astype(float))
    before = gram.astype(int)
    found = _blas.add_product(block.astype(float), gram)
    assert found is gram
    expected = before + np.tril(block.T @ block)
    assert (gram == expected).all()  # sums of integers below 2^53 are exact


@pytest.mark.parametrize("n", [1, 2, 7, 31, 32, 33, 64, 65, 300])
def test_eigenvalues_are_those_of_the_lower_triangle(way, n):
    # (2, -1) on the diagonals: 2 - 2 cos(pi k / (n + 1)), here in a mirrored order
    matrix = 2.0 * np.eye(n) - np.eye(n, k=-1) + np.triu(np.full((n, n), 7.0), 1)
    found = _blas.eigenvalues(np.array(matrix, order="F"))  # the 7 are not read
    expected = 2 - 2 * np.cos(np.pi * np.arange(1, n + 1) / (n + 1))
    np.testing.assert_allclose(found, expected, rtol=0, atol=4 * n * 4 * 2.0**-53)


@pytest.mark.parametrize("n", [33, 100, 257])
@pytest.mark.parametrize("entries", [1, 5000, 1 << 31], ids=lambda count: f"panels of {count}")
def test_eigenvalues_of_a_dense_matrix_with_known_ones(n, entries, monkeypatch):
    # H D H for the reflection H = n - 2 J, where J is all ones: integers, so the matrix is exact
    monkeypatch.setattr(_blas, "_ENTRIES_OF_A_CALL", entries)
    d = np.sort(np.random.default_rng(n).integers(-1000, 1000, n))
    matrix = n * n * np.diag(d) - 2 * n * (d[:, None] + d) + 4 * d.sum()
    known = n * n * d.astype(float)
    found = _blas.eigenvalues(np.array(matrix, dtype=float, order="F"))
    # the bound of _eigenvalues.solve_gram
    error = 4 * n * 2.0**-53 * math.sqrt(sum(int(k) ** 2 for k in known))
    np.testing.assert_allclose(found, known, rtol=0, atol=error)


@pytest.mark.parametrize("name", ["dsyrk", "dsyr2k", "dlatrd", "dsytd2", "dsterf"])
def test_calls_release_the_lock(name):
    """Without it no other thread runs meanwhile; tests/test_house_interrupts.py interrupts one."""
    assert not type(_blas._routine(name))._flags_ & ctypes._FUNCFLAG_PYTHONAPI


@pytest.mark.parametrize(
    "signature",
    ["", "int (char *)", "void (char *, long *)", "void (char *, int)", "void ()"],
)
def test_signatures_that_are_not_known(signature):
    assert _blas._types(signature, "d_") is None


def test_a_signature_that_is_known():
    assert _blas._types("void (char *, int *, t_d *)", "t_") == [
        _blas._TYPES[name] for name in ("char", "int", "d")
    ]
