"""A replacement for the package `powerlaw`: ``import htstats.compat.powerlaw as powerlaw``.

There are two profiles, "1.5" (the default) and "2.0". `use_profile` selects one for the current
thread; ``Fit(..., profile="2.0")`` selects one for a single fit. The profiles differ in three
rules:

* the range of alpha: above 1 in "1.5", between 0 and 3 in "2.0";
* the candidates for xmin: all distinct values except the largest in "1.5", except the two largest
  in "2.0";
* the continuous approximation of discrete data: "1.5" uses it unless `estimate_discrete` is False.
  "2.0" uses it if `estimate_discrete` is True or, by default, if xmin is at least 10, and in both
  cases only if it gives an alpha in (1.5, 3].

The names of both versions exist in both profiles.

Without the approximation, both versions of powerlaw search for the discrete maximum with a simplex
that stops when alpha and the likelihood change by less than 1e-4. This module gives the same alpha
and xmin, so alpha can be up to 1e-4 from the maximum; `htstats.fit_power_law(x, discrete=True)`
gives the maximum itself. A truncated power law (without xmax, range or constraints) also has the
parameters at which powerlaw's simplex stops; `htstats.alternatives.fit_alternative` gives its
maximum. All other laws are fitted at their maxima. In profile "2.0" an alpha from a search is
invalid if it is within .01 of an end of its range.

Differences from powerlaw:

* alpha is never clamped to its range; a candidate with an alpha outside it is invalid, and if no
  candidate is valid, `noise_flag` is set;
* with xmax the estimate is that of the law truncated at xmax, not of the unbounded law;
* ``fit_method="KS"`` minimises D; powerlaw skips this fit;
* ``KS()`` works on every class, with or without a parent;
* ``nested=False`` is respected;
* values <= 0 are always dropped with a warning; NaN and infinity raise ValueError;
* `loglikelihood` is also set if a formula gives the estimate;
* `loglikelihood_ratio` does not change the caller's arrays;
* the discrete distribution function keeps its digits if zeta(alpha, xmin) is small; powerlaw
  computes zeta from 1 - zeta, so that its D may be wrong by 1e-16 / zeta(alpha, xmin);
* every distribution is normalised on [xmin, xmax]; on the integers, P(X < xmax) is not 1;
* if xmin is not an integer, a discrete law begins at the next integer;
* a truncated power law does not call an arbitrary-precision function for each point;
* if the likelihood of a lognormal or a stretched exponential has no maximum, but rises to that of
  the power law, the law has the parameters of the limit (mu = -infinity; beta = 0), the densities
  of the power law, and `noise_flag` True; a comparison with the power law gives R = 0 and p = 1.
  `rises_to` names the limit, also for a truncated power law whose best Lambda is 0;
* a misspelt keyword of `Fit`, of `cdf`, `ccdf`, `pdf` or of a comparison raises TypeError in both
  profiles; powerlaw 1.5 ignores some of them (`distribution` is accepted);
* an xmin at or above the largest value gives a warning; comparisons then give (nan, nan), or raise
  in profile "2.0" if no value is left;
* `ccdf` is the survival function itself and not 1 - cdf, which is 0 if the tail is below 1e-16;
* two of powerlaw 2.0's warnings are missing: the one about parameters near an end of their range
  (which still set `noise_flag`), and the one from scipy's optimiser. If `discrete` is True,
  fractions are rounded for all laws except the power law, which uses them unrounded, as in
  powerlaw 2.0;
* log-likelihoods stay correct if the density underflows, instead of stopping at -706.9;
* random numbers of a discrete power law follow its distribution; powerlaw's shortcut rounds twice,
  and gives half of the draws of xmin to the next integers;
* random numbers lie in the whole of [xmin, xmax] and never outside; powerlaw 1.5 ignores xmax;
* `bins` given to `pdf` are in units of the data, also if xmin is below 1;
* the last bin of `pdf` ends at xmax, or at the first integer above; powerlaw uses 10^(log10 xmax)
  for xmax, which rounding may raise above xmax, and then extends the bin to the next integer;
* nothing is printed: all messages are warnings.

The continuous scan is exact and takes milliseconds. The curves (`Ds`, `alphas`, ...) are computed
on first use. Random numbers come from numpy's global state unless `rng` is given. The functions
that powerlaw keeps for old programs (`distribution_fit`, ...) are not included.

Examples
--------
>>> import htstats.compat.powerlaw as powerlaw
>>> fit = powerlaw.Fit([1.0, 1.2, 1.3, 1.7, 2.2, 4.0, 9.0], xmin=1.0)
>>> round(fit.power_law.alpha, 4)
2.3091
"""

from __future__ import annotations

from typing import Any

from htstats.compat.powerlaw._data import (
    ccdf,
    cdf,
    checkunique,
    is_discrete,
    loglikelihood_ratio,
    nested_loglikelihood_ratio,
    pdf,
    trim_to_range,
)
from htstats.compat.powerlaw._distributions import Distribution
from htstats.compat.powerlaw._fit import Fit
from htstats.compat.powerlaw._laws import (
    Exponential,
    Lognormal,
    Lognormal_Positive,
    Stretched_Exponential,
)
from htstats.compat.powerlaw._plots import plot_ccdf, plot_cdf, plot_pdf
from htstats.compat.powerlaw._power_law import Power_Law
from htstats.compat.powerlaw._profiles import VERSIONS, current_profile, use_profile
from htstats.compat.powerlaw._truncated_power_law import Truncated_Power_Law

__all__ = [
    "Distribution",
    "Exponential",
    "Fit",
    "Lognormal",
    "Lognormal_Positive",
    "Power_Law",
    "Stretched_Exponential",
    "Truncated_Power_Law",
    "ccdf",
    "cdf",
    "checkunique",
    "cumulative_distribution_function",
    "is_discrete",
    "loglikelihood_ratio",
    "nested_loglikelihood_ratio",
    "pdf",
    "plot_ccdf",
    "plot_cdf",
    "plot_pdf",
    "trim_to_range",
    "use_profile",
]

cumulative_distribution_function = cdf


def __getattr__(name: str) -> Any:
    # Programs read the version to find out which powerlaw they use.
    if name == "__version__":
        return VERSIONS[current_profile()]
    raise AttributeError(name)
