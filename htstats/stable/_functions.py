"""Density and tails of alpha-stable laws as functions of x and the parameters."""

from __future__ import annotations

from typing import Any

from htstats._common.arrays import Floats
from htstats._common.documents import add_sections
from htstats.stable._distribution import evaluate
from htstats.stable._documents import FUNCTION

__all__ = ["cdf", "logcdf", "logpdf", "logsf", "pdf", "sf"]


@add_sections(**FUNCTION)
def pdf(
    x: Any, alpha: Any, beta: Any, loc: Any = 0.0, scale: Any = 1.0, *,
    parameterization: str = "S0", out: Floats | None = None, n_threads: int = 1,
) -> Any:  # fmt: skip
    """Density of a stable law.

    Returns
    -------
    float or ndarray
        The density at `x`, in 1/unit of `x`.

    Examples
    --------
    >>> from htstats import stable
    >>> round(stable.pdf(1.0, 1.0, 0.5), 12)
    0.159936269461
    """
    law = (alpha, beta, loc, scale)
    return evaluate("pdf", x, law, parameterization, out, n_threads)


@add_sections(**FUNCTION)
def logpdf(
    x: Any, alpha: Any, beta: Any, loc: Any = 0.0, scale: Any = 1.0, *,
    parameterization: str = "S0", out: Floats | None = None, n_threads: int = 1,
) -> Any:  # fmt: skip
    """Log of the density of a stable law.

    Returns
    -------
    float or ndarray
        The natural logarithm of the density; -inf outside the support.

    Examples
    --------
    >>> from htstats import stable
    >>> round(stable.logpdf(-1e3, 1.7, 1.0), 3)
    -3162926.877
    """
    law = (alpha, beta, loc, scale)
    return evaluate("logpdf", x, law, parameterization, out, n_threads)


@add_sections(**FUNCTION)
def cdf(
    x: Any, alpha: Any, beta: Any, loc: Any = 0.0, scale: Any = 1.0, *,
    parameterization: str = "S0", out: Floats | None = None, n_threads: int = 1,
) -> Any:  # fmt: skip
    """P(X <= x) of a stable law, with full relative accuracy.

    Returns
    -------
    float or ndarray
        P(X <= x), in [0, 1].

    Examples
    --------
    >>> from htstats import stable
    >>> stable.cdf([-1.0, 0.0, 1.0], 1.0, 0.0)
    array([0.25, 0.5 , 0.75])
    """
    law = (alpha, beta, loc, scale)
    return evaluate("cdf", x, law, parameterization, out, n_threads)


@add_sections(**FUNCTION)
def logcdf(
    x: Any, alpha: Any, beta: Any, loc: Any = 0.0, scale: Any = 1.0, *,
    parameterization: str = "S0", out: Floats | None = None, n_threads: int = 1,
) -> Any:  # fmt: skip
    """Log of P(X <= x) of a stable law.

    Returns
    -------
    float or ndarray
        log P(X <= x), in [-inf, 0].

    Examples
    --------
    >>> from htstats import stable
    >>> stable.logcdf(0.0, 2.0, 0.0)
    -0.6931471805599453
    """
    law = (alpha, beta, loc, scale)
    return evaluate("logcdf", x, law, parameterization, out, n_threads)


@add_sections(**FUNCTION)
def sf(
    x: Any, alpha: Any, beta: Any, loc: Any = 0.0, scale: Any = 1.0, *,
    parameterization: str = "S0", out: Floats | None = None, n_threads: int = 1,
) -> Any:  # fmt: skip
    """P(X > x) of a stable law, with full relative accuracy.

    Returns
    -------
    float or ndarray
        P(X > x), in [0, 1].

    Examples
    --------
    >>> from htstats import stable
    >>> round(stable.sf(1e300, 1.5, 0.0) * 1e300, 10)
    0.0
    """
    law = (alpha, beta, loc, scale)
    return evaluate("sf", x, law, parameterization, out, n_threads)


@add_sections(**FUNCTION)
def logsf(
    x: Any, alpha: Any, beta: Any, loc: Any = 0.0, scale: Any = 1.0, *,
    parameterization: str = "S0", out: Floats | None = None, n_threads: int = 1,
) -> Any:  # fmt: skip
    """Log of P(X > x) of a stable law.

    Returns
    -------
    float or ndarray
        log P(X > x), in [-inf, 0].

    Examples
    --------
    >>> from htstats import stable
    >>> round(stable.logsf(1e300, 1.5, 0.0), 6)
    -1037.775378
    """
    law = (alpha, beta, loc, scale)
    return evaluate("logsf", x, law, parameterization, out, n_threads)
