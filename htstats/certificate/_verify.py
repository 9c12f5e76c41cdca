"""Verification: recompute a certificate from the file and the data alone."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from htstats.certificate._certificate import Certificate
from htstats.certificate._examples import Examples
from htstats.certificate._file import decode
from htstats.certificate._search import CHOICE_BITS, encoder_of, features_of

__all__ = ["Verification", "verify"]


@dataclass(frozen=True)
class Verification:
    """The certificate that a file proves on these examples.

    Attributes
    ----------
    certificate : Certificate
        Recomputed from the file and the examples.
    test_error : float or None
        The proportion of errors on held-out examples. No bound uses it.
    n_nonzeros, levels : int
        Number of weights that are not zero, and number of levels of the offsets.
    sha256, data_sha256 : str
        SHA-256 of the file, and of the examples with their labels.
    """

    certificate: Certificate
    test_error: float | None
    n_nonzeros: int
    levels: int
    sha256: str
    data_sha256: str

    def to_dict(self) -> dict[str, Any]:
        """All fields as values that JSON can hold."""
        report: dict[str, Any] = json.loads(self.certificate.to_json())
        bits = {"file": self.certificate.bits, "choices": self.certificate.choice_bits}
        return report | {
            "bits": bits,
            "test_error": self.test_error,
            "n_nonzeros": self.n_nonzeros,
            "levels": self.levels,
            "sha256": self.sha256,
            "data_sha256": self.data_sha256,
        }


def verify(
    data: bytes,
    examples: Examples,
    *,
    delta: float = 0.05,
    n_threads: int = 1,
    encoder_sha256: str | None = None,
) -> Verification:
    """Decode a certificate file, count the errors of its classifier, and compute the bound.

    Parameters
    ----------
    data : bytes
        The content of the file.
    examples : Examples
        The examples on which errors are counted.
    delta : float
        Probability that the statement fails.
    n_threads : int
        Number of threads. The result does not depend on it.
    encoder_sha256 : str, optional
        For columns: the hash of the encoder that computed them.

    Raises
    ------
    ValueError
        If the bytes are not a message, or the examples do not fit its format.
    """
    form, head = decode(data)
    if examples.classes != form.classes:
        raise ValueError(f"format {form.name} does not fit {examples.classes} classes")
    if examples.exponent != form.exponent:
        raise ValueError(
            f"format {form.name} wants floats with exponent {form.exponent}, got examples with "
            f"{examples.exponent}: load_examples(..., exponent={form.exponent})"
        )
    errors = head.count_errors(features_of(form, examples.x, n_threads), examples.y)
    certificate = Certificate(
        errors, len(examples.y), 8 * len(data), CHOICE_BITS, delta, form.classes, form.name,
        encoder_sha256=encoder_of(form, encoder_sha256),
    )  # fmt: skip
    test_error = None
    if examples.x_test is not None and examples.y_test is not None:
        features = features_of(form, examples.x_test, n_threads)
        test_error = head.count_errors(features, examples.y_test) / len(examples.y_test)
    return Verification(
        certificate,
        test_error,
        head.n_nonzeros,
        int(np.ptp(head.offsets)) + 1,
        hashlib.sha256(data).hexdigest(),
        examples.sha256,
    )
