"""The certificate on a page: the claim is shown only if it fits the file."""

import json

import numpy as np
import pytest

from htstats.cli import main
from htstats.report import html_report
from htstats.report._statements import certificate_of

pytest.importorskip("sklearn", reason="needs the digits of scikit-learn: pip install scikit-learn")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    path = tmp_path_factory.mktemp("certificate") / "digits.htc"
    main(["certify", "--data", "digits", "-o", str(path), "--minutes", "0.05"])
    return path


@pytest.fixture
def copy(certificate, tmp_path):
    path = tmp_path / "copy.htc"
    path.write_bytes(certificate.read_bytes())
    claim = path.with_name("copy.htc.json")
    claim.write_bytes(certificate.with_name("digits.htc.json").read_bytes())
    return path, claim


W = {"w": np.random.default_rng(0).standard_t(3, (20, 30))}


def test_the_page_shows_the_claim(copy):
    path, claim = copy
    report = html_report(W, certificate=path)
    found, claimed = report.data["certificate"], json.loads(claim.read_text())
    for key in ("certified_error", "errors", "m", "delta", "statement", "assumptions"):
        assert found[key] == claimed[key]
    assert found["bytes"] == path.stat().st_size
    assert found["kind"] == "bound"
    assert f"{found['certified_error']:.5f}" in report.html


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"certified_error": 0.001}, "it claims the error 0.001"),
        ({"certified_error": None}, "it claims the error None"),
        ({"bits": 8}, "it claims 8 bits"),
        ({"format": "67"}, "it claims format 67"),
        ({"errors": -1}, "is no claim"),
        ({"errors": "few"}, "is no claim"),
        ({"basis": "held-out"}, "it claims"),
    ],
)
def test_a_claim_that_does_not_fit_is_refused(copy, capsys, tmp_path, change, message):
    path, claim = copy
    claim.write_text(json.dumps(json.loads(claim.read_text()) | change))
    with pytest.raises(ValueError, match=message):
        html_report(W, certificate=path)


@pytest.mark.parametrize("text", ["", "[]", "{", "null", "{}", "[" * 100_000])
def test_a_damaged_claim_is_refused(copy, text):
    path, claim = copy
    claim.write_text(text)
    with pytest.raises(ValueError, match="is no claim"):
        html_report(W, certificate=path)


def test_a_damaged_file_and_a_missing_claim_are_refused(copy):
    path, claim = copy
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError):
        html_report(W, certificate=path)
    claim.unlink()
    with pytest.raises((ValueError, OSError)):
        html_report(W, certificate=path)


def test_the_certificate_is_never_overwritten(copy):
    path, claim = copy
    for output in (path, claim):
        with pytest.raises(ValueError, match="never overwritten"):
            html_report(W, certificate=path, output=output)


def test_a_file_that_is_no_certificate_is_named(tmp_path):
    path = tmp_path / "m.npz"
    path.write_bytes(b"PK")
    with pytest.raises(ValueError, match=r"m\.npz is no certificate file: unknown format 80"):
        certificate_of(path)
