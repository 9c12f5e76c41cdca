"""The kept certificate files prove what bench/certificate/results.json says."""

import json
from pathlib import Path

import numpy as np
import pytest
from reference import htc_reader

from htstats.certificate import decode, load_examples, verify

BENCH = Path(__file__).parents[1] / "bench" / "certificate"
FILES = sorted((BENCH / "files").glob("*.htc"))
# file name -> data set; the trunk's columns take minutes, so its file is only decoded
DATA = {"digits": "digits", "fast": "fashion-mnist", "best": "fashion-mnist",
        "gaussian": "fashion-mnist", "cnn": "fashion-mnist"}  # fmt: skip


@pytest.fixture(scope="module")
def examples():
    found = {}

    def load(name):
        if name not in found:
            try:
                found[name] = load_examples(name)
            except FileNotFoundError as error:
                pytest.skip(str(error))
        return found[name]

    return load


@pytest.mark.skipif(not BENCH.is_dir(), reason="run the tests from a checkout: bench/ is missing")
def test_there_are_files():
    assert {path.stem for path in FILES} >= {"digits", "best"}


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_a_reader_written_from_the_page_reads_the_file(path):
    form, head = decode(path.read_bytes())
    if form.is_convolutional:
        height, width, classes, *_, filters, layers = htc_reader.read_convolutional(
            path.read_bytes()
        )
        assert (height, width, classes) == (form.height, form.width, form.classes)
        assert sum(len(layer["b"]) for layer in [*filters, *layers]) == head.n_nonzeros
        x = np.random.default_rng(0).integers(0, 128, (2, height, width)).astype(np.int8)
        inputs = head.convolve(x.reshape(2, -1)).tolist()
        assert inputs == [
            htc_reader.activations(filters, len(layers), 0, None, image) for image in x.tolist()
        ]
        return
    if form.is_network:
        features, height, width, classes, _, _, layers = htc_reader.read_network(path.read_bytes())
        assert (features, height, width, classes) == ("pixels", form.height, form.width, 10)
        assert sum(len(layer["b"]) for layer in layers) == head.n_nonzeros
        return
    _, _, _, classes, weights, offsets = htc_reader.read(path.read_bytes())
    assert classes == form.classes
    flat = head.weights.ravel()
    assert weights == {int(p): int(flat[p]) for p in flat.nonzero()[0]}
    assert offsets == head.offsets.tolist()


@pytest.mark.parametrize("path", [p for p in FILES if p.stem in DATA], ids=lambda p: p.stem)
def test_the_files_prove_what_the_table_says(path, examples):
    found = verify(path.read_bytes(), examples(DATA[path.stem]))
    rows = json.loads((BENCH / "results.json").read_text())[path.stem]
    best = min(row["certified"] for row in rows)
    assert found.certificate.certified_error <= best
    assert not found.certificate.is_vacuous
