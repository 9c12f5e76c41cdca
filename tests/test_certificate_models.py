"""Certificates of models that exist: held-out labels, a surrogate, compression afterwards."""

import json
import math

import mpmath
import numpy as np
import pytest
from refusals import refusals, require_refusal

from htstats.certificate import (
    Certificate,
    Examples,
    SurrogateCertificate,
    answers_of,
    certify_by_surrogate,
    certify_post_hoc,
    certify_predictions,
    compress_network,
    decode,
    format_bits,
    read_network_layers,
    verify,
)
from htstats.cli import main


def run(*argv):
    return main([str(a) for a in argv])


def upper_limit(errors, m, log2_cost, delta):
    """The largest p with P(Bin(m, p) <= errors) >= delta 2^-log2_cost, by bisection in mpmath."""
    with mpmath.workdps(40):
        target = mpmath.mpf(delta) * mpmath.mpf(2) ** -mpmath.mpf(log2_cost)

        def tail(p):
            return mpmath.fsum(
                mpmath.binomial(m, i) * p**i * (1 - p) ** (m - i) for i in range(errors + 1)
            )

        low, high = mpmath.mpf(errors) / m, mpmath.mpf(1)
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if tail(middle) >= target else (low, middle)
        return float(low)


# ---- predictions --------------------------------------------------------------------------------


@pytest.mark.parametrize("candidates", [1, 5])
@pytest.mark.parametrize(("wrong", "m"), [(0, 10), (3, 40), (40, 200), (200, 200)])
@pytest.mark.parametrize("delta", [0.05, 0.2])
def test_the_test_set_bound_of_predictions(wrong, m, candidates, delta):
    y = np.arange(m) % 4
    f = np.where(np.arange(m) < wrong, (y + 1) % 4, y)
    found = certify_predictions(f, y, candidates=candidates, delta=delta)
    assert (found.errors, found.m, found.bits, found.classes) == (wrong, m, 0, 4)
    assert found.choice_bits == math.log2(candidates)
    expected = upper_limit(wrong, m, math.log2(candidates), delta)
    assert found.certified_error == pytest.approx(expected, rel=1e-9)
    scores = np.eye(4)[f]
    assert certify_predictions(scores, y, candidates=candidates, delta=delta) == found
    assert any("influenced" in words for words in found.assumptions)


def test_ties_and_nan_are_errors():
    scores = np.array([[0.1, 0.9], [0.5, 0.5], [np.nan, 1.0], [np.inf, 0.0], [np.inf, np.inf]])
    assert answers_of(scores).tolist() == [1, -1, -1, 0, -1]
    y = np.array([1, 1, 1, 0, 0, *[0] * 10])
    scores = np.concatenate([scores, np.tile([2.0, 1.0], (10, 1))])
    assert certify_predictions(scores, y).errors == 3


@pytest.mark.parametrize(
    ("predictions", "labels", "words"),
    [
        (np.zeros(9, int), np.zeros(9, int), "at least 10"),
        (np.zeros(20, int), np.zeros(21, int), "as many as"),
        (np.zeros(20), np.zeros(20, int), "whole numbers or scores"),
        (np.zeros((20, 1)), np.zeros(20, int), "whole numbers or scores"),
        (np.zeros(20, int) - 1, np.zeros(20, int), "classes from 0"),
        (np.zeros(20, int), np.zeros(20, int) - 1, "classes from 0"),
        (np.zeros(20, int), np.zeros(20), "whole numbers"),
        (np.array(["a"] * 20), np.zeros(20, int), "whole numbers or scores"),
    ],
)
def test_bad_predictions(predictions, labels, words):
    with pytest.raises((TypeError, ValueError), match=words):
        certify_predictions(predictions, labels)


# ---- a surrogate --------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.5, 0.2])
@pytest.mark.parametrize("different", [0, 7])
def test_the_limits_of_surrogate_and_disagreement_add_up(share, different):
    g = Certificate(30, 300, 24, 8.0, 0.1 * (1 - share), 3, "1")
    f = np.arange(150) % 3
    other = np.where(np.arange(150) < different, (f + 1) % 3, f)
    found = certify_by_surrogate(f, other, g, share=share)
    assert (found.disagreements, found.n) == (different, 150)
    assert found.delta == pytest.approx(0.1, rel=1e-15)
    one = upper_limit(30, 300, 32, 0.1 * (1 - share))
    two = upper_limit(different, 150, 0, 0.1 * share)
    assert found.certified_error == pytest.approx(one + two, rel=1e-9)
    report = json.loads(found.to_json())
    assert report["certified_error"] == found.certified_error
    assert any("split" in words for words in found.assumptions)


def test_no_class_is_a_disagreement_and_the_sum_is_at_most_one():
    g = Certificate(30, 300, 24, 8.0, 0.025, 2, "1")
    f = np.zeros(20, int)
    other = np.array([-1] * 3 + [0] * 17)
    assert certify_by_surrogate(f, other, g).disagreements == 3
    both = np.zeros((20, 2))
    assert certify_by_surrogate(both, other, g).disagreements == 20
    assert certify_by_surrogate(both, other, g).certified_error == 1.0
    assert certify_by_surrogate(both, other, g).is_vacuous
    with pytest.raises(ValueError, match="as many as"):
        certify_by_surrogate(f[:15], other, g)
    with pytest.raises(ValueError, match="share"):
        certify_by_surrogate(f, other, g, share=1.0)
    with pytest.raises(ValueError, match="n must"):
        SurrogateCertificate(g, 0, 9, 0.05)


# ---- compression afterwards ---------------------------------------------------------------------


def spots(m=900, seed=2):
    """Images of 16 x 16 pixels: a bright corner is the class."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 4, m)
    x = rng.integers(0, 90, (m, 16, 16)).astype(np.uint8)
    for image, corner in zip(x, y, strict=True):
        row, column = 8 * (corner // 2), 8 * (corner % 2)
        image[row : row + 8, column : column + 8] += 90
    return x, y


def trained(n_inputs=256, side=16, seed=0):
    """A network that reads the four corners, with heavy entries and small noise."""
    rng = np.random.default_rng(seed)
    rows, columns = np.indices((side, side))
    corner = (2 * (rows // (side // 2)) + columns // (side // 2)).ravel()
    first = np.where(corner == np.arange(8)[:, None] % 4, 0.1, -0.03)
    first += 0.003 * rng.normal(size=(8, n_inputs))
    second = np.where(np.arange(8) % 4 == np.arange(4)[:, None], 1.0, -0.3)
    return [(first, 0.1 * np.ones(8)), (second + 0.01 * rng.normal(size=(4, 8)), np.zeros(4))]


def real_errors(layers, x, y):
    for number, (w, b) in enumerate(layers):
        x = x @ w.T + b
        x = x if number == len(layers) - 1 else np.maximum(x, 0)
    return int(np.count_nonzero(x.argmax(axis=1) != y))


@pytest.mark.parametrize("noise", [False, True])
@pytest.mark.parametrize("values", [1, 8])
def test_a_compressed_network_answers_like_the_trained_one(values, noise):
    x, y = spots()
    layers = trained()
    inputs = (x.reshape(len(x), -1) >> 1).astype(np.int8)
    assert real_errors(layers, inputs / 127 * 2 - 1, y) < 20
    network = compress_network(layers, inputs, share=1.0, values=values, noise=noise)
    assert network.count_errors(inputs, y) < 40
    sparse = compress_network(layers, inputs, share=0.1, values=values, noise=noise)
    n = sum(matrix.size for matrix, _ in layers)
    assert sparse.n_nonzeros <= 0.11 * n
    assert any(layer.noise for layer in sparse.layers) == noise


@pytest.mark.parametrize("pooled", [False, True])
def test_post_hoc_gives_a_file_that_verify_confirms(pooled):
    x, y = spots(5000)
    layers = trained(64, 8) if pooled else trained()
    examples = Examples("spots", x, y)
    found = certify_post_hoc(layers, examples)
    assert verify(found.data, examples).certificate == found.certificate
    assert decode(found.data)[1].widths == ((64 if pooled else 256), 8, 4)
    assert found.certificate.errors < 500
    assert not found.certificate.is_vacuous


def test_a_network_that_knows_nothing_is_vacuous():
    x, y = spots(200)
    rng = np.random.default_rng(3)
    layers = [(rng.normal(size=(8, 256)), np.zeros(8)), (rng.normal(size=(4, 8)), np.zeros(4))]
    assert certify_post_hoc(layers, Examples("spots", x, y)).certificate.is_vacuous


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda ls: ls[:1] + ls[:1], "do not fit each other"),
        (lambda ls: [(ls[0][0] * math.nan, ls[0][1]), ls[1]], "finite"),
        (lambda ls: [(ls[0][0], np.zeros(3)), ls[1]], "biases"),
        (lambda ls: [(ls[0][0][:, :9], ls[0][1]), ls[1]], "9 inputs"),
        (lambda ls: [ls[0], (ls[1][0][:3], ls[1][1][:3])], "3 outputs"),
        (lambda ls: [], "one to eight"),
    ],
)
def test_bad_layers(change, words):
    x, y = spots(200)
    with pytest.raises(ValueError, match=words):
        certify_post_hoc(change(trained()), Examples("spots", x, y))


# ---- at the command line ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    x, y = spots(1200)
    np.savez(folder / "data.npz", x_train=x[:900], y_train=y[:900], x_test=x[900:], y_test=y[900:])
    np.savez(folder / "held.npz", x=x[900:], y=y[900:])
    np.save(folder / "x.npy", x[900:])
    np.save(folder / "y.npy", y[900:])
    np.save(folder / "f.npy", np.where(np.arange(300) < 30, (y[900:] + 1) % 4, y[900:]))
    np.save(folder / "unlabelled.npy", spots(500, 8)[0])
    np.save(folder / "on_unlabelled.npy", spots(500, 8)[1])
    layers = {
        f"{n}.{kind}": array
        for n, pair in enumerate(trained())
        for kind, array in zip(("weight", "bias"), pair, strict=True)
    }
    np.savez(folder / "network.npz", **layers)
    net = folder / "net.htc"
    argv = ["certify", "--data", folder / "data.npz", "-o", net, "--preset", "pixels"]
    assert run(*argv, "--minutes", ".03") == 0
    return folder


@pytest.mark.parametrize("data", ["data.npz", "held.npz", "x.npy"])
def test_predictions_at_the_command_line(place, tmp_path, capsys, data):
    out = tmp_path / "claim.json"
    argv = ["certify", "--data", place / data, "--predictions", place / "f.npy"]
    argv += ["--labels", place / "y.npy"] if data == "x.npy" else []
    assert run(*argv, "-o", out, "--json", "--candidates", "4") == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["errors"], report["m"], report["choice_bits"]) == (30, 300, format_bits(4))
    assert report["certified_error"] == pytest.approx(upper_limit(30, 300, 2, 0.05), rel=1e-9)
    assert json.loads(out.read_text()) == report
    assert run(*argv) == 0
    words = capsys.readouterr().out
    assert "30 of 300" in words
    assert "influenced" in words


def test_a_surrogate_at_the_command_line(place, tmp_path, capsys):
    argv = [
        "certify", "--data", place / "data.npz", "--surrogate", place / "net.htc",
        "--unlabelled", place / "unlabelled.npy", "--predictions", place / "on_unlabelled.npy",
    ]  # fmt: skip
    assert run(*argv, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    g = report["surrogate"]
    assert (g["m"], report["n"], g["delta"]) == (900, 500, 0.025)
    bits = g["bits"] + g["choice_bits"]
    expected = upper_limit(g["errors"], 900, bits, 0.025)
    expected += upper_limit(report["disagreements"], 500, 0, 0.025)
    assert report["certified_error"] == pytest.approx(expected, rel=1e-9)
    assert run(*argv, "-o", tmp_path / "claim.json") == 0
    words = capsys.readouterr().out
    assert "delta 0.05 is split" in words
    assert "disagreements" in words


def test_a_checkpoint_at_the_command_line(place, tmp_path, capsys):
    out = tmp_path / "net.htc"
    argv = ["certify", "--data", place / "data.npz", "--checkpoint", place / "network.npz"]
    assert run(*argv, "-o", out) == 0
    assert "kept" in capsys.readouterr().out
    assert run("verify", out, "--data", place / "data.npz") == 0
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "other.npz", a=rng.normal(size=(8, 256)), b=rng.normal(size=(4, 8)))
    assert run(*argv[:-1], tmp_path / "other.npz", "-o", out) == 0
    assert "VACUOUS: guessing errs on 75.0 %" in capsys.readouterr().out


def test_layers_of_a_checkpoint(place):
    found = read_network_layers(place / "network.npz")
    for (matrix, bias), (w, b) in zip(found, trained(), strict=True):
        assert np.array_equal(matrix, w)
        assert np.array_equal(bias, b)


@refusals("""
    --predictions none.npy -> none.npy
    --predictions net.htc -> must be .npy or .npz
    --predictions unlabelled.npy -> scores
    --predictions on_unlabelled.npy -> as many as
    --predictions f.npy --model m:f -> one of
    --predictions f.npy --candidates 0 -> candidates must
    --predictions f.npy --delta 1 -> delta
    --predictions f.npy -o claim.htc -> .json
    --predictions f.npy --surrogate net.htc -> go together
    --predictions f.npy --unlabelled unlabelled.npy -> go together
    --predictions f.npy --surrogate net.htc --unlabelled unlabelled.npy -> as many as
    --predictions f.npy --surrogate net.htc --unlabelled f.npy -> int64
    --predictions on_unlabelled.npy --surrogate net.htc --unlabelled unlabelled.npy \
        --share 0 -> --share
    --checkpoint network.npz -> -o
    --checkpoint data.npz -o n.htc -> data.npz
    --checkpoint network.npz -o n.htc --input-range 1 -> --input-range
    --checkpoint network.npz -o n.htc --input-range 1,0 -> increasing
""")
def test_bad_input_is_one_line(place, monkeypatch, capsys, words, said):
    monkeypatch.chdir(place)
    assert said in require_refusal(capsys, place, "certify", "--data", "data.npz", *words)
