"""Certificates of networks that begin with convolutions: the file, the integers, and the search."""

import hashlib
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from messages import StopAtSecondReport, decode_flips, require_prefix_free
from random_networks import gaussian, random_codes, same_network
from reference import htc_reader
from reference.certificate_twin import errors_of_network

from htstats.certificate import (
    MEANS,
    NOISES,
    Convolution,
    Examples,
    IntegerNetwork,
    Layer,
    Stage,
    anneal_network,
    certify_networks,
    decode,
    encode,
    format_for,
    network_inputs,
    verify,
)
from htstats.certificate._network_file import network_bits

FORMS = [
    format_for("raw", 28, 28, 10, convolutional=True),
    format_for("raw", 9, 7, 3, convolutional=True),
    format_for("raw", 8, 8, 10, convolutional=True),
]
# (filters, size, stride, pool) of each convolution
SHAPES = {
    "one": [(3, 3, 1, 2)],
    "even": [(2, 4, 1, 1)],
    "strided": [(4, 5, 2, 3)],
    "two": [(3, 3, 1, 2), (2, 2, 1, 1)],
    "three": [(2, 1, 1, 1), (3, 2, 2, 1), (4, 3, 1, 2)],
}
CASES = {
    "sparse": {},
    "empty": {"density": 0.0},
    "dense": {"density": 0.7, "values": 3},
    "noise": {"noise": 4},
    "seeded": {"noise": 1, "noise_seed": 77, "mean": -2},
    "mean": {"mean": 1},
}


def random_network(
    form, shapes, hidden=(), seed=0, *, noise=0, mean=0, values=1, density=0.2, noise_seed=0
):
    rng = np.random.default_rng(seed)
    convolutions, grid = [], (1, form.height, form.width)
    for filters, size, stride, pool in shapes:
        codes = random_codes(rng, (filters, grid[0], size, size), density, values)
        offsets = rng.integers(-3, 4, filters).astype(np.int16)
        shift = int(rng.integers(3, 10))
        convolutions.append(Convolution(codes, offsets, stride, pool, mean, noise, shift))
        grid = convolutions[-1].grid(grid)
    layers, n = [], int(np.prod(grid))
    for units in (*hidden, form.classes):
        last = len(layers) == len(hidden)
        offsets = rng.integers(-9, 9, units).astype(np.int16)
        offsets -= offsets.min() if last else 0
        codes = random_codes(rng, (units, n), density / 4, values)
        layers.append(Layer(codes, offsets, mean, noise, 0 if last else 6))
        n = units
    return IntegerNetwork(
        tuple(layers), values, noise_seed if noise else 0, tuple(convolutions),
        (form.height, form.width),
    )  # fmt: skip


def random_pixels(form, n, seed=4):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 128, (n, form.n_features)).astype(np.int8)


# ---- the file -----------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS, ids=lambda f: f.name)
@pytest.mark.parametrize("hidden", [(), (7,), (6, 5)], ids=str)
@pytest.mark.parametrize("shapes", SHAPES)
@pytest.mark.parametrize("case", CASES)
def test_files_come_back(form, hidden, shapes, case):
    network = random_network(form, SHAPES[shapes], hidden, **CASES[case])
    data = encode(form, network)
    again, found = decode(data)
    assert again == form
    assert same_network(found, network.in_order())
    assert encode(again, found) == data
    assert len(data) == -(-(form.header_bits + network_bits(network)) // 8)
    x = random_pixels(form, 3)
    assert np.array_equal(found.logits(x), network.logits(x))


def test_the_headers_are_one_byte_or_nine():
    assert [form.header_bits for form in FORMS] == [8, 72, 72]
    assert [form.number for form in FORMS] == [21, 22, 22]
    long = (22).to_bytes(1, "big") + bytes([0, 10, 0, 28, 0, 0, 0, 28])
    with pytest.raises(ValueError, match="needlessly long"):
        decode(long + encode(FORMS[0], random_network(FORMS[0], SHAPES["one"]))[1:])


@pytest.mark.parametrize("shapes", SHAPES)
def test_order_of_filters_is_not_paid(shapes):
    network = random_network(FORMS[0], SHAPES[shapes], (5,))
    first, *rest = network.convolutions
    order = np.random.default_rng(1).permutation(len(first.codes))
    moved = replace(first, codes=first.codes[order], offsets=first.offsets[order])
    layers = network.layers
    if rest:
        rest[0] = replace(rest[0], codes=rest[0].codes[:, order])
    else:
        n = len(layers[0].codes)
        codes = layers[0].codes.reshape(n, len(order), -1)[:, order].reshape(n, -1)
        layers = (replace(layers[0], codes=codes), *layers[1:])
    other = replace(network, layers=layers, convolutions=(moved, *rest))
    x = random_pixels(FORMS[0], 20)
    for one in (network, other, network.in_order(), decode(encode(FORMS[0], other))[1]):
        assert np.array_equal(one.logits(x), network.logits(x))
    noisy = random_network(FORMS[0], SHAPES[shapes], (5,), noise=2)
    assert same_network(noisy, noisy.in_order())


@pytest.mark.parametrize("form", FORMS[1:], ids=lambda f: f.name)
@pytest.mark.parametrize("hidden", [(), (4,)], ids=str)
@pytest.mark.parametrize("shapes", SHAPES)
@pytest.mark.parametrize("case", CASES)
def test_a_reader_written_from_the_page_reads_and_answers_the_same(form, hidden, shapes, case):
    network = random_network(form, SHAPES[shapes], hidden, 3, **CASES[case])
    data = encode(form, network)
    height, width, classes, seed, values, filters, layers = htc_reader.read_convolutional(data)
    assert (height, width, classes) == (form.height, form.width, form.classes)
    assert (seed, values) == (network.seed, network.values)
    for layer, exact in zip([*filters, *layers], network.in_order().matrices, strict=True):
        flat = exact.codes.ravel()
        assert layer["b"] == {int(p): int(flat[p]) for p in np.flatnonzero(flat)}
        assert layer["offsets"] == exact.offsets.tolist()
    x = random_pixels(form, 2)
    found, inputs = network.predict(x), network.in_order().convolve(x)
    for row, answer, expected_inputs in zip(x.tolist(), found, inputs.tolist(), strict=True):
        pixels = [row[y * width : (y + 1) * width] for y in range(height)]
        now = htc_reader.activations(filters, len(layers), seed, gaussian, pixels)
        assert now == expected_inputs
        expected = htc_reader.answers(layers, seed, gaussian, now)
        assert answer == (-1 if expected is None else expected)


@pytest.mark.parametrize("form", FORMS, ids=lambda f: f.name)
@pytest.mark.parametrize("shapes", ["one", "two"])
@pytest.mark.parametrize("case", ["sparse", "noise"])
def test_no_message_continues_another_and_none_is_cut(form, shapes, case):
    require_prefix_free(encode(form, random_network(form, SHAPES[shapes], **CASES[case])))


@pytest.mark.parametrize("shapes", ["one", "two"])
@pytest.mark.parametrize("case", ["sparse", "noise", "dense"])
def test_flipped_bits_are_errors_or_other_valid_files(shapes, case):
    form = FORMS[1]
    data = encode(form, random_network(form, SHAPES[shapes], **CASES[case]))
    _, network = decode(data)
    for other, found in decode_flips(data):
        changed = other != form or not found.convolutions
        changed = changed or len(found.matrices) != len(network.matrices)
        changed = changed or found.widths != network.widths
        for one, two in zip(found.convolutions, network.convolutions, strict=False):
            changed = changed or (one.codes.shape, one.stride, one.pool) != (
                two.codes.shape, two.stride, two.pool,
            )  # fmt: skip
        assert changed or not same_network(found, network)


@given(st.sampled_from([21, 22]), st.binary(max_size=60))
def test_random_bytes_are_errors_or_files(number, data):
    shape = bytes([0, 3, 0, 9, 0, 0, 0, 7]) if number == 22 else b""
    data = bytes([number]) + shape + data
    try:
        form, network = decode(data)
    except ValueError:
        return
    assert encode(form, network) == data


SIDES = st.integers(1, 3)


@given(st.data())
def test_random_networks_come_back(data):
    form = data.draw(st.sampled_from(FORMS))
    shapes = data.draw(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5), SIDES, SIDES),
                                min_size=1, max_size=2))  # fmt: skip
    side = min(form.height, form.width)
    for _, _, stride, pool in shapes:
        side = ((side - 1) // stride + 1) // pool if side else 0
    if not side:
        return
    network = random_network(
        form, shapes, data.draw(st.lists(st.integers(1, 12), max_size=2)),
        data.draw(st.integers(0, 999)),
        noise=data.draw(st.sampled_from(NOISES)),
        mean=data.draw(st.sampled_from(MEANS)),
        values=data.draw(st.integers(1, 8)),
        density=data.draw(st.sampled_from([0.0, 0.01, 0.3, 1.0])),
        noise_seed=data.draw(st.integers(0, 2**63 - 1)),
    )  # fmt: skip
    assert same_network(decode(encode(form, network))[1], network.in_order())


def frame(shape=(2, 1, 3, 3), **changes):
    return Convolution(np.zeros(shape, np.int8), np.zeros(shape[0], np.int16), **changes)


def head_of(n, classes=10):
    return (Layer(np.zeros((classes, n), np.int8), np.zeros(classes, np.int16)),)


@pytest.mark.parametrize(
    ("convolutions", "image", "words"),
    [
        ((), (28, 28), "does not fit format"),
        ((frame(),), (28, 27), "does not fit format"),
        ((frame(), frame((2, 3, 3, 3))), (28, 28), "must have shape"),
        ((frame((2, 1, 3, 4)),), (28, 28), "must have shape"),
        ((frame((257, 1, 3, 3)),), (28, 28), "at most 256 filters"),
        ((frame((2, 1, 32, 32)),), (28, 28), "sides in 1"),
        ((frame(stride=0),), (28, 28), "sides in 1"),
        ((frame(pool=29),), (28, 28), "do not fit"),
        ((frame(mean=5),), (28, 28), "grids"),
        ((frame(noise=5),), (28, 28), "grids"),
        ((frame(shift=16),), (28, 28), "grids"),
        ((frame((1, 1, 1, 1)),) * 5, (28, 28), "at most 4 convolutions"),
    ],
)
def test_networks_that_do_not_fit_a_format(convolutions, image, words):
    n = 784
    if convolutions and words in ("does not fit format", "grids"):
        n = 2 * image[0] * image[1]
    network = IntegerNetwork(head_of(n), 1, 0, convolutions, image)
    with pytest.raises(ValueError, match=words):
        encode(FORMS[0], network)


def test_formats_without_convolutions_refuse_them():
    network = random_network(FORMS[0], SHAPES["one"])
    for form in (format_for("raw", 28, 28, 10, network=True), format_for("gabor", 28, 28, 10)):
        with pytest.raises(ValueError, match=r"does not fit|wants"):
            encode(form, network)
    with pytest.raises(ValueError, match="features"):
        format_for("pixels", 28, 28, 10, convolutional=True)


def bits_to_bytes(text):
    return int(text.ljust(-(-len(text) // 8) * 8, "0"), 2).to_bytes(-(-len(text) // 8), "big")


def gamma(value):
    return f"{value:b}".zfill(2 * value.bit_length() - 1)


@pytest.mark.parametrize(
    "numbers",
    [
        [5], [1, 257], [1, 8, 32], [1, 8, 5, 32], [1, 8, 5, 1, 32], [1, 8, 5, 1, 29],
        [2, 256, 31, 1, 1, 256, 31, 1, 1], [1, 256, 31, 1, 1, 8] + [1024] * 7,
    ],
)  # fmt: skip
def test_a_message_cannot_ask_for_more_than_its_limits(numbers):
    data = bits_to_bytes(f"{21:08b}" + "".join(map(gamma, numbers)) + "1" * 90)
    with pytest.raises(ValueError, match=r"wants|do not fit|too many"):
        decode(data)


@pytest.mark.parametrize("numbers", [[2, 256, 31, 31, 1, 256, 31, 1, 1], [1, 256, 31, 1, 1, 1]])
def test_a_short_message_cannot_ask_for_much_memory(numbers):
    header = bytes([22]) + (2).to_bytes(2, "big") + (700).to_bytes(2, "big")
    data = header + (700).to_bytes(4, "big") + bits_to_bytes("".join(map(gamma, numbers)))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"message|too many|more than"):
            decode(data + bytes(40))
        assert tracemalloc.get_traced_memory()[1] < 1 << 22
    finally:
        tracemalloc.stop()


# ---- the integers -------------------------------------------------------------------------------


def test_wide_totals_are_exact():
    codes = np.ones((2, 1, 31, 31), np.int8)
    codes[1, 0, 0, 0] = 0
    wide = Convolution(codes, np.array([31, -31], np.int16), pool=3, mean=8, shift=15)
    weights = wide.weights(0, 0)
    assert 1 << 24 < wide.most_total(weights) < 1 << 31
    network = IntegerNetwork(head_of(2 * 9 * 9), 1, 0, (wide,), (28, 28))
    x = random_pixels(FORMS[0], 2, 9)
    filters = htc_reader.read_convolutional(encode(FORMS[0], network))[5]
    exact = network.in_order().convolve(x)
    for row, expected in zip(x.tolist(), exact.tolist(), strict=True):
        pixels = [row[y * 28 : (y + 1) * 28] for y in range(28)]
        assert htc_reader.activations(filters, 1, 0, gaussian, pixels) == expected


def test_totals_that_leave_int32_are_refused():
    codes = np.full((1, 1, 31, 31), 8, np.int8)
    large = Convolution(codes, np.zeros(1, np.int16), pool=28, mean=8, shift=15)
    network = IntegerNetwork(head_of(1), 8, 0, (large,), (28, 28))
    with pytest.raises(ValueError, match="32 bits"):
        encode(FORMS[0], network)


def test_activations_do_not_depend_on_the_number_of_examples():
    network = random_network(FORMS[0], SHAPES["two"], seed=2)
    x = random_pixels(FORMS[0], 900)
    together = network.convolve(x)
    assert np.array_equal(together, np.concatenate([network.convolve(x[i : i + 7])
                                                    for i in range(0, 900, 7)]))  # fmt: skip
    assert together.any()


def test_golden_bytes():
    form = FORMS[2]
    network = random_network(form, SHAPES["two"], (6,), 9, noise=3, noise_seed=5)
    x = (37 * np.arange(30 * 64) % 128).astype(np.int8).reshape(30, 64)
    digests = [
        hashlib.sha256(data).hexdigest()[:16]
        for data in (
            network.convolve(x).tobytes(),
            network.logits(x).astype("<i8").tobytes(),
            encode(form, network),
        )
    ]
    assert digests == ["f3a40afea836c601", "888d3a89486523f6", "5be94c7afdad7f24"]


# ---- the search ---------------------------------------------------------------------------------


def spots(m=900, side=10):
    """Images of noise with a bright square whose corner is the class."""
    rng = np.random.default_rng(2)
    y = rng.integers(0, 4, m)
    x = rng.integers(0, 90, (m, side, side)).astype(np.uint8)
    half = side // 2
    for image, corner in zip(x, y, strict=True):
        row, column = half * (corner // 2), half * (corner % 2)
        image[row : row + half, column : column + half] += 90
    n = 2 * m // 3
    return Examples("spots", x[:n], y[:n], x[n:], y[n:])


@pytest.mark.parametrize("hidden", [(), (5,)], ids=str)
def test_from_examples_to_a_verified_file(hidden):
    examples = spots()
    form, inputs = network_inputs(examples, convolutional=True)
    start = random_network(form, [(3, 3, 1, 2)], hidden, 1, density=0.5)
    (found,) = certify_networks(examples, [start], stages=[Stage(20_000, 4.0)])
    checked = verify(found.data, examples)
    assert checked.certificate == found.certificate
    assert checked.n_nonzeros == found.head.n_nonzeros
    assert checked.test_error is not None
    assert decode(found.data)[0] == form
    behind = replace(found.head, convolutions=(), image=(0, 0))
    assert found.certificate.errors == errors_of_network(
        behind, found.head.convolve(inputs), examples.y
    )
    # the search counted the bits of the whole file
    total = found.certificate.bits + found.certificate.choice_bits
    assert 0 <= total - found.annealed.bits < 9
    if not hidden:
        assert found.certificate.certified_error < 0.5


def test_starts_do_not_influence_each_other():
    examples = spots(300)
    form, _ = network_inputs(examples, convolutional=True)
    starts = [random_network(form, [(3, 3, 1, 2)], (), seed, density=0.5) for seed in (1, 2)]
    stages = [Stage(5_000, 4.0)]
    both = certify_networks(examples, starts, stages=stages)
    (first,) = certify_networks(examples, starts[:1], stages=stages)
    assert first.data == both[0].data != both[1].data
    assert [one.annealed.seed for one in both] == [0, 1]


def test_progress_ends_a_search_and_keeps_its_best():
    examples = spots(300)
    form, inputs = network_inputs(examples, convolutional=True)
    start = random_network(form, [(3, 3, 1, 2)], (), 1, density=0.5)
    stop = StopAtSecondReport()
    (found,) = certify_networks(examples, [start], stages=[Stage(2_000_000, 5.5)], progress=stop)
    stop.check(found.annealed, found.head.count_errors(inputs, examples.y))


def test_starts_that_do_not_fit():
    examples = spots(300)
    form, inputs = network_inputs(examples, convolutional=True)
    fits = random_network(form, [(3, 3, 1, 2)])
    plain = IntegerNetwork(head_of(inputs.shape[1], 4))
    other = random_network(FORMS[0], [(3, 3, 1, 2)])
    few = replace(fits, layers=head_of(fits.widths[0], 3))
    for starts in ([fits, plain], [plain, fits], [other], [few]):
        with pytest.raises(ValueError, match="starts must"):
            certify_networks(examples, starts)
    with pytest.raises(ValueError, match="without convolutions"):
        anneal_network(fits.convolve(inputs), examples.y, [fits])
    columns = Examples("columns", inputs, examples.y)
    with pytest.raises(ValueError, match="want images"):
        certify_networks(columns, [fits])
