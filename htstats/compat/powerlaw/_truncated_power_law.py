"""The truncated power law, with the parameters at which powerlaw's search stops."""

from __future__ import annotations

import math
import warnings
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import optimize

from htstats._common.arrays import Floats
from htstats.alternatives import TruncatedPowerLaw
from htstats.compat.powerlaw._data import TINY
from htstats.compat.powerlaw._distributions import Bounds, Distribution
from htstats.compat.powerlaw._warnings import EDGE

__all__ = ["Truncated_Power_Law"]

# Log of half the least positive float. A density with a log below this is 0.
UNDERFLOW = -745.2


class Truncated_Power_Law(Distribution):
    """Density ~ x^-alpha exp(-Lambda x)."""

    name = "truncated_power_law"
    parameter_names = ("alpha", "Lambda")
    alpha: float
    Lambda: float

    def _standard_range(self) -> Bounds:
        # The range includes its ends, because an estimate can be at an end. The simplex of powerlaw
        # only comes close to it.
        low = 0.0 if self.profile == "2.0" else 1.0
        return {"alpha": (low - 1e-9, None), "Lambda": (-TINY, None)}

    @property
    def _least_alpha(self) -> float:
        return 0.0 if self.profile == "2.0" else 1.0

    def _fit_maximum(self, x: Floats) -> Any:
        if self._range is not None:  # the search takes the range into account
            return super()._fit_maximum(x)
        xmax = math.inf if self.xmax is None else self.xmax
        law = TruncatedPowerLaw.fit(
            x, self._first, self.discrete, xmax, least_alpha=self._least_alpha
        )
        plain = self._is_plain() and self._start is None and self.xmax is None
        return self._search_end(x, law) if plain else law

    def _search_end(self, x: Floats, law: TruncatedPowerLaw) -> TruncatedPowerLaw:
        """The law with the parameters at which powerlaw's search for this maximum stops.

        These are the values that users of powerlaw know. The Nelder-Mead simplex starts at the
        exponent of the power law and 1/mean. It stops when parameters and likelihood change by less
        than 1e-4. Outside the range every density is TINY.
        """
        n, total = x.size, float(np.sum(x))
        logs, largest = float(np.sum(np.log(x / self.xmin))), np.array([float(np.max(x))])
        nothing = -n * math.log(TINY)

        def cost(p: Floats) -> float:
            alpha, rate = float(p[0]), float(p[1])
            if not (alpha > self._least_alpha and rate > 0):
                return nothing
            other = replace(law, alpha=alpha, Lambda=rate)
            height = other.logpdf(np.array([self._first, largest[0]]))
            if height[1] < UNDERFLOW:
                each = other.logpdf(x)
                return -float(np.sum(np.where(each < UNDERFLOW, math.log(TINY), each)))
            return -n * float(height[0]) + alpha * logs + rate * (total - n * self._first)

        start, free = [1 + n / logs, n / total], ((0.0, None), (0.0, None))
        # Profile "2.0" clips the simplex to a box. If it stops at the end of the box, the maximum
        # is outside, and a second search uses the wider box.
        boxes = (((0.0, 3.0), free[1]), free) if self.profile == "2.0" else (None,)
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # scipy warns if the start is outside the bounds
            for box in boxes:
                found = optimize.minimize(cost, start, method="Nelder-Mead", bounds=box, tol=1e-4)
                if box is None or found.x[0] < 3 - EDGE:
                    break
        alpha, rate = (float(v) for v in found.x)
        inside = alpha > self._least_alpha and rate > 0
        return replace(law, alpha=alpha, Lambda=rate) if inside else law
