"""Frozen features of an encoder: the rule for floats, the encoder's name, both kinds of files."""

import hashlib
import json
import math

import numpy as np
import pytest
from reference import htc_reader

from htstats.certificate import (
    Certificate,
    Examples,
    IntegerNetwork,
    Layer,
    Stage,
    certify,
    decode,
    encode,
    exponent_for,
    format_for,
    load_examples,
    quantize_columns,
    verify,
)
from htstats.cli import main

HASH = hashlib.sha256(b"the encoder").hexdigest()


def run(*argv):
    return main([str(a) for a in argv])


def embeddings(m=600, d=9, scale=1.0, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, m)
    centres = rng.normal(size=(3, d))
    return (scale * (centres[y] + 0.4 * rng.normal(size=(m, d)))).astype(np.float32), y


# ---- the rule -----------------------------------------------------------------------------------


@pytest.mark.parametrize("exponent", [-16, -3, 0, 1, 15])
@pytest.mark.parametrize("kind", [np.float32, np.float64, np.float16])
def test_floats_become_int8_by_the_rule_of_the_page(exponent, kind):
    x = (2.0**exponent * np.random.default_rng(1).uniform(-1.9, 1.9, (40, 5))).astype(kind)
    exact = [[max(-127, min(127, round(127 * float(v) / 2.0**exponent))) for v in row] for row in x]
    assert quantize_columns(x, "x", exponent).tolist() == exact


def test_the_exponent_clips_one_of_a_thousand():
    for scale in (1e-4, 0.05, 3.0, 500.0):
        x = (scale * np.random.default_rng(2).normal(size=(500, 20))).astype(np.float32)
        e = exponent_for(x)
        assert 2.0 ** (e - 1) <= np.quantile(np.abs(x), 0.999, method="higher") < 2.0**e
    for x in (np.full((9, 3), 0.6), np.zeros((9, 3)), np.ones((9, 3), np.int8)):
        assert exponent_for(x) == 0
    assert exponent_for(np.full((9, 3), 1e30)) == 15
    assert exponent_for(np.full((9, 3), 1e-30)) == -16


@pytest.mark.parametrize("exponent", [-16, -1, 3, 15])
@pytest.mark.parametrize("network", [False, True])
def test_formats_say_the_exponent(network, exponent):
    form = format_for("columns", 1, 9, 3, network=network, exponent=exponent)
    plain = format_for("columns", 1, 9, 3, network=network)
    assert form.header_bits == plain.header_bits + 5
    x, y = embeddings()
    examples = Examples("e", quantize_columns(x, "x", 2), y)
    (found,) = certify(examples, stages=[Stage(2_000, 4.0)])
    if not network:
        features, height, width, classes, weights, _ = htc_reader.read(encode(form, found.head))
        assert (features, height, width, classes) == (f"columns / 2^{exponent}", 1, 9, 3)
        assert len(weights) == found.head.n_nonzeros
        data = encode(form, found.head)
        assert decode(data)[0] == form
        assert len(data) in (len(found.data), len(found.data) + 1)
        zero = bytearray(data)
        zero[9] = (zero[9] & 0b111) | 16 << 3  # exponent 0 must be written as format 67
        with pytest.raises(ValueError, match="needlessly long"):
            decode(bytes(zero))
        return
    layers = (Layer(np.ones((4, 9), np.int8), np.zeros(4, np.int16), shift=3),)
    layers += (Layer(np.ones((3, 4), np.int8), np.zeros(3, np.int16)),)
    data = encode(form, IntegerNetwork(layers))
    assert decode(data)[0] == form
    features, *_, read = htc_reader.read_network(data)
    assert features == f"columns / 2^{exponent}"
    assert [len(layer["b"]) for layer in read] == [36, 12]


def test_verify_wants_the_exponent_of_the_file(tmp_path):
    x, y = embeddings(scale=6.0)
    np.savez(tmp_path / "e.npz", x=x, y=y)
    examples = load_examples(tmp_path / "e.npz")
    assert examples.exponent == exponent_for(x) > 0
    assert np.array_equal(examples.x, quantize_columns(x, "x", examples.exponent))
    (found,) = certify(examples, stages=[Stage(5_000, 4.0)])
    assert found.form.exponent == examples.exponent
    assert verify(found.data, examples).certificate == found.certificate
    other = load_examples(tmp_path / "e.npz", exponent=examples.exponent + 1)
    with pytest.raises(ValueError, match="exponent"):
        verify(found.data, other)


# ---- the encoder's name -------------------------------------------------------------------------


def test_the_certificate_says_what_must_be_independent():
    def words(encoder):
        return " ".join(
            Certificate(1, 100, 8, 0.0, 0.05, 3, "67", encoder_sha256=encoder).assumptions
        )

    assert "encoder" not in words(None)
    assert "not trained on any of the 100 examples or their labels" in words("")
    assert HASH in words(HASH)
    for bad in ("x", HASH[:-1], HASH.upper()):
        with pytest.raises(ValueError, match="64 hexadecimal"):
            Certificate(1, 100, 8, 0.0, 0.05, 3, "67", encoder_sha256=bad)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("encoders")
    x, y = embeddings(scale=4.0)
    np.savez(
        folder / "floats.npz", x_train=x[:400], y_train=y[:400], x_test=x[400:], y_test=y[400:]
    )
    np.savez(folder / "small.npz", x=x / 200, y=y)
    np.save(folder / "x.npy", quantize_columns(x, "x", 3))
    np.save(folder / "y.npy", y)
    np.savez(folder / "images.npz", x=np.random.default_rng(0).integers(0, 255, (40, 9, 9)).astype(
        np.uint8), y=np.arange(40) % 2)  # fmt: skip
    (folder / "encoder.bin").write_bytes(b"the encoder")
    return folder


@pytest.mark.parametrize(
    "data",
    [["floats.npz"], ["small.npz"], ["x.npy", "--labels", "y.npy"]],
    ids=["floats", "small", "npy"],
)
@pytest.mark.parametrize("encoder", [[], ["--encoder-sha256", HASH], ["--encoder", "encoder.bin"]])
def test_features_at_the_command_line(place, tmp_path, monkeypatch, capsys, data, encoder):
    monkeypatch.chdir(place)
    out = tmp_path / "net.htc"
    assert run("certify", "--data", *data, "-o", out, *encoder, "--minutes", ".01") == 0
    words = capsys.readouterr().out
    assert (HASH in words) == bool(encoder)
    assert "not trained on any of" in words
    assert run("verify", out, "--data", *data, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["encoder_sha256"] == (HASH if encoder else "")
    assert report["holds"]
    # 24 has an exponent, 67 has none
    assert out.read_bytes()[0] == (67 if data[0] == "x.npy" else 24)
    assert run("verify", out, "--data", *data, "--encoder", "encoder.bin") == 0
    other = hashlib.sha256(b"another").hexdigest()
    assert run("verify", out, "--data", *data, "--encoder-sha256", other) == (2 if encoder else 0)


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--data", "floats.npz", "--encoder-sha256", "12"], "64 hexadecimal"),
        (["--data", "floats.npz", "--encoder", "none.bin"], "none.bin"),
        (["--data", "floats.npz", "--encoder", "encoder.bin", "--encoder-sha256", "0" * 64], HASH),
        (["--data", "images.npz", "--encoder-sha256", HASH], "for columns"),
        (["--data", "x.npy"], "x.npy has inputs without labels: give --labels"),
        (["--data", "none.npy"], "none.npy: No such file or directory"),
        (["--data", "floats.npz", "--labels", "y.npy"], "labels"),
        (["--data", "x.npy", "--labels", "none.npy"], "none.npy"),
        (["--data", "x.npy", "--labels", "x.npy"], "labels"),
    ],
)
def test_bad_encoders_are_one_line(place, monkeypatch, capsys, argv, words):
    monkeypatch.chdir(place)
    before = sorted(place.iterdir())
    assert run("certify", *argv, "-o", "net.htc", "--minutes", ".01") == 2
    err = capsys.readouterr().err
    assert words in err
    assert len(err.splitlines()) == 1
    assert sorted(place.iterdir()) == before


def test_nothing_is_certified_of_features_that_are_not_numbers():
    x, _ = embeddings()
    for bad in (math.nan, math.inf):
        x[3, 2] = bad
        with pytest.raises(ValueError, match="finite"):
            quantize_columns(x, "x", 2)
        assert exponent_for(x) == 0
