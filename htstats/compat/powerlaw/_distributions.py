"""`Distribution`, the base class of all laws: parameters, ranges, fits, distances, random draws."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from scipy import special

from htstats._common.arrays import Floats
from htstats._common.data_checks import require_all_finite
from htstats.alternatives import ALTERNATIVES, fit_alternative
from htstats.compat.powerlaw._data import TINY, as_data, cdf, trim_to_range
from htstats.compat.powerlaw._parameters import Parametrised
from htstats.compat.powerlaw._plots import Drawn
from htstats.compat.powerlaw._profiles import current_profile
from htstats.compat.powerlaw._random import uniform
from htstats.compat.powerlaw._search import constraints_of, search_parameters
from htstats.compat.powerlaw._warnings import EDGE, is_near_edge, warn_of_kind

__all__ = ["EDGE", "Bounds", "Distribution", "Range"]

Range = Any  # {"alpha": (low, high)} or a function of the distribution
Bounds = dict[str, tuple[float | None, float | None]]


class Distribution(Drawn, Parametrised):
    """A distribution on [xmin, xmax], fitted to `data` or with the given `parameters`."""

    name = ""
    _lower: tuple[float | None, ...] = ()
    # Classes by name. A law on a ridge looks up the power law here, which replaces it.
    _laws: ClassVar[dict[str, type[Distribution]]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._laws.setdefault(cls.name, cls)

    def __init__(
        self,
        xmin: Any = None,
        xmax: Any = None,
        discrete: bool = False,
        fit_method: str = "Likelihood",
        data: Any = None,
        parameters: Any = None,
        parameter_range: Range = None,
        initial_parameters: Any = None,
        discrete_approximation: Any = "round",
        parent_Fit: Any = None,
        parameter_ranges: Range = None,
        parameter_constraints: Any = None,
        **kwargs: Any,
    ) -> None:
        if np.ndim(xmin) == 1 and data is None:  # data are the first argument in powerlaw 2.0
            data, xmin = xmin, None
        self._set_options(fit_method, discrete, discrete_approximation, parent_Fit, kwargs)
        self.xmin = self._given_xmin(xmin, data)
        self.xmax = float(xmax) if xmax else None
        self._range = parameter_ranges if parameter_range is None else parameter_range
        self._constraints = constraints_of(self.name, parameter_constraints)
        self._start = initial_parameters
        self.original_data = data
        self._reset_results()
        named = {name: kwargs[name] for name in self.parameter_names if name in kwargs}
        if parameters is not None or named:
            self.set_parameters(named if parameters is None else parameters)
        elif data is None and parent_Fit is not None and self.profile == "2.0":
            data = parent_Fit.data
        if data is not None:
            if self.profile == "2.0":
                warn_of_kind(data, self.discrete, 3)
            self.fit(data)
        elif self.profile == "2.0":
            self._need_parameters()

    def _set_options(
        self,
        fit_method: str,
        discrete: bool,
        discrete_approximation: Any,
        parent_Fit: Any,
        words: dict[str, Any],
    ) -> None:
        """Set the attributes that hold options; `words` are the other keywords of the call."""
        inherited = getattr(parent_Fit, "profile", current_profile())
        self.profile: str = words.get("profile") or inherited
        self.parent_Fit = parent_Fit
        self.discrete = discrete
        self.fit_method = fit_method
        self.discrete_approximation = words.get("discrete_normalization", discrete_approximation)
        self.estimate_discrete = words.get("estimate_discrete")
        if self.estimate_discrete is None and self.profile == "1.5":
            self.estimate_discrete = True
        self.verbose = words.get("verbose", 1)

    def _reset_results(self) -> None:
        """Set everything that a fit computes to "unknown"."""
        self.noise_flag: bool | None = None
        self.n = 0
        self.loglikelihood = self.D = self.D_plus = self.D_minus = math.nan
        self.V = self.Kappa = self.Asquare = math.nan
        self._fitted: Any = None  # the law of htstats.alternatives
        self._limit: Distribution | None = None
        self.rises_to = ""
        self.set_parameters([math.nan] * len(self.parameter_names))

    def _need_parameters(self) -> None:
        missing = [name for name in self.parameter_names if math.isnan(getattr(self, name))]
        if missing:
            raise ValueError(f"parameters must give {', '.join(missing)} if there are no data")

    @property
    def data(self) -> Any:
        """The part of the given data in [xmin, xmax] (powerlaw 2.0); None if there are no data."""
        given = self.original_data
        return None if given is None else trim_to_range(given, self.xmin, self.xmax)

    @property
    def parameter_constraints(self) -> list[dict[str, Any]]:
        """The constraints that apply to this distribution (powerlaw 2.0)."""
        return [{"type": kind, "fun": f} for kind, f in self._constraints]

    @property
    def discrete_normalization(self) -> Any:
        """The name that powerlaw 2.0 gives to `discrete_approximation`."""
        return self.discrete_approximation

    def _given_xmin(self, xmin: Any, data: Any) -> float:
        if np.ndim(xmin) > 0:
            raise ValueError(f"xmin must be a number, got {xmin!r}")
        if xmin:
            return float(xmin)
        if self.profile == "1.5":
            return 1.0
        if data is None:
            raise ValueError(f"xmin must be given if there are no data, got {xmin!r}")
        return float(np.min(as_data(data)))

    # ---- parameters and their ranges ---------------------------------------------------------

    def parameter_range(self, r: Range, initial_parameters: Any = None) -> None:
        """Restrict the parameters to `r`; if there is a parent, fit to its data again."""
        self._range = r
        self._start = initial_parameters if initial_parameters is not None else self._start
        if self.parent_Fit is not None:
            self.fit(self.parent_Fit.data)

    @property
    def parameter_ranges(self) -> Bounds:
        """Lower and upper bound of each parameter; None means no bound."""
        bounds = self._standard_range()
        if isinstance(self._range, Mapping):
            bounds.update(self._range)
        return bounds

    def _standard_range(self) -> Bounds:
        return {
            name: (low, None) for name, low in zip(self.parameter_names, self._lower, strict=True)
        }

    def in_range(self) -> bool:
        """Whether the parameters are inside their range and satisfy the constraints."""
        if callable(self._range):
            if not bool(self._range(self)):
                return False
        else:
            for name, (low, high) in self.parameter_ranges.items():
                value = getattr(self, name, None)
                if value is None:  # a parameter of another distribution
                    continue
                if not (low is None or value > low) or not (high is None or value < high):
                    return False
        return all(
            kept > -1e-6 if kind == "ineq" else abs(kept) < 1e-6
            for kind, kept in ((kind, float(f(self))) for kind, f in self._constraints)
        )

    # ---- fits --------------------------------------------------------------------------------

    def _data(self, data: Any) -> Any:
        if data is None:
            if self.parent_Fit is None:
                raise ValueError("data must be given: this distribution has no parent fit")
            return self.parent_Fit.data
        return data

    def _trim(self, data: Any) -> Floats:
        return trim_to_range(self._data(data), self.xmin, self.xmax)

    def _trim_to_support(self, data: Any) -> Floats:
        """The data in range.

        In profile "2.0" an empty range is an error, and fractions are rounded if the law is
        discrete. A power law does not round fractions, as in powerlaw.
        """
        x = self._trim(data)
        if self.discrete and self.profile == "2.0" and self.name != "power_law":
            x = np.around(x)
        if x.size == 0 and self.profile == "2.0":
            raise ValueError(f"data must have values in the range of {self.name}, got none")
        return x

    def fit(self, data: Any = None, suppress_output: bool = False) -> None:
        """Fit by maximum likelihood (with fit_method "KS": by minimum D) to the data in range."""
        require_all_finite("data", as_data(self._data(data)))
        x = self._trim_to_support(data)
        self.n = x.size
        self.noise_flag = True
        self._fitted = self._limit = None
        self.rises_to = ""
        try:
            note = self._estimate(x)
        except ValueError:  # too few values to fit
            self.set_parameters([math.nan] * len(self.parameter_names))
            if self.parent_Fit is None:  # a parent has already warned
                self._say(f"{self.name}: too few different values from xmin on to fit", 3)
            return
        self.noise_flag = not self.in_range() or "ridge" in note
        if self.noise_flag and not suppress_output:
            self._say(f"{self.name}: no valid fit: {note or 'out of range'}", 3)
        if self.profile == "2.0" and self._is_searched() and is_near_edge(self):
            self.noise_flag = True
        self.loglikelihood = float(np.sum(self.loglikelihoods(x)))
        self.KS(x)

    def _say(self, text: str, level: int) -> None:
        if self.verbose:
            warnings.warn(text, UserWarning, stacklevel=level + 1)

    def _is_searched(self) -> bool:
        """Whether powerlaw 2.0 would search for the parameters and then check the range's ends."""
        return True

    def _estimate(self, x: Floats) -> str:
        """Set the parameters to their estimates; returns a note, empty if nothing is unusual."""
        law = self._fit_maximum(x)
        self.set_parameters([getattr(law, name) for name in self.parameter_names])
        plain = self._is_plain() and (self.in_range() or self._range is None)
        # Whether there is a ridge does not depend on how the discrete law is normalised.
        summed = self.discrete and self._range is None and law.limit is not None
        by_likelihood = self.fit_method.lower() == "likelihood" and not self._constraints
        if plain or (summed and by_likelihood):
            self._keep(law, x)
            return str(law.note)
        search_parameters(self, x)
        if law.limit is not None and self._range is None and not self._constraints:
            # The likelihood has no maximum, whatever the search found. A likelihood ratio at the
            # parameters of the search would mean nothing.
            self.rises_to = law.limit.name
        return str(law.note) if self._is_plain() and self._range is None else ""

    def _keep(self, law: Any, x: Floats) -> None:
        """Remember the fit and, if it is on a ridge, the power law that it rises to."""
        self._fitted = law
        if law.limit is None:
            return
        self.rises_to = law.limit.name
        if law.reached_limit() is None:
            return
        parent = self.parent_Fit
        if parent is not None and parent.xmin == self.xmin and parent.data.size == x.size:
            self._limit = getattr(parent, self.rises_to)
        else:
            self._limit = self._laws[self.rises_to](
                data=x, xmin=self.xmin, xmax=self.xmax, discrete=self.discrete,
                estimate_discrete=self.estimate_discrete, profile=self.profile, verbose=0,
            )  # fmt: skip

    def _replacement(self) -> Distribution | None:
        """The power law that replaces this law, if its parameters are still those of the fit."""
        return self._limit if self._limit is not None and self._is_as_fitted() else None

    def _is_as_fitted(self) -> bool:
        fitted = self._fitted
        if fitted is None or fitted.xmin != self._first or (self.xmax or math.inf) != fitted.xmax:
            return False
        return all(getattr(fitted, name) == getattr(self, name) for name in self.parameter_names)

    def _fit_maximum(self, x: Floats) -> Any:
        """The law at the maximum of the likelihood, whether or not it is in range."""
        return fit_alternative(
            x, self.name, xmin=self._first, xmax=self.xmax, discrete=self.discrete
        )

    @property
    def _first(self) -> float:
        """The first point of the support: xmin, or the least integer >= xmin of a discrete law."""
        return float(math.ceil(self.xmin)) if self.discrete else self.xmin

    def _is_plain(self) -> bool:
        """Whether the options ask for the unrestricted maximum of the likelihood."""
        rounds = not self.discrete or self.discrete_approximation == "round" or not self._is_rounded
        by_likelihood = self.fit_method.lower() == "likelihood"
        return rounds and by_likelihood and not self._constraints

    # Whether the discrete law is the rounded continuous law, because its sum has no closed form.
    _is_rounded = False

    def _start_near_ridge(self, x: Floats) -> Floats:
        """Finite parameters near the ridge, from which a search can start (laws with a ridge)."""
        raise ValueError(f"{self.name} has no finite estimate from which a search can start")

    # ---- densities ---------------------------------------------------------------------------

    def _law(self, discrete: bool) -> Any:
        values = [getattr(self, name) for name in self.parameter_names]
        xmax = math.inf if self.xmax is None else self.xmax
        if self._is_as_fitted():
            return replace(self._fitted, discrete=discrete)
        return ALTERNATIVES[self.name](self._first, *values, discrete=discrete, xmax=xmax)

    def _logpdf(self, x: Floats) -> Floats:
        """Log density (discrete: log probability) of the law on [xmin, xmax]."""
        if (limit := self._replacement()) is not None:
            return limit._logpdf(x)
        if self.discrete and self._is_rounded and self.discrete_approximation != "round":
            return self._logpdf_by_sum(x)
        value: Floats = self._law(self.discrete).logpdf(x)
        return value

    def _logpdf_by_sum(self, x: Floats) -> Floats:
        """Log density at the integers, normalised by the sum of the densities.

        The sum ends at `discrete_approximation` if that is a number, otherwise at xmax or, without
        an xmax, at the largest value.
        """
        last = self.discrete_approximation
        if not isinstance(last, int | float | np.number):
            last = self.xmax if self.xmax is not None else float(np.max(x))
        law = self._law(False)
        grid = np.arange(self.xmin, float(last) + 1)
        value: Floats = law.logpdf(x) - special.logsumexp(law.logpdf(grid))
        return value

    def _is_defined(self) -> bool:
        """Whether powerlaw would show the density of these parameters."""
        return self.in_range()

    def loglikelihoods(self, data: Any = None) -> Floats:
        """Log density at the data in range; a density of 0 gives log(TINY), as in powerlaw."""
        x = self._trim_to_support(data)
        if not self._is_defined():
            return np.full(x.size, math.log(TINY))
        value = self._logpdf(x)
        return np.where(np.isneginf(value), math.log(TINY), value)

    def likelihoods(self, data: Any = None) -> Floats:
        """Density at the data in range, never 0."""
        value = np.exp(self.loglikelihoods(data))
        return np.where(value == 0, TINY, value)

    def pdf(self, data: Any = None) -> Floats:
        """Density (discrete: probability) at the data in range."""
        return self.likelihoods(data)

    def _cdf(self, x: Floats) -> Floats:
        """P(X < x) of the continuous law, also if the data are discrete, as in powerlaw."""
        if (limit := self._replacement()) is not None:
            return limit._cdf(x)
        return np.asarray(np.exp(self._law(False).logcdf(x)))

    def _sf(self, x: Floats) -> Floats:
        """P(X >= x) of the continuous law, accurate in the far tail, where 1 - cdf would cancel."""
        if (limit := self._replacement()) is not None:
            return limit._sf(x)
        return np.asarray(np.exp(self._law(False).logsf(x)))

    def cdf(self, data: Any = None, survival: bool = False) -> Floats:
        """Distribution function at the data in range."""
        x = self._trim_to_support(data)
        if not self._is_defined():
            return np.full(x.size, 1 - TINY if survival else TINY)
        return self._sf(x) if survival else self._cdf(x)

    def ccdf(self, data: Any = None, survival: bool = True) -> Floats:
        """Survival function at the data in range."""
        return self.cdf(data, survival=survival)

    def KS(self, data: Any = None) -> float:
        """Compute D for the data in range; also set D_plus, D_minus, V, Kappa and Asquare."""
        values, seen = cdf(self._data(data), xmin=self.xmin, xmax=self.xmax)
        if values.size < 2:
            if self.profile == "2.0" and np.size(self._trim(data)) < 2:
                self._say(f"{self.name}: too few data for distances, which are NaN", 3)
            self.D = math.nan
            return self.D
        model = self.cdf(values)
        difference = model - seen
        self.D_plus, self.D_minus = float(np.max(difference)), float(-np.min(difference))
        self.V = self.D_plus + self.D_minus
        self.D = max(self.D_plus, self.D_minus)
        self.Kappa = 1 + float(np.mean(difference))
        self.Asquare = float(np.sum((difference**2 / (model * (1 - model) + 1e-12))[1:]))
        return self.D

    def compute_distance_metrics(self, data: Any = None) -> None:
        """The name that powerlaw 2.0 gives to `KS`."""
        self.KS(data)

    # ---- random numbers and pictures ---------------------------------------------------------

    def generate_random(
        self, n: Any = 1, estimate_discrete: bool | None = None, rng: Any = None, size: Any = None
    ) -> Floats | npt.NDArray[np.int64]:
        """Draw random numbers in [xmin, xmax]; `n` is their number or the shape of the result.

        `rng` is a seed or a generator; None draws from numpy's global state, as powerlaw does.
        `estimate_discrete` is accepted but has no effect, because discrete draws are exact. In
        profile "2.0" discrete draws are int64, unless one of them is too large for int64.
        """
        for name, value in self.parameters.items():
            if math.isnan(value):
                raise ValueError(f"{name} must be a number to draw from {self.name}, got nan")
        shape = n if size is None else size
        u = uniform(shape if isinstance(shape, tuple) else int(shape), rng)
        drawn = self._draw(u.ravel()).reshape(u.shape)
        whole = self.discrete and self.profile == "2.0" and np.all(drawn < 2.0**63)
        return drawn.astype(np.int64) if whole else drawn

    def _draw(self, u: Floats) -> Floats:
        """The quantiles of the law on [xmin, xmax] at u, which is in [0, 1)."""
        if (limit := self._replacement()) is not None:
            return limit._draw(u)
        return np.asarray(self._law(self.discrete).quantiles(np.log1p(-u)))
