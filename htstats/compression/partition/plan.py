"""The plan of a split: its options, its threshold and its sums.

Splits in memory, with threads and on a cluster follow the same plan. They differ only in how they
read the matrix, so `plan_split` takes a `Reader`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypedDict

import numpy as np
import numpy.typing as npt

from htstats._common import checks
from htstats._common.arrays import HALF_DTYPES
from htstats.compression.matrix import INDEX_END, KEEPS, NOISES, SEED_END, SUPPORTS
from htstats.compression.partition.bounds import Bounds
from htstats.compression.partition.noise import noise_moments
from htstats.compression.partition.split import Room, count_rows, fill_rows, split_block
from htstats.compression.thresholds import Resolver, resolve, resolver_of
from htstats.compression.thresholds.rules import needs_sketch, parse_rule
from htstats.sketch import TailSketch
from htstats.sketch.exact_sums import ExactSums

__all__ = [
    "Block",
    "Reader",
    "SplitKeywords",
    "SplitOptions",
    "SplitPlan",
    "SplitSums",
    "Sums",
    "find_threshold",
    "plan_split",
    "split_rows",
]

Sums = TailSketch | ExactSums
Block = tuple[npt.NDArray[np.int64], npt.NDArray[Any], npt.NDArray[Any]]


class SplitKeywords(TypedDict, total=False):
    """The keyword arguments of `htstats.partition` that every way to split a matrix has."""

    keep: str
    noise: str
    support: str
    seed: int
    layer: int


class SplitOptions(NamedTuple):
    """The arguments of `htstats.partition` other than the matrix."""

    threshold: float | str = "std"
    keep: str = "abs"
    noise: str = "paper"
    support: str = "replaced"
    seed: int = 0
    layer: int = 0

    @classmethod
    def read(cls, caller: str, threshold: float | str, keywords: Mapping[str, Any]) -> SplitOptions:
        """The checked options of a call of `caller`; a TypeError names an unknown keyword."""
        unknown = next((word for word in keywords if word not in SplitKeywords.__annotations__), "")
        if unknown:
            raise TypeError(f"{caller}() got an unexpected keyword argument {unknown!r}")
        return cls(threshold, **keywords).check()

    def check(self) -> SplitOptions:
        """Return the options, or raise a ValueError or TypeError that names the invalid one."""
        checks.one_of("keep", self.keep, KEEPS)
        checks.one_of("noise", self.noise, NOISES)
        checks.one_of("support", self.support, SUPPORTS)
        checks.count("seed", self.seed, below=SEED_END)
        checks.count("layer", self.layer, below=INDEX_END)
        return self

    @property
    def rule(self) -> str:
        """The name of the threshold's rule; empty for a number."""
        return parse_rule(self.threshold).name if isinstance(self.threshold, str) else ""

    @property
    def needs_one_reading(self) -> bool:
        """Whether one pass is enough, because the split needs no sums beforehand."""
        return not isinstance(self.threshold, str) and self.keep != "centered"

    @property
    def words(self) -> dict[str, Any]:
        """The arguments that resolvers of thresholds take."""
        return {"keep": self.keep, "noise": self.noise, "support": self.support}

    def new_sums(self, dtype: str) -> Sums:
        """Empty sums of all elements; a sketch if the threshold's rule needs one."""
        # the sketch of a 16-bit dtype is also exact, and faster than widening the elements
        if dtype in HALF_DTYPES or needs_sketch(self.threshold) or self.threshold == "xmin":
            return TailSketch(dtype)
        return ExactSums(dtype)

    def describe(self, tau: float, moments: tuple[float, float]) -> dict[str, Any]:
        """The fields of a split in `CompressedMatrix` and `MatrixInfo`."""
        return {
            **self._asdict(),
            "mean": moments[0],
            "std": moments[1],
            "threshold": tau,
            "rule": self.threshold if isinstance(self.threshold, str) else repr(tau),
        }


@dataclass
class SplitSums:
    """Exact sums of all elements and of the kept ones; None for those that are not needed."""

    all: Sums | None
    kept: ExactSums | None

    @classmethod
    def of_part(cls, options: SplitOptions, dtype: str) -> SplitSums:
        """Empty sums for the part of a matrix that one thread or one task splits."""
        with_all = options.needs_one_reading and options.noise != "none"
        return cls(
            options.new_sums(dtype) if with_all else None,
            _new_kept_sums(dtype) if options.noise == "matched" else None,
        )


class SplitPlan(NamedTuple):
    """The threshold of a matrix, and the sums that were computed to find it."""

    tau: float
    bounds: Bounds
    sums: Sums

    def finish(self, options: SplitOptions, parts: Iterable[SplitSums]) -> tuple[float, float]:
        """Mean and standard deviation of the noise, after all parts have been split."""
        kept = _new_kept_sums(self.bounds.dtype)
        for part in parts:
            _merge(self.sums, part.all)
            _merge(kept, part.kept)
        return noise_moments(self.sums, kept, options.noise, options.support)


class Reader(Protocol):
    """Reads a matrix again for its threshold."""

    def fit_xmin(self, side: str, sums: Sums) -> float:
        """xmin of the power law of its elements, whose sums are given."""
        ...

    def feed(self, resolver: Resolver) -> Resolver:
        """Let the resolver read the matrix once more, and return the resolver."""
        ...


def plan_split(options: SplitOptions, dtype: str, sums: Sums, reader: Reader) -> SplitPlan:
    """Find the threshold of a split.

    Parameters
    ----------
    options : SplitOptions
    dtype : str
        The dtype of the matrix.
    sums : TailSketch or ExactSums
        The sums of all elements; empty if `options.needs_one_reading`.
    reader : Reader
        Used only if the sums do not determine the threshold.

    Raises
    ------
    ValueError
        If the matrix is not finite, or the rule is unknown or cannot be met.
    """
    checks.require_finite("W", sums.n_not_finite, "elements")
    tau = find_threshold(options, sums, reader)
    centre = sums.moments()[0] if options.keep == "centered" and sums.n else 0.0
    return SplitPlan(tau, Bounds.of(dtype, options.keep, tau, centre), sums)


def find_threshold(options: SplitOptions, sums: Sums, reader: Reader) -> float:
    """The threshold, from the sums and, if they do not determine it, from more passes."""
    rule = options.rule
    if rule == "xmin" and options.keep != "centered":
        return reader.fit_xmin("abs" if options.keep == "abs" else "positive", sums)
    if rule in ("", "std", "xmin") or not isinstance(sums, TailSketch) or sums.n == 0:
        # a number, the standard deviation, or an error
        return resolve(options.threshold, np.empty(0), sums, **options.words)
    resolver: Any = resolver_of(str(options.threshold), sums, **options.words)
    while resolver.tau is None:
        resolver = reader.feed(resolver)
        resolver.finish()
    tau: float = resolver.tau
    return tau


def split_rows(
    data: npt.NDArray[Any], bounds: Bounds, sums: SplitSums, room: Room | None = None
) -> Block:
    """CSR arrays of the kept elements of some rows; add the sums of the rows to `sums`.

    With `room`, one pass counts and copies the elements, and the result is stored in `room`.
    Without it, two passes are needed, and the result takes the least possible memory.
    """
    if room is not None:
        exact = sums.all if isinstance(sums.all, ExactSums) else None
        if isinstance(sums.all, TailSketch):
            sums.all.update(data)
        return split_block(data, bounds, room=room, all_sums=exact, kept_sums=sums.kept)
    if sums.all is not None:
        sums.all.update(data)
    block = fill_rows(data, bounds, count_rows(data, bounds))
    if sums.kept is not None:
        sums.kept.update(block[2])
    return block


def _new_kept_sums(dtype: str) -> ExactSums:
    return ExactSums("float64" if dtype == "float64" else "float32")


def _merge(sums: Any, other: Any) -> None:
    """Add sums of the same kind, if there are any."""
    if other is not None:
        sums.merge(other)
