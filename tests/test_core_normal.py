"""The normal numbers of the noise G: published answers, pinned bits, a twin, and statistics."""

import hashlib
from pathlib import Path

import mpmath
import numpy as np
import pytest
from errors import relative_error
from hypothesis import given
from hypothesis import strategies as st
from reference import normal_twin
from scipy import stats

from htstats._core import normal

# Random123's kat_vectors, "philox4x32 10": counter, key, answer.
KNOWN_ANSWERS = [
    ("00000000 00000000 00000000 00000000", "00000000 00000000",
     "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff",
     "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0",
     "d16cfe09 94fdcceb 5001e420 24126ea1"),
]  # fmt: skip

words = st.integers(0, 2**32 - 1)


def block(seed, layer, row, col, rows, cols):
    out = np.full((rows, cols), np.nan)
    normal.fill(seed, layer, row, col, out)
    return out


def hexes(text):
    return np.array([int(word, 16) for word in text.split()], dtype=np.uint32)


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN_ANSWERS)
def test_philox_gives_the_published_answers(counter, key, answer):
    out = np.zeros(4, np.uint32)
    normal.philox4x32(hexes(counter), hexes(key), out)
    assert out.tolist() == hexes(answer).tolist()
    assert normal_twin.philox4x32(hexes(counter).tolist(), hexes(key).tolist()) == out.tolist()


PINNED = "bcee0aa630f724730f09767b4c4d2bd8db7bf308b42ffac588676f6b1813b22f"


def test_a_block_has_the_pinned_bits():
    g = block(20240229, 3, 0, 0, 64, 64)
    assert hashlib.sha256(g.astype("<f8").tobytes()).hexdigest() == PINNED
    twin = [[normal_twin.normal(20240229, 3, i, j) for j in range(64)] for i in range(64)]
    assert hashlib.sha256(np.array(twin).astype("<f8").tobytes()).hexdigest() == PINNED


@given(seed=st.integers(0, 2**64 - 1), layer=words, i=words, j=words)
def test_an_entry_is_the_twins(seed, layer, i, j):
    assert block(seed, layer, i, j, 1, 1)[0, 0] == normal_twin.normal(seed, layer, i, j)


@given(
    seed=st.integers(0, 2**64 - 1),
    row=st.integers(0, 2**32 - 10),
    col=st.integers(0, 2**32 - 2000),
    rows=st.integers(0, 3),
    cols=st.integers(0, 1500),
    data=st.data(),
)
def test_blocks_and_single_entries_agree(seed, row, col, rows, cols, data):
    whole = block(seed, 1, row, col, rows, cols)
    r = data.draw(st.integers(0, rows))
    c = data.draw(st.integers(0, cols))
    part = block(seed, 1, row + r, col + c, rows - r, cols - c)
    assert np.array_equal(part, whole[r:, c:])
    single = np.zeros(whole.size)
    i, j = np.indices(whole.shape).reshape(2, -1)
    normal.at(seed, 1, i + row, j + col, single)
    assert np.array_equal(single, whole.ravel())


def test_the_last_indices_work_and_the_next_are_refused():
    last = 2**32 - 1
    g = block(2**64 - 1, last, last, last - 2, 1, 3)
    assert g[0, 2] == normal_twin.normal(2**64 - 1, last, last, last)
    index = np.array([0], dtype=np.int64)
    for layer, row, col in [(2**32, 0, 0), (-1, 0, 0), (0, last + 1, 0), (0, 0, last), (0, -1, 0)]:
        with pytest.raises(ValueError, match="HTST_ERR_BAD_ARG"):
            block(0, layer, row, col, 1, 2)
    for i, j in [(2**32, 0), (0, 2**32), (-1, 0), (0, -1)]:
        with pytest.raises(ValueError, match="HTST_ERR_BAD_ARG"):
            normal.at(0, 0, index + i, index + j, np.zeros(1))
    with pytest.raises(OverflowError):
        normal.fill(2**64, 0, 0, 0, np.zeros((1, 1)))
    with pytest.raises(OverflowError):
        normal.fill(-1, 0, 0, 0, np.zeros((1, 1)))


def quantiles(u):
    u = np.ascontiguousarray(u, dtype=np.float64)
    out = np.empty_like(u)
    normal.quantile(u, out)
    return out


def test_quantile_is_accurate_to_1e_15():
    """Against mpmath at 50 digits, on multiples of 2^-53, dense at the seams and in the tails."""
    rng = np.random.default_rng(5)
    near = np.array([0.075, 0.925, 0.5, np.exp(-25.0)])
    u = np.concatenate(
        [
            rng.random(600),
            np.exp(-rng.uniform(0, 36.7, 600)),
            1 - np.exp(-rng.uniform(0, 36.0, 200)),
            (near[:, None] * (1 + np.arange(-20, 21) * 2.0**-50)).ravel(),
            [2.0**-53, 1 - 2.0**-53, 2.0**-1022],
        ]
    )
    got = quantiles(u)
    with mpmath.workdps(50):
        for p, x in zip(u, got, strict=True):
            exact = mpmath.findroot(
                lambda t, p=p: mpmath.ncdf(t) - mpmath.mpf(p), mpmath.mpf(float(x))
            ) if p > 1e-30 else None  # fmt: skip
            if exact is None:  # ncdf - p has no digits left there: solve for the logarithm
                exact = mpmath.findroot(
                    lambda t, p=p: mpmath.log(mpmath.ncdf(t)) - mpmath.log(mpmath.mpf(p)),
                    mpmath.mpf(float(x)),
                )
            assert relative_error(x, exact) <= 1e-15, p


def test_quantile_is_odd_and_nan_outside():
    k = np.random.default_rng(0).integers(0, 2**52, 2000)
    u = (2 * k + 1) * 2.0**-53
    assert np.array_equal(quantiles(1 - u), -quantiles(u))
    assert np.isnan(quantiles([0, 1, -1, 2, np.nan, np.inf, 5e-324])).all()
    assert quantiles([0.5])[0] == 0


def test_quantile_is_the_twins_in_every_branch():
    u = np.exp(-np.random.default_rng(1).uniform(0, 36.7, 20_000))
    twin = [normal_twin.quantile(p) for p in u.tolist()]
    assert quantiles(u).tolist() == twin
    assert (u < np.exp(-25)).any()


@pytest.mark.parametrize(("layer", "i", "j"), [(1, 21949, 62169), (7, 35492, 39883)])
def test_the_far_branch_inside_a_block(layer, i, j):
    """1 entry in 3.6e10 is beyond r = 5; these two were found by search."""
    g = block(0, layer, i - 1, j - 700, 3, 1300)[1, 700]
    assert g == normal_twin.normal(0, layer, i, j)
    assert abs(g) > 6.66


# ---- statistics: 4 million entries, fixed seeds, so that a level of 1e-4 cannot flicker ----------


@pytest.fixture(scope="module")
def sample():
    return block(7, 0, 0, 0, 2000, 2000)


def test_distribution(sample):
    assert stats.kstest(sample.ravel(), "norm").pvalue > 1e-4
    n = sample.size
    # standard errors of the first four moments of a standard normal sample
    for power, mean, variance in [(1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)]:
        assert abs((sample**power).mean() - mean) < 4 * np.sqrt(variance / n)


@pytest.mark.parametrize("sigmas", [4, 5])
def test_tails_are_as_heavy_as_they_must_be(sigmas):
    """Binomial counts on both sides, 1.6e7 entries."""
    n = counts = 0
    upper = 0
    for layer in range(4):
        g = block(11, layer, 0, 0, 1000, 4000)
        n += g.size
        counts += int((np.abs(g) > sigmas).sum())
        upper += int((g > sigmas).sum())
    p = stats.norm.sf(sigmas)
    assert stats.binomtest(counts, n, 2 * p).pvalue > 1e-4
    assert stats.binomtest(upper, n, p).pvalue > 1e-4


def correlation(a, b):
    """Sum of products of independent standard normals, in its standard errors."""
    return abs((a * b).sum()) / np.sqrt(a.size)


def test_neighbours_are_uncorrelated(sample):
    for lag in (1, 2, 3, 512, 1024):
        assert correlation(sample[:, lag:], sample[:, :-lag]) < 4, f"columns, lag {lag}"
        assert correlation(sample[lag:], sample[:-lag]) < 4, f"rows, lag {lag}"
    assert correlation(sample, sample.T) < 4 * np.sqrt(2) + 2000 / np.sqrt(sample.size)


@pytest.mark.parametrize("square", [False, True])
def test_layers_and_seeds_are_uncorrelated(square):
    blocks = [
        block(seed, layer, 0, 0, 400, 500)
        for seed, layer in [(0, 0), (0, 1), (1, 0), (2**32, 0), (1, 1), (2**63, 7)]
    ]
    if square:  # the magnitudes too
        blocks = [(b**2 - 1) / np.sqrt(2) for b in blocks]
    for a in range(len(blocks)):
        for b in range(a):
            assert correlation(blocks[a], blocks[b]) < 4, (a, b)


def test_wide_and_tall_blocks_do_not_repeat():
    """Each index reaches the generator whole: no two of these entries are equal."""
    i = np.array([0, 1, 2**16, 2**31, 2**32 - 1] * 5)
    j = np.repeat(np.array([0, 1, 2**17, 2**31, 2**32 - 1]), 5)
    out = np.empty(25)
    seen = set()
    for seed in (0, 1, 2**32, 2**63):
        for layer in (0, 1, 2**31):
            normal.at(seed, layer, i, j, out)
            seen.update(out.tolist())
    assert len(seen) == 25 * 4 * 3


def test_the_format_page_says_the_pinned_hash():
    page = Path(__file__).parents[1] / "docs" / "format.md"
    assert PINNED in page.read_text()
