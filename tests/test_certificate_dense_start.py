"""Dense starts of the search: exact sums, the same head on every machine, and limits."""

import hashlib
from fractions import Fraction

import numpy as np
import pytest
from mpmath import mp

from htstats.certificate import Stage, anneal, extract_features, load_examples, occam_bound
from htstats.certificate import _start as start_module
from htstats.certificate._anneal import _Problem
from htstats.certificate._dense_start import BATCH, SCALE, WHOLE, _powers, _Training, train_dense


def clouds(m=6000, d=60, classes=5, seed=3, shift=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, m)
    centres = rng.integers(-25, 25, (classes, d)) + shift
    x = np.clip(centres[y] + rng.normal(0, 45, (m, d)), -127, 127).astype(np.int8)
    return x, y


def load_fashion_mnist():
    try:
        return load_examples("fashion-mnist")
    except FileNotFoundError as error:
        pytest.skip(str(error))


def whole_grid(m=5000, d=21):
    """Examples without a random generator of NumPy: the same on every machine."""
    i = np.arange(m * d, dtype=np.int64)
    x = ((i * i * 31 + 7 * i + i // 97) % 211 - 105).astype(np.int8).reshape(m, d)
    y = (x[:, 0].astype(int) + x[:, 3] > 0).astype(np.int64) + (x[:, 5] > 60)
    return x, y


def test_the_table_of_the_softmax_is_close_to_the_exponential():
    powers = _powers(16 * SCALE)
    for i in (0, 1, 63, 64, 400, 1023):
        # every product rounds down, and loses less than one of 2^20
        assert -i - 1 <= powers[i] - mp.mpf(2) ** 20 * mp.exp(-mp.mpf(i) / SCALE) <= 1
    assert np.all(np.diff(powers) <= 0)


@pytest.mark.parametrize("d", [1, 7, 300, 1020])
def test_products_in_float32_are_exact(d):
    # the largest sums that an update can meet: every feature and every gradient is extreme
    x = np.full((BATCH, d), -127, np.int8)
    y = np.zeros(BATCH, np.int64)
    training = _Training(x, y, 3, 512.0)
    assert training.exact is np.float32
    for sums, most in ((x.astype(np.int64) * WHOLE, BATCH), (x.astype(np.int64), d)):
        limit = abs(int(sums.min())) * most
        assert limit < 1 << 24
    training.features = -x  # the centre stays -127, and the sums are twice as large
    before = training.latent.copy()
    training.update(np.arange(BATCH // training.block * training.block), 0.02, 3)
    change = training.latent - before
    assert (change == change[:, :1]).all()


def test_wide_heads_use_float64():
    x = np.ones((BATCH, 140_000), np.int8)
    assert _Training(x, np.zeros(BATCH, np.int64), 2, 512.0).exact is np.float64


def test_the_gradient_is_that_of_the_softmax():
    # one step of Adam moves every latent weight by the rate against the sign of its gradient
    x, y = clouds(BATCH, 8, 3)
    training = _Training(x, y, 3, 512.0)
    training.update(np.arange(BATCH), 0.02, 10_000)
    centred = x.astype(int) - training.centre
    for q in range(3):
        for j in range(8):
            exact = sum(
                Fraction(int(y[i] == q) * WHOLE - WHOLE // 3 * 1) * int(centred[i, j])
                for i in range(BATCH)
            )
            if q != 0 and abs(exact) > 10_000:
                assert np.sign(training.latent[q, j]) == np.sign(exact)


def test_training_gives_the_same_head_on_every_machine():
    x, y = whole_grid()
    order = np.arange(len(y)) * 1237 % len(y)
    weights, offsets = train_dense(x, y, 3, order, 20, 16, 64)
    digest = hashlib.sha256(weights.tobytes() + offsets.astype("<i2").tobytes()).hexdigest()
    assert digest[:16] == "755d10176084cca1"


@pytest.mark.parametrize("seed", [0, 1])
def test_a_dense_start_has_about_the_wanted_non_zeros_and_few_errors(seed):
    x, y = clouds()
    problem = _Problem(x, y, 5)
    weights, offsets = problem.start(16, 4000, 64, seed)
    assert 20 <= np.count_nonzero(weights) <= 60
    assert np.isin(weights, (-1, 0, 1)).all()
    assert offsets.min() == 0
    logits = x.astype(int) @ weights.astype(int).T + 16 * offsets
    assert np.mean(logits.argmax(axis=1) != y) < 0.5  # guesses: 0.8


@pytest.mark.parametrize("shift", [-90, 0, 90])
@pytest.mark.parametrize("levels", [2, 16, 64])
def test_a_start_keeps_the_limits_of_the_file(shift, levels):
    x, y = clouds(shift=shift)
    weights, offsets = _Problem(x, y, 5).start(16, 50, levels, 0)
    assert np.count_nonzero(weights) <= 50
    assert 0 <= offsets.min() <= offsets.max() < levels


def test_other_seeds_start_elsewhere_and_threads_do_not_matter():
    x, y = clouds()
    problem = _Problem(x, y, 5)
    a, b = (problem.start(16, 4000, 64, seed)[0] for seed in (0, 1))
    assert not np.array_equal(a, b)
    stages = [Stage(5_000, 4.0)]
    one = anneal(x, y, stages=stages, seeds=[0, 1])
    two = anneal(x, y, stages=stages, seeds=[0, 1], n_threads=2)
    for first, second in zip(one, two, strict=True):
        assert np.array_equal(first.head.weights, second.head.weights)


def test_a_stage_afresh_keeps_the_better_head():
    x, y = clouds()
    good = Stage(30_000, 4.0)
    (first,) = anneal(x, y, stages=[good])
    (same,) = anneal(x, y, stages=[good, Stage(1, 4.0, afresh=True)])
    assert np.array_equal(first.head.weights, same.head.weights)
    assert (same.errors, same.bits) == (first.errors, first.bits)
    poor = Stage(1, 4.0)
    (later,) = anneal(x, y, stages=[poor, Stage(30_000, 4.0, afresh=True)])
    (begun,) = anneal(x, y, stages=[poor])
    a, b = (occam_bound(f.errors, len(y), f.bits) for f in (later, begun))
    assert a < b
    assert later.errors == later.head.count_errors(x, y)


def test_progress_of_a_stage_afresh_shows_the_best_so_far():
    x, y = clouds()
    seen = []

    def stop(seed, proposals, bound, errors):
        seen.append(bound)
        return len(seen) < 3

    stages = [Stage(210_000, 4.0), Stage(250_000, 4.0, afresh=True)]
    (found,) = anneal(x, y, stages=stages, progress=stop)
    assert seen == sorted(seen, reverse=True)
    assert found.errors == found.head.count_errors(x, y)
    assert occam_bound(found.errors, len(y), found.bits) == seen[-1]


def test_a_dense_start_ends_lower_than_a_sparse_one(monkeypatch):
    examples = load_fashion_mnist()
    x = extract_features("pixels", examples.x)
    stages = [Stage(100_000, 4.0)]
    (dense,) = anneal(x, examples.y, stages=stages)
    monkeypatch.setattr(start_module, "DENSE_EXAMPLES", 1 << 40)
    (sparse,) = anneal(x, examples.y, stages=stages)
    a, b = (occam_bound(f.errors, len(x), f.bits) for f in (dense, sparse))
    assert a < b - 0.005
