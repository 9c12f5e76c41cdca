"""Certificates: the bound's golden values, the coder, the file, features and the search."""

import hashlib
import itertools
import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from messages import decode_flips, require_prefix_free
from reference import htc_reader, htz_reader
from reference.certificate_twin import features_of, strokes_of

from htstats.certificate import (
    METHODS,
    TernaryHead,
    decode,
    encode,
    exchange_rate,
    extract_features,
    format_bits,
    format_for,
    message_bits,
    occam_bound,
)
from htstats.certificate._banks import gabor_filters, gaussian_filters
from htstats.certificate._coder import (
    BitReader,
    BitWriter,
    MixedRadix,
    log2_units,
)
from htstats.certificate._features import MAPS

RNG = np.random.default_rng(7)

# (errors, m, bits) at delta .05 -> hoeffding, kl, binomial, maurer; by mpmath at 40 digits
GOLDEN = {
    (0, 1437, 500): (0.348757, 0.215935, 0.215935, 0.218293),
    (72, 1437, 800): (0.490542, 0.436761, 0.435447, 0.438673),
    (9000, 60000, 10000): (0.390390, 0.366177, 0.366087, 0.366288),
    (11778, 60000, 3740): (0.343365, 0.328325, 0.328191, 0.328497),
}


# ---- the bound ----------------------------------------------------------------------------------


@pytest.mark.parametrize("case", GOLDEN)
def test_golden_values(case):
    found = [occam_bound(*case, method=m) for m in ("hoeffding", "kl", "binomial", "maurer")]
    assert [round(v, 6) for v in found] == list(GOLDEN[case])


@pytest.mark.parametrize("bits", [0, 1, 100.5, 1e5, 1e7])
@pytest.mark.parametrize(
    ("errors", "m"), [(0, 10), (1, 10), (9, 10), (3, 60_000), (59_999, 60_000)]
)
def test_the_kl_bound_solves_its_equation(errors, m, bits):
    p = occam_bound(errors, m, bits, method="kl")
    cost = bits * math.log(2) - math.log(0.05)
    with mpmath.workdps(50):
        q, x = mpmath.mpf(errors) / m, mpmath.mpf(p)
        if p == 1.0:  # the next number below is already too low
            x = mpmath.mpf(1) - mpmath.mpf(2) ** -53
            kl = (q * mpmath.log(q / x) if q else 0) + (1 - q) * mpmath.log((1 - q) / (1 - x))
            assert m * kl <= cost
            return
        kl = (q * mpmath.log(q / x) if q else 0) + (1 - q) * mpmath.log((1 - q) / (1 - x))
        slope = m * (x - q) / (x * (1 - x))  # of m KL in p
        # p is right to some units in the last place of p or of 1 - p
        assert abs(m * kl - cost) <= 1e-13 * cost + 8 * 2**-53 * slope


def test_the_binomial_bound_is_the_tightest_and_all_grow_with_errors_and_bits():
    for errors, bits in itertools.product((0, 5, 100, 700), (0, 10, 300)):
        bounds = {m: occam_bound(errors, 1000, bits, method=m) for m in METHODS}
        assert bounds["binomial"] <= min(bounds.values())
        assert bounds["kl"] <= min(bounds["hoeffding"], bounds["maurer"])
        for method in METHODS:
            assert occam_bound(errors + 1, 1000, bits, method=method) >= bounds[method]
            assert occam_bound(errors, 1000, bits + 1, method=method) >= bounds[method]


def test_without_errors_the_bound_has_a_closed_form():
    exact = 1 - (mpmath.mpf("0.05") / mpmath.mpf(2) ** 500) ** (mpmath.mpf(1) / 1437)
    assert occam_bound(0, 1437, 500) == pytest.approx(float(exact), rel=1e-12)


def test_choices_and_exchange():
    assert format_bits(1) == 0.0
    assert format_bits(8) == 3.0
    rate = exchange_rate(7200, 1016, 60_000)
    # so many bits move the bound as one error does
    up = occam_bound(7200 + 20, 60_000, 1016)
    assert occam_bound(7200, 60_000, 1016 + 20 * rate) == pytest.approx(up, rel=1e-5)
    assert exchange_rate(100, 1e6, 100) == 0.0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((-1, 10, 0), "errors"),
        ((11, 10, 0), "errors"),
        ((1, 0, 0), "m must"),
        ((1, 10, -1), "bits"),
        ((1, 10, math.nan), "bits"),
        ((1, 10, 0, 0.0), "delta"),
        ((1, 10, 0, 1.0), "delta"),
        ((1, 10, 0, 0.5, "other"), "method"),
    ],
)
def test_bad_arguments_are_named(arguments, words):
    with pytest.raises(ValueError, match=words):
        occam_bound(*arguments)


# ---- the coder ----------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(1, 10**9), st.integers(0, 10**9)), max_size=12))
def test_mixed_radix_and_bits(pairs):
    limits = [limit for limit, _ in pairs]
    parts = [value % limit for limit, value in pairs]
    radix = MixedRadix(limits)
    number = radix.join(parts)
    assert radix.split(number) == parts
    writer = BitWriter()
    writer.write_below(number, radix.size)
    data = writer.finish()
    reader = BitReader(data)
    assert reader.read_below(radix.size) == number
    reader.finish()
    assert len(data) == -(-(radix.size - 1).bit_length() // 8)


@given(st.integers(1, 10**60))
def test_logarithms_of_whole_numbers(x):
    with mpmath.workdps(80):
        exact = 1024 * mpmath.log(x, 2)
    assert abs(log2_units(x, 1024) - exact) <= 0.51


# ---- the file -----------------------------------------------------------------------------------


def random_head(form, k, seed=0):
    rng = np.random.default_rng(seed)
    weights = np.zeros(form.classes * form.n_features, np.int8)
    weights[rng.choice(weights.size, k, replace=False)] = rng.choice([-1, 1], k)
    offsets = rng.integers(0, 20, form.classes).astype(np.int16)
    shape = (form.classes, form.n_features)
    return TernaryHead(weights.reshape(shape), offsets - offsets.min(), form.step)


FORMS = [
    format_for("gabor", 28, 28, 10),
    format_for("gaussian", 28, 28, 10),
    format_for("pixels", 8, 8, 10),
    format_for("strokes", 8, 8, 10),
    format_for("strokes", 9, 12, 3),
    format_for("centred-strokes", 8, 8, 10),
    format_for("centred-strokes", 9, 12, 3),
    format_for("lite0", 28, 28, 10),
    format_for("columns", 1, 50, 2),
    format_for("gabor", 20, 31, 300),
]


@pytest.mark.parametrize("form", FORMS, ids=lambda f: f.name)
@pytest.mark.parametrize("k", [0, 1, 40, 99])
def test_files_come_back_and_have_the_stated_length(form, k):
    head = random_head(form, k)
    data = encode(form, head)
    again, found = decode(data)
    assert again == form
    assert np.array_equal(found.weights, head.weights)
    assert np.array_equal(found.offsets, head.offsets)
    assert encode(again, found) == data
    assert 8 * len(data) == message_bits(form, k, int(head.offsets.max()) + 1)
    # within sixteen bits of the number of such heads, beside what the header says
    count = math.comb(head.weights.size, k) * 2**k * (int(head.offsets.max()) + 1) ** form.classes
    assert 8 * len(data) <= form.header_bits + 14 + count.bit_length() + 16


@pytest.mark.parametrize("form", FORMS, ids=lambda f: f.name)
@pytest.mark.parametrize("k", [0, 3, 60])
def test_a_reader_written_from_the_page_reads_the_same(form, k):
    head = random_head(form, k, seed=k)
    features, height, width, classes, weights, offsets = htc_reader.read(encode(form, head))
    assert (features, height, width, classes) == (
        form.features, form.height, form.width, form.classes,
    )  # fmt: skip
    flat = head.weights.ravel()
    assert weights == {int(p): int(flat[p]) for p in np.flatnonzero(flat)}
    assert offsets == head.offsets.tolist()


def test_more_than_254_weights_take_a_longer_count():
    form = FORMS[0]
    for k in (254, 255, 256, 3000):
        data = encode(form, random_head(form, k))
        assert decode(data)[1].n_nonzeros == k


@pytest.mark.parametrize("form", FORMS, ids=lambda f: f.name)
def test_no_message_continues_another_and_none_is_cut(form):
    data = encode(form, random_head(form, 30))
    require_prefix_free(data)


def test_flipped_bits_are_errors_or_other_valid_files():
    form = FORMS[0]
    data = encode(form, random_head(form, 30))
    _, head = decode(data)
    for other, found in decode_flips(data):
        same = np.array_equal(found.weights, head.weights) and np.array_equal(
            found.offsets, head.offsets
        )
        assert other != form or not same


@given(st.binary(max_size=200))
def test_random_bytes_are_errors_or_files(data):
    try:
        form, head = decode(data)
    except ValueError:
        return
    assert encode(form, head) == data


# ---- features -----------------------------------------------------------------------------------

# SHA-256 of the features of 50 images whose pixels are 37 i mod 256, i counted over all of them
IMAGES = (37 * np.arange(50 * 28 * 28) % 256).astype(np.uint8).reshape(50, 28, 28)


@pytest.mark.parametrize("name", MAPS)
def test_features_are_those_of_the_twin(name):
    images = RNG.integers(0, 256, (2, 11, 14)).astype(np.uint8)
    found = extract_features(name, images)
    chosen = MAPS[name]
    for image, row in zip(images, found, strict=True):
        assert row.tolist() == features_of(
            image, chosen.filters(), chosen.window, chosen.stride, chosen.margin,
            chosen.divisor, chosen.softening,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "sha256"),
    [
        ("gabor", "9867ece714eca47da80ec20687aef069eec42aab6e9543d9ade21077688e312e"),
        ("gaussian", "78fb883bc3f799b29e40b416892b14a1a53fefa4ec5d22070f9fd002d0c8c54e"),
        ("strokes", "f2070008fb6746dfa5d3a6bd0baf0b842774a6368eff30ca03be88de7bf3775c"),
        ("pixels", "36589aab58ece5db701246302b67d7b6a50dfeef504b8c2ec17ce6c1333da9b3"),
    ],
)
def test_features_have_these_bytes_on_every_machine(name, sha256):
    one, two = (extract_features(name, IMAGES, n_threads=n) for n in (1, 3))
    assert np.array_equal(one, two)
    assert hashlib.sha256(one.tobytes()).hexdigest() == sha256


def test_strokes_are_those_of_the_twin():
    images = RNG.integers(0, 256, (3, 6, 9)).astype(np.uint8)
    images[0] = 0
    images[1] = 255 * (images[1] > 128)
    centred = extract_features("centred-strokes", images)
    for image, row, other in zip(images, extract_features("strokes", images), centred, strict=True):
        assert row.tolist() == strokes_of(image)
        assert other.tolist() == [v - 40 for v in strokes_of(image)]


def test_banks():
    for filters, n in ((gabor_filters(), 8), (gaussian_filters(), 10)):
        assert len(filters) == n
        for f in filters:
            assert 255 * int(np.abs(f).sum()) < 2**24  # exact in float32


def test_gaussian_filters_are_those_of_the_page():
    for layer, taps in enumerate(gaussian_filters()):
        t = [[round(32 * htz_reader.gaussian(0, layer, i, j)) for j in range(5)] for i in range(5)]
        mean = (2 * sum(map(sum, t)) + 25) // 50
        assert taps.tolist() == [[tap - mean for tap in row] for row in t]


def test_bad_images_are_refused():
    with pytest.raises(TypeError, match="uint8"):
        extract_features("gabor", np.zeros((2, 9, 9), np.float32))
    with pytest.raises(ValueError, match="too small"):
        extract_features("gabor", np.zeros((2, 3, 3), np.uint8))
