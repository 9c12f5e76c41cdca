"""Fits by a chosen way through the engine; `fit_power_law` lets the size of the sample choose."""

from htstats._exact_fit.dispatch import fit_tail
from htstats._exact_fit.options import WAYS, check_options
from htstats.power_law import PowerLawFit

__all__ = ["WAYS", "fit_by"]


def fit_by(way, x, *, side=None, weights=None, estimates_at_once=None, **rule):
    """The fit by one of `WAYS`; with `estimates_at_once` as `FitOptions` describes it."""
    options = check_options(**rule, way=way)
    if estimates_at_once is not None:
        options = options._replace(estimates_at_once=estimates_at_once)
    return PowerLawFit.of(fit_tail(x, side, options, weights)[0])
