"""The action of W(t) on a vector (section 5): spikes on a Johnson-Lindenstrauss projection.

This module computes (10), the second moment of a component of Bx, as printed and corrected. It also
computes the law of |Bx|^2 for random B, and the law of |W(t) x|^2 for given B.
`htstats.theory.brackets` has the rest of section 5.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from htstats._common.arrays import Floats, as_float64, as_points
from htstats._common.checks import count, nonnegative, one_of, positive, probability
from htstats.theory._statement import CONVENTIONS, Convention
from htstats.theory.sparsity.tail_model import TailModel

if TYPE_CHECKING:
    from htstats.compression.matrix import CompressedMatrix

__all__ = ["ProjectionLaw", "SpikeLaw", "component_second_moment", "projection_law"]

SIGNS = ("positive", "symmetric")

# Random numbers drawn at a time: 64 MiB of float64.
BLOCK = 1 << 23


def component_second_moment(
    x: npt.ArrayLike,
    *,
    tail_exponent: float,
    tau: float,
    w_min: float = 1.0,
    share: float = 1.0,
    signs: str = "positive",
    convention: Convention = "rigorous",
    component: int = 0,
) -> float:
    """(10): E[(Bx)_i^2] for one row of B whose elements are independent with a Pareto tail.

    Parameters
    ----------
    x : array_like, shape (N2,)
        The vector that B multiplies.
    tail_exponent : float
        alpha: P(|W| > w) = share (w_min/w)^alpha.
    tau, w_min : float
        The threshold, and the lower end of the law; tau >= w_min > 0, in units of the weights.
    share : float
        Proportion of the elements that follow the law (n_tail/n of a fit); 1 in the paper.
    signs : {"positive", "symmetric"}
        Signs of the elements: all positive, or both signs with probability 1/2.
    convention : {"rigorous", "paper"}
        ``rigorous``: E[B^2] abs(x)^2 + E[B]^2 ((sum x)^2 - abs(x)^2); the second term is 0 for
        symmetric signs. ``paper``: N2 E[B^2] x_i^2, which omits the second term and the sum over j.
    component : int
        The index i of the printed x_i^2.

    Returns
    -------
    float
        In squared units of weights times x. Infinite for alpha <= 2 (unless x = 0). The printed
        tau^(2-alpha)/(alpha-2) is negative there; ``paper`` returns this negative number.

    Raises
    ------
    ValueError
        If an argument is out of range, or for ``paper`` at alpha = 2, where (10) divides by zero.

    Notes
    -----
    E[B^2] = share a w_m^a tau^(2-a)/(a-2). E[B] = share a w_m^a tau^(1-a)/(a-1), which is finite
    for alpha > 1. The product of two different elements has the expectation E[B]^2, not 0, because
    the elements are independent. For positive weights with alpha = 3.5, tau = 3 and x of 50 ones
    the moment is 42.2; the printed formula gives 22.5.

    References
    ----------
    (9), (10).

    Examples
    --------
    >>> ones = [1.0] * 50
    >>> round(component_second_moment(ones, tail_exponent=3.5, tau=3.0), 2)
    42.21
    >>> component_second_moment(ones, tail_exponent=2.0, tau=3.0)
    inf
    """
    vector = _vector(x)
    a, tau, w_min = _law(tail_exponent, tau, w_min)
    share = probability("share", share)
    one_of("signs", signs, SIGNS)
    p = share * (w_min / tau) ** a
    if one_of("convention", convention, CONVENTIONS) == "paper":
        i = count("component", component, below=len(vector))
        if a == 2:
            raise ValueError("tail_exponent must not be 2: (10) divides by alpha - 2")
        return float(len(vector) * p * a * tau**2 / (a - 2) * vector[i] ** 2)
    size, total = float(vector @ vector), float(vector.sum())
    if size == 0 or p == 0:
        return 0.0
    if a <= 2:
        return math.inf
    second = p * a * tau**2 / (a - 2) * size
    if signs == "symmetric":
        return float(second)
    return float(second + (p * a * tau / (a - 1)) ** 2 * (total**2 - size))


@dataclass(frozen=True, eq=False)
class SpikeLaw:
    """The law of |Bx|^2 for a random B with independent elements beyond tau.

    Attributes
    ----------
    x : ndarray, shape (N2,)
        The vector that B multiplies.
    rows : int
        N1, the number of rows of B.
    model : TailModel
        The law of the elements: P(|W| > w), with its share.
    tau : float
        The threshold; at least the model's xmin.
    signs : {"positive", "symmetric"}
        Signs of the elements of B, as in `component_second_moment`.

    Examples
    --------
    >>> law = SpikeLaw(np.ones(50), 10, TailModel(3.5, 1.0), 3.0)
    >>> round(law.mean, 1), round(law.zero_probability, 6)
    (422.1, 2e-05)
    """

    x: Floats
    rows: int
    model: TailModel
    tau: float
    signs: str = "positive"

    def __post_init__(self) -> None:
        object.__setattr__(self, "x", _vector(self.x))
        count("rows", self.rows, at_least=1)
        one_of("signs", self.signs, SIGNS)
        self.model.probability(self.tau)

    @property
    def p(self) -> float:
        """Probability that an element of B is non-zero."""
        return self.model.probability(self.tau)

    @property
    def mean(self) -> float:
        """E|Bx|^2, rows times the corrected (10); infinite for a tail exponent up to 2."""
        return self.rows * component_second_moment(
            self.x, tail_exponent=self.model.tail_exponent, tau=self.tau, w_min=self.model.xmin,
            share=self.model.share, signs=self.signs,
        )  # fmt: skip

    @property
    def zero_probability(self) -> float:
        """P(Bx = 0) = (1 - p)^(rows times non-zeros of x)."""
        elements = self.rows * int(np.count_nonzero(self.x))
        return (1 - self.p) ** elements

    def one_spike_sf(self, q: npt.ArrayLike) -> Any:
        """The exact probability that some single abs(B_ij x_j) exceeds sqrt q.

        This probability is the power-law part of P(|Bx|^2 > q). For positive B and x it is a lower
        bound of P(|Bx|^2 > q) at every q. For any signs and x the ratio of the two probabilities
        tends to 1 as q grows (one big jump), with P ~ rows share w_m^a sum abs(x_j)^a q^(-a/2).
        """
        level = as_points(q, "q")
        root = np.sqrt(np.maximum(level, 0.0))
        size = np.abs(self.x[self.x != 0])
        with np.errstate(divide="ignore"):
            cut = np.maximum(root[..., None] / size, self.tau)
            each = self.model.share * (self.model.xmin / cut) ** self.model.tail_exponent
            log_none = self.rows * np.log1p(-each).sum(axis=-1)
        return np.where(level < 0, 1.0, -np.expm1(log_none))[()]

    def sample(self, size: int, *, rng: np.random.Generator) -> Floats:
        """Draw `size` values of |Bx|^2."""
        inside = np.flatnonzero(self.x)
        out = np.empty(size)
        step = max(1, BLOCK // max(1, self.rows * len(inside)))
        for start in range(0, size, step):
            part = slice(start, min(start + step, size))
            shape = (part.stop - part.start, self.rows, len(inside))
            # u is uniform in (0, 1]. An element with u <= p is above tau: tau (p/u)^(1/a).
            u = 1 - rng.random(shape)
            size_of = self.tau * (self.p / u) ** (1 / self.model.tail_exponent)
            b = np.where(u <= self.p, size_of, 0.0)
            if self.signs == "symmetric":
                b *= rng.choice([-1.0, 1.0], shape)
            out[part] = ((b @ self.x[inside]) ** 2).sum(axis=1)
        return out


@dataclass(frozen=True, eq=False)
class ProjectionLaw:
    """The law of |W(t) x|^2 for given B and random G: a sum of independent (c_i + s_i g_i)^2.

    Attributes
    ----------
    centres : ndarray, shape (N1,)
        c_i = (Bx)_i + mean times the sum of x over the elements of row i that have noise.
    scales : ndarray, shape (N1,)
        s_i = std times the norm of x over the elements of row i that have noise.
    spikes : ndarray, shape (N1,)
        The vector Bx.
    """

    centres: Floats
    scales: Floats
    spikes: Floats = field(repr=False)

    @property
    def spike_energy(self) -> float:
        """|Bx|^2, a known number because B is given."""
        return float(self.spikes @ self.spikes)

    @property
    def mean(self) -> float:
        """E|W(t) x|^2 = sum c_i^2 + sum s_i^2; N1 t |x|^2 if mean and B are 0."""
        return float(self.centres @ self.centres + self.scales @ self.scales)

    @property
    def variance(self) -> float:
        """Var|W(t) x|^2 = sum 2 s_i^4 + 4 s_i^2 c_i^2."""
        return float((2 * self.scales**4 + 4 * self.scales**2 * self.centres**2).sum())

    @property
    def even(self) -> bool:
        """Whether all rows have the same noise, so that the law is a scaled noncentral chi^2."""
        return bool(self.scales[0] > 0 and np.ptp(self.scales) <= 1e-12 * self.scales[0])

    def sf(self, q: npt.ArrayLike) -> Any:
        """P(|W(t) x|^2 > q).

        Notes
        -----
        If all rows have the same noise (always so for support "full"), the law is the noncentral
        chi^2 with N1 degrees of freedom and noncentrality sum c_i^2/s^2. Otherwise the method is
        Davies's sum over the characteristic function, accurate to about 1e-6. This method needs
        noise in at least four rows. With fewer such rows, ValueError is raised.
        """
        level = as_points(q, "q")
        if not self.scales.any():
            return np.where(level < self.mean, 1.0, 0.0)[()]
        if self.even:
            s2 = float(self.scales[0]) ** 2
            energy = float(self.centres @ self.centres)
            if energy == 0:
                return stats.chi2.sf(level / s2, len(self.scales))
            return stats.ncx2.sf(level / s2, len(self.scales), energy / s2)
        return self._invert(level)[()]

    def concentration(self, eps: float) -> float:
        """Johnson and Lindenstrauss: P(abs(|W(t)x|^2/E - 1) > eps), where E is the mean."""
        eps = nonnegative("eps", eps)
        above, below = self.sf([self.mean * (1 + eps), self.mean * (1 - eps)])
        return float(above + (1 - below if eps < 1 else 0.0))

    def sample(self, size: int, *, rng: np.random.Generator) -> Floats:
        """Draw `size` values of |W(t) x|^2."""
        out = np.empty(size)
        step = max(1, BLOCK // len(self.scales))
        for start in range(0, size, step):
            part = slice(start, min(start + step, size))
            g = rng.standard_normal((part.stop - part.start, len(self.scales)))
            out[part] = ((self.centres + self.scales * g) ** 2).sum(axis=1)
        return out

    def _invert(self, level: Floats) -> Floats:
        noisy = self.scales > 0
        if np.count_nonzero(noisy) < 4:
            raise ValueError("sf needs noise in four rows or more, or the same noise in all")
        fixed = float((self.centres[~noisy] ** 2).sum())
        s2, c2 = self.scales[noisy] ** 2, self.centres[noisy] ** 2
        mean, spread = float(c2.sum() + s2.sum()), math.sqrt(self.variance)
        # The sum is periodic: its period must contain all the mass. The tail of the largest term
        # falls as exp(-q/(2 s^2)).
        period = 20 * spread + 60 * float(s2.max())
        step = 2 * math.pi / period
        terms = 4096
        while True:
            u = (np.arange(terms) + 0.5) * step
            log_phi = np.zeros(terms, np.complex128)
            for a, b in zip(s2, c2, strict=True):
                root = 1 - 2j * u * a
                log_phi += 1j * u * b / root - 0.5 * np.log(root)
            size = np.exp(log_phi.real)
            if size[-1] < 1e-8 or terms > 1 << 20:
                break
            terms *= 4
        shifted = level.ravel() - fixed
        parts = (np.exp(log_phi - 1j * u * q).imag / (np.arange(terms) + 0.5) for q in shifted)
        total = np.array([part.sum() for part in parts])
        sf = np.clip(0.5 + total / math.pi, 0.0, 1.0)
        # beyond half a period the periodic sum repeats itself
        sf = np.where(shifted > mean + period / 2, 0.0, np.where(shifted <= 0, 1.0, sf))
        return np.asarray(sf.reshape(level.shape))


def projection_law(replacement: CompressedMatrix, x: npt.ArrayLike) -> ProjectionLaw:
    """The law of |W(t) x|^2 for random G and a given split of a matrix.

    Parameters
    ----------
    replacement : CompressedMatrix
        W(t).
    x : array_like, shape (N2,)
        A vector that does not depend on G.

    Returns
    -------
    ProjectionLaw

    Raises
    ------
    ValueError
        If the length of `x` is not the number of columns of the matrix.

    Notes
    -----
    Rows of G are independent, and element i of W(t) x is normal. With ``support="full"`` the noise
    of every row has the deviation s |x|. With ``"replaced"`` only the elements outside B's pattern
    have noise and mean.

    References
    ----------
    Section 5.1.

    Examples
    --------
    >>> from htstats import partition
    >>> W = np.random.default_rng(0).standard_t(3, (20, 30))
    >>> law = projection_law(partition(W, 2.0, noise="matched", support="full"), np.ones(30))
    >>> law.mean > law.spike_energy, 0 < law.concentration(0.5) < 1
    (True, True)
    """
    vector, sparse = _vector(x), replacement.sparse.tocsr()
    if sparse.shape[1] != len(vector):
        raise ValueError(f"x must have {sparse.shape[1]} numbers, got {len(vector)}")
    spikes = np.asarray(sparse.astype(np.float64) @ vector)
    # sums over all elements of a row, or over those outside B's pattern if B replaces the noise
    sums = np.full(len(spikes), vector.sum())
    squares = np.full(len(spikes), vector @ vector)
    if one_of("support", replacement.support, ("full", "replaced")) == "replaced":
        pattern = sparse.astype(np.float64)
        pattern.data = np.ones_like(pattern.data)
        sums = sums - pattern @ vector
        squares = np.maximum(squares - pattern @ vector**2, 0.0)
        # in a row without noise the difference is a rounding error
        squares[squares < 1e-14 * (vector @ vector)] = 0.0
    return ProjectionLaw(
        spikes + replacement.mean * sums, replacement.std * np.sqrt(squares), spikes
    )


def _vector(x: npt.ArrayLike) -> Floats:
    vector = as_float64(x, "x")
    if vector.ndim != 1 or vector.size == 0 or not np.isfinite(vector).all():
        raise ValueError(f"x must be a finite vector with elements, got shape {vector.shape}")
    return vector


def _law(tail_exponent: float, tau: float, w_min: float) -> tuple[float, float, float]:
    a, tau = positive("tail_exponent", tail_exponent), positive("tau", tau)
    w_min = positive("w_min", w_min)
    if tau < w_min:
        raise ValueError(f"tau must be at least w_min = {w_min!r}, got {tau!r}")
    return a, tau, w_min
