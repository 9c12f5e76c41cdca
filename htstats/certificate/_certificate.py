"""The certificate: the statement about the error, in words and in numbers."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass

from htstats._common import checks
from htstats.certificate._bound import METHODS, is_vacuous, occam_bound

__all__ = ["BASES", "Certificate"]

SHA256 = re.compile("[0-9a-f]{64}")

# The bases of a certificate: a message of a code, or examples that the classifier never saw.
BASES = ("message", "held-out")


@dataclass(frozen=True)
class Certificate:
    """An upper limit of a classifier's error on new examples, and the numbers behind it.

    Parameters
    ----------
    errors, m : int
        Number of errors, and number of examples on which they were counted.
    bits : int
        Length of the message: 8 x the bytes of the file.
    choice_bits : float
        Bits added for choices among codes, if the data may have influenced them.
    delta : float
        Probability that the statement fails, in (0, 1).
    classes : int
        Number of classes; a limit of 1 - 1/classes or more says nothing.
    format : str
        The code's name.
    method : str
        One of `METHODS`.
    basis : {"message", "held-out"}
        "message": the classifier is a message of a code that was fixed before the examples were
        seen. "held-out": the examples did not influence the classifier.
    encoder_sha256 : str or None
        Hash of the encoder that computed the features; "" if the user did not name the encoder;
        None if the format computes the features itself.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range.

    Examples
    --------
    >>> from htstats.certificate import Certificate
    >>> c = Certificate(7200, 60_000, 1016, 16.0, 0.05, 10, "1")
    >>> round(c.certified_error, 4), c.is_vacuous
    (0.176, False)
    """

    errors: int
    m: int
    bits: int
    choice_bits: float
    delta: float
    classes: int
    format: str
    method: str = "binomial"
    basis: str = "message"
    encoder_sha256: str | None = None

    def __post_init__(self) -> None:
        checks.one_of("method", self.method, METHODS)
        checks.one_of("basis", self.basis, BASES)
        if self.encoder_sha256 and not SHA256.fullmatch(self.encoder_sha256):
            raise ValueError(
                f"encoder_sha256 must be 64 hexadecimal digits, got {self.encoder_sha256!r}"
            )
        checks.count("classes", self.classes, at_least=2)
        checks.count("bits", self.bits, at_least=0)
        checks.nonnegative("choice_bits", self.choice_bits)
        _ = self.certified_error  # this checks errors, m and delta

    @property
    def certified_error(self) -> float:
        """The upper limit of the error on new examples, in [0, 1]."""
        total = self.bits + self.choice_bits
        return occam_bound(self.errors, self.m, total, self.delta, self.method)

    @property
    def train_error(self) -> float:
        """Errors / m."""
        return self.errors / self.m

    @property
    def is_vacuous(self) -> bool:
        """Whether the limit is no better than guessing one class."""
        return is_vacuous(self.certified_error, self.classes)

    @property
    def statement(self) -> str:
        """The statement in words."""
        return (
            f"With probability at least {1 - self.delta:g} over the draw of the {self.m} examples, "
            f"this classifier errs on at most {100 * self.certified_error:.2f} % of new ones from "
            "the same source."
        )

    @property
    def assumptions(self) -> tuple[str, ...]:
        """The conditions of the statement, one sentence each."""
        draws = f"The {self.m} examples are independent draws from the source of new ones."
        if self.basis == "held-out":
            return (
                draws,
                f"None of the {self.m} examples influenced the classifier: not its training, not "
                "its design, not a choice among classifiers" + self._words_on_choices,
            )
        words = (
            draws,
            "The code (format, features, preprocessing) was fixed before the examples were seen, "
            f"except for choices that {self.choice_bits:g} bits pay for.",
            f"The message is the whole file, {self.bits} bits; it decodes to one classifier.",
        )
        return words if self.encoder_sha256 is None else (*words, *self._words_on_the_encoder)

    @property
    def _words_on_choices(self) -> str:
        if not self.choice_bits:
            return "."
        return f", except for choices that {self.choice_bits:g} bits pay for."

    @property
    def _words_on_the_encoder(self) -> tuple[str, ...]:
        name = f"the encoder with SHA-256 {self.encoder_sha256}"
        return (
            f"The features come from {name if self.encoder_sha256 else 'an encoder'}. It was not "
            f"trained on any of the {self.m} examples or their labels, and not chosen by them.",
            "Each example's features depend on that example alone, not on the other examples or "
            "on labels (no statistic of the data set, no normalisation by it).",
        )

    def to_json(self) -> str:
        """Numbers, statement and assumptions as JSON."""
        return json.dumps(
            asdict(self)
            | {
                "certified_error": self.certified_error,
                "train_error": self.train_error,
                "vacuous": self.is_vacuous,
                "statement": self.statement,
                "assumptions": list(self.assumptions),
            },
            indent=1,
        )
