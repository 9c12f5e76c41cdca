"""`Fit`: find xmin, and fit a power law or another distribution to the tail above it."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from htstats._common.arrays import Floats
from htstats._common.checks import one_of
from htstats._common.data_checks import require_all_finite
from htstats._exact_fit.candidates import Candidates, candidates_of, sort_in_place
from htstats.compat.powerlaw._comparisons import Compared
from htstats.compat.powerlaw._curves import Curves, power_law_curves
from htstats.compat.powerlaw._data import as_data
from htstats.compat.powerlaw._distributions import Distribution, Range
from htstats.compat.powerlaw._laws import (
    Exponential,
    Lognormal,
    Lognormal_Positive,
    Stretched_Exponential,
)
from htstats.compat.powerlaw._plots import Shown
from htstats.compat.powerlaw._power_law import SEARCHED, Power_Law, box_of, uses_shortcut
from htstats.compat.powerlaw._profiles import PROFILES, current_profile
from htstats.compat.powerlaw._truncated_power_law import Truncated_Power_Law
from htstats.compat.powerlaw._warnings import EDGE

__all__ = ["Fit"]

SUPPORTED: dict[str, type[Distribution]] = {
    law.name: law
    for law in (
        Power_Law,
        Lognormal,
        Exponential,
        Truncated_Power_Law,
        Stretched_Exponential,
        Lognormal_Positive,
    )
}

CURVES = ("Ds", "Vs", "Asquares", "alphas", "sigmas", "xmins", "in_ranges")
DISTANCES = ("D", "V", "Asquare")
# Unknown keywords that programs pass to powerlaw 1.5, which ignores them.
IGNORED = {"distribution"}


class Fit(Shown, Compared):
    """Find xmin and fit a power law (or `xmin_distribution`); alternatives are attributes."""

    def __init__(
        self,
        data: Any,
        discrete: bool = False,
        xmin: Any = None,
        xmax: Any = None,
        verbose: Any = True,
        fit_method: str = "Likelihood",
        estimate_discrete: bool | None = None,
        discrete_approximation: Any = "round",
        sigma_threshold: float | None = None,
        parameter_range: Range = None,
        fit_optimizer: Any = None,
        xmin_distance: str = "D",
        xmin_distribution: str = "power_law",
        *,
        profile: str | None = None,
        parameter_ranges: Range = None,
        parameter_constraints: Any = None,
        initial_parameters: Any = None,
        discrete_normalization: Any = None,
        **kwargs: Any,
    ) -> None:
        if unknown := set(kwargs) - IGNORED:
            raise TypeError(f"Fit got an unexpected keyword: {', '.join(sorted(unknown))}")
        self.profile = one_of("profile", profile or current_profile(), PROFILES)
        self._set_method(fit_method, xmin_distance, xmin_distribution)
        self.data_original = data
        self.discrete, self.verbose = discrete, verbose
        self._set_discrete(estimate_discrete, discrete_normalization or discrete_approximation)
        self.sigma_threshold = sigma_threshold
        # `parameter_range` (1.5) applies to the power law alone, `parameter_ranges` (2.0) to every
        # distribution that has the parameter.
        self.parameter_ranges = parameter_ranges
        self.parameter_range = parameter_ranges if parameter_range is None else parameter_range
        self.parameter_constraints = parameter_constraints
        self.initial_parameters = initial_parameters
        self._set_bounds(xmin, xmax)
        self.data, n_above = self._clean(data)
        self._find_tail()
        self.n_tail = self.n + n_above

    def _set_method(self, fit_method: str, xmin_distance: str, xmin_distribution: str) -> None:
        self.xmin_distance = one_of("xmin_distance", xmin_distance, DISTANCES)
        one_of("xmin_distribution", xmin_distribution, tuple(SUPPORTED))
        one_of("fit_method", fit_method.lower(), ("likelihood", "ks"))
        self.fit_method = fit_method if self.profile == "1.5" else fit_method.lower()
        self.supported_distributions = dict(SUPPORTED)
        self.xmin_distribution = SUPPORTED[xmin_distribution]

    def _set_discrete(self, estimate_discrete: bool | None, approximation: Any) -> None:
        by_default = True if self.profile == "1.5" else None
        self.estimate_discrete = by_default if estimate_discrete is None else estimate_discrete
        self.discrete_approximation = approximation

    def _set_bounds(self, xmin: Any, xmax: Any) -> None:
        self.given_xmin, self.given_xmax = xmin, xmax
        if np.ndim(xmin) > 0 and self.profile == "2.0" and np.size(xmin) != 2:
            raise ValueError(f"xmin must be a number or a pair, got {xmin!r}")
        self.xmax = float(xmax) if xmax else None
        self.fixed_xmax = self.xmax is not None
        self.fixed_xmin = np.ndim(xmin) == 0 and bool(xmin)

    def _find_tail(self) -> None:
        """Set xmin (the given one or the best candidate), fit the tail, and keep only the tail."""
        self.xmin = self.alpha = self.sigma = math.nan
        self.D = self.V = self.Asquare = self.Kappa = math.nan
        self.noise_flag: bool | None = None
        self._candidates: Candidates | None = None
        self._curves: Curves | None = None
        if self.fixed_xmin:
            self.xmin = float(self.given_xmin)
            self._warn_of_empty_tail()
            self._settle()
        else:
            self._find(None, 4)
        self.data = self.data[self.data >= self.xmin]
        self.n = float(self.data.size)

    def _clean(self, data: Any) -> tuple[Floats, int]:
        """The positive data up to xmax, sorted, and the number of values above xmax."""
        x = np.array(as_data(data))
        if x.ndim != 1:
            raise ValueError(f"data must be one-dimensional, got {x.ndim} dimensions")
        require_all_finite("data", x)
        if dropped := int(np.sum(x <= 0)):
            warnings.warn(f"{dropped} values <= 0 in data are not used", stacklevel=3)
            x = x[x > 0]
        above = 0
        if self.xmax is not None:
            above = int(np.sum(x > self.xmax))
            x = x[x <= self.xmax]
        sort_in_place(x)
        return x, above

    def _warn_of_empty_tail(self) -> None:
        largest = float(self.data[-1]) if self.data.size else -math.inf
        if self.xmin > largest or (self.xmin == largest and not self.discrete):
            warnings.warn(
                f"xmin = {self.xmin:g} is not below the largest value, {largest:g}: nothing can be "
                "fitted or compared",
                UserWarning,
                stacklevel=4,
            )

    # ---- the scan ----------------------------------------------------------------------------

    def _range(self) -> tuple[int, int]:
        """The first candidate and the end of the candidates among the distinct values."""
        assert self._candidates is not None
        values = self._candidates.values
        if self.given_xmin is None or not np.size(self.given_xmin) or np.ndim(self.given_xmin) == 0:
            return 0, max(values.size - (1 if self.profile == "1.5" else 2), 0)
        low, high = min(self.given_xmin), max(self.given_xmin)
        begin = int(np.sum(values < low))
        end = int(np.sum(values <= high if self.profile == "1.5" else values < high))
        return begin, max(end - 1, begin)

    def _is_power_law(self) -> bool:
        by_likelihood = self.fit_method.lower() == "likelihood"
        return (
            self.xmin_distribution is Power_Law and by_likelihood and not self.parameter_constraints
        )

    def _box(self) -> tuple[float, float, float] | None:
        """Bounds for the exact scan, or None if `parameter_range` is not a box.

        Alpha must be above the first bound and at most the second. Sigma must be below the third.
        """
        low, high = (0.0, 3.0) if self.profile == "2.0" else (1.0, math.inf)
        sigma = self.sigma_threshold or math.inf
        if callable(self.parameter_range):
            return None
        if self.parameter_range:
            low, high = self.parameter_range.get("alpha", (low, high))
            least, most = self.parameter_range.get("sigma", (None, None))
            if least is not None:
                return None
            sigma = sigma if most is None else min(sigma, float(most))
        low = 1.0 if low is None else max(float(low), 1.0)
        if self.profile == "2.0" and low + EDGE <= SEARCHED:
            low += EDGE
        # The kernel accepts alpha = high, but the upper end of the range is exclusive.
        return low, math.inf if high is None else float(np.nextafter(high, -math.inf)), sigma

    def find_xmin(self, xmin_distance: str | None = None) -> float:
        """Set xmin to the candidate in `data` with the smallest distance, and return it.

        The constructor calls this method and then keeps only the tail. A second call therefore
        considers only candidates in the tail.
        """
        return self._find(xmin_distance, 3)

    def _find(self, xmin_distance: str | None, level: int) -> float:
        """Set xmin; a warning names the user's line, which is `level` frames up the stack."""
        kind = one_of("xmin_distance", xmin_distance or self.xmin_distance, DISTANCES)
        self._curves = None
        for name in SUPPORTED:
            self.__dict__.pop(name, None)  # drop laws that were fitted above another xmin
        if self.data.size:
            self._candidates = candidates_of(self.data)
        least = 1 if self.profile == "1.5" else 2
        if self._candidates is None or self._range()[1] - self._range()[0] < least:
            warnings.warn("fewer than two candidates for xmin: everything is NaN", stacklevel=level)
            self.noise_flag = True
            self._candidates = None
            self.xmin = math.nan
            return self.xmin
        best = self._scan() if kind == "D" and self._is_plain() else self._first_best(kind)
        if self.noise_flag:
            text = "no candidate is in range: the best of all is used"
            warnings.warn(text, stacklevel=level)
        self.xmin = float(self._candidates.values[best])
        self._settle()
        return self.xmin

    def _is_plain(self) -> bool:
        """Whether the exact scan applies: continuous, by likelihood, no xmax, range is a box."""
        plain = self._is_power_law() and not self.discrete and self.xmax is None
        return plain and self._box() is not None

    def _scan(self) -> int:
        assert self._candidates is not None
        begin, end = self._range()
        box = self._box()
        assert box is not None
        low, high, sigma = box
        best, _ = self._candidates.best(
            begin, end, alpha_low=low, alpha_high=high, sigma_below=sigma
        )
        self.noise_flag = best < 0
        if best < 0:
            best, _ = self._candidates.best(begin, end, alpha_low=-math.inf)
        return best

    def _first_best(self, kind: str) -> int:
        distances = self._curve(kind + "s")
        distances = np.where(np.isnan(distances), math.inf, distances)
        good = self._curve("in_ranges").copy()
        if self.sigma_threshold:
            good &= self._curve("sigmas") < self.sigma_threshold
        self.noise_flag = not bool(np.any(good))
        allowed = np.where(good, distances, math.inf) if np.any(good) else distances
        return self._range()[0] + int(np.argmin(allowed))

    def _settle(self) -> None:
        """Fit the distribution at xmin and copy its results."""
        if not np.any(self.data >= self.xmin):
            return
        law = self._distribution(self.xmin_distribution, self.xmin, verbose=int(self.fixed_xmin))
        for name in (*DISTANCES, "Kappa"):
            setattr(self, name, getattr(law, name))
        self.alpha = float(getattr(law, "alpha", math.nan))
        error = "standard_err" if isinstance(law, Power_Law) else "sigma"
        self.sigma = float(getattr(law, error, math.nan))
        if self.fixed_xmin:
            self.noise_flag = law.noise_flag

    def _distribution(self, law: type[Distribution], xmin: float, verbose: int = 1) -> Distribution:
        return law(
            verbose=verbose,
            data=self.data,
            xmin=xmin,
            xmax=self.xmax,
            discrete=self.discrete,
            fit_method=self.fit_method,
            estimate_discrete=self.estimate_discrete,
            discrete_approximation=self.discrete_approximation,
            parameter_range=self.parameter_range if law is Power_Law else self.parameter_ranges,
            parameter_constraints=self.parameter_constraints,
            initial_parameters=self.initial_parameters,
            parent_Fit=self,
        )

    # ---- the curves of the scan, computed on first use -----------------------------------------

    def _curve(self, name: str) -> Any:
        if self._candidates is None:
            if self.fixed_xmin:
                raise AttributeError(f"{name}: there is no curve of candidates if xmin is given")
            return np.array([math.nan])
        if self._curves is None or (name == "Asquares" and self._curves.Asquares is None):
            self._curves = self._all_curves(name == "Asquares" or self.xmin_distance == "Asquare")
        if name == "in_ranges":
            return self._find_allowed(self._curves)
        return getattr(self._curves, name)

    def _all_curves(self, with_asquare: bool) -> Curves:
        assert self._candidates is not None
        begin, end = self._range()
        if self._is_power_law():
            return power_law_curves(
                self._candidates,
                begin,
                end,
                xmax=self.xmax,
                discrete=self.discrete,
                estimate_discrete=self.estimate_discrete,
                profile=self.profile,
                box=box_of(self.parameter_range, self.profile),
                with_asquare=with_asquare,
            )
        return self._fitted_curves(begin, end)

    def _fitted_curves(self, begin: int, end: int) -> Curves:
        """The curves of another distribution, which is fitted at every candidate."""
        assert self._candidates is not None
        found = self._candidates
        kept, self.data = self.data, np.repeat(found.values, np.diff(found.first))
        xmins = found.values[begin:end].copy()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            laws = [self._distribution(self.xmin_distribution, float(v), verbose=0) for v in xmins]
        self.data = kept
        self._fitted_in_ranges = np.array([law.in_range() for law in laws])

        def curve(name: str) -> Floats:
            return np.array([getattr(law, name, math.nan) for law in laws])

        return Curves(xmins, *(curve(name) for name in ("alpha", "sigma", "D", "V", "Asquare")))

    def _find_allowed(self, curves: Curves) -> Any:
        if not self._is_power_law():
            return self._fitted_in_ranges
        if callable(self.parameter_range):
            return np.array([self._allows(curves, k) for k in range(curves.xmins.size)])
        bounds: dict[str, Any] = {"alpha": (0.0, 3.0) if self.profile == "2.0" else (1.0, None)}
        if isinstance(self.parameter_range, Mapping):
            bounds.update(self.parameter_range)
        good = np.full(curves.xmins.shape, True)
        for name, values in (("alpha", curves.alphas), ("sigma", curves.sigmas)):
            low, high = bounds.get(name, (None, None))
            good &= (values > (-math.inf if low is None else low)) & (
                values < (math.inf if high is None else high)
            )
        if self.profile == "2.0":
            low, high = bounds["alpha"]
            near = curves.alphas - EDGE < (-math.inf if low is None else low)
            near |= curves.alphas + EDGE > (math.inf if high is None else high)
            good &= ~(near & self._find_searched(curves))
        return good

    def _find_searched(self, curves: Curves) -> Any:
        """Which candidates get their estimate from a search in powerlaw 2.0, not from a formula."""
        closed = (curves.alphas > SEARCHED) & (curves.alphas <= 3)
        if self.discrete:
            closed &= np.array(
                [
                    self.xmax is None and uses_shortcut(self.estimate_discrete, xmin, "2.0")
                    for xmin in curves.xmins
                ]
            )
        return ~closed

    def _allows(self, curves: Curves, k: int) -> bool:
        """Whether the function given as parameter range accepts candidate k."""
        assert self._candidates is not None
        law = Power_Law(
            xmin=curves.xmins[k],
            xmax=self.xmax,
            discrete=self.discrete,
            parameters=[curves.alphas[k]],
            parent_Fit=self,
        )
        law.n = self._candidates.n_tail(self._range()[0] + k)
        law.D, law.V = float(curves.Ds[k]), float(curves.Vs[k])
        return bool(self.parameter_range(law))

    @property
    def discrete_normalization(self) -> Any:
        """The name that powerlaw 2.0 gives to `discrete_approximation`."""
        return self.discrete_approximation

    @property
    def xmin_fitting_results(self) -> dict[str, Any]:
        """The curves of the scan under the names of powerlaw 2.0."""
        words = {"xmins": "xmins", "distances": self.xmin_distance + "s"}
        words |= {"alphas": "alphas", "sigmas": "sigmas", "valid_fits": "in_ranges"}
        return {word: self._curve(curve) for word, curve in words.items()}

    @property
    def fitting_cdf_bins(self) -> Floats:
        """The distinct values of the tail."""
        return np.asarray(self.cdf()[0])

    @property
    def fitting_cdf(self) -> Floats:
        """The proportion of the tail below each of `fitting_cdf_bins`."""
        return np.asarray(self.cdf()[1])

    @property
    def xmin_range(self) -> tuple[Any, Any]:
        """The limits of the candidates (powerlaw 2.0)."""
        if self.fixed_xmin:
            return None, None
        if self.given_xmin is not None and np.ndim(self.given_xmin) > 0:
            return tuple(self.given_xmin)
        return (float(np.min(self.data_original)), float(np.max(self.data_original)))

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *SUPPORTED, *CURVES})

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name in CURVES:
            return self._curve(name)
        if name in SUPPORTED:
            law = self._distribution(SUPPORTED[name], self.xmin)
            setattr(self, name, law)
            return law
        raise AttributeError(name)
