"""Certificates of networks: the file, the integers, and the search."""

import hashlib
import itertools
import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from messages import StopAtSecondReport, decode_flips, require_prefix_free
from random_networks import gaussian, random_codes, same_network
from reference import htc_reader
from reference.certificate_twin import errors_of_network, logits_of_network
from samples import clouds

from htstats.certificate import (
    MEANS,
    NOISES,
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
    occam_bound,
    verify,
)
from htstats.certificate._network_file import header_bits, network_bits

FORMS = [
    format_for("pixels", 28, 28, 10, network=True),
    format_for("raw", 8, 8, 10, network=True),
    format_for("pixels", 30, 17, 3, network=True),
    format_for("raw", 5, 6, 40, network=True),
    format_for("columns", 1, 50, 2, network=True),
]


def random_network(widths, seed=0, *, noise=0, mean=0, values=1, density=0.05, noise_seed=0):
    rng = np.random.default_rng(seed)
    layers = []
    for number, (n_in, n_out) in enumerate(itertools.pairwise(widths)):
        codes = random_codes(rng, (n_out, n_in), density, values)
        last = number == len(widths) - 2
        offsets = rng.integers(-9, 9, n_out).astype(np.int16)
        offsets -= offsets.min() if last else 0
        layers.append(Layer(codes, offsets, mean, noise, 0 if last else 6))
    return IntegerNetwork(tuple(layers), values, noise_seed if noise else 0)


CASES = {
    "sparse": {},
    "empty": {"density": 0.0},
    "dense": {"density": 0.7},
    "values": {"values": 3},
    "noise": {"noise": 4},
    "seeded": {"noise": 1, "noise_seed": 77, "mean": -2},
    "mean": {"mean": 1},
}


# ---- the file -----------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS, ids=lambda f: f.name)
@pytest.mark.parametrize("hidden", [(), (7,), (6, 5), (3, 4, 5, 6)], ids=str)
@pytest.mark.parametrize("case", CASES)
def test_files_come_back(form, hidden, case):
    network = random_network((form.n_features, *hidden, form.classes), **CASES[case])
    data = encode(form, network)
    again, found = decode(data)
    assert again == form
    assert same_network(found, network.in_order())
    assert encode(again, found) == data
    assert len(data) == -(-(form.header_bits + network_bits(network)) // 8)


@pytest.mark.parametrize("hidden", [(7,), (6, 5)], ids=str)
@pytest.mark.parametrize("case", CASES)
def test_the_length_is_the_number_of_such_networks(hidden, case):
    form = FORMS[0]
    network = random_network((form.n_features, *hidden, form.classes), **CASES[case])
    count = 1
    for layer in network.layers:
        k, n = int(np.count_nonzero(layer.codes)), layer.codes.size
        levels = int(layer.offsets.max()) - min(int(layer.offsets.min()), 0) + 1
        count *= math.comb(n, k) * (2 * network.values) ** k * levels ** len(layer.offsets)
        count *= 1 if layer is network.layers[-1] else levels
    # beside the header, no more than the logarithm of the number of networks
    bits = 8 * len(encode(form, network))
    assert bits <= form.header_bits + header_bits(network) + count.bit_length() + 7


def test_order_of_units_is_not_paid():
    form = FORMS[0]
    network = random_network((form.n_features, 24, 10))
    order = np.random.default_rng(1).permutation(24)
    first, last = network.layers
    moved = IntegerNetwork(
        (
            Layer(first.codes[order], first.offsets[order], 0, 0, first.shift),
            Layer(last.codes[:, order], last.offsets),
        )
    )
    x = np.random.default_rng(2).integers(0, 128, (50, form.n_features)).astype(np.int8)
    for one in (network, moved, network.in_order(), decode(encode(form, moved))[1]):
        assert np.array_equal(one.logits(x), network.logits(x))
    noisy = random_network((form.n_features, 24, 10), noise=2)
    assert same_network(noisy, noisy.in_order())
    assert network_bits(noisy) - header_bits(noisy) > network_bits(network) - header_bits(network)


@pytest.mark.parametrize("form", FORMS[:3], ids=lambda f: f.name)
@pytest.mark.parametrize("hidden", [(), (4,), (3, 2)], ids=str)
@pytest.mark.parametrize("case", CASES)
def test_a_reader_written_from_the_page_reads_and_answers_the_same(form, hidden, case):
    network = random_network((form.n_features, *hidden, form.classes), 3, **CASES[case])
    data = encode(form, network)
    features, height, width, classes, seed, values, layers = htc_reader.read_network(data)
    assert (features, height, width, classes) == (
        form.features, form.height, form.width, form.classes,
    )  # fmt: skip
    assert (seed, values) == (network.seed, network.values)
    for layer, exact in zip(layers, network.in_order().layers, strict=True):
        flat = exact.codes.ravel()
        assert layer["b"] == {int(p): int(flat[p]) for p in np.flatnonzero(flat)}
        assert layer["offsets"] == exact.offsets.tolist()
    x = np.random.default_rng(4).integers(0, 128, (3, form.n_features)).astype(np.int8)

    found = network.predict(x)
    for row, answer in zip(x.tolist(), found, strict=True):
        expected = htc_reader.answers(layers, seed, gaussian, row)
        assert answer == (-1 if expected is None else expected)


@pytest.mark.parametrize("form", FORMS, ids=lambda f: f.name)
@pytest.mark.parametrize("case", ["sparse", "noise"])
def test_no_message_continues_another_and_none_is_cut(form, case):
    data = encode(form, random_network((form.n_features, 5, form.classes), **CASES[case]))
    require_prefix_free(data)


@pytest.mark.parametrize("case", ["sparse", "noise", "values"])
def test_flipped_bits_are_errors_or_other_valid_files(case):
    form = FORMS[0]
    data = encode(form, random_network((form.n_features, 6, 10), density=0.01, **CASES[case]))
    _, network = decode(data)
    for other, found in decode_flips(data):
        changed = other != form or len(found.layers) != len(network.layers)
        assert changed or found.widths != network.widths or not same_network(found, network)


@given(st.sampled_from(range(16, 32)), st.binary(max_size=60))
def test_random_bytes_are_errors_or_files(number, data):
    data = bytes([number]) + data
    try:
        form, network = decode(data)
    except ValueError:
        return
    assert encode(form, network) == data


@given(st.data())
def test_random_networks_come_back(data):
    hidden = data.draw(st.lists(st.integers(1, 12), max_size=3))
    form = data.draw(st.sampled_from(FORMS))
    network = random_network(
        (form.n_features, *hidden, form.classes),
        data.draw(st.integers(0, 999)),
        noise=data.draw(st.sampled_from(NOISES)),
        mean=data.draw(st.sampled_from(MEANS)),
        values=data.draw(st.integers(1, 8)),
        density=data.draw(st.sampled_from([0.0, 0.01, 0.3, 1.0])),
        noise_seed=data.draw(st.integers(0, 2**63 - 1)),
    )
    assert same_network(decode(encode(form, network))[1], network.in_order())


def layer_of(shape, **changes):
    kinds = {"mean": 0, "noise": 0, "shift": 0} | changes
    return Layer(np.zeros(shape, np.int8), np.zeros(shape[0], np.int16), **kinds)


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (IntegerNetwork((layer_of((10, 5)),)), "does not fit format"),
        (IntegerNetwork((layer_of((9, 196)),)), "does not fit format"),
        (IntegerNetwork((layer_of((10, 196), mean=5),)), "grids"),
        (IntegerNetwork((layer_of((10, 196), noise=5),)), "grids"),
        (IntegerNetwork((layer_of((3, 196), shift=16), layer_of((10, 3)))), "grids"),
        (IntegerNetwork((layer_of((1025, 196)), layer_of((10, 1025)))), "at most"),
    ],
)
def test_networks_that_do_not_fit_a_format(network, words):
    with pytest.raises(ValueError, match=words):
        encode(FORMS[0], network)


def test_a_message_cannot_ask_for_more_than_its_limits():
    # eight matrices of 1,024 units would be 7 million weights; gamma codes may not run on
    for bits in ("0001000" + f"{1024:021b}" * 7, "0" * 60, "1" + "0" * 60):
        text = f"{16:08b}" + bits + "1" * 60
        data = int(text.ljust(-(-len(text) // 8) * 8, "0"), 2).to_bytes(-(-len(text) // 8), "big")
        with pytest.raises(ValueError, match="wants"):
            decode(data)


@pytest.mark.parametrize("number", [18, 20, 64, 66, 67])
def test_a_short_message_cannot_ask_for_much_memory(number):
    side = 4096 if number in (18, 64, 66) else 1
    width = 4096 if number in (18, 64, 66) else 1 << 22
    header = number.to_bytes(1, "big") + (1000).to_bytes(2, "big") + side.to_bytes(2, "big")
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="more than"):
            decode(header + width.to_bytes(4, "big") + bytes(40))
        assert tracemalloc.get_traced_memory()[1] < 1 << 22
    finally:
        tracemalloc.stop()


# ---- the integers -------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("n", [1, 300])
def test_logits_are_those_of_the_twin(case, n):
    network = random_network((20, 6, 5, 3), 8, **CASES[case])
    rng = np.random.default_rng(5)
    x = rng.integers(-127, 128, (n, 20)).astype(np.int8)
    y = rng.integers(0, 3, n)
    assert np.array_equal(network.logits(x), logits_of_network(network, x))
    assert network.count_errors(x, y) == errors_of_network(network, x, y)
    assert network.count_errors(x, y) == np.count_nonzero(network.predict(x) != y)


def test_a_tie_has_no_class():
    network = IntegerNetwork((layer_of((3, 4)),))
    x = np.ones((2, 4), np.int8)
    assert network.predict(x).tolist() == [-1, -1]
    assert network.count_errors(x, np.array([0, 2])) == 2


def test_golden_bytes():
    network = random_network((64, 8, 10), 9, noise=3, noise_seed=5)
    x = (37 * np.arange(30 * 64) % 255 - 127).astype(np.int8).reshape(30, 64)
    digest = hashlib.sha256(network.logits(x).astype("<i8").tobytes()).hexdigest()
    file = hashlib.sha256(encode(FORMS[1], network)).hexdigest()
    assert (digest[:16], file[:16]) == ("0494856010aa3d1d", "f6cc4c6b27d58f60")


def test_weights_that_leave_int32_are_refused():
    network = random_network((400_000, 2), noise=32, values=8, density=1.0)
    with pytest.raises(ValueError, match="32 bits"):
        network.check()
    random_network((40_000, 2), noise=32, values=8, density=1.0).check()


# ---- the search ---------------------------------------------------------------------------------


@pytest.mark.parametrize("m", [10, 130, 1200, 3000])
@pytest.mark.parametrize("noise", [0, 4])
def test_the_search_counts_errors_and_bits_exactly(m, noise):
    x, y = clouds(m)
    y[:4] = range(4)
    start = random_network((12, 5, 4), 1, noise=noise, density=0.3)
    (found,) = anneal_network(x, y, [start], stages=[Stage(5_000, 4.0), Stage(3_000, 2.0)])
    assert found.errors == errors_of_network(found.network, x, y)
    assert found.proposals == 8_000
    assert 0 <= network_bits(found.network) + 8 - found.bits < 1


def sensible_start(x, y, classes, n_layers=2):
    """Hidden units that pass each input on, and classes that read the signs of their means."""
    d = x.shape[1]
    same_size = Layer(np.eye(d, dtype=np.int8), np.full(d, 4, np.int16), shift=4)
    means = np.array([x[y == q].mean(axis=0) for q in range(classes)])
    codes = np.where(np.abs(means) > 20, np.sign(means), 0).astype(np.int8)
    last = Layer(codes, np.zeros(classes, np.int16))
    return IntegerNetwork((same_size,) * (n_layers - 1) + (last,))


@pytest.mark.parametrize("n_layers", [1, 2, 3])
def test_the_search_finds_something_and_does_not_depend_on_threads(n_layers):
    x, y = clouds()
    starts = [sensible_start(x, y, 4, n_layers)] * 3
    one = anneal_network(x, y, starts, stages=[Stage(20_000, 2.0)])
    two = anneal_network(x, y, starts, stages=[Stage(20_000, 2.0)], n_threads=3)
    for start, a, b in zip(starts, one, two, strict=True):
        assert same_network(a.network, b.network)
        assert (a.errors, a.bits) == (b.errors, b.bits)
        before = occam_bound(start.count_errors(x, y), len(y), network_bits(start))
        assert occam_bound(a.errors, len(y), a.bits) < min(before, 0.8)
    assert not same_network(one[0].network, one[1].network)  # the number of a chain is its seed


@pytest.mark.parametrize("proposals", [0, 1, 100, 1023])
def test_stages_shorter_than_one_temperature(proposals):
    x, y = clouds()
    start = sensible_start(x, y, 4)
    (found,) = anneal_network(x, y, [start], stages=[Stage(proposals, 5.5, 0.001)])
    assert found.errors <= len(y)


def test_a_start_gives_the_same_network_on_every_machine():
    i = np.arange(600 * 9)
    x = ((i * i * 31 + 7 * i) % 211 - 105).astype(np.int8).reshape(600, 9)
    y = (x[:, 0].astype(int) + x[:, 3] > 0).astype(np.int64) + (x[:, 5] > 60)
    start = random_network((9, 6, 3), 2, density=0.2)
    (found,) = anneal_network(x, y, [start], stages=[Stage(20_000, 5.5)])
    data = encode(format_for("columns", 1, 9, 3, network=True), found.network)
    assert (found.errors, hashlib.sha256(data).hexdigest()[:16]) == (322, "dab92ec9ce705339")


def test_progress_ends_a_chain_and_keeps_its_best():
    x, y = clouds()
    stop = StopAtSecondReport()
    start = random_network((12, 5, 4), 1, density=0.3)
    (found,) = anneal_network(x, y, [start], stages=[Stage(2_000_000, 5.5)], progress=stop)
    stop.check(found, found.network.count_errors(x, y))


@pytest.mark.parametrize("shape", [(20, 20), (9, 9), None])
def test_from_examples_to_a_verified_file(shape):
    rng = np.random.default_rng(6)
    y = rng.integers(0, 3, 400)
    x = rng.integers(0, 60, (400, *(shape or (7,)))).astype(np.uint8)
    x[..., :2] += (y * 60).astype(np.uint8).reshape(-1, *[1] * (x.ndim - 1))
    x = x if shape else (x >> 1).astype(np.int8)
    examples = Examples("steps", x[:300], y[:300], x[300:], y[300:])
    form, inputs = network_inputs(examples)
    start = random_network((inputs.shape[1], 4, 3), 1, density=0.1)
    (found,) = certify_networks(examples, [start], stages=[Stage(5_000, 4.0)])
    checked = verify(found.data, examples)
    assert checked.certificate == found.certificate
    assert checked.n_nonzeros == found.head.n_nonzeros
    assert checked.test_error is not None
    assert checked.certificate.errors == errors_of_network(found.head, inputs, y[:300])
    assert decode(found.data)[0] == form


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"x": np.zeros((20, 3))}, "int8"),
        ({"widths": (4, 5, 2)}, "3 inputs"),
        ({"values": 2}, "ternary"),
        ({"delta": 0}, "delta"),
        ({"starts": []}, "starts"),
    ],
)
def test_bad_arguments_of_the_search(change, words):
    x = change.get("x", np.zeros((20, 3), np.int8))
    network = random_network(change.get("widths", (3, 5, 2)), values=change.get("values", 1))
    starts = change.get("starts", [network])
    with pytest.raises((TypeError, ValueError), match=words):
        anneal_network(x, np.arange(20) % 2, starts, delta=change.get("delta", 0.05))
