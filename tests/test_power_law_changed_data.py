"""A fit notices that its data have changed, and its results are values of them."""

import copy
import pickle

import ml_dtypes
import numpy as np
import pytest
from functions_of_data import X

from htstats import fit_power_law
from htstats._core import checksum as sums_of
from htstats._exact_fit import source
from htstats.power_law import confidence_interval, goodness_of_fit

# ---- data that change after a fit ----------------------------------------------------------------


def change_all(x):
    x *= 2


def change_one(x):
    x.flat[3] = np.nextafter(x.flat[3], x.dtype.type(np.inf), dtype=x.dtype)


def change_two_against_each_other(x):
    x.flat[0], x.flat[1] = 2, 6
    x.flat[2], x.flat[3] = 4, 4


def change_signs(x):
    x *= -1


def replace_by_others(x):
    x[...] = np.random.default_rng(5).pareto(2.5, x.shape) + 1


READERS = {
    "goodness": lambda fit: fit.goodness_of_fit(20),
    "interval": lambda fit: fit.confidence_interval(method="bootstrap", n_resamples=20),
    "compare": lambda fit: fit.compare("lognormal"),
    "compare_all": lambda fit: fit.compare_all(),
    "usable": lambda fit: fit.usable(),
}


@pytest.mark.parametrize(
    "change",
    [change_all, change_one, change_two_against_each_other, change_signs, replace_by_others],
)
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_changed_data_are_detected(change, dtype):
    x = X.astype(dtype)
    fits = [fit_power_law(x), fit_power_law(x, xmin=(1, 9)), fit_power_law([x[:50], x[50:]])]
    fits += [fit_power_law(x.reshape(10, 20)), fit_power_law(x, weights=np.ones(200, int))]
    fits += [pickle.loads(pickle.dumps(fits[0])), copy.copy(fits[0])]
    for fit in fits:
        fit.usable()
    change(x)
    for fit in [*fits[:5], fits[6]]:
        for read in READERS.values():
            with pytest.raises(ValueError, match="changed after the fit"):
                read(fit)
        assert fit.stderr > 0
        assert fit.confidence_interval().alpha
    fits[5].usable()  # it has its own data


def test_two_elements_that_change_against_each_other_are_seen():
    """Sums of the bit patterns, and their exclusive or, would be the same."""
    for dtype, checksum in ((np.float32, sums_of.checksum_f32), (np.float64, sums_of.checksum_f64)):
        one, two = np.array([4, 5, 6, 7], dtype), np.array([5, 5, 6, 6], dtype)
        assert checksum(one) != checksum(two)
        sums = {checksum(np.array([a, b], dtype)) for a in range(1, 99) for b in range(a, 99)}
        assert len(sums) == 98 * 99 // 2
    sums = {
        sums_of.checksum_u16(np.array([a, b], np.uint16)) for a in range(99) for b in range(a, 99)
    }
    assert len(sums) == 99 * 100 // 2


def test_the_checksum_is_that_of_its_definition():
    rng, mask = np.random.default_rng(3), 2**32 - 1
    for dtype, name in (("u8", "f64"), ("u4", "f32"), ("u2", "u16")):
        width = 8 * int(dtype[1])
        words = rng.integers(0, 2**width, 1003, dtype=dtype)
        expected = 0
        for word in words.tolist():
            w = word << 64 - width
            upper, lower = w >> 32, w & mask
            mixed = (lower ^ upper ^ upper >> 15) * 0x9E3779B1 & mask
            expected += mixed * (upper ^ mixed >> 13 ^ 0x85EBCA6B) + lower
        x = words if name == "u16" else words.view(dtype.replace("u", "f"))
        assert getattr(sums_of, f"checksum_{name}")(x) == expected % 2**64


def test_an_order_is_no_change_but_where_weights_have_places():
    x, k = X.copy(), np.floor(4 * X).astype(int)
    times = np.arange(200) % 3 + 1
    fit, whole = fit_power_law(x), fit_power_law(k, discrete=True)
    weighted = fit_power_law(x, weights=times)
    before = fit.goodness_of_fit(20)
    x.sort()
    k.sort()
    assert fit.goodness_of_fit(20) == before
    assert whole.usable().tolist() == k.tolist()
    with pytest.raises(ValueError, match="changed after the fit"):
        weighted.usable()
    y = X.copy()
    weighted = fit_power_law(y, weights=times)
    weighted.usable()
    times[5] += 1
    with pytest.raises(ValueError, match="changed after the fit"):
        weighted.usable()


def test_lists_integers_and_many_elements_that_change_are_detected():
    kinds = {
        "list": (X.tolist(), {}),
        "integers": (np.floor(9 * X).astype(np.int32), {"discrete": True}),
        "masked": (np.ma.array(X.copy(), mask=X > 20), {}),
        "many": (np.random.default_rng(1).standard_t(3, 400_000), {"side": "abs"}),
        "threads": (
            np.random.default_rng(1).standard_t(3, 400_000),
            {"side": "abs", "n_threads": 2},
        ),
    }
    for x, rule in kinds.values():
        fit = fit_power_law(x, **rule)
        fit.usable()
        x[7] += 1
        with pytest.raises(ValueError, match="changed after the fit"):
            fit.usable()


# ---- results that are values of the data ---------------------------------------------------------


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 3.7, 1e3])
def test_xmin_and_its_interval_are_values_of_the_data(dtype, scale):
    x = (X * scale).astype(dtype)
    values = set(x.astype(float).tolist())
    for rule in ({}, {"xmin": (scale, 3 * scale)}, {"ks": "two-sided"}, {"xmax": 15 * scale}):
        fit = fit_power_law(x, **rule)
        interval = fit.confidence_interval(method="bootstrap", n_resamples=30)
        assert {fit.xmin, *interval.xmin} <= values
        assert fit.goodness_of_fit(20).xmin == fit.xmin
    assert goodness_of_fit(x, 20).xmin in values
    assert set(confidence_interval(x, method="bootstrap", n_resamples=30).xmin) <= values


def test_an_xmin_that_every_resample_finds_is_its_interval():
    for xmin in (9.0, 7.0, 0.1, 1e300, 5e-324 * 2**60):
        x = np.repeat(xmin * np.array([1, 2, 4, 8]), [800, 200, 50, 13])
        for rule in ({}, {"xmin": (xmin / 2, xmin * 1.5)}):
            interval = fit_power_law(x, **rule).confidence_interval(
                method="bootstrap", n_resamples=30
            )
            assert interval.xmin[0] == xmin
            assert interval.xmin[1] in x


def test_intervals_of_whole_numbers_are_whole():
    k = np.floor(9 * X)
    for rule in ({"discrete": True, "xmin": (1, 40)}, {}):
        fit = fit_power_law(k, **rule)
        interval = fit.confidence_interval(method="bootstrap", n_resamples=30)
        assert all(float(end).is_integer() and end in k for end in interval.xmin)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("n", [0, 1, 70_000])
def test_the_checksum_of_16_bit_floats_comes_from_their_counts(monkeypatch, dtype, n):
    x = np.random.default_rng(n).standard_t(3, n + 2).astype(np.float16).view(np.uint16)
    assert sums_of.checksum_counts_u16(
        np.bincount(x, minlength=65536).astype(np.uint64)
    ) == sums_of.checksum_u16(x)
    with pytest.raises(ValueError, match="65536"):
        sums_of.checksum_counts_u16(np.zeros(9, np.uint64))
    if n:
        halves = x.view(np.float16) if dtype == "float16" else x.view(ml_dtypes.bfloat16)
        read = []
        monkeypatch.setattr(source, "checksum_of", lambda *part: read.append(part))
        for given in (halves, [halves[:30], halves[30:]]):
            fit = fit_power_law(given, side="abs", n_threads=2)
            assert fit._require_data().checksum == sums_of.checksum_u16(x)
        assert read == []
