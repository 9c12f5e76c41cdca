"""A replacement for the package `powerlaw`: ``import htstats.compat.powerlaw as powerlaw``.

There are two profiles, "1.5" (the default) and "2.0". `use_profile` selects one for the current
thread; ``Fit(..., profile="2.0")`` selects one for a single fit. The profiles differ in three
rules:

* the range of alpha: above 1 in "1.5", between 0 and 3 in "2.0";
* the candidates for xmin: all distinct values except the largest in "1.5", except the two largest
  in "2.0";
* the continuous approximation of discrete data: "1.5" uses it unless `estimate_discrete` is False.
  "2.0" uses it from xmin = 10 on or if `estimate_discrete` is True, and then only if it gives an
  alpha in (1.5, 3].

The names of both versions exist in both profiles.

Without the approximation both versions of powerlaw search for the discrete maximum by a simplex
that stops when alpha and the likelihood change by less than 1e-4. This module gives the same alpha
and xmin, so alpha can be up to 1e-4 from the maximum; `htstats.fit_power_law(x, discrete=True)`
gives the maximum itself. A truncated power law (without xmax, range or constraints) also stops
where powerlaw's simplex stops; `htstats.alternatives.fit_alternative` gives its maximum. The other
laws are at their maxima. In profile "2.0" an alpha from a search is invalid within .01 of the ends
of its range.

Differences from powerlaw:

* alpha is never clamped to its range; a candidate outside is invalid, and `noise_flag` is then set;
* with xmax the estimate is that of the truncated law, not of the unbounded one;
* ``fit_method="KS"`` minimises D; powerlaw skips this fit;
* ``KS()`` works on every class, with or without a parent;
* ``nested=False`` is respected;
* values <= 0 are always dropped with a warning; NaN and infinity raise ValueError;
* `loglikelihood` is also set if the estimate is a formula;
* `loglikelihood_ratio` does not change the caller's arrays;
* the discrete distribution function does not lose its digits where zeta(alpha, xmin) is small;
  powerlaw takes zeta from 1 - zeta, and D with it may be off by 1e-16 / zeta(alpha, xmin);
* every distribution is normalised on [xmin, xmax]; of integers, P(X < xmax) is not 1;
* a discrete law from an xmin between integers begins at the next one;
* a truncated power law calls no arbitrary-precision function per point;
* a lognormal or a stretched exponential whose likelihood has no maximum, but rises to the power
  law's, has the parameters of the limit (mu = -infinity; beta = 0), the power law's densities and
  `noise_flag` True; against the power law it gives R = 0 and p = 1. `rises_to` names the limit,
  also of a truncated power law whose best Lambda is 0;
* a misspelt keyword of `Fit`, of `cdf`, `ccdf`, `pdf` or of a comparison is a TypeError in both
  profiles; powerlaw 1.5 ignores some (`distribution` is accepted);
* an xmin at or above the largest value is a warning; comparisons there give (nan, nan), or raise in
  profile "2.0" if no value is left;
* `ccdf` is the survival function itself, and not 1 - cdf, which is 0 from 1e-16 on;
* of powerlaw 2.0's warnings two are not there: of parameters near an end of their range (which set
  `noise_flag` all the same), and of scipy's optimiser. Fractions where `discrete` is True are
  rounded for all laws but the power law, which takes them as they are, as in powerlaw 2.0;
* log-likelihoods go on where the density underflows, instead of stopping at -706.9;
* random numbers of a discrete power law follow its distribution; powerlaw's shortcut rounds twice,
  and gives half of xmin's draws to the next integers;
* random numbers keep to [xmin, xmax], to the end of it; powerlaw 1.5 ignores xmax;
* `bins` given to `pdf` are in units of the data, also where xmin is below 1;
* the last bin of `pdf` ends at xmax, or the first integer above; powerlaw takes 10^(log10 xmax) for
  xmax, which may be a rounding above it, and then goes on to the next integer;
* nothing is printed: what must be said is a warning.

The continuous scan is exact and takes milliseconds; the curves (`Ds`, `alphas`, ...) are computed
when they are asked for. Random numbers come from numpy's global state unless `rng` is given. Not
there: the functional forms that powerlaw keeps for old programs (`distribution_fit`, ...).

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
    # programs look at the version to know which powerlaw they have
    if name == "__version__":
        return VERSIONS[current_profile()]
    raise AttributeError(name)
