"""Spectra by the Gram matrix, the SVD and Lanczos' method, and the summary of a layer."""

import math
import tracemalloc

import ml_dtypes
import mpmath
import numpy as np
import pytest
from scipy.linalg import hadamard

from htstats.power_law import fit_power_law
from htstats.spectral import Sizes, fit_spectrum, open_rows, spectral_norm, stable_rank
from htstats.spectral import _estimate as estimate
from htstats.spectral import _gram as gram
from htstats.spectral._rows import Rows
from htstats.spectral._summary import summarize_fit, summarize_spectrum

RNG = np.random.default_rng


def known(values, rows=None):
    """A matrix with these singular values times sqrt(n), exact up to the rounding of its entries.

    The rows of a Hadamard matrix are orthogonal and their lengths are exact."""
    n = len(values)
    W = hadamard(n) * np.asarray(values, float)
    return W if rows is None else np.vstack([W, np.zeros((rows - n, n))])


WAYS = ["gram", "svd"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("shape", ["square", "tall", "wide"])
def test_known_eigenvalues_are_found_within_the_bound(way, shape):
    values = np.sort(RNG(0).pareto(2, 128) + 1)
    W = known(values, 300 if shape != "square" else None)
    W = W.T if shape == "wide" else W
    fit = fit_spectrum(W, way=way)
    assert fit.way == way
    exact = np.sort(128 * values**2)
    # the entries are powers of a rounded number: squares of the lengths round once more
    assert np.abs(fit.eigenvalues - exact).max() <= fit.error_bound + 4e-16 * exact.max()
    assert fit.n_dropped == 0
    assert fit.n == 128


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, ml_dtypes.bfloat16])
@pytest.mark.parametrize("shape", [(200, 80), (80, 200), (100, 100), (1300, 70), (70, 1300)])
def test_ways_agree_within_their_bounds(dtype, shape):
    W = RNG(1).standard_t(3, shape).astype(dtype)
    one, other = (fit_spectrum(W, way=way) for way in WAYS)
    assert np.abs(one.eigenvalues - other.eigenvalues).max() <= one.error_bound + other.error_bound
    assert one.alpha == pytest.approx(other.alpha, rel=1e-11)
    assert one.xmin == pytest.approx(other.xmin, rel=1e-11)
    assert one.n_tail == other.n_tail
    assert fit_spectrum(W).way == "gram"
    assert fit_spectrum(W).alpha == one.alpha


def exact_trace_error(W):
    """The difference of the sums of eigenvalues and squares, with the sum of squares exact."""
    return math.fsum(float(x) ** 2 for x in W.ravel())


def test_sums_of_eigenvalues_are_those_of_the_entries():
    W = RNG(2).standard_t(4, (150, 90)).astype(np.float32)
    for way in WAYS:
        fit = fit_spectrum(W, way=way)
        assert math.fsum(fit.eigenvalues) == pytest.approx(exact_trace_error(W), rel=1e-12)


def test_the_bound_covers_errors_that_mpmath_measures():
    W = RNG(3).standard_normal((90, 70)) * np.logspace(0, -5, 70)
    with mpmath.workdps(40):
        exact = mpmath.matrix(W.T.tolist()) * mpmath.matrix(W.tolist())
        values = sorted(float(x) for x in mpmath.eigsy(exact, eigvals_only=True))
    fit = fit_spectrum(W, way="gram")
    errors = np.abs(fit.eigenvalues - np.array(values)[fit.n_dropped :])
    assert errors.max() <= fit.error_bound
    assert fit.error_bound < 1e-11 * values[-1]


@pytest.mark.parametrize(
    "kind", ["rank deficient", "many decades", "one zero row", "duplicate columns", "tiny xmin"]
)
def test_what_the_fit_could_see_goes_to_the_svd(kind):
    rng = RNG(4)
    W, options = rng.standard_normal((120, 100)), {}
    if kind == "rank deficient":
        W = rng.standard_normal((120, 10)) @ rng.standard_normal((10, 100))
    elif kind == "many decades":
        W = W * np.logspace(0, -9, 100)
    elif kind == "one zero row":
        W = rng.standard_normal((100, 120))
        W[7] = 0
    elif kind == "duplicate columns":
        W[:, 1] = W[:, 0]
    else:
        W, options = W * np.logspace(0, -5, 100), {"xmin": (0.0, 1e-8)}
    fit = fit_spectrum(W, **options)
    assert fit.way == "svd"
    singular = np.linalg.svd(W, compute_uv=False)
    kept = singular[singular > np.finfo(float).eps * 120 * singular[0]] ** 2
    assert fit.n == len(kept)
    assert fit.alpha == fit_power_law(kept, **options).alpha
    assert fit_spectrum(W, way="gram").way == "gram"


def test_small_matrices_go_by_the_svd_and_say_so():
    assert fit_spectrum(RNG(5).standard_t(3, (60, 40))).way == "svd"
    assert fit_spectrum(RNG(5).standard_t(3, (60, 40)), way="gram").way == "gram"


@pytest.mark.parametrize("scale", [1e155, 1e200, 1e306, 1e-156, 1e-200, 1e-310])
@pytest.mark.parametrize("shape", [(90, 80), (30, 20), (5, 1)])
def test_squares_outside_float64(scale, shape):
    W = RNG(6).standard_t(3, shape) * scale
    with pytest.raises(ValueError, match="way='gram' needs entries"):
        fit_spectrum(W, way="gram")
    for call in (fit_spectrum, lambda W: fit_spectrum(W, way="svd"), summarize_spectrum):
        with pytest.raises(ValueError, match=r"^W must have .*squares are within float64, got .*e"):
            call(W)


@pytest.mark.parametrize(
    ("W", "n"),
    [
        (np.zeros((90, 80)), 0),
        (np.zeros((3, 2)), 0),
        (np.ones((90, 80)), 1),
        (np.ones((1, 7)), 1),
        (np.eye(70), 1),
    ],
    ids=["zeros", "few zeros", "ones", "one row", "equal"],
)
@pytest.mark.parametrize("call", [fit_spectrum, summarize_spectrum])
def test_a_single_eigenvalue_has_no_power_law(W, n, call):
    with pytest.raises(ValueError, match=rf"^W must have at least two distinct .*, got {n}$"):
        call(W)


def test_no_eigenvalue_is_above_the_limit():
    with pytest.raises(ValueError, match=r"eigenvalues of W W\^T above 1e\+09, got 0$"):
        fit_spectrum(RNG(6).standard_t(3, (90, 80)), above=1e9)


@pytest.mark.parametrize("shape", [(200, 150), (150, 200)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, ml_dtypes.bfloat16])
def test_the_largest_alone(shape, dtype):
    W = RNG(7).standard_t(3, shape).astype(dtype)
    everything = fit_spectrum(W, way="svd").eigenvalues
    fit = fit_spectrum(W, k=20)
    assert fit.way == "lanczos"
    assert fit.n == 20
    assert np.abs(fit.eigenvalues - everything[-20:]).max() <= 1e-12 * everything[-1]
    assert fit.error_bound < 1e-9 * everything[-1]
    assert fit.alpha == fit_power_law(fit.eigenvalues).alpha
    assert fit_spectrum(W, k=150).way == "gram"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"way": "qr"}, "way must be one of"),
        ({"k": 1}, "k must be at least 2, got 1"),
        ({"k": 5, "way": "svd"}, "way must be 'lanczos' if k is given, got 'svd'"),
        ({"way": "lanczos"}, "k must be given if way is 'lanczos'"),
        ({"above": -1.0}, "above must be at least 0|above must"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        fit_spectrum(RNG(8).standard_normal((90, 80)), **options)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, ml_dtypes.bfloat16])
@pytest.mark.parametrize("options", [{}, {"way": "gram"}, {"way": "svd"}, {"k": 4}])
def test_what_is_not_finite_is_refused(bad, dtype, options):
    W = RNG(9).standard_normal((90, 80)).astype(dtype)
    W[89, 3] = bad
    with pytest.raises(ValueError, match="W must be finite"):
        fit_spectrum(W, **options)


@pytest.mark.parametrize(
    ("dtype", "shape"),
    [(np.float32, (1400, 1300)), (np.float32, (1300, 3000)), (ml_dtypes.bfloat16, (3000, 1300))],
)
def test_memory_is_that_of_the_gram_matrix(dtype, shape):
    W = RNG(10).standard_normal(shape).astype(dtype)
    fit_spectrum(W[:1100, :1100])  # imports what it needs
    tracemalloc.start()
    fit = fit_spectrum(W)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert fit.way == "gram"
    # G, and a block that is copied and widened; never W in float64
    assert peak < 8 * 1300**2 + 3 * 8 * gram.BLOCK * 1300 + (2 << 20)
    assert peak < 1.2 * 8 * W.size + 3 * 8 * gram.BLOCK * 1300


@pytest.mark.parametrize("side", [300, 1200])
def test_adding_blocks_gives_the_whole_product(side):
    W = np.round(RNG(11).standard_normal((side, 1100)) * 8)  # every sum is exact
    for given in (W, W.T):
        found = gram.gram_of(open_rows(given))
        # NumPy adds products in its own order much faster; BLAS fills the triangle in Fortran's
        is_numpy = side <= gram.SMALL < 1100
        assert found.matrix.flags[("F_CONTIGUOUS", "C_CONTIGUOUS")[is_numpy]]
        lower = np.triu if is_numpy else np.tril
        short = W if side < 1100 else W.T
        assert np.array_equal(lower(found.matrix), lower(short @ short.T))
        assert found.trace == (W**2).sum()


def large(kind, dtype=np.float32, shape=(2300, 1900)):
    W = RNG(12).standard_normal(shape, np.float32)
    if kind == "outliers":
        W += 0.2 * np.outer(RNG(13).standard_normal(shape[0]), RNG(14).standard_normal(shape[1]))
    elif kind == "heavy":
        W *= np.minimum(RNG(15).pareto(2, shape), 1e4).astype(np.float32)
    return W.astype(dtype)


@pytest.mark.parametrize("kind", ["plain", "outliers", "heavy"])
@pytest.mark.parametrize("dtype", [np.float32, np.float16, ml_dtypes.bfloat16])
def test_an_estimate_is_the_stable_rank(kind, dtype):
    W = large(kind, dtype)
    found = estimate.estimate_stable_rank(W, 5e-7)
    assert found == pytest.approx(stable_rank(W), rel=5e-7)
    squares = math.fsum((W.astype(float) ** 2).ravel())
    assert estimate.estimate_stable_rank(W, 5e-7, squares=squares) == pytest.approx(
        found, rel=1e-12
    )


def test_an_estimate_that_is_refused_is_computed_in_float64(monkeypatch):
    calls = []
    exact = estimate.largest_by_lanczos
    monkeypatch.setattr(
        estimate, "largest_by_lanczos", lambda *words: calls.append(1) or exact(*words)
    )
    W = large("plain")
    found = [estimate.estimate_stable_rank(W, 5e-7)]
    assert calls == []
    monkeypatch.setattr(estimate, "MOST_RESIDUAL", 0.0)
    found.append(estimate.estimate_stable_rank(W, 5e-7))
    assert calls == [1]
    assert found[0] == pytest.approx(found[1], rel=1e-6)


@pytest.mark.parametrize("seed", range(8))
def test_an_estimate_is_not_taken_in_by_the_second_value(seed):
    """Singular vectors along coordinates: the start may be nearly orthogonal to the first."""
    W = RNG(seed).standard_normal((2100, 2000), np.float32)
    for place, value in enumerate([400, 398, 395, 390]):
        W[place, int(RNG(seed + 100).integers(2000))] = value
    assert estimate.estimate_stable_rank(W, 1e-7) == pytest.approx(stable_rank(W), rel=1e-7)


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_an_estimate_outside_the_range_of_float32_products(scale):
    W = large("outliers") * np.float32(scale)
    assert estimate.estimate_stable_rank(W, 5e-7) == pytest.approx(
        estimate.estimate_stable_rank(large("outliers"), 5e-7), rel=1e-6
    )


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, ml_dtypes.bfloat16])
def test_results_do_not_depend_on_threads(dtype):
    W = large("outliers", dtype)
    for function in (spectral_norm, stable_rank):
        assert len({function(W, n_threads=n) for n in (1, 2, 3, 8, 20)}) == 1
    found = {estimate.estimate_stable_rank(W, 5e-7, n_threads=n) for n in (1, 2, 5)}
    assert len(found) == 1
    with pytest.raises(ValueError, match="n_threads must be at least 1, got 0"):
        stable_rank(W, n_threads=0)


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16])
def test_16_bit_products_have_the_bits_of_the_float32_copy(dtype):
    W = RNG(16).standard_t(3, (301, 205)).astype(dtype)
    never = Sizes(gram_side=0, gram_side_in_memory=0)
    v = RNG(17).standard_normal(205)
    wide = open_rows(W.astype(np.float32), never)
    assert np.array_equal(open_rows(W, never).gram(v), wide.gram(v))
    panels = never._replace(paneled=1, panels=5)
    found = open_rows(W, panels)._replace(n_threads=2)
    assert len(found._panels()) == 5
    assert np.allclose(found.gram(v), wide.gram(v), rtol=1e-13, atol=1e-11)


def test_panels_cover_all_rows():
    for rows in (1, 7, 8, 9, 64, 65, 1000):
        panels = Rows.of(np.zeros((rows, 3)), "float64", sizes=Sizes(paneled=1))._panels()
        assert sum(len(panel) for panel in panels) == rows
        assert len(panels) <= 8
        assert all(len(panel) % 8 == 0 for panel in panels[:-1])


def pooled_by_numpy(kernel):
    parts = [np.linalg.svd(kernel[:, :, i, j].astype(float), compute_uv=False) ** 2 / 2
             for i in range(kernel.shape[2]) for j in range(kernel.shape[3])]  # fmt: skip
    return np.sort(np.concatenate(parts))


@pytest.mark.parametrize("shape", [(200, 100), (100, 200), (40, 30, 3, 3), (30, 40, 1, 1)])
def test_a_summary_has_the_definitions(shape):
    W = RNG(18).standard_t(3, shape)
    found = summarize_spectrum(W)
    if len(shape) == 4:
        values = pooled_by_numpy(W)
    else:
        values = np.sort(np.linalg.svd(W, compute_uv=False) ** 2)
    fit = fit_power_law(values)
    large, small = max(shape[:2]), min(shape[:2])
    share = values / values.sum() + 1e-10  # as in WeightWatcher
    expected = {
        "N": large,
        "M": small,
        "Q": large / small,
        "num_evals": len(values),
        "alpha": fit.alpha,
        "sigma": (fit.alpha - 1) / math.sqrt(fit.n_tail),
        "D": fit.distance,
        "xmin": fit.xmin,
        "xmax": values[-1],
        "num_pl_spikes": fit.n_tail,
        "norm": values.sum(),
        "log_norm": math.log10(values.sum()),
        "spectral_norm": values[-1],
        "log_spectral_norm": math.log10(values[-1]),
        "alpha_weighted": fit.alpha * math.log10(values[-1]),
        "log_alpha_norm": math.log10((values**fit.alpha).sum()),
        "stable_rank": values.sum() / values[-1],
        "matrix_rank": len(values),
        "rank_loss": 0,
        "weak_rank_loss": 0,
        "entropy": -(share * np.log(share)).sum() / math.log(len(values) + 1e-10),
        "sv_max": math.sqrt(values[-1]),
        "sv_min": math.sqrt(values[0]),
        "lambda_max": values[-1],
    }
    row = found.as_dict()
    for name, value in expected.items():
        assert row[name] == pytest.approx(value, rel=1e-9), name


def test_lost_ranks_are_counted():
    W = RNG(19).standard_normal((90, 70))
    W[:, 3:6] = W[:, :3]
    found = summarize_spectrum(W)
    assert (found.matrix_rank, found.rank_loss, found.weak_rank_loss) == (67, 3, 3)
    assert found.num_evals == 70
    assert found.way == "svd"


@pytest.mark.parametrize("exponent", [-400, 0, 400])
def test_a_summary_of_any_size(exponent):
    fit = fit_spectrum(RNG(20).standard_t(3, (90, 80)))
    one = summarize_fit(fit, (90, 80))
    scaled = fit_spectrum(RNG(20).standard_t(3, (90, 80)) * 2.0**exponent)
    two = summarize_fit(scaled, (90, 80))
    assert two.stable_rank == pytest.approx(one.stable_rank, rel=1e-12)
    more = 2 * exponent * math.log10(2)
    assert two.log_alpha_norm == pytest.approx(one.log_alpha_norm + one.alpha * more, rel=1e-9)


@pytest.mark.parametrize(("rows", "columns"), [(2000, 400), (600, 600), (300, 1500)])
def test_the_bulk_of_noise_is_its_law(rows, columns):
    """The edges of a Gaussian matrix, and a spike that is put above them."""
    W = RNG(21).standard_normal((rows, columns)) * 0.3
    bulk = summarize_spectrum(W, mp_fit=True).bulk
    Q, n = max(rows, columns) / min(rows, columns), max(rows, columns)
    edge = 0.09 * n * (1 + 1 / math.sqrt(Q)) ** 2
    if Q > 1:  # the quarter circle is fitted to singular values, with another sigma
        assert bulk.bulk_max == pytest.approx(edge, rel=0.05)
        assert bulk.num_spikes == 0
        u, v = RNG(22).standard_normal(rows), RNG(23).standard_normal(columns)
        spike = np.outer(u / np.linalg.norm(u), v / np.linalg.norm(v)) * 2 * math.sqrt(edge)
        with_spike = summarize_spectrum(W + spike, mp_fit=True).bulk
        assert with_spike.num_spikes == 1
        assert with_spike.mp_softrank < 0.5 < bulk.mp_softrank


@pytest.mark.parametrize("shape", [(3,), (3, 4, 5), (2, 2, 2, 2, 2), (0, 3, 1, 1)])
def test_a_summary_needs_a_matrix_or_a_kernel(shape):
    with pytest.raises(ValueError, match=r"W must be a matrix or have shape \(out, in, k, k\)"):
        summarize_spectrum(np.ones(shape))
