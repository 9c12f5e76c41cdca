"""Likelihood ratios between the distributions of a fit."""

from __future__ import annotations

import math
from typing import Any

from htstats.compat.powerlaw import _data

__all__ = ["Compared"]


class Compared:
    """Mixin with the comparison methods of `Fit`, which has an attribute for each distribution."""

    def distribution_compare(
        self: Any,
        dist1: str,
        dist2: str,
        nested: bool | None = None,
        normalized_ratio: bool = False,
    ) -> tuple[float, float]:
        """Compare dist1 with dist2; returns R and p.

        By default (None) `nested` is true if one name contains the other. If both likelihoods rise
        to that of the power law (see `rises_to` of the distributions), there is no verdict: R = 0
        and p = 1. If there is nothing to fit, both are NaN.
        """
        if nested is None:
            nested = dist1 in dist2 or dist2 in dist1
        for name in (dist1, dist2):
            if name not in self.supported_distributions:
                raise AttributeError(
                    f"{name!r} is not one of {', '.join(self.supported_distributions)}"
                )
        laws = [getattr(self, name) for name in (dist1, dist2)]
        if any(math.isnan(v) for law in laws for v in law.parameters.values()):
            return math.nan, math.nan
        if dist1 != dist2 and len({law.rises_to or law.name for law in laws}) == 1:
            return 0.0, 1.0
        logs = [law.loglikelihoods(self.data) for law in laws]
        return _data.loglikelihood_ratio(
            logs[0], logs[1], nested=nested, normalized_ratio=normalized_ratio
        )

    # another name of the same method
    loglikelihood_ratio = distribution_compare

    def nested_distribution_compare(
        self: Any, dist1: str, dist2: str, nested: bool = True, normalized_ratio: bool = False
    ) -> tuple[float, float]:
        """Call `distribution_compare` with nested=True by default."""
        ratio: tuple[float, float] = self.distribution_compare(
            dist1, dist2, nested, normalized_ratio
        )
        return ratio
