"""Certificates: the search, and what is certified of its result."""

import hashlib
import json
import math

import numpy as np
import pytest
from messages import StopAtSecondReport
from reference.certificate_twin import errors_of
from samples import clouds

from htstats._core.anneal import NEAR_BLOCK, most_in_row
from htstats.certificate import (
    Certificate,
    Examples,
    Stage,
    anneal,
    certify,
    check_examples,
    grid_relatives,
    occam_bound,
    verify,
)
from htstats.certificate._anneal import MOST_BLOCKS, _near_examples, _Problem, _Search

NO_RELATIVES = np.empty((1000, 0), np.int32)
SETTINGS = 16, 49.0, 64, 0.05, 0  # step, extra bits, most levels, delta, seed

# ---- the search ---------------------------------------------------------------------------------


@pytest.mark.parametrize("m", [10, 130, 1200, 5000, 17_000])
def test_the_search_counts_errors_exactly(m):
    x, y = clouds(m)
    y[:4] = range(4)
    (found,) = anneal(x, y, stages=[Stage(30_000, 5.5)])
    head = found.head
    assert found.errors == errors_of(head.weights, head.offsets, head.step, x, y)
    assert found.errors == head.count_errors(x, y)
    k, levels = head.n_nonzeros, int(head.offsets.max()) + 1
    exact = math.log2(math.comb(head.weights.size, k)) + k + 4 * math.log2(levels) + 22
    assert found.bits == pytest.approx(exact, abs=0.02)


@pytest.mark.parametrize("m", [1, 511, 1024, 4095, 60_000, 10**7])
@pytest.mark.parametrize("classes", [2, 10, 1000])
def test_samples_near_boundaries_are_whole_blocks_and_no_larger_than_the_examples(m, classes):
    near = _near_examples(m, classes)
    assert near % NEAR_BLOCK == 0
    assert NEAR_BLOCK <= near <= NEAR_BLOCK * MOST_BLOCKS
    assert near == NEAR_BLOCK or classes * near <= 2 * m


@pytest.mark.parametrize("classes", [2, 3, 40])
def test_the_search_counts_exactly_for_any_number_of_classes(classes):
    x, y = clouds(3000, 9, classes)
    y[:classes] = range(classes)
    (found,) = anneal(x, y, stages=[Stage(20_000, 6.0)])
    assert found.errors == errors_of(found.head.weights, found.head.offsets, found.head.step, x, y)


@pytest.mark.parametrize(("levels", "step", "most"), [(64, 16, 239), (64, 128, 127), (65, 128, 0)])
def test_the_most_non_zeros_of_a_class_keep_logits_in_16_bits(levels, step, most):
    assert most_in_row(levels, step) == most
    assert most == 0 or 128 * most + 2 * levels * step < 1 << 15


def test_a_start_has_no_more_non_zeros_in_a_class_than_the_search_allows():
    # two classes and many equal columns: a dense head would have 5,000 / 170 x 100 non-zeros
    x, y = clouds(6000, 400, 2)
    problem = _Problem(x, y, 2)
    weights, _ = problem.start(128, 4000, 64, 0)
    assert np.count_nonzero(weights, axis=1).max() <= most_in_row(64, 128)
    (found,) = anneal(x, y, stages=[Stage(5_000, 5.0)], step=128)
    assert found.errors == errors_of(found.head.weights, found.head.offsets, 128, x, y)


def test_the_search_finds_something_and_more_time_finds_no_worse():
    x, y = clouds()
    (short,) = anneal(x, y, stages=[Stage(10_000, 5.5)])
    (long,) = anneal(x, y, stages=[Stage(10_000, 5.5), Stage(60_000, 3.2)])
    bounds = [occam_bound(f.errors, len(y), f.bits) for f in (short, long)]
    assert bounds[1] <= bounds[0] < 0.5


def test_threads_slices_and_order_do_not_matter():
    x, y = clouds()
    stages = [Stage(220_000, 5.5), Stage(3_000, 3.0)]
    one = anneal(x, y, stages=stages, seeds=[1, 2, 3])
    two = anneal(x, y, stages=stages, seeds=[1, 2, 3], n_threads=3)
    for a, b in zip(one, two, strict=True):
        assert np.array_equal(a.head.weights, b.head.weights)
        assert (a.errors, a.bits, a.seed) == (b.errors, b.bits, b.seed)
    assert not np.array_equal(one[0].head.weights, one[1].head.weights)


def test_a_seed_gives_the_same_head_on_every_machine():
    i = np.arange(600 * 9)
    x = ((i * i * 31 + 7 * i) % 211 - 105).astype(np.int8).reshape(600, 9)
    y = (x[:, 0].astype(int) + x[:, 3] > 0).astype(np.int64) + (x[:, 5] > 60)
    (found,) = anneal(x, y, stages=[Stage(40_000, 5.5)], seeds=[5])
    digest = hashlib.sha256(found.head.weights.tobytes()).hexdigest()
    assert (found.errors, digest[:16]) == (104, "7621b2f4d29995d3")


@pytest.mark.parametrize("columns", [1, 7, 64, 65, 150])
def test_samples_hold_the_features_of_their_examples(columns):
    rng = np.random.default_rng(columns)
    x = rng.integers(-127, 128, (1001, columns)).astype(np.int8)
    search = _Search(_Problem(x, rng.integers(0, 3, 1001), 3), NO_RELATIVES[:columns], *SETTINGS)
    search.run(0, Stage(1, 1.0), lambda _: True)
    _, copies, _, _, counts, drawn, *_ = search.work
    n = counts[0, -1]  # the sample of the last class: `drawn` is its list
    assert n > 20
    features = copies[-1].transpose(1, 0, 2).reshape(columns, -1)  # of the blocks together
    assert np.array_equal(features[:, :n], search.problem.by_example[drawn[:n]].T)


@pytest.mark.parametrize("proposals", [0, 1, 2, 100, 1023])
def test_stages_shorter_than_one_temperature(proposals):
    # the temperature would fall by more than 2^-32 in its first step
    x, y = clouds()
    (found,) = anneal(x, y, stages=[Stage(proposals, 5.5, 0.001)])
    assert found.proposals == proposals


def test_wide_moves_count_exactly_and_give_the_same_head_on_every_machine():
    x, y = clouds(5000, 60)
    stages = [Stage(60_000, 4.0, 0.8, wide=True)]
    first, second = anneal(x, y, stages=stages, seeds=[5, 6], n_threads=2)
    head = first.head
    assert first.errors == errors_of(head.weights, head.offsets, head.step, x, y)
    digest = hashlib.sha256(head.weights.tobytes()).hexdigest()
    assert (first.errors, digest[:16]) == (23, "fdb4953b2110152f")
    assert not np.array_equal(head.weights, second.head.weights)
    (narrow,) = anneal(x, y, stages=[Stage(60_000, 4.0, 0.8)], seeds=[5])
    assert not np.array_equal(head.weights, narrow.head.weights)


@pytest.mark.parametrize("relatives", [0, 1])
def test_a_wide_move_reaches_a_column_that_no_class_uses_with_the_other_sign(relatives):
    """From +1 at a poor column, one move leads to -1 at the right one, and nothing else is paid."""
    rng = np.random.default_rng(1)
    y = rng.integers(0, 2, 3000)
    right = np.where(y == 1, -60, 60) + rng.integers(-20, 21, 3000)
    poor = np.where(y == 1, 20, -20) + rng.integers(-60, 61, 3000)
    x = np.column_stack([poor, right, rng.integers(-60, 61, (3000, 6))]).astype(np.int8)
    nobody = np.full((8, relatives), -1, np.int32)
    ends = {}
    for wide in (False, True):
        search = _Search(_Problem(x, y, 2), nobody, *SETTINGS)
        search.support_cost[:] = np.where(np.arange(17) == 1, 0, 10**12)  # one non-zero, always
        search._begin = lambda _, s=search: s.best_weights.__setitem__((1, 0), 1)
        search.run(0, Stage(20_000, 2.0, 0.5, wide=wide), lambda _: True)
        ends[wide] = np.argwhere(search.best_weights).tolist(), search.best_weights.sum()
    assert ends == {False: ([[1, 0]], 1), True: ([[1, 1]], -1)}


def test_progress_ends_a_chain_and_keeps_its_best():
    x, y = clouds()
    stop = StopAtSecondReport()
    (found,) = anneal(x, y, stages=[Stage(2_000_000, 5.5)], progress=stop)
    stop.check(found, found.head.count_errors(x, y))


def test_relatives_of_a_grid():
    rows = grid_relatives(2, 2, 3)
    assert rows.shape == (12, 9)
    near = {int(v) for v in rows[0] if v >= 0}
    assert near == {1, 3, 4, 6}


@pytest.mark.parametrize(
    ("x", "y", "error", "words"),
    [
        (np.zeros((3, 2)), np.zeros(3, int), TypeError, "int8"),
        (np.zeros((3, 2), np.int8), np.zeros(2, int), ValueError, "shapes"),
        (np.zeros((3, 2), np.int8), np.zeros(3), TypeError, "integers"),
        (np.zeros((3, 2), np.int8), np.array([0, 1, -1]), ValueError, "labels"),
        (np.zeros((0, 2), np.int8), np.zeros(0, int), ValueError, "empty"),
    ],
)
def test_bad_examples_for_the_search(x, y, error, words):
    with pytest.raises(error, match=words):
        anneal(x, y)


# ---- certificates -------------------------------------------------------------------------------


def test_from_examples_to_a_verified_file():
    x, y = clouds()
    test_x, test_y = clouds(seed=4)
    examples = Examples("clouds", x, y, test_x, test_y)
    (found,) = certify(examples, stages=[Stage(50_000, 5.5)])
    checked = verify(found.data, examples)
    assert checked.certificate == found.certificate
    c = found.certificate
    assert c.bits == 8 * len(found.data)
    assert c.errors == errors_of(found.head.weights, found.head.offsets, found.head.step, x, y)
    assert c.certified_error == occam_bound(c.errors, c.m, c.bits + c.choice_bits)
    report = checked.to_dict()
    assert {"errors", "m", "bits", "delta", "certified_error", "train_error", "test_error"} <= {
        *report
    }
    assert report["bits"] == {"file": c.bits, "choices": c.choice_bits}
    assert json.loads(c.to_json())["statement"] == c.statement
    with pytest.raises(ValueError, match="wants inputs"):
        verify(found.data, Examples("other", x[:, :5], y))


def test_the_bound_holds_where_the_truth_is_known():
    # labels are random: every classifier errs on three of four, and no certificate may say less
    rng = np.random.default_rng(11)
    x = rng.integers(-100, 100, (400, 30)).astype(np.int8)
    y = rng.integers(0, 4, 400)
    found = certify(Examples("noise", x, y), seeds=range(8), stages=[Stage(30_000, 5.5)])
    assert min(f.certificate.certified_error for f in found) >= 0.75
    assert min(f.certificate.train_error for f in found) < 0.75  # it did try


@pytest.mark.parametrize(
    ("x", "y", "error", "words"),
    [
        (np.zeros((9, 2), np.int8), np.arange(9) % 2, ValueError, "at least 10"),
        (np.zeros((20, 2), np.int8), np.arange(20) % 2, ValueError, "constant"),
        (np.eye(20, 4), np.arange(20) % 2 * 2, ValueError, "without 1"),
        (np.eye(20, 4), np.zeros(20, int), ValueError, "at least two"),
        (np.eye(20, 4), np.arange(20) - 1, ValueError, "-1"),
        (np.eye(20, 4) * np.nan, np.arange(20) % 2, ValueError, "finite"),
        (np.eye(20, 4) * 3, np.arange(20) % 2, ValueError, r"\[-1, 1\]"),
        (np.eye(20, 4), np.arange(20) / 2, TypeError, "whole numbers"),
        (np.eye(20, 4), np.arange(19) % 2, ValueError, "labels"),
        (np.zeros((20, 4, 4), np.float32), np.arange(20) % 2, TypeError, "uint8"),
        (np.full((20, 4), -128, np.int8), np.arange(20) % 2, TypeError, "-127"),
        (np.eye(20, 4, dtype=np.int64), np.arange(20) % 2, TypeError, "int64"),
    ],
)
def test_bad_examples(x, y, error, words):
    with pytest.raises(error, match=words):
        check_examples(x, y)


def test_vacuous_is_said():
    assert Certificate(9, 10, 100, 0.0, 0.05, 10, "x").is_vacuous
    assert not Certificate(0, 10_000, 10, 0.0, 0.05, 10, "x").is_vacuous
    with pytest.raises(ValueError, match="errors"):
        Certificate(11, 10, 100, 0.0, 0.05, 10, "x")


def test_small_images_are_certified_with_centred_strokes():
    rng = np.random.default_rng(0)
    y = np.arange(60) % 3
    x = np.clip(60 * y[:, None, None] + rng.integers(0, 60, (60, 8, 9)), 0, 255).astype(np.uint8)
    examples = Examples("small", x, y)
    (found,) = certify(examples, stages=[Stage(2_000, 5.5)])
    assert found.form.name == "69 (centred-strokes, 8 x 9, 3 classes)"
    assert verify(found.data, examples).certificate.errors == found.certificate.errors
