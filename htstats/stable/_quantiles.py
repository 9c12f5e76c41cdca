"""Quantiles of alpha-stable laws, from probabilities and from their logarithms."""

from __future__ import annotations

from typing import Any

from htstats._common.arrays import Floats
from htstats._common.documents import add_sections
from htstats.stable._distribution import evaluate
from htstats.stable._documents import LOG_QUANTILE, QUANTILE

__all__ = ["isf", "log_isf", "ppf"]


@add_sections(**QUANTILE)
def ppf(
    q: Any, alpha: Any, beta: Any, loc: Any = 0.0, scale: Any = 1.0, *,
    parameterization: str = "S0", out: Floats | None = None, n_threads: int = 1,
) -> Any:  # fmt: skip
    """The x with P(X <= x) = q.

    Returns
    -------
    float or ndarray
        x, in the unit of `scale`; at 0 and 1 the ends of the support.

    Examples
    --------
    >>> from htstats import stable
    >>> round(stable.ppf(0.75, 1.0, 0.0), 12)
    1.0
    """
    law = (alpha, beta, loc, scale)
    return evaluate("ppf", q, law, parameterization, out, n_threads)


@add_sections(**QUANTILE)
def isf(
    q: Any, alpha: Any, beta: Any, loc: Any = 0.0, scale: Any = 1.0, *,
    parameterization: str = "S0", out: Floats | None = None, n_threads: int = 1,
) -> Any:  # fmt: skip
    """The x with P(X > x) = q.

    Returns
    -------
    float or ndarray
        x, in the unit of `scale`; at 0 and 1 the ends of the support.

    Examples
    --------
    >>> from htstats import stable
    >>> round(stable.isf(1e-10, 1.0, 0.0) * 1e-9, 9)
    3.183098862
    """
    law = (alpha, beta, loc, scale)
    return evaluate("isf", q, law, parameterization, out, n_threads)


@add_sections(**LOG_QUANTILE)
def log_isf(
    level: Any,
    alpha: Any,
    beta: Any,
    loc: Any = 0.0,
    scale: Any = 1.0,
    *,
    parameterization: str = "S0",
    out: Floats | None = None,
    n_threads: int = 1,
) -> Any:
    """The x with log P(X > x) = level.

    Returns
    -------
    float or ndarray
        x, in the unit of `scale`; at -inf and 0 the ends of the support.

    Examples
    --------
    >>> from htstats import stable
    >>> round(stable.log_isf(-1000.0, 2.0, 0.0), 6)
    63.096196
    """
    law = (alpha, beta, loc, scale)
    return evaluate("log_isf", level, law, parameterization, out, n_threads)
