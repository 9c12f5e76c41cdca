"""Fits equal brute force to the last candidate, pruned or not, and say what they left out."""

import dataclasses
import math
import pickle
from functools import partial

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import power_law_twin as twin
from reference.power_law_twin import brute_force
from samples import SAMPLES
from ways import fit_by

from htstats._exact_fit.options import KS, WAYS, FitOptions, check_options
from htstats.power_law import PowerLawFit, fit_power_law
from htstats.sketch import TailSketch


@pytest.fixture(params=WAYS)
def fit(request):
    """A fit by one way; where values are scanned in steps, their estimates come by blocks."""
    in_steps = {} if "at once" in request.param else {"estimates_at_once": 0}
    return partial(fit_by, request.param, **in_steps)


def agrees(fit, x, **options):
    """The fit is the twin's, which has long doubles."""
    values, alphas, distances = twin.candidates(x[x > 0], **options)
    k = twin.answer(distances)
    assert fit.xmin == values[k] or twin.is_on_the_edge(distances, k)
    k = int(np.searchsorted(values, fit.xmin))
    assert abs(fit.distance - distances[k]) <= 1e-15
    assert abs(fit.alpha - alphas[k]) <= 1e-12 * abs(alphas[k])
    assert fit.n_tail == (x >= fit.xmin).sum()


@pytest.mark.parametrize("name", list(SAMPLES))
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
def test_equal_to_brute_force(fit, name, dtype):
    kind = ml_dtypes.bfloat16 if dtype == "bfloat16" else np.dtype(dtype)
    for seed in range(4):
        x = SAMPLES[name](np.random.default_rng(seed), 600).astype(kind)
        x = x[np.isfinite(x)]
        agrees(fit(x), x.astype("f8"))


def test_a_way_is_one_of_those_that_there_are():
    assert check_options(way="pruned") == FitOptions(way="pruned")
    with pytest.raises(ValueError, match=r"way must be one of 'at once', 'sorted', .* got 'slow'"):
        check_options(way="slow")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_pruning_does_not_change_a_large_fit(dtype):
    for seed in range(2):
        x = np.random.default_rng(seed).standard_t(3, 300_000).astype(dtype)
        whole = fit_by("sorted", x, side="abs")
        assert fit_power_law(x, side="abs", n_threads=2) == whole  # to the bit
        assert [fit_by(way, x, side="abs") for way in WAYS] == [whole] * len(WAYS)


@given(
    st.sampled_from(list(SAMPLES)),
    st.sampled_from(["f4", "f8"]),
    st.sampled_from(["abs", "positive", "negative"]),
    st.sampled_from(KS),
    st.integers(1, 50),
    st.integers(2, 700),
    st.integers(0, 2**32),
)
def test_a_small_fit_in_one_call_is_that_of_its_steps(name, dtype, side, ks, least, n, seed):
    rng = np.random.default_rng(seed)
    x = (SAMPLES[name](rng, n) * rng.choice([-1, 0, 1, 1], n)).astype(dtype).reshape(1, -1)
    options = {"side": side, "ks": ks, "min_tail": least}
    before = x.copy()
    fits = []
    for way in WAYS:
        try:
            fits.append(fit_by(way, x, **options))
        except ValueError as error:
            fits.append(str(error))
    assert fits == fits[:1] * len(WAYS)  # to the bit
    assert len(set(map(repr, fits))) == 1
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("ks", KS)
def test_more_values_than_estimates_at_once_in_one_call(dtype, ks):
    n = FitOptions().estimates_at_once + 100
    x = (np.random.default_rng(5).pareto(1.5, n) + 1).astype(dtype)
    fit = fit_power_law(x, ks=ks)
    for at_once in (0, n):
        assert fit_by("sorted", x, ks=ks, estimates_at_once=at_once) == fit  # to the bit


@given(st.lists(st.integers(1, 40), min_size=2, max_size=60), st.sampled_from(WAYS))
def test_small_and_tied(values, way):
    x = np.array(values, np.float64)
    if len(set(values)) < 2:
        with pytest.raises(ValueError, match="two distinct"):
            fit_by(way, x)
    else:
        agrees(fit_by(way, x), x)


def test_sides_and_what_is_left_out(fit):
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.pareto(2, 400) + 1, -rng.pareto(1, 300) - 1, np.zeros(7)])
    with pytest.raises(ValueError, match=r"300 negative values: side must be one of"):
        fit(x)
    for side, key, excluded in [
        ("abs", np.abs(x), {"zero": 7}),
        ("positive", x, {"zero": 7, "negative": 300}),
        ("negative", -x, {"zero": 7, "positive": 400}),
    ]:
        found = fit(x, side=side)
        agrees(found, key)
        assert dict(found.excluded) == excluded
        assert found.n + found.n_excluded == len(x)
        assert found.side == side


def test_fixed_xmin_ranges_and_limits():
    x = np.random.default_rng(1).pareto(1.5, 500) + 1
    candidates, distances = brute_force(x)
    fixed = fit_power_law(x, xmin=1.37)
    tail = x[x >= 1.37]
    assert fixed.alpha == pytest.approx(1 + len(tail) / math.fsum(np.log(tail / 1.37)), rel=1e-12)
    assert (fixed.xmin, fixed.n_tail, fixed.n) == (1.37, len(tail), 500)
    at = fit_power_law(x, xmin=float(candidates[17]))
    assert at.distance == pytest.approx(distances[17], abs=1e-12)
    inside = (candidates >= 1.2) & (candidates <= 2)
    ranged = fit_power_law(x, xmin=(1.2, 2))
    assert ranged.xmin == candidates[inside][np.argmin(distances[inside])]
    long = fit_power_law(x, min_tail=300)
    assert long.xmin == candidates[np.argmin(distances[: 500 - 300 + 1])]
    short = fit_power_law(x, xmax=5)
    agrees(short, x[x <= 5], xmax=5)
    assert short.xmax == 5
    assert short.excluded == {"above xmax": (x > 5).sum()}
    xs, alphas, ds = fit_power_law(x, curve=True).curve
    np.testing.assert_array_equal(xs, candidates)
    np.testing.assert_allclose(ds, distances, atol=1e-12)
    assert len(alphas) == len(xs)


def test_weights_are_repetitions():
    rng = np.random.default_rng(2)
    x, times = rng.pareto(2, 100) + 1, rng.integers(0, 5, 100)
    assert fit_power_law(x, weights=times) == fit_power_law(np.repeat(x, times))


@pytest.mark.parametrize(
    ("options", "error", "named"),
    [
        ({"x": []}, ValueError, "two distinct"),
        ({"x": [1.0]}, ValueError, "two distinct"),
        ({"x": [2.0, 2.0]}, ValueError, r"two distinct usable values, got 1 \(2\.0\)"),
        ({"x": [0.0, 0.0]}, ValueError, "two distinct"),
        ({"x": [1.0, np.nan]}, ValueError, "x must be finite, got 1"),
        ({"x": [1.0, np.inf]}, ValueError, "x must be finite, got 1"),
        ({"x": ["a"]}, TypeError, "x must be real"),
        ({"side": "left"}, ValueError, "side"),
        ({"ks": "kuiper"}, ValueError, "ks"),
        ({"xmin": -1}, ValueError, "xmin"),
        ({"xmin": 9.0}, ValueError, r"xmin must be below the largest usable value, 3\.0, got 9\.0"),
        ({"xmin": 3.0}, ValueError, "xmin must be below the largest"),
        ({"xmin": (2.0, 2.0)}, ValueError, r"xmin must be \(lo, hi\) with lo < hi, got \(2\.0, 2"),
        ({"xmin": (2.0, 1.0)}, ValueError, "lo < hi"),
        ({"xmin": (2.0, np.nan)}, ValueError, "xmin must be finite"),
        ({"xmin": (1, 2, 3)}, ValueError, "pair"),
        ({"xmin": 2.0, "xmax": 2.0}, ValueError, "xmax must be above xmin"),
        ({"xmax": -1}, ValueError, "xmax must be positive, got -1"),
        ({"x": [-1.0, 2.0, 3.0]}, ValueError, "x has 1 negative values: side must be"),
        ({"x": [1j, 2.0]}, TypeError, "x must be real"),
        ({"x": np.array([1.0, 2.0], object)}, TypeError, "x must be real"),
        ({"x": iter([1.0, 2.0])}, TypeError, "list_iterator, which can be read only once"),
        ({"x": (np.ones(2) for _ in range(2))}, TypeError, "generator, which can be read only"),
        ({"x": [np.ones(2), np.ones(3, "f4")]}, TypeError, "blocks of one dtype"),
        ({"weights": [1, -2, 1]}, ValueError, r"weights must be integers in .*, got -2"),
        ({"weights": [1, np.nan, 1]}, ValueError, "weights must be integers in .*, got nan"),
        ({"weights": [2**62, 1, 1]}, ValueError, "weights must be integers in"),
        ({"weights": ["a", "b", "c"]}, TypeError, "weights must be integers, got dtype"),
        ({"x": [np.ones(2), np.ones(3)], "weights": [1, 2]}, TypeError, "weights need x as one"),
        ({"xmin": (8.0, 9.0)}, ValueError, "no candidate"),
        ({"min_tail": 50}, ValueError, "no candidate"),
        ({"xmax": 0.5}, ValueError, "two distinct"),
        ({"weights": [1, 2]}, ValueError, "weights must have the shape"),
        ({"weights": [0.5, 1, 1]}, ValueError, "weights must be integers in .*, got 0.5"),
        ({"discrete": True, "xmin": 1.5}, ValueError, "xmin must hold whole numbers"),
        ({"n_threads": 0}, ValueError, "n_threads"),
    ],
)
def test_bad_input_is_named(options, error, named):
    given = {"x": [1.0, 2.0, 3.0], **options}
    ways = [] if "n_threads" in given or given.get("side") else WAYS
    for function in (fit_power_law, *(partial(fit_by, way) for way in ways)):
        with pytest.raises(error, match=named):
            function(**given)


def test_the_tail_it_describes():
    fit = PowerLawFit(alpha=2.5, xmin=2.0, distance=0.1, n=100, n_tail=50)
    x = np.array([1.0, 2.0, 3.0, 50.0])
    np.testing.assert_allclose(np.exp(fit.logsf(x)), np.where(x < 2, 1, (x / 2) ** -1.5))
    np.testing.assert_allclose(np.exp(fit.logcdf(x)), 1 - np.where(x < 2, 1, (x / 2) ** -1.5))
    np.testing.assert_allclose(fit.ppf(np.exp(fit.logcdf(x[1:]))), x[1:], rtol=1e-12)
    assert np.isnan(fit.ppf([-0.1, 1.1])).all()
    assert fit.ppf(1.0) == np.inf
    np.testing.assert_allclose(
        np.exp(fit.logpdf([1.0, 3.0])), [0, 1.5 / 2 * (3 / 2) ** -2.5], rtol=1e-12
    )
    drawn = fit.sample(20_000, np.random.default_rng(0))
    np.testing.assert_array_equal(fit.sample(20_000, 0), drawn)
    assert fit.sample((2, 3)).shape == (2, 3)
    assert drawn.min() >= 2
    again = fit_power_law(drawn, xmin=2.0)
    assert abs(again.alpha - 2.5) < 4 * again.stderr
    assert again.loglikelihood == pytest.approx(math.fsum(again.logpdf(drawn)), rel=1e-12)
    assert fit.tail_exponent == 1.5
    assert "alpha=2.5" in repr(fit)


@pytest.mark.parametrize("name", list(SAMPLES))
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_two_sided_is_the_supremum(fit, name, dtype):
    x = SAMPLES[name](np.random.default_rng(5), 300).astype(dtype)
    x = x[np.isfinite(x)]
    found = fit(x, ks="two-sided")
    agrees(found, x.astype("f8"), ks="two-sided")
    assert found.ks == "two-sided"


@pytest.mark.parametrize("name", list(SAMPLES))
@pytest.mark.parametrize("ks", ["left", "two-sided"])
def test_truncated(name, ks):
    x = SAMPLES[name](np.random.default_rng(6), 200)
    for xmax in (float(x.max()), float(np.quantile(x, 0.7)), 3 * float(x.max())):
        agrees(fit_power_law(x, xmax=xmax, ks=ks), x[x <= xmax], xmax=xmax, ks=ks)


def test_truncated_estimate_is_the_published_one():
    """Pareto 2.5 on [1, 10], n = 1000: the estimate without xmax says 2.654."""
    u = np.random.default_rng(42).random(1000)
    x = (1 - u * (1 - 10**-1.5)) ** (-1 / 1.5)
    fit = fit_power_law(x, xmin=1.0, xmax=10.0)
    assert fit_power_law(x, xmin=1.0).alpha > 2.6
    assert abs(fit.alpha - 2.5) < 2 * fit.stderr
    # the maximum of the likelihood, and its curvature there
    h = 1e-4

    total = math.fsum(np.log(x))

    def loglikelihood(alpha):
        return np.log((alpha - 1) / (1 - 10 ** (1 - alpha))) * 1000 - alpha * total

    sides = [loglikelihood(fit.alpha + step) for step in (-h, 0, h)]
    assert sides[1] == max(sides)
    assert sides[1] == pytest.approx(fit.loglikelihood, rel=1e-12)
    curvature = (2 * sides[1] - sides[0] - sides[2]) / h**2
    assert fit.stderr == pytest.approx(curvature**-0.5, rel=1e-3)  # rounding over h^2
    assert "to xmax=10" in repr(fit)


@pytest.mark.parametrize("alpha", [-3.0, 1.0, 1.0 + 1e-9, 2.5, 900.0])
def test_the_truncated_tail_it_describes(alpha):
    fit = PowerLawFit(alpha=alpha, xmin=2.0, distance=0.1, n=100, n_tail=50, xmax=6.0)
    q = np.linspace(0, 1, 41)
    x = fit.ppf(q)
    assert (np.diff(x) >= 0).all()
    assert x[0] == pytest.approx(2, rel=1e-14)
    assert x[-1] == pytest.approx(6, rel=1e-12) or alpha == 900
    np.testing.assert_allclose(np.exp(fit.logcdf(x[:-1])), q[:-1], atol=1e-12)
    np.testing.assert_allclose(np.exp(fit.logsf(x[:-1])), 1 - q[:-1], atol=1e-12)
    assert fit.logpdf([1.9, 6.1]).tolist() == [-np.inf, -np.inf]
    assert fit.logsf([1.0, 6.0, 7.0]).tolist() == [0, -np.inf, -np.inf]
    assert fit.logcdf([1.0, 7.0]).tolist() == [-np.inf, 0]
    grid = 2 * 3 ** np.linspace(0, 1, 200_001)
    steps = np.exp(fit.logpdf(grid)) * grid * np.log(3) / 200_000
    assert steps.sum() - steps[[0, -1]].sum() / 2 == pytest.approx(1, rel=1e-5)  # trapezia
    drawn = fit.sample(1000, np.random.default_rng(0))
    assert 2 <= drawn.min() <= drawn.max() <= 6
    again = fit_power_law(drawn, xmin=2.0, xmax=6.0)
    assert abs(again.alpha - alpha) < 4 * again.stderr


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16", "int32", "bool"])
def test_blocks_tensors_and_files_are_the_array(dtype, tmp_path):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(7)
    kind = ml_dtypes.bfloat16 if dtype == "bfloat16" else np.dtype(dtype)
    x = np.ceil(rng.pareto(1.5, 999) * 10).astype(kind)
    if dtype == "bool":
        with pytest.raises(ValueError, match="two distinct"):
            fit_power_law(x)
        return
    whole = fit_power_law(x)
    assert fit_power_law([x[500:], x[:500].reshape(2, 250)]) == whole
    bits = x.view(np.uint16) if dtype == "bfloat16" else x
    tensor = torch.from_numpy(bits.copy().view(np.int16) if dtype == "bfloat16" else bits)
    tensor = tensor.view(torch.bfloat16) if dtype == "bfloat16" else tensor
    assert fit_power_law(tensor.reshape(27, 37)) == whole
    assert fit_power_law([tensor[:10], tensor[10:]]) == whole

    class Blocks:
        def __iter__(self):
            return (x[i : i + 100] for i in range(0, 999, 100))

    assert fit_power_law(Blocks()) == whole
    if dtype != "bfloat16":
        np.save(tmp_path / "x.npy", x)
        assert fit_power_law(np.load(tmp_path / "x.npy", mmap_mode="r")) == whole


def test_blocks_that_change_are_noticed():
    x = np.random.default_rng(8).pareto(1.5, 1000) + 1

    class Changing:
        passes = 0

        def __iter__(self):
            self.passes += 1
            return iter([x / self.passes])

    with pytest.raises(ValueError, match="same numbers each time"):
        fit_power_law(Changing())


def test_results_pickle_and_cannot_be_changed():
    fit = fit_power_law([0.0, 1.0, 2.0, 5.0], curve=True)
    again = pickle.loads(pickle.dumps(fit))
    assert again == fit
    assert again.excluded == {"zero": 1}
    assert again.usable().tolist() == [1, 2, 5]
    np.testing.assert_array_equal(again.curve.distances, fit.curve.distances)
    with pytest.raises(dataclasses.FrozenInstanceError):
        fit.alpha = 2.0
    with pytest.raises(TypeError):
        fit.excluded["zero"] = 2


def test_curves_above_the_stated_size_are_refused():
    x = np.arange(1.0, 1_000_003.0)
    assert len(fit_power_law(x, curve=True, xmin=(999_900, 999_909)).curve.xmins) == 10
    message = "curve must have at most 1000000 candidates, got 1000001: give a range xmin"
    for discrete in (False, True):
        with pytest.raises(ValueError, match=message):
            fit_power_law(x, curve=True, discrete=discrete)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
@pytest.mark.parametrize("ks", ["left", "two-sided"])
def test_a_sketch_fits_what_it_has_seen(dtype, ks):
    x = np.random.default_rng(9).standard_t(2, 2000).astype(dtype)
    parts = [x[:300], x[300:]]
    sketch = TailSketch(dtype).update(parts[1]).merge(TailSketch(dtype).update(parts[0]))
    for side in ("abs", "positive", "negative"):
        whole = fit_power_law(x, side=side, ks=ks)
        assert sketch.fit(side, reread=parts, ks=ks) == whole
    with pytest.raises(ValueError, match="negative values: side must be"):
        sketch.fit(reread=x)
    if dtype == "float16":
        assert sketch.fit("abs", ks=ks) == fit_power_law(x, side="abs", ks=ks)
        return
    with pytest.raises(ValueError, match="reread must be given"):
        sketch.fit("abs")
    with pytest.raises(ValueError, match=f"reread must be {dtype}"):
        sketch.fit("abs", reread=x.astype("f2"))
    with pytest.raises(ValueError, match="same numbers"):
        sketch.fit("abs", reread=x[:-1] * 3)
    again = fit_power_law(x, side="abs", ks=ks)
    for reread in (lambda: iter(parts), lambda: parts, lambda: x, lambda: x.reshape(2, -1)):
        assert sketch.fit("abs", reread=reread, ks=ks) == again
    with pytest.raises(TypeError, match=r"reread must be an array, or blocks .* only once"):
        sketch.fit("abs", reread=iter(parts))
    with pytest.raises(TypeError, match=r"reread must give an array or blocks .* got NoneType"):
        sketch.fit("abs", reread=lambda: None)
