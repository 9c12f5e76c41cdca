"""P(|W| > tau) from a fitted tail, (5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from htstats._common.checks import one_of, positive, probability
from htstats.theory._statement import CONVENTIONS, Convention

if TYPE_CHECKING:
    from htstats._exact_fit.fitted_tail import FittedTail

__all__ = ["TailModel", "exceedance_probability"]


@dataclass(frozen=True)
class TailModel:
    """P(|W| > tau) = share (xmin/tau)^tail_exponent for tau >= xmin; undefined below xmin.

    Attributes
    ----------
    tail_exponent : float
        The paper's alpha: the exponent of the density minus 1.
    xmin : float
        The smallest value of the tail, in units of the weights; the paper's w_m.
    share : float
        n_tail / n_total, the proportion of all elements that are in the tail; 1 in the paper.

    Examples
    --------
    >>> model = TailModel(2.0, 0.5, share=0.1)
    >>> model.probability(1.0)
    0.025
    """

    tail_exponent: float
    xmin: float
    share: float = 1.0

    def __post_init__(self) -> None:
        positive("tail_exponent", self.tail_exponent)
        positive("xmin", self.xmin)
        probability("share", self.share)

    @classmethod
    def of(cls, fit: FittedTail, *, convention: Convention = "rigorous") -> TailModel:
        """The tail of a fit; ``paper`` sets the share to 1.

        The denominator of the share counts every element that the fit received: usable elements,
        zeros, and elements of the other sign if one side was fitted.
        """
        if fit.excluded.get("above xmax"):
            raise ValueError("fit must have no xmax: it says nothing about values above")
        total = fit.n + sum(fit.excluded.values())
        share = 1.0 if one_of("convention", convention, CONVENTIONS) == "paper" else None
        return cls(fit.tail_exponent, fit.xmin, fit.n_tail / total if share is None else share)

    def covers(self, tau: float) -> bool:
        """Whether the threshold is inside the model's range."""
        return tau >= self.xmin

    def probability(self, tau: float) -> float:
        """P(|W| > tau), (5). Raises ValueError if tau is below xmin."""
        tau = positive("tau", tau)
        if not self.covers(tau):
            raise ValueError(
                f"tau must be at least xmin = {self.xmin!r}, got {tau!r}: "
                "the fitted tail says nothing below xmin"
            )
        return float(self.share * (self.xmin / tau) ** self.tail_exponent)


def exceedance_probability(
    fit: FittedTail | TailModel, tau: float, *, convention: Convention = "rigorous"
) -> float:
    """P(|W| > tau) from a fit, (5).

    Parameters
    ----------
    fit : PowerLawFit or TailModel
    tau : float
        At least the fit's xmin, in units of the weights.
    convention : {"rigorous", "paper"}
        ``rigorous``: (n_tail/n) (xmin/tau)^tail_exponent, where n includes excluded zeros.
        ``paper``: without the factor n_tail/n, as if every element were in the tail. If xmin was
        fitted, this is too large by the factor n/n_tail.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    ValueError
        If `tau` is below xmin, or the fit had an xmax.

    References
    ----------
    (5), (38). The formula tau^-alpha/alpha of (40) contradicts (5). The formula is not a
    probability: it exceeds 1 for small tau and alpha, and no normalization gives it.

    Examples
    --------
    >>> from htstats import fit_power_law
    >>> fit = fit_power_law([0.0, 0.1, 0.2, 1.0, 1.1, 1.3, 1.7, 2.5, 4.0, 9.0], xmin=1.0)
    >>> exceedance_probability(fit, 2.0), exceedance_probability(fit, 2.0, convention="paper")
    (0.284..., 0.406...)
    """
    if isinstance(fit, TailModel):
        one_of("convention", convention, CONVENTIONS)
        model = TailModel(fit.tail_exponent, fit.xmin) if convention == "paper" else fit
    else:
        model = TailModel.of(fit, convention=convention)
    return model.probability(tau)
