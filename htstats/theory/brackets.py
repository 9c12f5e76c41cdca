"""Power brackets of an alpha-stable matrix (section 5.2): (12) to (16) and figure 2.

The paper divides the elements of W at the powers of a base c. It counts the elements of a row
between c^i and c^(i+1), and estimates the probability that c^(M-i) elements or more are there. It
also uses c as the scale of the law. In place of the law it uses an asymptotic density. It uses
Chernoff's bound even where the bound does not apply. This module also computes the exact values.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.special import gamma

from htstats import binomial, stable
from htstats._common.arrays import Floats, as_float64, as_points
from htstats._common.checks import count, finite, one_of, positive
from htstats._common.tables import format_table
from htstats.theory._statement import CONVENTIONS, Convention

__all__ = [
    "BracketDecomposition",
    "BracketTailSurface",
    "bracket_decomposition",
    "bracket_probability",
    "bracket_tail_surface",
    "stable_tail_constant",
]

SIDES = ("positive", "abs")


def stable_tail_constant(alpha: npt.ArrayLike) -> Any:
    """c_alpha of (12): sin(pi alpha/2) Gamma(alpha)/pi, so that P(X > w) ~ c_alpha (c/w)^alpha.

    Parameters
    ----------
    alpha : float or array_like
        Stability index in (0, 2]. At 2 the constant is 0: the normal law has no power tail.

    Raises
    ------
    ValueError
        If `alpha` is outside (0, 2].

    References
    ----------
    (12); Nolan (2009), theorem 1.12.

    Examples
    --------
    >>> round(float(stable_tail_constant(1.0)) * math.pi, 12)
    1.0
    """
    a = _indices(alpha)
    return (np.where(a == 2, 0.0, np.sin(math.pi * a / 2)) * gamma(a) / math.pi)[()]


def bracket_probability(
    i: npt.ArrayLike, alpha: float, *, base: float = 1.3, scale: float | None = None,
    side: str = "positive", convention: Convention = "rigorous",
) -> Any:  # fmt: skip
    """P(base^i < w <= base^(i+1)) for a symmetric alpha-stable element w.

    Parameters
    ----------
    i : float or array_like
        Number of the bracket. The paper counts from 0; any real number is allowed.
    alpha : float
        Stability index in (0, 2].
    base : float
        The base c of the powers, above 1.
    scale : float, optional
        Scale of the law. The default is `base`, as in the paper.
    side : {"positive", "abs"}
        ``positive``: the probability for w, as printed. ``abs``: the probability for abs(w), which
        is twice as large.
    convention : {"rigorous", "paper"}
        ``rigorous``: the difference of two values of the law's survival function. ``paper``: (14),
        c_alpha (scale/base^i)^alpha (1 - base^-alpha), the integral of the asymptotic density. The
        formula is accurate if base^i is far above `scale`. If base^i is far below, the result can
        exceed 1. At base = 1.3, i <= 5 it is wrong by factors from 2.6 down to 0 (at alpha = 2).

    Returns
    -------
    float or ndarray
        The probability, with the shape of `i`.

    Raises
    ------
    ValueError
        If an argument is out of range.

    References
    ----------
    (12)-(14).

    Examples
    --------
    >>> exact = bracket_probability([0, 5, 40], 1.5)
    >>> bracket_probability([0, 5, 40], 1.5, convention="paper") / exact
    array([1.917..., 0.625..., 0.999...])
    """
    index = as_points(i, "i")
    if not np.isfinite(index).all():
        raise ValueError(f"i must be finite, got {i!r}")
    a, c = float(_indices(alpha)), _base(base)
    unit = c if scale is None else positive("scale", scale)
    sides = 2.0 if one_of("side", side, SIDES) == "abs" else 1.0
    log_edge = index * math.log(c) - math.log(unit)  # in units of the scale
    if one_of("convention", convention, CONVENTIONS) == "paper":
        p = stable_tail_constant(a) * np.exp(-a * log_edge) * -math.expm1(-a * math.log(c))
    else:
        # Neighbouring brackets share an edge, but the two computed copies of the edge differ by
        # rounding errors. Round both to one value, so that the law is evaluated once for each edge.
        edges, places = np.unique(
            np.round(np.stack([log_edge, log_edge + math.log(c)]), 15), return_inverse=True
        )
        above, below = stable.sf(np.exp(edges), a, 0.0)[places.reshape(2, *index.shape)]
        p = above - below
    return (sides * p)[()]


@dataclass(frozen=True, eq=False)
class BracketTailSurface:
    """Figure 2: the probability of c^(M-i) or more elements of a row in bracket i.

    Each array has one row per `i` and one column per `alpha`, the layout that contour plots need.

    Attributes
    ----------
    alpha, i : ndarray, 1-D
        The axes.
    base, M, N : float, float, int
        c, M and the number of elements N of a row.
    kappa : ndarray
        c^(M-i), a column: shape (len(i), 1).
    k : ndarray
        kappa rounded up: the smallest integer that is at least kappa.
    p_paper, p_exact : ndarray
        Probability of the bracket: by (14), and exactly.
    log_paper : ndarray
        Log of (16) as printed, also where (16) is not a bound. NaN where the formula is undefined,
        which is where its p is above 1 or kappa is above N.
    log_exact : ndarray
        Log of P(X >= k), X ~ Bin(N, p_exact).
    log_chernoff : ndarray
        Log of Chernoff's bound of P(X >= k), with the exact p and kappa rounded up; the bound is 1
        where k <= N p.
    valid : ndarray of bool
        True where (16) applies: kappa > N p with the paper's p.
    """

    alpha: Floats
    i: Floats
    base: float
    M: float
    N: int
    kappa: Floats
    k: Floats
    p_paper: Floats
    p_exact: Floats
    log_paper: Floats
    log_exact: Floats
    log_chernoff: Floats
    valid: npt.NDArray[np.bool_]

    @property
    def paper(self) -> Floats:
        """(16) as printed, over the whole plane: figure 2 of the paper."""
        return np.exp(self.log_paper)

    @property
    def exact(self) -> Floats:
        """The exact binomial probability P(X >= k)."""
        return np.exp(self.log_exact)

    @property
    def chernoff(self) -> Floats:
        """Chernoff's bound with the exact p, which holds everywhere."""
        return np.exp(self.log_chernoff)

    @property
    def invalid_share(self) -> float:
        """Proportion of the grid where (16) does not apply; plots hatch this part."""
        return float(np.mean(~self.valid))

    @property
    def violated(self) -> npt.NDArray[np.bool_]:
        """True where (16) as printed lies below the probability that it should bound."""
        with np.errstate(invalid="ignore"):
            return self.log_paper < self.log_exact - 1e-9

    def __repr__(self) -> str:
        return (
            f"BracketTailSurface({len(self.i)} x {len(self.alpha)}: i {self.i[0]:g} to "
            f"{self.i[-1]:g}, alpha {self.alpha[0]:g} to {self.alpha[-1]:g}, c={self.base:g}, "
            f"M={self.M:g}, N={self.N}; (16) does not apply on {100 * self.invalid_share:.1f} %)"
        )


def bracket_tail_surface(
    alpha: npt.ArrayLike | None = None, i: npt.ArrayLike | None = None, *, base: float = 1.3,
    M: float = 5.0, N: int = 64,
) -> BracketTailSurface:  # fmt: skip
    """The data of figure 2: (16) as the paper draws it, and the exact binomial tail.

    Parameters
    ----------
    alpha : array_like, optional
        Stability indices in (0, 2]; by default 96 values from 0.1 to 2.
    i : array_like, optional
        Brackets; by default 101 values from 0 to `M`. The figure treats i as continuous.
    base, M, N : float, float, int
        c, M and the number of elements of a row; the defaults are those of the figure.

    Returns
    -------
    BracketTailSurface

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    The event is X >= kappa = c^(M-i) for a count X ~ Bin(N, p). The paper uses (14) for p and the
    real number kappa for the count. It draws (16) everywhere, although (16) needs kappa > N p.
    Where this condition fails, the exponent is that of the lower tail, the number bounds nothing,
    and `valid` is False. Where (16) applies, it can still lie below the probability, because (14)
    can lie below the probability of the bracket: see `violated`. The default grid takes a few
    seconds.

    References
    ----------
    (15), (16), figure 2.

    Examples
    --------
    >>> bracket_tail_surface([0.5, 1.0, 1.5], [0, 1, 2, 3, 4, 5])
    BracketTailSurface(6 x 3: ..., c=1.3, M=5, N=64; (16) does not apply on 83.3 %)
    """
    a = np.linspace(0.1, 2, 96) if alpha is None else np.atleast_1d(_indices(alpha))
    c, size, height = _base(base), count("N", N, at_least=1), finite("M", M)
    index = np.linspace(0, height, 101) if i is None else np.atleast_1d(as_points(i, "i"))
    if a.ndim != 1 or index.ndim != 1 or not a.size or not index.size:
        raise ValueError(f"alpha and i must be 1-D, got shapes {a.shape} and {index.shape}")
    p_exact, p_paper = (
        np.stack([bracket_probability(index, one, base=c, convention=how) for one in a], axis=1)
        for how in ("rigorous", "paper")
    )
    kappa = np.exp((height - index) * math.log(c))[:, None]
    # If c^(M-i) is an integer (1 at i = M), rounding errors must not raise it to the next integer.
    k = np.ceil(kappa * (1 - 1e-12))
    return BracketTailSurface(
        a, index, c, height, size, kappa, k, p_paper, p_exact,
        _paper_log(kappa, size, p_paper),
        binomial.logsf(k - 1, size, p_exact),
        binomial.chernoff_logsf(k - 1, size, p_exact),
        kappa > size * p_paper,
    )  # fmt: skip


def _paper_log(kappa: Floats, size: int, p: Floats) -> Floats:
    """Log of (16) as printed: -N KL(kappa/N || p), both above and below the mean."""
    kappa = np.broadcast_to(kappa, p.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        first = kappa * (np.log(size * p) - np.log(kappa))
        second = (size - kappa) * (np.log1p(-p) - np.log1p(-kappa / size))
    second = np.where(kappa == size, 0.0, second)
    return np.asarray(np.where((p < 1) & (kappa <= size), first + second, np.nan))


@dataclass(frozen=True, eq=False)
class BracketDecomposition:
    """W = sum of C^i + D + the elements that (13) leaves out, for a real matrix.

    Attributes
    ----------
    edges : ndarray, shape (M + 2,)
        unit base^i, i = 0 .. M + 1. Bracket i holds edges[i] < w <= edges[i+1].
    number : ndarray of int, shape of W
        Bracket of each element: 0 .. M, M + 1 for D, -1 for elements at or below edges[0].
    side : str
        "positive": w is compared with the edges, and negative elements are left out, as printed.
        "abs": abs(w) is compared.
    """

    weights: Floats = field(repr=False)
    edges: Floats
    number: npt.NDArray[np.int64] = field(repr=False)
    side: str

    @property
    def M(self) -> int:
        """Number of the last bracket."""
        return len(self.edges) - 2

    def part(self, i: int) -> csr_array:
        """C^i, sparse; i = M + 1 gives D, and i = -1 the elements that are left out."""
        if not -1 <= i <= self.M + 1:
            raise ValueError(f"i must be in [-1, {self.M + 1}], got {i}")
        return csr_array(np.where(self.number == i, self.weights, 0.0))

    def counts(self) -> npt.NDArray[np.int64]:
        """Number of elements in each of the brackets 0 .. M and in D."""
        return np.bincount(self.number.ravel() + 1, minlength=self.M + 3)[1:]

    @property
    def n_left_out(self) -> int:
        """Number of elements in no bracket: (13) has only elements above base^0."""
        return int(np.count_nonzero(self.number < 0))

    def row_counts(self) -> npt.NDArray[np.int64]:
        """Number of elements of each row in brackets 0 .. M and in D, shape (rows, M + 2)."""
        return np.stack([np.count_nonzero(self.number == i, axis=1) for i in self._all()], axis=1)

    def predicted(
        self, alpha: float, scale: float | None = None, *, convention: Convention = "rigorous"
    ) -> Floats:
        """Expected number of elements in brackets 0 .. M and in D.

        The default scale is `base`, as in the paper. The paper has no formula for D, so
        ``convention="paper"`` uses the paper's tail c_alpha (scale/w)^alpha for D.
        """
        a, base = float(_indices(alpha)), float(self.edges[1] / self.edges[0])
        unit = base * float(self.edges[0]) if scale is None else positive("scale", scale)
        x = self.edges / unit
        if one_of("convention", convention, CONVENTIONS) == "paper":
            tail = stable_tail_constant(a) * x**-a
        else:
            tail = np.asarray(stable.sf(x, a, 0.0))
        p = np.append(tail[:-1] - tail[1:], tail[-1])
        return np.asarray(self.weights.size * (2 if self.side == "abs" else 1) * p)

    def __repr__(self) -> str:
        rows = [
            (f"C^{i}", f"{self.edges[i]:.4g}", f"{self.edges[i + 1]:.4g}", n)
            for i, n in enumerate(self.counts()[:-1])
        ]
        rows.append(("D", f"{self.edges[-1]:.4g}", "inf", self.counts()[-1]))
        rows.append(("left out", "", f"{self.edges[0]:.4g}", self.n_left_out))
        return format_table(("part", "above", "up to", "elements"), rows)

    def _all(self) -> Iterator[int]:
        return iter(range(self.M + 2))


def bracket_decomposition(
    W: npt.ArrayLike, *, base: float = 1.3, M: int = 5, unit: float = 1.0, side: str = "positive"
) -> BracketDecomposition:
    """(13) of a real matrix: the elements between successive powers of a base.

    Parameters
    ----------
    W : array_like, shape (N1, N2)
        Finite.
    base : float
        The base c, above 1. (The powers of a smaller base decrease, so all brackets would be
        empty.)
    M : int
        Number of the last bracket.
    unit : float
        Lower end of bracket 0, in units of W. The paper's 1 is above every element of most trained
        matrices.
    side : {"positive", "abs"}
        Whether w or abs(w) is compared with the powers.

    Returns
    -------
    BracketDecomposition

    Raises
    ------
    ValueError
        If `W` is not a finite matrix or an argument is out of range.

    Notes
    -----
    The paper's brackets are open at both ends, so an element equal to a power belongs to no
    bracket; here a bracket includes its upper end. Elements up to `unit` and, for ``positive``,
    negative elements are in no part of (13), so (13) is not a full decomposition of W. These
    elements are counted as left out.

    References
    ----------
    (13).

    Examples
    --------
    >>> bracket_decomposition([[0.5, 1.2, 1.5], [-3.0, 2.0, 9.0]], M=1)
    part      above  up to  elements
    --------  -----  -----  --------
    C^0           1    1.3         1
    C^1         1.3   1.69         1
    D          1.69    inf         2
    left out             1         2
    """
    weights = as_float64(W, "W")
    if weights.ndim != 2 or weights.size == 0 or not np.isfinite(weights).all():
        raise ValueError(f"W must be a finite matrix with elements, got shape {weights.shape}")
    c, last = _base(base), count("M", M)
    edges = positive("unit", unit) * c ** np.arange(last + 2.0)
    compared = np.abs(weights) if one_of("side", side, SIDES) == "abs" else weights
    number = np.searchsorted(edges, compared, side="left") - 1
    return BracketDecomposition(weights, edges, number, side)


def _indices(alpha: npt.ArrayLike) -> Floats:
    a = as_points(alpha, "alpha")
    if not ((a > 0) & (a <= 2)).all():
        raise ValueError(f"alpha must be in (0, 2], got {alpha!r}")
    return a


def _base(base: float) -> float:
    c = positive("base", base)
    if c <= 1:
        raise ValueError(f"base must be above 1, got {base!r}")
    return c
