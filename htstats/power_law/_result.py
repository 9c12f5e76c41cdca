"""`PowerLawFit`, the result of a power-law fit: a fitted tail with access to its data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy.typing as npt

from htstats._common.arrays import Floats
from htstats._common.documents import add_sections
from htstats._exact_fit.fitted_tail import ATTRIBUTES, FittedTail
from htstats._exact_fit.options import FitOptions
from htstats._exact_fit.sample import Sample, take_sample
from htstats._exact_fit.source import Watch, as_source

if TYPE_CHECKING:
    from htstats.alternatives import Comparison, ComparisonTable
    from htstats.power_law._goodness import GoodnessOfFit
    from htstats.power_law._intervals import ConfidenceInterval

__all__ = ["FitData", "PowerLawFit"]


class FitData(NamedTuple):
    """The data of a fit (the caller's arrays, not copies), its options, and a checksum.

    The checksum is that of the data at the time of the fit."""

    x: Any
    weights: npt.ArrayLike | None
    options: FitOptions
    checksum: int

    def require_same(self, checksum: int) -> None:
        """Raise ValueError if the checksum of the data has changed since the fit."""
        if checksum != self.checksum:
            raise ValueError(
                "x was changed after the fit, which keeps no copy of it: fit it again, or fit a "
                "copy, x.copy()"
            )


@add_sections(Attributes=ATTRIBUTES)
@dataclass(frozen=True, repr=False, init=False)
class PowerLawFit(FittedTail):
    """A fitted tail: density proportional to x^-alpha from `xmin` on, and up to `xmax` if given.

    Examples
    --------
    >>> from htstats import fit_power_law
    >>> fit = fit_power_law([1.0, 1.1, 1.3, 1.7, 2.5, 4.0, 9.0], xmin=1.0)
    >>> fit
    PowerLawFit(alpha=2.299 +- 0.491 from xmin=1, KS 0.124, tail 7 of 7)
    >>> round(float(fit.logsf(2.0)), 4)
    -0.9005
    """

    _data: FitData | None = field(repr=False, compare=False)

    def __init__(self, *numbers: Any, _data: FitData | None = None, **named: Any) -> None:
        super().__init__(*numbers, **named)
        self.__dict__["_data"] = _data

    @classmethod
    def of(cls, tail: FittedTail, data: FitData | None = None) -> PowerLawFit:
        """Add the methods of `PowerLawFit` to a tail; some of them raise if there are no data."""
        fit = object.__new__(cls)
        fit.__dict__.update(tail.__dict__)  # faster than __init__
        fit.__dict__["_data"] = data
        return fit

    @property
    def options(self) -> FitOptions:
        """The options of the fit; ValueError if the fit was made from a sketch."""
        return self._require_data().options

    def usable(self) -> Floats:
        """The fitted values, ascending.

        Raises
        ------
        ValueError
            If the fit was made from a sketch, or if the checksum shows that the fitted array or its
            weights have changed. The other methods that read the data again check this too.
        """
        return self._sample().elements()

    def goodness_of_fit(
        self, n_resamples: int = 2500, *, refit_xmin: bool = True, **options: Any
    ) -> GoodnessOfFit:
        """Compute the bootstrap p-value; `htstats.power_law.goodness_of_fit` describes the options.

        Each resample is fitted with the options of this fit (range of xmin, xmax, min_tail, ks,
        discrete, rounding to 16 bits). If `refit_xmin` is False, it is fitted at the xmin of this
        fit.
        """
        from htstats.power_law._goodness import bootstrap_pvalue

        sample, chosen = self._sample(), self.options
        refit_xmin = chosen.finds_xmin and refit_xmin
        return bootstrap_pvalue(self, sample, chosen, n_resamples, refit_xmin, **options)

    def confidence_interval(
        self,
        level: float = 0.95,
        method: str = "asymptotic",
        *,
        n_resamples: int = 1000,
        seed: int = 0,
        n_threads: int = 1,
    ) -> ConfidenceInterval:
        """Compute an interval of alpha and, with the bootstrap, one of xmin.

        See `htstats.power_law.confidence_interval`."""
        from htstats.power_law import _intervals

        level = _intervals.check_level(level, method)
        if method == "asymptotic":
            return _intervals.asymptotic_interval(self, level)
        sample, chosen = self._sample(), self.options
        return _intervals.bootstrap_interval(
            self, sample, chosen, level, n_resamples=n_resamples, seed=seed, n_threads=n_threads
        )

    def compare(self, alternative: str, *, nested: bool | None = None) -> Comparison:
        """Compare the power law with one alternative, given by name.

        If the fit has an xmax, both laws end there. See `htstats.alternatives`.
        """
        from htstats.alternatives import compare

        return compare(
            self.usable(),
            "power_law",
            alternative,
            xmin=self.xmin,
            xmax=self.xmax,
            discrete=self.discrete,
            nested=nested,
        )

    def compare_all(self) -> ComparisonTable:
        """Compare the power law with every alternative."""
        from htstats.alternatives import compare_all

        return compare_all(self.usable(), xmin=self.xmin, xmax=self.xmax, discrete=self.discrete)

    def _require_data(self) -> FitData:
        if self._data is None:
            raise ValueError("this fit was made from a sketch: fit the array to look at it again")
        return self._data

    def _sample(self) -> Sample:
        """Take the usable values from the data again; raise ValueError if the data have changed."""
        data = self._require_data()
        watch = Watch(as_source(data.x), data.weights)
        if watch.source.shape is not None:
            data.require_same(watch.read())
        sample = take_sample(watch.source, self.side, data.options.xmax, data.weights)
        data.require_same(watch.read())
        return sample._replace(dtype=watch.source.dtype)
