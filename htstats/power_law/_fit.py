"""`fit_power_law` for a sample in memory or in blocks, and `fit_sketch` for a sketch."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from htstats._common import checks
from htstats._common.threads import call_aside
from htstats._exact_fit import dispatch
from htstats._exact_fit.options import check_options
from htstats._exact_fit.prune import fit_pruned
from htstats._exact_fit.sample import SIDES, gather, survey_sketch
from htstats._exact_fit.source import as_source_again
from htstats.power_law._result import FitData, PowerLawFit
from htstats.sketch import TailSketch

__all__ = ["fit_power_law", "fit_sketch"]

# Elements of an array whose fit may take a second or more, most of it in one call of the library.
LONG = 1 << 22


def fit_power_law(
    x: Any,
    *,
    side: str | None = None,
    xmin: float | tuple[float, float] | None = None,
    xmax: float | None = None,
    discrete: bool = False,
    weights: npt.ArrayLike | None = None,
    ks: str = "left",
    min_tail: int | None = None,
    n_threads: int = 1,
    curve: bool = False,
) -> PowerLawFit:
    """Fit a power law to the tail of a sample, trying every candidate xmin.

    Parameters
    ----------
    x : array_like, tensor, memory-mapped array, or iterable of such blocks
        Real numbers of any shape. Zeros and masked elements are left out and counted. Integers are
        converted to float64, which rounds integers beyond 2**53. Mappings and pairs are refused,
        because their keys would be read as numbers. For a Counter or a dict, give
        `list(x.values())`, or its keys with `weights`. For the degrees of a graph, give
        `[d for _, d in G.degree]`. For a table, give one column. Blocks must have one dtype. Each
        `iter` of their iterable must start from the beginning, because the blocks are read two or
        three times (blocks of 16-bit floats once).
    side : {"abs", "positive", "negative"}, optional
        The tail to fit; it must be given if `x` has negative values.
    xmin : float or (float, float), optional
        A fixed xmin, or the range of the candidates, both ends included. By default every distinct
        value except the largest is a candidate.
    xmax : float, optional
        Upper end of the law. The estimate is that of the law on [xmin, xmax], and alpha may be any
        real number. Values above `xmax` are left out and counted.
    discrete : bool
        Whether to fit the power law on the integers, which is the zeta distribution:
        P(X = k) = k^-alpha / zeta(alpha, xmin) on whole numbers from 1 to 2**53. If `xmax` is
        given, the sum ends there, and alpha is at least 0. A tail whose values are concentrated
        near `xmax`, so that P(X = k) would grow with k, is then not a candidate. The distance
        compares F and E below each value ("left"), or below and at each value ("two-sided", the
        supremum over all integers).
    weights : array_like of int, optional
        How often each element of `x` counts; the shape is that of `x`. If the weights have a mask,
        it must be that of `x`.
    ks : {"left", "two-sided"}
        The Kolmogorov-Smirnov distance between the law F and the empirical distribution E of the
        tail. "left": the maximum of abs(F(x_j) - E(x_j-)), where E(x_j-) is the proportion of the
        tail below x_j; other tools use this distance. "two-sided": the supremum of abs(F - E).
    min_tail : int, optional
        Smallest number of values in the tail of a candidate.
    n_threads : int
        Number of threads that read, sort and scan the sample. The result does not depend on it.
    curve : bool
        Whether to keep (xmins, alphas, distances) of all candidates, at most 1,000,000, in the
        `curve` of the result. If true, the whole sample is sorted.

    Returns
    -------
    PowerLawFit
        The fit at the smallest xmin whose distance is within 1e-13 of the smallest distance.

    Raises
    ------
    ValueError
        If `x` is not finite, has negative values and `side` is not given, or has fewer than two
        distinct usable values; if `discrete` is true and a value or `xmin` is not whole; if `xmin`
        is not below the largest usable value, `xmax` is not above `xmin`, no candidate is allowed,
        or `weights` are not counts in the shape of `x`.
    TypeError
        If `x` does not consist of real numbers (for example a mapping, pairs, texts or a sparse
        matrix), or is an iterator, which can be read only once.

    Notes
    -----
    The fit keeps references to `x` and `weights` and a checksum, but no copy. A method that reads
    the data again raises ValueError if they have changed.
    Method: alpha = 1 + n / sum(log(x / xmin)) for the n values of a tail. With an xmax, alpha is
    the root of the likelihood equation of the truncated law. In a large sample, the counts of
    buckets of values give a lower bound of the distance of every candidate. The values at or above
    the most promising bucket are gathered, sorted and scanned. A bucket whose bound is above the
    smallest distance found cannot contain the best xmin. If a lower bucket can contain it, the scan
    is repeated from that bucket. The result is the same as if all candidates were tried. Cost:
    proportional to the size of the sample, plus m log m for the m values that are sorted.
    Discrete samples are counted (integers below 65536) or sorted. Bounds of the estimates rule out
    ranges of candidates. Newton's method computes the estimates of the other candidates.
    Memory: a histogram of some MiB, a copy of the largest 4 % of an array (at most 8 %), and 40
    bytes for each value that the scan gathers. In samples like weights these are .005 % to 7 % of
    the values. For a pure Pareto law, or if `xmin`, `xmax` or `curve` is given, these are all
    values. `htstats.power_law.fit_rows` stays within a budget.

    Accuracy: the distance has an absolute error of 1e-15, and alpha a relative error of 1e-15. With
    an xmax, the error of alpha - 1 is some 1e-15 of the larger of alpha - 1 and
    1 / log(xmax / xmin). The result is bit-identical for an array, its blocks in any order, its
    distinct values with counts as weights, and any number of threads.

    References
    ----------
    .. [1] A. Clauset, C. R. Shalizi, M. E. J. Newman, "Power-law distributions in empirical data",
       SIAM Review 51 (2009), equations 3.1 and 3.9.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).pareto(1.5, 10_000) + 1
    >>> fit_power_law(x).alpha
    2.5...
    """
    options = check_options(xmin, xmax, ks, min_tail, curve, discrete)
    checks.count("n_threads", n_threads, at_least=1)
    if side is not None:
        checks.one_of("side", side, SIDES)

    def fit() -> Any:
        return dispatch.fit_tail(x, side, options, weights, n_threads)

    is_long = isinstance(x, np.ndarray) and x.size >= LONG
    tail, checksum = call_aside(fit) if is_long else fit()
    return PowerLawFit.of(tail, FitData(x, weights, options, checksum))


def fit_sketch(
    sketch: TailSketch,
    side: str | None = None,
    *,
    reread: Any = None,
    ks: str = "left",
    min_tail: int | None = None,
) -> PowerLawFit:
    """Fit a power law to numbers of which a sketch exists.

    Parameters
    ----------
    sketch : TailSketch
        The sketch of all numbers; `sketch.fit(...)` is the same call.
    side : {"abs", "positive", "negative"}, optional
        The tail to fit; it must be given if the sketch has seen negative values.
    reread : array_like, tensor, iterable of blocks, or function that returns one, optional
        The same numbers again, in any order and division; not needed for 16-bit dtypes. They are
        read once or twice. Each `iter` of an iterable must start from the beginning. A function
        (without arguments) is called for each reading and may return an iterator.
    ks, min_tail
        As in `fit_power_law`.

    Returns
    -------
    PowerLawFit
        Bit-identical to the result of `fit_power_law` for all the numbers.

    Raises
    ------
    ValueError
        If `reread` is needed but not given, or has other numbers; also as in `fit_power_law`.
    TypeError
        If `reread` can be read only once.

    Examples
    --------
    >>> import numpy as np
    >>> from htstats import TailSketch
    >>> blocks = [np.float32([1, 2, 4]), np.float32([1.5, 3])]
    >>> sketch = TailSketch("float32").update(blocks[0]).update(blocks[1])
    >>> fit_sketch(sketch, reread=blocks)
    PowerLawFit(alpha=2.395 +- 0.624 from xmin=1, KS 0.232, tail 5 of 5)
    """
    options = check_options(ks=ks, min_tail=min_tail)
    if side is not None:
        checks.one_of("side", side, SIDES)
    chosen = survey_sketch(sketch).select(side).side

    def gather_tail(low: float) -> npt.NDArray[Any]:
        if reread is None:
            raise ValueError(f"reread must be given: a sketch of {sketch.dtype} holds no values")
        source = as_source_again(reread, "reread")
        if source.dtype != sketch.dtype:
            raise ValueError(f"reread must be {sketch.dtype} as the sketch is, got {source.dtype}")
        buckets = sketch.buckets(chosen)
        room = int(buckets.count[buckets.upper > low].sum())
        return gather(source, chosen, low, room=room)

    return PowerLawFit.of(fit_pruned(sketch, chosen, gather_tail, options.min_tail, ks=ks))
