"""Koutrouvelis' estimator: regressions on the empirical characteristic function.

The sample is standardised by the current location and scale. phi is the empirical characteristic
function of the standardised sample at the points t_k. Its modulus gives alpha and the scale by the
line

    log(-log abs(phi)) = alpha log t + alpha log(scale),

Its phase gives beta and the location, in S0, by

    arg(phi) = loc t - beta tan(pi alpha/2) (t - t^alpha).

Both regressions are weighted by the covariance of phi under the current estimate of the law. The
first estimate is McCulloch's; standardisation and regressions are then repeated. For alpha below 1,
extreme values make phi rough in t. A change in the fourth digit of the scale then moves the
estimates by some hundredths of their standard errors.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from htstats._common.arrays import Floats
from htstats.stable._fit_quantile import (
    LOWEST_ALPHA,
    NOTHING,
    Estimate,
    Given,
    fit_quantiles,
)
from htstats.stable._points import Points

__all__ = ["ecf_covariance", "fit_ecf"]

# t_k in units of 1 / scale. For alpha above 1, this range has nearly all the information. For every
# alpha, the modulus at these points is far from 0 and 1.
TIMES = np.arange(1, 13) / 10
ROUNDS = 4
# This fraction of each variance is added to the variance. phi at neighbouring t_k is nearly
# dependent; without the ridge the weights would depend on the last digits of the law.
RIDGE = 1e-4

Complex = npt.NDArray[np.complex128]


def characteristic_function(t: Floats, alpha: float, beta: float) -> Complex:
    """The characteristic function of the law with scale 1 and location 0 in S0, at t > 0."""
    return np.asarray(np.exp(-(t**alpha) - 1j * beta * skew_phase(t, alpha)))


def skew_phase(t: Floats, alpha: float) -> Floats:
    """tan(pi alpha/2) (t - t^alpha), continuous at alpha = 1."""
    gap = 1 - alpha
    if alpha == 2:
        return np.zeros_like(t)
    if gap == 0:
        return np.asarray(2 / math.pi * t * np.log(t))
    # 1 / tan of a small angle is more accurate than tan near a right angle
    return np.asarray(-np.expm1(-gap * np.log(t)) * t / math.tan(math.pi * gap / 2))


def fit_ecf(points: Points, given: Given = NOTHING) -> Estimate:
    """Estimates of alpha, beta, loc and scale; parameters in `given` keep their values."""
    estimate = fit_quantiles(points, given)
    for _ in range(ROUNDS):
        before = estimate
        alpha, skew, place, scale = estimate
        weights = _covariances(alpha, skew)
        phi = _empirical((points.x - place) / scale, points)
        estimate = _regress(phi, before, given, weights)
        moved = (estimate[0] - before[0], (estimate[2] - place) / scale, estimate[3] / scale - 1)
        if max(map(abs, moved)) < 1e-6:
            break
    return estimate


def _empirical(z: Floats, points: Points) -> Complex:
    """The mean of exp(i t z) at all `TIMES`.

    The times are multiples of the first one, so repeated products give the powers.
    """
    share = points.weight / points.n
    first = np.exp(1j * TIMES[0] * z)
    power = first.copy()
    out = []
    for _ in TIMES:
        out.append(complex(np.sum(share * power.real), np.sum(share * power.imag)))
        power *= first
    return np.array(out)


def _regress(
    phi: Complex, guess: Estimate, given: Given, covariances: tuple[Floats, Floats]
) -> Estimate:
    """Both regressions on phi of the sample that `guess` standardised."""
    _, _, loc0, scale0 = guess
    modulus, phase = covariances
    alpha, ratio = _fit_modulus(phi, modulus, None if given.scale is None else given.scale / scale0)
    t = TIMES * ratio
    columns = {"loc": t, "beta": -skew_phase(t, alpha)}
    angle = np.unwrap(np.angle(phi))
    if given.loc is not None:
        angle = angle - (given.loc - loc0) / (ratio * scale0) * columns.pop("loc")
    if given.beta is not None or alpha == 2:
        angle = angle - (given.beta or 0.0) * columns.pop("beta")
    found: dict[str, float] = {}
    if columns:
        solution = _least_squares(np.stack(list(columns.values()), 1), angle, phase)
        found = dict(zip(columns, solution.tolist(), strict=True))
    skew = found.get("beta", 0.0) if given.beta is None else given.beta
    if abs(skew) > 1:  # set beta to its bound and fit the location again
        return _regress(phi, guess, given._replace(beta=math.copysign(1.0, skew)), covariances)
    place = given.loc if given.loc is not None else loc0 + scale0 * ratio * found["loc"]
    return alpha, skew, place, scale0 * ratio if given.scale is None else given.scale


def _fit_modulus(phi: Complex, covariance: Floats, ratio: float | None) -> tuple[float, float]:
    """alpha, and the scale as a multiple of the scale that standardised the sample."""
    size = np.clip(np.abs(phi), 1e-12, 1 - 1e-12)
    y, log_t = np.log(-np.log(size)), np.log(TIMES)
    if ratio is not None:
        (alpha,) = _least_squares((log_t + math.log(ratio))[:, None], y, covariance).tolist()
        return min(max(alpha, LOWEST_ALPHA), 2.0), ratio
    line = np.stack([log_t, np.ones(TIMES.size)], 1)
    alpha, level = _least_squares(line, y, covariance).tolist()
    bound = min(max(alpha, LOWEST_ALPHA), 2.0)
    if bound != alpha:  # alpha is set to its bound: fit the level again
        (level,) = _least_squares(line[:, 1:], y - bound * log_t, covariance).tolist()
    return bound, math.exp(level / bound)


def _least_squares(columns: Floats, y: Floats, covariance: Floats) -> Floats:
    factor = np.linalg.cholesky(covariance)
    left, right = np.linalg.solve(factor, columns), np.linalg.solve(factor, y)
    return np.asarray(np.linalg.lstsq(left, right, rcond=None)[0])


def _parts_covariance(alpha: float, beta: float) -> tuple[Complex, Floats]:
    """phi at `TIMES`, and n times the covariance of its parts: real parts first, then imaginary."""
    phi = characteristic_function(TIMES, alpha, beta)
    gaps = np.subtract.outer(TIMES, TIMES)
    safe = np.where(gaps == 0, 1.0, np.abs(gaps))
    less = np.where(gaps == 0, 1.0, characteristic_function(safe, alpha, beta))
    less = np.where(gaps < 0, np.conj(less), less)
    more = characteristic_function(np.add.outer(TIMES, TIMES), alpha, beta)
    c, s = phi.real, phi.imag
    cc = (less.real + more.real) / 2 - np.outer(c, c)
    ss = (less.real - more.real) / 2 - np.outer(s, s)
    # E cos(t x) sin(u x) = (sin((t + u) x) - sin((t - u) x)) / 2
    cs = (more.imag - less.imag) / 2 - np.outer(c, s)
    return phi, np.block([[cc, cs], [cs.T, ss]])


def _covariances(alpha: float, beta: float) -> tuple[Floats, Floats]:
    """n times the covariances of log(-log abs(phi)) and of arg(phi), by the delta method."""
    phi, parts = _parts_covariance(alpha, beta)
    size = np.abs(phi)
    to_modulus = np.concatenate([np.diag(phi.real), np.diag(phi.imag)], 1) / size[:, None] ** 2
    to_modulus = to_modulus / np.log(size)[:, None]
    to_phase = np.concatenate([np.diag(-phi.imag), np.diag(phi.real)], 1) / size[:, None] ** 2
    found = [m @ parts @ m.T for m in (to_modulus, to_phase)]
    first, second = (m + RIDGE * np.diag(np.diag(m)) for m in found)
    return first, second


def ecf_covariance(estimate: Estimate, free: tuple[bool, ...]) -> Floats:
    """The covariance of sqrt(n) times the estimates: the delta method at the estimated law."""
    alpha, beta, _, scale = estimate
    phi, parts = _parts_covariance(alpha, beta)
    here = (alpha, beta, 0.0, 1.0)
    given = Given(*(None if f else v for f, v in zip(free[1:], here[1:], strict=True)))
    weights = _covariances(alpha, beta)
    step = 1e-5
    columns = []
    for k in range(2 * TIMES.size):
        move = step * (1.0 if k < TIMES.size else 1j) * np.eye(TIMES.size)[k % TIMES.size]
        after, before = (np.array(_regress(phi + m, here, given, weights)) for m in (move, -move))
        columns.append((after - before) / (2 * step))
    jacobian = np.stack(columns, 1) * np.array([1.0, 1.0, scale, scale])[:, None]
    jacobian[~np.array(free)] = 0.0
    return np.asarray(jacobian @ parts @ jacobian.T)
