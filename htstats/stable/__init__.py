"""Alpha-stable laws: density, tails and quantiles, accurate to eleven digits.

``pdf(x, alpha, beta, loc, scale)`` and the other functions broadcast their arguments. Numbers give
a float, arrays give an array. ``StableDistribution(alpha, beta, loc, scale)`` is one law with the
same functions as methods. It keeps a table that makes large arrays fast. `levy_stable` has the
names, arguments and results of SciPy's object (_levy_stable, _levy_stable_fit).

Every function takes ``parameterization="S0"`` (Nolan's, continuous in alpha; the default) or
``"S1"`` (the classical one, which SciPy uses by default). All logarithms are natural.

`fit_stable` estimates the four parameters from a sample, a sketch or a matrix that is read in
blocks. The modules of a fit, in the order in which they handle a sample:

    _points        a sample as weighted points, binned if it is large
    _fit_quantile  McCulloch's estimate, the start of the other methods (_quantile_tables)
    _fit_ecf       Koutrouvelis' regressions on the characteristic function
    _panels        interpolated functions of the standard law
    _fit_mle       maximum likelihood
    _information   Fisher's information, for standard errors
    _fitted        the numbers of a fit by any method, and a note if an estimate is at a bound
    _intervals, _goodness, _compare   intervals, tests and comparisons of a fit
    _fit           fit_stable and StableFit

The C library evaluates one of three integrals (see htst_stable.h). docs/accuracy-stable.md lists
the measured errors.
"""

from htstats.stable._compare import StableComparison
from htstats.stable._distribution import StableDistribution
from htstats.stable._fit import StableFit, fit_stable
from htstats.stable._fitted import StableErrors
from htstats.stable._functions import cdf, logcdf, logpdf, logsf, pdf, sf
from htstats.stable._goodness import StableGoodness
from htstats.stable._intervals import StableInterval
from htstats.stable._levy_stable import LevyStable, levy_stable
from htstats.stable._quantiles import isf, log_isf, ppf
from htstats.stable._sample import sample

__all__ = [
    "LevyStable",
    "StableComparison",
    "StableDistribution",
    "StableErrors",
    "StableFit",
    "StableGoodness",
    "StableInterval",
    "cdf",
    "fit_stable",
    "isf",
    "levy_stable",
    "log_isf",
    "logcdf",
    "logpdf",
    "logsf",
    "pdf",
    "ppf",
    "sample",
    "sf",
]
