"""The discrete scan as its definition says it: every candidate against every integer value, mpmath.

Slow: some hundred zeta functions of 50 digits for each candidate.
"""

import mpmath as mp

DIGITS = 50
STEP = mp.mpf(10) ** -12  # of central differences: 24 digits of the mean are right, 26 are left


def beyond(s, q, a):
    """The endless sum of (k/q)^-s over k = a, a + 1, ..., by Euler and Maclaurin; a > s/2 + 30."""
    total, rising = a / (s - 1) + mp.mpf(1) / 2, s / a
    for k in range(1, 26):
        total += mp.bernoulli(2 * k) / mp.factorial(2 * k) * rising
        rising *= (s + 2 * k - 1) * (s + 2 * k) / a**2
    return total * (a / q) ** -s


def log_z(s, q, top):
    """log of the sum of (k/q)^-s over k = q ... top."""
    q, total, k = mp.mpf(q), mp.mpf(0), mp.mpf(q)
    while k <= top and k < s / 2 + 30:
        term = (k / q) ** -s
        total += term
        if s > 50 and term * k < total * mp.mpf(10) ** -DIGITS:
            return mp.log(total)
        k += 1
    if k <= top:
        total += beyond(s, q, k) - (beyond(s, q, top + 1) if mp.isfinite(top) else 0)
    return mp.log(total)


def mean_and_variance(s, q, top):
    """Of log K/q, as derivatives of log_z."""
    left, middle, right = (log_z(s + i * STEP, q, top) for i in (-1, 0, 1))
    return -(right - left) / (2 * STEP), (right - 2 * middle + left) / STEP**2


def alpha_of(q, mean, top=mp.inf, start=2.0):
    """Newton's method from a float; only its fixed point matters."""
    s = mp.mpf(start)
    for _ in range(60):
        expected, variance = mean_and_variance(s, q, top)
        step = expected * mp.log(expected / mean) / variance
        s = max(s + step, 1 + (s - 1) / 8) if top == mp.inf else s + step
        if abs(step) < mp.mpf(10) ** -16 * abs(s):
            return s
    raise ArithmeticError("no estimate")


def survival(s, q, k, top):
    """P(K >= k)."""
    if k > top:
        return mp.mpf(0)
    return mp.exp(log_z(s, k, top) - log_z(s, q, top) - s * mp.log(mp.mpf(k) / q))


def candidate(values, counts, k, *, start, top=mp.inf):
    """(alpha, left distance, two-sided distance) of the candidate values[k]."""
    mp.mp.dps = DIGITS
    tail = [(int(v), int(c)) for v, c in zip(values[k:], counts[k:], strict=True)]
    q, n = tail[0][0], sum(c for _, c in tail)
    mean = sum(c * mp.log(mp.mpf(v) / q) for v, c in tail) / n
    s = alpha_of(q, mean, top, start)
    left = both = mp.mpf(0)
    seen = 0
    for v, c in tail:
        below = abs(1 - survival(s, q, v, top) - mp.mpf(seen) / n)
        seen += c
        upto = abs(1 - survival(s, q, v + 1, top) - mp.mpf(seen) / n)
        left, both = max(left, below), max(both, below, upto)
    return s, left, both
