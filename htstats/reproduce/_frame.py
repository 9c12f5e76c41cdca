"""The frame of every figure and table: its arguments, and the files that it writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import NamedTuple, Protocol

from htstats.reproduce._places import Places, output_paths

__all__ = ["EFFORT", "Effort", "Output", "Report", "Request", "output"]

Report = Callable[[str], None]


class Effort(NamedTuple):
    """The amount of computation.

    Attributes
    ----------
    small : tuple of (hidden widths, weight decay)
        The networks that are trained on scikit-learn's digits if those of `make paper-train` are
        missing.
    epochs : int
        Epochs of their training.
    trials : int
        Trials of Table 1; the paper has 10.
    """

    small: tuple[tuple[tuple[int, ...], float], ...] = (((64, 32), 1e-3), ((256,), 1e-3))
    epochs: int = 60
    trials: int = 10


EFFORT = Effort()


class Request(NamedTuple):
    """One figure or table to make."""

    paths: list[Path]
    data: Path | None
    seed: int
    report: Report
    effort: Effort

    @property
    def places(self) -> Places:
        """The folders to search."""
        return Places(self.data)


class Output(Protocol):
    """A function that makes a figure or a table; `htstats.reproduce` describes the arguments."""

    def __call__(
        self,
        out: Path,
        *,
        data: Path | None = None,
        seed: int = 0,
        report: Report = ...,
        effort: Effort = EFFORT,
    ) -> list[Path]: ...


def output(*suffixes: str) -> Callable[[Callable[[Request], Sequence[Path]]], Output]:
    """Convert a function that makes a figure or a table to a public function.

    The function has the arguments of `Output`. The files have its name and these suffixes; they
    are checked before anything is computed.
    """

    def frame(make: Callable[[Request], Sequence[Path]]) -> Output:
        @wraps(make)
        def run(
            out: Path,
            *,
            data: Path | None = None,
            seed: int = 0,
            report: Report = lambda line: None,
            effort: Effort = EFFORT,
        ) -> list[Path]:
            paths = output_paths(out, make.__name__, suffixes, data)
            return list(make(Request(paths, data, seed, report, effort)))

        del run.__wrapped__  # inspect would show the inner arguments
        return run

    return frame
