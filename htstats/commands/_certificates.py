"""Print a certificate, and write its claim."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

from htstats._common.files import atomic_write
from htstats._common.terminal import paint
from htstats.certificate import Certificate, SurrogateCertificate
from htstats.commands._json import claim_text

__all__ = [
    "print_certificate",
    "print_surrogate",
    "print_verdict",
    "write_certificate",
    "write_claim",
]


def write_certificate(
    data: bytes, certificate: Certificate, output: Path, claim: Path, inputs: Iterable[str]
) -> None:
    """Write a certificate file and its claim, neither of which may be one of the inputs."""
    inputs = [*inputs]
    with atomic_write(output, inputs=inputs) as file:
        file.write(data)
    write_claim(certificate, claim, inputs)


def write_claim(
    certificate: Certificate | SurrogateCertificate, path: Path, inputs: Iterable[str]
) -> None:
    """Write the JSON of a certificate to a file, which must be none of the inputs."""
    with atomic_write(path, inputs=inputs) as file:
        file.write(f"{claim_text(certificate)}\n".encode())


def print_verdict(claimed: float, holds: bool) -> None:
    """Print whether a claimed error holds, in colour on a terminal."""
    word, colour = ("it holds", "green") if holds else ("IT DOES NOT HOLD", "red")
    print(f"claimed: {claimed:.5f}: {paint(word, colour, sys.stdout)}")


def print_certificate(
    certificate: Certificate,
    path: str | os.PathLike[str],
    test_error: float | None,
    *,
    file: TextIO,
) -> None:
    """Print the statement of a certificate, its parts and its assumptions."""
    c = certificate
    if c.basis == "message":
        print(f"{path}: {c.bits // 8} bytes, format {c.format}", file=file)
    else:
        print(f"{path}: by {c.m} examples that it never saw", file=file)
    print(c.statement, file=file)
    print(
        f"  errors on the examples   {c.errors} of {c.m} ({100 * c.train_error:.2f} %)", file=file
    )
    if c.basis == "message":
        print(f"  bits of the file         {c.bits}", file=file)
    print(f"  bits for choices         {c.choice_bits:g}", file=file)
    print(f"  certified error          {c.certified_error:.5f} (delta {c.delta:g})", file=file)
    if test_error is not None:
        print(
            f"  held-out error           {test_error:.5f} (shown only; it enters nothing)",
            file=file,
        )
    if c.is_vacuous:
        print(f"  VACUOUS: guessing errs on {100 * (1 - 1 / c.classes):.1f} %", file=file)
    print("It holds if", file=file)
    for sentence in c.assumptions:
        print(f"  - {sentence}", file=file)


def print_surrogate(
    found: SurrogateCertificate, path: str | os.PathLike[str], *, file: TextIO
) -> None:
    """Print the statement about a classifier with a surrogate, its parts and its assumptions."""
    s, g = found, found.surrogate
    print(s.statement, file=file)
    print(f"  surrogate                {path}, format {g.format}", file=file)
    print(f"  surrogate's errors       {g.errors} of {g.m}", file=file)
    print(f"  surrogate's limit        {g.certified_error:.5f} (delta {g.delta:g})", file=file)
    print(f"  disagreements            {s.disagreements} of {s.n}", file=file)
    print(
        f"  disagreement limit       {s.disagreement_limit:.5f} (delta {s.delta * s.share:g})",
        file=file,
    )
    print(f"  certified error          {s.certified_error:.5f} (delta {s.delta:g})", file=file)
    if s.is_vacuous:
        print(f"  VACUOUS: guessing errs on {100 * (1 - 1 / g.classes):.1f} %", file=file)
    print("It holds if", file=file)
    for sentence in s.assumptions:
        print(f"  - {sentence}", file=file)
