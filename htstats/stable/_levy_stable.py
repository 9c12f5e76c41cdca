"""`levy_stable`: the stable laws with the names, arguments and results of SciPy's object.

Everything is computed by the functions and the objects of `htstats.stable`. docs/stable.md lists
where SciPy's values differ.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from htstats._common.arrays import Floats
from htstats._common.broadcast import refuse
from htstats.stable import _functions, _levy_stable_fit, _quantiles
from htstats.stable._arguments import FIRST, check_law, first_argument, is_s1
from htstats.stable._distribution import StableDistribution
from htstats.stable._moments import check_letters, seed_of
from htstats.stable._sample import sample

__all__ = ["LevyStable", "levy_stable"]


class LevyStable:
    """Stable laws with the interface of ``scipy.stats.levy_stable``.

    ``from htstats.stable import levy_stable`` replaces ``from scipy.stats import levy_stable``.
    Methods take ``(x, alpha, beta, loc=0, scale=1)``, and arrays broadcast. Calling the object
    gives the law with fixed parameters, a `StableDistribution`.

    Parameters
    ----------
    parameterization : {"S1", "S0"}
        Nolan's parameterization, which defines `loc`. `levy_stable` has S1, as in SciPy. For S0,
        use ``levy_stable = LevyStable("S0")``.

    Raises
    ------
    ValueError
        If the parameterization is neither. All methods raise ValueError, which names the argument,
        for alpha outside (0, 2], beta outside [-1, 1], scale not above 0, and NaN. SciPy returns
        NaN.

    Notes
    -----
    The object cannot be changed, because threads share it. Arrays of at least 1024 elements use a
    table of the law if alpha, beta, loc and scale are numbers.

    Examples
    --------
    >>> from htstats.stable import levy_stable
    >>> round(levy_stable.pdf(200.0, 1.0, 0.5), 12)
    1.2103702e-05
    >>> levy_stable(1.5, 0.5, loc=3.0).mean()
    3.0
    """

    __slots__ = ("_parameterization",)

    name = "levy_stable"
    shapes = "alpha, beta"
    numargs = 2
    # the ends of the support of a law of which nothing is known
    a, b = -math.inf, math.inf

    def __init__(self, parameterization: str = "S1") -> None:
        is_s1(parameterization)
        object.__setattr__(self, "_parameterization", parameterization)

    def __repr__(self) -> str:
        return f"LevyStable(parameterization={self.parameterization!r})"

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "parameterization":
            rule = f"threads share this object: use levy_stable = LevyStable({value!r})"
        elif name == "random_state":
            rule = "give random_state to rvs"
        else:
            rule = "there are no numerical settings: remove this line"
        raise AttributeError(f"{name} cannot be set, {rule}")

    def __reduce__(self) -> tuple[type[LevyStable], tuple[str]]:
        return LevyStable, (self.parameterization,)

    @property
    def parameterization(self) -> str:
        """Nolan's parameterization: "S1" or "S0"."""
        return self._parameterization  # type: ignore[attr-defined, no-any-return]

    def __call__(
        self, alpha: float, beta: float, loc: float = 0.0, scale: float = 1.0
    ) -> StableDistribution:
        """The law with these parameters, which are numbers."""
        return StableDistribution(alpha, beta, loc, scale, self.parameterization)

    freeze = __call__

    # ---- functions of x --------------------------------------------------------------------------

    def pdf(self, x: Any, alpha: Any, beta: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
        """Density at `x`; see `htstats.stable.pdf`."""
        return self._evaluate("pdf", x, alpha, beta, loc, scale)

    def logpdf(self, x: Any, alpha: Any, beta: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
        """Log of the density at `x`; see `htstats.stable.logpdf`."""
        return self._evaluate("logpdf", x, alpha, beta, loc, scale)

    def cdf(self, x: Any, alpha: Any, beta: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
        """P(X <= x); see `htstats.stable.cdf`."""
        return self._evaluate("cdf", x, alpha, beta, loc, scale)

    def logcdf(self, x: Any, alpha: Any, beta: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
        """Log of P(X <= x); see `htstats.stable.logcdf`."""
        return self._evaluate("logcdf", x, alpha, beta, loc, scale)

    def sf(self, x: Any, alpha: Any, beta: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
        """P(X > x); see `htstats.stable.sf`."""
        return self._evaluate("sf", x, alpha, beta, loc, scale)

    def logsf(self, x: Any, alpha: Any, beta: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
        """Log of P(X > x); see `htstats.stable.logsf`."""
        return self._evaluate("logsf", x, alpha, beta, loc, scale)

    def ppf(self, q: Any, alpha: Any, beta: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
        """The x with P(X <= x) = q; see `htstats.stable.ppf`."""
        return self._evaluate("ppf", q, alpha, beta, loc, scale)

    def isf(self, q: Any, alpha: Any, beta: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
        """The x with P(X > x) = q; see `htstats.stable.isf`."""
        return self._evaluate("isf", q, alpha, beta, loc, scale)

    def _evaluate(self, name: str, x: Any, *law: Any) -> Any:
        if all(np.ndim(value) == 0 for value in law):
            return getattr(self(*law), name)(x)
        function = getattr(_quantiles if name in FIRST else _functions, name)
        return function(x, *law, parameterization=self.parameterization)

    # ---- numbers of a law ------------------------------------------------------------------------

    def mean(self, alpha: Any, beta: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
        """The mean; infinite or NaN for alpha <= 1."""
        return self._each(StableDistribution.mean, alpha, beta, loc, scale)

    def var(self, alpha: Any, beta: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
        """The variance: 2 scale^2 for alpha = 2, else infinite."""
        return self._each(StableDistribution.var, alpha, beta, loc, scale)

    def std(self, alpha: Any, beta: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
        """The standard deviation: sqrt(2) scale for alpha = 2, else infinite."""
        return self._each(StableDistribution.std, alpha, beta, loc, scale)

    def median(self, alpha: Any, beta: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
        """The median."""
        return self.ppf(0.5, alpha, beta, loc, scale)

    def entropy(self, alpha: Any, beta: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
        """The differential entropy -E log f(X), in nats."""
        return self._each(StableDistribution.entropy, alpha, beta, loc, scale)

    def moment(self, order: int, alpha: Any, beta: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
        """E X^order. Infinite if it diverges to one side, NaN if it does not exist."""
        return self._each(lambda law: law.moment(order), alpha, beta, loc, scale)

    def stats(
        self, alpha: Any, beta: Any, loc: Any = 0.0, scale: Any = 1.0, moments: str = "mv"
    ) -> Any:
        """Mean, variance, skewness and excess kurtosis, as the letters of `moments` ask for."""
        check_letters(moments)

        def one(letter: str) -> Any:
            return self._each(lambda law: law.stats(letter), alpha, beta, loc, scale)

        found = tuple(one(letter) for letter in "mvsk" if letter in moments)
        return found[0] if len(found) == 1 else found

    def support(self, alpha: Any, beta: Any, loc: Any = 0.0, scale: Any = 1.0) -> tuple[Any, Any]:
        """The ends of the support: a half-line if alpha < 1 and abs(beta) = 1, else the line."""
        law = alpha, beta, loc, scale
        return self.ppf(0.0, *law), self.ppf(1.0, *law)

    def interval(
        self, confidence: Any, alpha: Any, beta: Any, loc: Any = 0.0, scale: Any = 1.0
    ) -> tuple[Any, Any]:
        """The central interval with probability `confidence`, in [0, 1]."""
        given = np.asarray(confidence, dtype=np.float64)
        refuse(~((given >= 0) & (given <= 1)), confidence, "confidence must be in [0, 1]")
        tail = (1.0 - given) / 2 if given.ndim else (1.0 - float(given)) / 2
        law = alpha, beta, loc, scale
        return self.ppf(tail, *law), self.isf(tail, *law)

    def _each(self, function: Callable[[StableDistribution], float], *law: Any) -> Any:
        """A number of each law: a float, or an array of the shape to which the laws broadcast."""
        arrays = np.broadcast_arrays(*check_law(*law))
        laws = zip(*(array.reshape(-1).tolist() for array in arrays), strict=True)
        found = [function(self(*one)) for one in laws]
        shape = arrays[0].shape
        return np.array(found, dtype=np.float64).reshape(shape) if shape else found[0]

    def expect(
        self,
        func: Callable[[float], float] | None = None,
        args: tuple[float, float] = (),  # type: ignore[assignment]
        loc: float = 0.0,
        scale: float = 1.0,
        lb: float | None = None,
        ub: float | None = None,
        conditional: bool = False,
    ) -> float:
        """E func(X) of the law with ``args = (alpha, beta)``; see `StableDistribution.expect`."""
        if len(args) != 2:
            raise ValueError(f"args must be (alpha, beta), got {args!r}")
        return self(*args, loc, scale).expect(func, lb, ub, conditional)

    # ---- samples and fits ------------------------------------------------------------------------

    def rvs(
        self,
        alpha: Any,
        beta: Any,
        loc: Any = 0.0,
        scale: Any = 1.0,
        size: Any = None,
        random_state: Any = None,
    ) -> Any:
        """Random numbers: `htstats.stable.sample` with a seed from `random_state`.

        `random_state` is None (a fresh seed), a seed or a generator of NumPy. `size` is the shape
        of the result. By default it is the shape to which the parameters broadcast, and numbers
        give a float.
        """
        law = check_law(alpha, beta, loc, scale)
        shape = np.broadcast_shapes(*(values.shape for values in law))
        if size is not None and (np.ndim(size) or size != 1 or shape == ()):
            shape = tuple(np.atleast_1d(size).tolist())
        seed, kind = seed_of(random_state), self.parameterization
        found = sample(shape, *law, seed=seed, parameterization=kind)
        return found if shape else float(found)

    def fit(self, data: Any, *args: Any, **kwds: Any) -> tuple[float, float, float, float]:
        """Maximum likelihood estimates of alpha, beta, loc and scale.

        Parameters
        ----------
        data : array_like
            The sample, in any unit; or a sketch or a matrix as in `fit_stable`.
        *args : float
            First guesses of alpha and beta. They are checked and not used: the search starts at
            McCulloch's estimate. The same holds for the keywords `loc` and `scale`.
        **kwds : float
            Known parameters: `f0`, `falpha` or `fix_alpha`; `f1`, `fbeta` or `fix_beta`; `floc`;
            `fscale`. They are kept, and the others are estimated. `method` must be "MLE".

        Returns
        -------
        tuple of float
            alpha, beta, loc and scale. loc is that of the object's parameterization.

        Raises
        ------
        ValueError
            If a value of `data` is not finite, all values are equal, a known parameter is outside
            its range, or all parameters are known.
        TypeError
            If a keyword is unknown.

        Notes
        -----
        `fit_stable` gives the same estimates with standard errors, tests and intervals. A known
        location of S1 takes some seconds (Nelder and Mead), unless beta is known to be 0.

        Examples
        --------
        >>> from htstats.stable import levy_stable
        >>> x = levy_stable.rvs(1.5, 0.0, size=1000, random_state=1)
        >>> alpha, beta, loc, scale = levy_stable.fit(x, f1=0.0)
        >>> round(alpha, 1), beta
        (1.5, 0.0)
        """
        return _levy_stable_fit.fit(data, args, kwds, self.parameterization)

    def fit_loc_scale(self, data: Any, alpha: float, beta: float) -> tuple[float, float]:
        """Maximum likelihood estimates of loc and scale for known alpha and beta."""
        return self.fit(data, f0=alpha, f1=beta)[2:]

    def nnlf(self, theta: Any, x: Any) -> float:
        """Minus the log-likelihood of data `x` for ``theta = (alpha, beta, loc, scale)``.

        It is infinite if theta is not a law, so that a search can use it.
        """
        try:
            law = self(*theta)
        except ValueError:
            return math.inf
        values: Floats = np.atleast_1d(law.logpdf(first_argument("x", x)))
        return -math.fsum(values.reshape(-1).tolist())


levy_stable = LevyStable()
