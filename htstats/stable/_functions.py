"""Density and tails of alpha-stable laws as functions of x and the parameters."""

from __future__ import annotations

from typing import Any

from htstats.stable import _arguments
from htstats.stable._arguments import Floats

__all__ = ["cdf", "logcdf", "logpdf", "logsf", "pdf", "sf"]


def pdf(
    x: Any,
    alpha: Any,
    beta: Any,
    loc: Any = 0.0,
    scale: Any = 1.0,
    *,
    parameterization: str = "S0",
    out: Floats | None = None,
    n_threads: int = 1,
) -> Any:
    """Density of a stable law.

    Parameters
    ----------
    x : array_like
        The points. They have the unit of `loc` and `scale`. Infinite values give the limits.
    alpha : array_like
        Stability index, in (0, 2]. 2 gives the normal law with variance 2 scale^2.
    beta : array_like
        Skewness, in [-1, 1]. If it is 1, the heavy tail is on the right.
    loc : array_like
        Location, in the unit of `x`. Its meaning depends on the parameterization.
    scale : array_like
        Scale, above 0, in the unit of `x`.
    parameterization : {"S0", "S1"}
        Nolan's parameterization, which defines `loc`. S0 is continuous in alpha at 1. S1 is the
        classical one: x_S1 = x_S0 + beta scale tan(pi alpha/2), and for alpha = 1
        x_S1 = x_S0 - (2/pi) beta scale log(scale).
    out : ndarray of float64, optional
        Array for the result; it must have the broadcast shape.
    n_threads : int
        Number of threads for large arrays; the result does not depend on it.

    Returns
    -------
    float or ndarray
        The density at `x`, in 1/unit of `x`.

    Raises
    ------
    TypeError
        If an argument does not consist of real numbers.
    ValueError
        If alpha is outside (0, 2], beta is outside [-1, 1], scale is not above 0, loc is infinite,
        an argument is NaN, or the parameterization is unknown.

    Notes
    -----
    The relative error is below 1e-11 for alpha in [0.1, 2] and values above 1e-300.
    docs/accuracy-stable.md has the measurements, also for smaller alpha. Heavy tails are computed
    by Fourier's integral along the branch cut of the logarithm. Near alpha = 1 with a small beta,
    Fourier's integral along a ray is used. Nolan's integral gives everything else.

    References
    ----------
    J. P. Nolan, "Numerical calculation of stable densities and distribution functions", Commun.
    Statist. Stochastic Models 13 (1997), theorem 1. V. M. Zolotarev, "One-dimensional stable
    distributions" (1986), section 2.2.

    Examples
    --------
    >>> from htstats import stable
    >>> round(stable.pdf(1.0, 1.0, 0.5), 12)
    0.159936269461
    """
    law = (alpha, beta, loc, scale)
    return _arguments.evaluate("pdf", x, law, parameterization, out, n_threads)


def logpdf(
    x: Any,
    alpha: Any,
    beta: Any,
    loc: Any = 0.0,
    scale: Any = 1.0,
    *,
    parameterization: str = "S0",
    out: Floats | None = None,
    n_threads: int = 1,
) -> Any:
    """Log of the density of a stable law.

    Parameters
    ----------
    x, alpha, beta, loc, scale, parameterization, out, n_threads
        As in `pdf`.

    Returns
    -------
    float or ndarray
        The natural logarithm of the density; -inf outside the support.

    Raises
    ------
    TypeError, ValueError
        As in `pdf`.

    Notes
    -----
    Method and accuracy are those of `pdf`.

    References
    ----------
    J. P. Nolan, as in `pdf`.

    Examples
    --------
    >>> from htstats import stable
    >>> round(stable.logpdf(-1e3, 1.7, 1.0), 3)
    -3162926.877
    """
    law = (alpha, beta, loc, scale)
    return _arguments.evaluate("logpdf", x, law, parameterization, out, n_threads)


def cdf(
    x: Any,
    alpha: Any,
    beta: Any,
    loc: Any = 0.0,
    scale: Any = 1.0,
    *,
    parameterization: str = "S0",
    out: Floats | None = None,
    n_threads: int = 1,
) -> Any:
    """P(X <= x) of a stable law, with full relative accuracy.

    Parameters
    ----------
    x, alpha, beta, loc, scale, parameterization, out, n_threads
        As in `pdf`.

    Returns
    -------
    float or ndarray
        P(X <= x), in [0, 1].

    Raises
    ------
    TypeError, ValueError
        As in `pdf`.

    Notes
    -----
    Method and accuracy are those of `pdf`.

    References
    ----------
    J. P. Nolan, as in `pdf`.

    Examples
    --------
    >>> from htstats import stable
    >>> stable.cdf([-1.0, 0.0, 1.0], 1.0, 0.0)
    array([0.25, 0.5 , 0.75])
    """
    law = (alpha, beta, loc, scale)
    return _arguments.evaluate("cdf", x, law, parameterization, out, n_threads)


def logcdf(
    x: Any,
    alpha: Any,
    beta: Any,
    loc: Any = 0.0,
    scale: Any = 1.0,
    *,
    parameterization: str = "S0",
    out: Floats | None = None,
    n_threads: int = 1,
) -> Any:
    """Log of P(X <= x) of a stable law.

    Parameters
    ----------
    x, alpha, beta, loc, scale, parameterization, out, n_threads
        As in `pdf`.

    Returns
    -------
    float or ndarray
        log P(X <= x), in [-inf, 0].

    Raises
    ------
    TypeError, ValueError
        As in `pdf`.

    Notes
    -----
    Method and accuracy are those of `pdf`.

    References
    ----------
    J. P. Nolan, as in `pdf`.

    Examples
    --------
    >>> from htstats import stable
    >>> stable.logcdf(0.0, 2.0, 0.0)
    -0.6931471805599453
    """
    law = (alpha, beta, loc, scale)
    return _arguments.evaluate("logcdf", x, law, parameterization, out, n_threads)


def sf(
    x: Any,
    alpha: Any,
    beta: Any,
    loc: Any = 0.0,
    scale: Any = 1.0,
    *,
    parameterization: str = "S0",
    out: Floats | None = None,
    n_threads: int = 1,
) -> Any:
    """P(X > x) of a stable law, with full relative accuracy.

    Parameters
    ----------
    x, alpha, beta, loc, scale, parameterization, out, n_threads
        As in `pdf`.

    Returns
    -------
    float or ndarray
        P(X > x), in [0, 1].

    Raises
    ------
    TypeError, ValueError
        As in `pdf`.

    Notes
    -----
    Method and accuracy are those of `pdf`.

    References
    ----------
    J. P. Nolan, as in `pdf`.

    Examples
    --------
    >>> from htstats import stable
    >>> round(stable.sf(1e300, 1.5, 0.0) * 1e300, 10)
    0.0
    """
    law = (alpha, beta, loc, scale)
    return _arguments.evaluate("sf", x, law, parameterization, out, n_threads)


def logsf(
    x: Any,
    alpha: Any,
    beta: Any,
    loc: Any = 0.0,
    scale: Any = 1.0,
    *,
    parameterization: str = "S0",
    out: Floats | None = None,
    n_threads: int = 1,
) -> Any:
    """Log of P(X > x) of a stable law.

    Parameters
    ----------
    x, alpha, beta, loc, scale, parameterization, out, n_threads
        As in `pdf`.

    Returns
    -------
    float or ndarray
        log P(X > x), in [-inf, 0].

    Raises
    ------
    TypeError, ValueError
        As in `pdf`.

    Notes
    -----
    Method and accuracy are those of `pdf`.

    References
    ----------
    J. P. Nolan, as in `pdf`.

    Examples
    --------
    >>> from htstats import stable
    >>> round(stable.logsf(1e300, 1.5, 0.0), 6)
    -1037.775378
    """
    law = (alpha, beta, loc, scale)
    return _arguments.evaluate("logsf", x, law, parameterization, out, n_threads)
