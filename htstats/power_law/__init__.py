"""Exact power-law fits: every candidate xmin is tried.

`htstats._exact_fit` computes the fit. This package has the public functions, the result of a fit,
and the tests of a fit:

    _fit        fit_power_law, fit_sketch: check the arguments and call the engine
    _fit_rows   the same for a matrix that is read in blocks, within a memory budget
    _result     PowerLawFit: the result of the engine, with its data, tests and comparisons
    _goodness   the bootstrap p-value, which tests whether the data follow a power law
    _intervals  confidence intervals of alpha and xmin
    _bootstrap  draw samples of a fitted model and fit them, in blocks, on threads
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from htstats._common.lazy import attributes_of
from htstats._exact_fit.fitted_tail import Curve
from htstats._exact_fit.sample import SIDES
from htstats.power_law._fit import fit_power_law, fit_sketch
from htstats.power_law._result import PowerLawFit
from htstats.sketch import TailSketch

if TYPE_CHECKING:
    from htstats.power_law._fit_rows import LEAST_FOR_A_FIT, fit_rows
    from htstats.power_law._goodness import GoodnessOfFit, goodness_of_fit
    from htstats.power_law._intervals import ConfidenceInterval, confidence_interval

__all__ = [
    "LEAST_FOR_A_FIT",
    "SIDES",
    "ConfidenceInterval",
    "Curve",
    "GoodnessOfFit",
    "PowerLawFit",
    "TailSketch",
    "confidence_interval",
    "fit_power_law",
    "fit_rows",
    "fit_sketch",
    "goodness_of_fit",
]

__getattr__, __dir__ = attributes_of(
    __name__,
    {
        "ConfidenceInterval": "_intervals",
        "GoodnessOfFit": "_goodness",
        "LEAST_FOR_A_FIT": "_fit_rows",
        "confidence_interval": "_intervals",
        "fit_rows": "_fit_rows",
        "goodness_of_fit": "_goodness",
    },
)
