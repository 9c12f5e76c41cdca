"""The best file of preset fcnn is decoded; its claim is recomputed where Fashion-MNIST is there."""

from pathlib import Path

import pytest

from htstats import datasets
from htstats.certificate import decode, load_examples, verify

FILE = Path(__file__).parents[1] / "bench" / "certificate" / "files" / "fcnn.htc"
pytestmark = pytest.mark.skipif(
    not FILE.is_file(), reason="run the tests from a checkout: this tree has no bench/certificate"
)


def test_the_best_network_has_the_errors_that_it_is_kept_for():
    data = FILE.read_bytes()
    form, network = decode(data)
    assert (form.number, network.widths, len(data)) == (16, (196, 24, 10), 223)
    assert network.n_nonzeros == 271
    try:
        datasets.fashion_mnist()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    found = verify(data, load_examples("fashion-mnist"))
    assert (found.certificate.errors, found.test_error) == (9704, 0.1774)
    assert found.certificate.certified_error < 0.25
