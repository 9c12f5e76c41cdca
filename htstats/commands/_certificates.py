"""Print a certificate."""

from __future__ import annotations

import os
from typing import TextIO

from htstats.certificate import Certificate

__all__ = ["print_certificate"]


def print_certificate(
    certificate: Certificate,
    path: str | os.PathLike[str],
    test_error: float | None,
    *,
    file: TextIO,
) -> None:
    """Print the statement, its parts and its assumptions."""
    c = certificate
    print(f"{path}: {c.bits // 8} bytes, format {c.format}", file=file)
    print(c.statement, file=file)
    print(
        f"  errors on the examples   {c.errors} of {c.m} ({100 * c.train_error:.2f} %)", file=file
    )
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
