"""A number of the theory that says what kind of number it is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["CONVENTIONS", "Convention", "Kind", "Statement", "probability_statement"]

Kind = Literal["exact", "bound", "rate", "complexity", "claim"]
Convention = Literal["rigorous", "paper"]
CONVENTIONS = ("rigorous", "paper")


@dataclass(frozen=True)
class Statement:
    """A value, what it is a value of, and what it may be used for.

    Attributes
    ----------
    name : str
        What is stated, in words.
    value : float
        The number; `float(statement)` gives it too.
    kind : {"exact", "bound", "rate", "complexity", "claim"}
        ``exact``: an equality. ``bound``: an inequality that holds. ``rate``: constants or
        logarithms are dropped, so the number orders networks but bounds nothing. ``complexity``:
        a quantity that bounds nothing by itself. ``claim``: printed in the paper as a bound, and
        false or unproved as printed.
    equation : str
        Where it stands.
    convention : {"rigorous", "paper"}
        Whose formula it is.
    log : float
        The natural logarithm of `value`, right also where `value` underflows to 0.
    inputs : mapping
        The numbers that went in, enough to repeat the call.
    note : str
        What has to hold, or why it does not.
    """

    name: str
    value: float
    kind: Kind
    equation: str
    convention: Convention = "rigorous"
    log: float = math.nan
    inputs: Mapping[str, object] = field(default_factory=dict, hash=False)
    note: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "inputs", dict(self.inputs))
        if math.isnan(self.log) and self.value >= 0:
            object.__setattr__(self, "log", math.log(self.value) if self.value > 0 else -math.inf)

    def __float__(self) -> float:
        return self.value

    def __repr__(self) -> str:
        return f"{self.name} = {self.value:.6g} ({self.kind}, {self.equation}, {self.convention})"


def probability_statement(
    name: str,
    log: float,
    kind: Kind,
    equation: str,
    convention: Convention = "rigorous",
    inputs: Mapping[str, object] | None = None,
    note: str = "",
) -> Statement:
    """A probability from its logarithm; a bound above 1 says no more than 1 does."""
    log = min(float(log), 0.0)
    return Statement(name, math.exp(log), kind, equation, convention, log, inputs or {}, note)
