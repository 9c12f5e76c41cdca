"""`fit_stable`: the parameters of a stable law from a sample, a sketch or a matrix in blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from htstats._common import checks
from htstats._common.documents import add_sections
from htstats.stable._compare import StableComparison, compare, compare_tail
from htstats.stable._documents import RAISES_RANGE
from htstats.stable._fit_quantile import Given
from htstats.stable._fitted import METHODS, PARAMETERS, FittedStable, fit_points
from htstats.stable._goodness import StableGoodness, goodness_of_fit
from htstats.stable._intervals import StableInterval, confidence_interval
from htstats.stable._points import read_points

__all__ = ["StableFit", "fit_stable"]


@dataclass(frozen=True)
class StableFit(FittedStable):
    """A fitted stable law, in the parameterization S0.

    Attributes
    ----------
    alpha, beta : float
        Exponent in (0, 2] and skewness in [-1, 1], dimensionless.
    loc, scale : float
        Location (S0) and scale, in the unit of the data.
    stderr : StableErrors
        Asymptotic standard errors, in the units of the estimates.
    n : float
        Number of values, or the sum of their weights.
    method : str
        "mle", "quantile" or "ecf".
    loglikelihood : float
        Logarithm of the likelihood at the estimates.
    given : tuple of str
        Names of the parameters that the caller gave, which are not estimated.
    edge : str
        If an estimate is at a bound: which estimate, and what that means. Empty otherwise.
    binning_error : float
        An upper bound on the error of `loglikelihood` that comes from binning the data; 0 if the
        values were not binned. To first order, binning moves an estimate of maximum likelihood by
        at most 2 sqrt(binning_error) standard errors.

    Examples
    --------
    >>> from htstats.stable import fit_stable, sample
    >>> fit = fit_stable(sample(10_000, 1.7, 0.3, loc=1.0, seed=1))
    >>> round(fit.alpha, 2), round(fit.stderr.alpha, 3)
    (1.71, 0.015)
    """

    @add_sections(Raises=RAISES_RANGE)
    def confidence_interval(
        self,
        level: float = 0.95,
        method: str = "asymptotic",
        *,
        n_resamples: int = 200,
        seed: int = 0,
    ) -> StableInterval:
        """Confidence intervals of the parameters.

        Parameters
        ----------
        level : float
            Probability that an interval contains the true value, in (0, 1).
        method : {"asymptotic", "bootstrap"}
            "asymptotic": the estimate plus and minus a multiple of its standard error, cut at the
            bounds of the parameter. "bootstrap": percentiles of the estimates from samples of the
            fitted law (parametric bootstrap).
        n_resamples : int
            Number of bootstrap samples. Each has as many values as the data.
        seed : int
            In [0, 2^64).

        Returns
        -------
        StableInterval
            Both ends for each parameter. Asymptotic ends are NaN if the estimate is at a bound.

        Notes
        -----
        bench/studies/stable_fits.py measures how often the intervals contain the true values
        (docs/stable.md). With maximum likelihood, a bootstrap sample of 1e4 values takes about
        0.1 s.

        Examples
        --------
        >>> from htstats.stable import fit_stable, sample
        >>> fit = fit_stable(sample(1000, 1.5, 0.0, seed=3), beta=0.0)
        >>> low, high = fit.confidence_interval(0.99).alpha
        >>> bool(low < 1.5 < high)
        True
        """
        return confidence_interval(self, level, method, n_resamples, seed)

    @add_sections(Raises=RAISES_RANGE)
    def goodness_of_fit(
        self,
        statistic: str = "ks",
        *,
        n_resamples: int = 200,
        seed: int = 0,
        refit: str = "one-step",
    ) -> StableGoodness:
        """Test whether the data are from a stable law, by parametric bootstrap.

        Parameters
        ----------
        statistic : {"ks", "ad"}
            "ks": the largest distance of the two distribution functions (Kolmogorov and Smirnov).
            "ad": A^2 of Anderson and Darling, which gives the tails more weight.
        n_resamples : int
            Number of samples of the fitted law. Each has at most 2000 values.
        seed : int
            In [0, 2^64).
        refit : {"one-step", "full"}
            How each sample of the fitted law is fitted again. "one-step": one step of Fisher's
            scoring from the law that made the sample. "full": with the method that fitted the data.
            Only maximum likelihood uses "one-step"; the other methods always refit in full.

        Returns
        -------
        StableGoodness
            The statistic and the p-value. A small p-value is evidence against a stable law.

        Notes
        -----
        Cost: 2 ms for each sample with "one-step", 0.1 s with "full". For a sketch, the distance is
        computed at the ends of its buckets.

        Examples
        --------
        >>> from htstats.stable import fit_stable, sample
        >>> x = sample(1000, 1.5, 0.0, seed=3)
        >>> fit_stable(x).goodness_of_fit(n_resamples=99).pvalue > 0.01
        True
        >>> fit_stable(x * abs(x)).goodness_of_fit(n_resamples=99).pvalue
        0.01
        """
        return goodness_of_fit(self, statistic, n_resamples, seed, refit)

    def compare(self, other: str) -> StableComparison:
        """Compare with another law, fitted by maximum likelihood to the same data.

        Parameters
        ----------
        other : {"normal", "student_t"}
            The other law. The normal law is the stable law with alpha = 2, so the two are nested,
            and the p-value accounts for that.

        Returns
        -------
        StableComparison
            The log-likelihood ratio, above 0 for the stable law, and its p-value (Vuong's test).

        Raises
        ------
        ValueError
            If `other` is neither.

        Examples
        --------
        >>> from htstats.stable import fit_stable, sample
        >>> fit_stable(sample(1000, 1.5, 0.0, seed=3)).compare("normal").better()
        'stable'
        """
        return compare(self, other)

    def compare_tail(self, xmin: float) -> StableComparison:
        """Compare with a power law on the values with abs(x) >= xmin.

        Parameters
        ----------
        xmin : float
            Start of the tail, above 0, in the unit of the data; for example the xmin of
            `htstats.fit_power_law`.

        Returns
        -------
        StableComparison
            The log-likelihood ratio for abs(X) beyond xmin; above 0 if the stable law fits better.
            The power law's exponent is fitted to these values alone. The stable law stays the one
            that was fitted to all values.

        Raises
        ------
        ValueError
            If xmin is not positive, or no value lies beyond it.

        Examples
        --------
        >>> from htstats.stable import fit_stable, sample
        >>> found = fit_stable(sample(10_000, 1.5, 0.0, seed=3)).compare_tail(20.0)
        >>> found.n, round(found.parameters["tail_exponent"], 1)
        (57.0, 1.6)
        """
        return compare_tail(self, xmin)

    def __str__(self) -> str:
        lines = [f"stable law ({self.method}, S0) of {self.n:.12g} values"]
        for name, value, error in zip(PARAMETERS, self.estimate, self.stderr, strict=True):
            note = f"+- {error:.2g}" if error > 0 else "given" if name in self.given else "bound"
            lines.append(f"  {name:5} = {value:.6g}  {note}")
        if self.binning_error > 1:
            moved = 2 * self.binning_error**0.5
            lines.append(f"  binning may have moved the estimates by {moved:.2g} standard errors")
        return "\n".join(lines + [f"  {self.edge}"] * bool(self.edge))


def fit_stable(
    x: Any,
    method: str = "mle",
    *,
    beta: float | None = None,
    loc: float | None = None,
    scale: float | None = None,
    weights: Any = None,
) -> StableFit:
    """Fit a stable law.

    Parameters
    ----------
    x : array_like, TailSketch, or a matrix that is read in blocks
        The sample, in any unit. A matrix of `htstats.open_weights`, or anything else with
        ``row_blocks``, is read once into a sketch of bounded size.
    method : {"mle", "quantile", "ecf"}
        "mle": maximum likelihood. "quantile": McCulloch's method with five quantiles. "ecf":
        Koutrouvelis' regressions on the empirical characteristic function.
    beta, loc, scale : float, optional
        Known parameters, in S0. They are kept, and only the others are estimated. ``beta=0`` fits
        the symmetric laws.
    weights : array_like, optional
        How often each value of `x` occurs; 0 or above, and as many weights as values.

    Returns
    -------
    StableFit
        Estimates, standard errors, and methods for intervals, tests and comparisons.

    Raises
    ------
    ValueError
        If a value is not finite, all values are equal, or the quartiles are equal; if an argument
        is outside its range.
    TypeError
        If `x` does not consist of real numbers.

    Notes
    -----
    Method: see `htstats.stable._fit_mle`, `_fit_quantile` and `_fit_ecf`. The search does not try
    alpha below .1. More than 20,000 values are put into some 10,000 bins (200,000 values, if alpha
    is below about .5); `StableFit.binning_error` bounds the effect. Standard errors of maximum
    likelihood come from the information matrix at the estimate; those of the other methods come
    from the delta method.
    Cost: 0.1 s for 1e4 values, 0.3 s for 1e6. Most of it is sorting, and the tables of five laws at
    each step.

    References
    ----------
    McCulloch, Commun. Stat. Simul. 15 (1986), 1109-1136. Koutrouvelis, JASA 75 (1980), 918-928.
    Nolan, "Maximum likelihood estimation and diagnostics for stable distributions" (2001).

    Examples
    --------
    >>> from htstats.stable import fit_stable, sample
    >>> fit_stable(sample(1000, 2.0, 0.0, seed=1), beta=0.0).edge[:30]
    'alpha is 2, its upper bound: t'
    """
    checks.one_of("method", method, METHODS)
    given = Given(
        None if beta is None else _checked_beta(beta),
        None if loc is None else checks.finite("loc", loc),
        None if scale is None else checks.positive("scale", scale),
    )
    found = fit_points(read_points(x, weights), method, given)
    return StableFit(**vars(found))


def _checked_beta(beta: Any) -> float:
    value = checks.finite("beta", beta)
    if abs(value) > 1:
        raise ValueError(f"beta must be in [-1, 1], got {beta!r}")
    return value
