"""`Statement`: a number of the theory, labelled with how it may be used."""

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
    """A number with its name and a label that says how it may be used.

    Attributes
    ----------
    name : str
        Name of the quantity.
    value : float
        The number, also given by `float(statement)`.
    kind : {"exact", "bound", "rate", "complexity", "claim"}
        ``exact``: an equality. ``bound``: an inequality that holds. ``rate``: constants or
        logarithms are dropped, so the number orders networks but bounds nothing. ``complexity``:
        a quantity that bounds nothing by itself. ``claim``: printed in the paper as a bound, and
        false or unproved as printed.
    equation : str
        Number of the equation or proposition.
    convention : {"rigorous", "paper"}
        Whether the formula is the printed one or the one that holds.
    log : float
        The natural logarithm of `value`, accurate even if `value` underflows to 0.
    inputs : mapping
        The arguments, enough to repeat the call.
    note : str
        Conditions of the statement, or the reason why it is false.
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
    """A probability from its logarithm. A bound above 1 is replaced by 1."""
    log = min(float(log), 0.0)
    return Statement(name, math.exp(log), kind, equation, convention, log, inputs or {}, note)
