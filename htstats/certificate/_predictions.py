"""Certificates of classifiers of which only the predictions are known."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from htstats._common import checks
from htstats._common.documents import add_sections
from htstats.certificate._bound import format_bits, is_vacuous, test_set_bound
from htstats.certificate._certificate import Certificate

__all__ = [
    "SurrogateCertificate",
    "answers_of",
    "certify_by_surrogate",
    "certify_predictions",
]

# The smallest number of inputs for which a bound is useful.
LEAST = 10

RAISES = """\
TypeError, ValueError
    If an argument is of the wrong kind or out of range, or lengths differ."""


def answers_of(predictions: Any, what: str = "predictions") -> npt.NDArray[np.int64]:
    """Convert predictions to classes. The class of a row of scores is its strictly largest score.

    Parameters
    ----------
    predictions : array, shape (n,) of integers or (n, classes) of numbers
        Classes, which stay unchanged, or scores.
    what : str
        The name of the predictions in error messages.

    Returns
    -------
    ndarray of int64, shape (n,)
        -1 if an example has no class, because two scores are equally large and largest, or a score
        is NaN. This counts as an error.

    Raises
    ------
    TypeError, ValueError
        If the shape or the dtype is wrong, or a class is negative.
    """
    found = np.asarray(predictions)
    if found.ndim == 1 and found.dtype.kind in "iu":
        if found.size and found.min() < 0:
            raise ValueError(f"{what} must be classes from 0, got {found.min()}")
        return found.astype(np.int64)
    if found.ndim != 2 or found.dtype.kind not in "iuf" or found.shape[1] < 2:
        raise TypeError(
            f"{what} must be classes (n,) of whole numbers or scores (n, classes), got "
            f"{found.dtype} {found.shape}"
        )
    if not len(found):
        return np.empty(0, np.int64)
    top = found.max(axis=1, keepdims=True)  # NaN if a score is NaN, so that no score equals it
    is_top = found == top
    return np.where(is_top.sum(axis=1) == 1, is_top.argmax(axis=1), -1)


@add_sections(Raises=RAISES)
def certify_predictions(
    predictions: Any,
    labels: Any,
    *,
    candidates: int = 1,
    delta: float = 0.05,
    name: str = "predictions",
) -> Certificate:
    """The test-set bound of a classifier, from its predictions on examples it never saw.

    Parameters
    ----------
    predictions : array, shape (n,) of integers or (n, classes) of scores
        If two scores of an example are equally large and largest, or a score is NaN, the example
        counts as an error.
    labels : array of integers, shape (n,)
        At least 10.
    candidates : int
        Number of classifiers from which this one was chosen with the help of these labels. The
        choice costs ``format_bits(candidates)`` bits.
    delta : float
        Probability that the statement fails, in (0, 1).
    name : str
        The name of the classifier in the certificate.

    Returns
    -------
    Certificate
        Its basis is "held-out", and its message has 0 bits.

    Examples
    --------
    >>> import numpy as np
    >>> from htstats.certificate import certify_predictions
    >>> y = np.arange(1000) % 4
    >>> round(certify_predictions(np.where(y == 0, 1, y), y).certified_error, 4)
    0.2736
    """
    candidates = checks.count("candidates", candidates, at_least=1)
    labels = np.asarray(labels)
    if labels.ndim != 1 or labels.dtype.kind not in "iu" or len(labels) < LEAST:
        raise ValueError(
            f"labels must be at least {LEAST} whole numbers in one dimension, got {labels.dtype} "
            f"{labels.shape}"
        )
    if labels.min() < 0:
        raise ValueError(f"labels must be classes from 0, got {labels.min()}")
    found = answers_of(predictions)
    if len(found) != len(labels):
        raise ValueError(
            f"predictions must be as many as the {len(labels)} held-out labels, got {len(found)}"
        )
    shape = np.shape(predictions)
    classes = max(2, int(labels.max()) + 1, shape[1] if len(shape) == 2 else 0)
    return Certificate(
        int(np.count_nonzero(found != labels)), len(labels), 0, format_bits(candidates), delta,
        classes, name, basis="held-out",
    )  # fmt: skip


@dataclass(frozen=True)
class SurrogateCertificate:
    """An upper limit of a classifier's error without held-out labels, by a certified surrogate.

    For a classifier f and a surrogate g, P(f errs) <= P(g errs) + P(f != g). The certificate of g
    limits the first probability and holds with probability at least 1 - delta (1 - share). The
    disagreements of f and g on unlabelled inputs limit the second; that limit holds with
    probability at least 1 - delta share.

    Parameters
    ----------
    surrogate : Certificate
        The certificate of g, computed with its part of delta.
    disagreements, n : int
        Number of inputs with f != g, and number of unlabelled inputs.
    delta : float
        Probability that the statement fails, in (0, 1).
    share : float
        The part of delta for the disagreements, in (0, 1).
    """

    surrogate: Certificate
    disagreements: int
    n: int
    delta: float
    share: float = 0.5

    def __post_init__(self) -> None:
        checks.count("n", self.n, at_least=LEAST)
        checks.open_probability("share", self.share)
        _ = self.disagreement_limit  # this checks disagreements and delta

    @property
    def disagreement_limit(self) -> float:
        """Upper limit of P(f != g)."""
        return test_set_bound(self.disagreements, self.n, self.delta * self.share)

    @property
    def certified_error(self) -> float:
        """The upper limit of the error of f on new examples, in [0, 1]."""
        return min(1.0, self.surrogate.certified_error + self.disagreement_limit)

    @property
    def is_vacuous(self) -> bool:
        """Whether the limit is no better than guessing one class."""
        return is_vacuous(self.certified_error, self.surrogate.classes)

    @property
    def statement(self) -> str:
        """The statement in words."""
        return (
            f"With probability at least {1 - self.delta:g} over the draw of the "
            f"{self.surrogate.m} labelled examples and the {self.n} inputs, the classifier errs on "
            f"at most {100 * self.certified_error:.2f} % of new examples from the same source."
        )

    @property
    def assumptions(self) -> tuple[str, ...]:
        """The conditions of the statement, one sentence each."""
        return (
            *self.surrogate.assumptions,
            f"The {self.n} unlabelled inputs are independent draws from the same source, and "
            "neither the classifier nor the surrogate saw them.",
            f"delta {self.delta:g} is split: {self.surrogate.delta:g} for the surrogate, "
            f"{self.delta * self.share:g} for the disagreements; the split was fixed before.",
        )

    def to_json(self) -> str:
        """Numbers, statement and assumptions as JSON."""
        return json.dumps(
            {
                "surrogate": json.loads(self.surrogate.to_json()),
                "disagreements": self.disagreements,
                "n": self.n,
                "disagreement_limit": self.disagreement_limit,
                "delta": self.delta,
                "share": self.share,
                "certified_error": self.certified_error,
                "vacuous": self.is_vacuous,
                "statement": self.statement,
                "assumptions": list(self.assumptions),
            },
            indent=1,
        )


@add_sections(Raises=RAISES)
def certify_by_surrogate(
    predictions: Any,
    surrogate_predictions: Any,
    surrogate: Certificate,
    *,
    share: float = 0.5,
) -> SurrogateCertificate:
    """The error of a classifier without spare labels: that of a surrogate plus their disagreement.

    Parameters
    ----------
    predictions, surrogate_predictions : array, shape (n,) of integers or (n, classes) of scores
        The predictions of the classifier and of the surrogate on n inputs that neither of them saw;
        n is at least 10. If one of them gives an input no class, this counts as a disagreement.
    surrogate : Certificate
        The certificate of the surrogate, computed with ``delta x (1 - share)``. The `delta` of the
        result is ``surrogate.delta / (1 - share)``.
    share : float
        The part of delta for the disagreements, in (0, 1). It must be fixed before the inputs are
        seen.

    Returns
    -------
    SurrogateCertificate

    Examples
    --------
    >>> import numpy as np
    >>> from htstats.certificate import Certificate, certify_by_surrogate
    >>> g = Certificate(7200, 60_000, 1016, 16.0, 0.025, 10, "1")
    >>> f = np.arange(2000) % 10
    >>> both = certify_by_surrogate(f, np.where(f == 3, 4, f), g)
    >>> both.disagreements, round(both.certified_error, 4)
    (200, 0.29)
    """
    share = checks.open_probability("share", share)
    one = answers_of(predictions)
    two = np.asarray(surrogate_predictions)
    if two.ndim != 1 or two.dtype.kind != "i":  # a head's `predict` may return the class -1
        two = answers_of(two, "surrogate_predictions")
    if len(one) != len(two):
        raise ValueError(
            f"predictions must be as many as the surrogate's {len(two)}, got {len(one)}"
        )
    different = int(np.count_nonzero((one != two) | (one < 0)))
    return SurrogateCertificate(
        surrogate, different, len(one), surrogate.delta / (1 - share), share
    )
