"""Standard normals by the book, one entry at a time, in Python's own floats and integers.

Python's floats are IEEE doubles and its operators round once each, so the C library must give
these bits. The polynomials are evaluated from lists of published coefficients.
"""

import math

MASK = 2**32 - 1

CENTRE = (
    [
        3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
        1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
        3.3430575583588128105e4, 2.5090809287301226727e3,
    ],
    [
        1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
        2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4,
        5.2264952788528545610e3,
    ],
)  # fmt: skip
MIDDLE = (
    [
        1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
        3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1,
        2.27238449892691845833e-2, 7.74545014278341407640e-4,
    ],
    [
        1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
        1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
        1.05075007164441684324e-9,
    ],
)  # fmt: skip
FAR = (
    [
        6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0,
        2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
        2.71155556874348757815e-5, 2.01033439929228813265e-7,
    ],
    [
        1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
        7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
        2.04426310338993978564e-15,
    ],
)  # fmt: skip


def philox4x32(counter, key, rounds=10):
    x0, x1, x2, x3 = counter
    k0, k1 = key
    for _ in range(rounds):
        p0, p1 = 0xD2511F53 * x0, 0xCD9E8D57 * x2
        x0, x1, x2, x3 = (p1 >> 32) ^ x1 ^ k0, p1 & MASK, (p0 >> 32) ^ x3 ^ k1, p0 & MASK
        k0, k1 = (k0 + 0x9E3779B9) & MASK, (k1 + 0xBB67AE85) & MASK
    return [x0, x1, x2, x3]


def horner(coefficients, x):
    value = coefficients[-1]
    for c in reversed(coefficients[:-1]):
        value = value * x + c
    return value


def ratio(pair, x):
    return horner(pair[0], x), horner(pair[1], x)


def log(x):
    """log x for 0 < x < 1 by the series of atanh to s^23."""
    m, k = math.frexp(x)  # m in [1/2, 1)
    if m < 0.7071067811865476:
        m, k = 2 * m, k - 1
    s = (m - 1.0) / (m + 1.0)
    z = s * s
    series = horner([1.0 / n for n in range(3, 24, 2)], z)
    high, low = 6.93147180369123816490e-01, 1.90821492927058770002e-10
    return k * high + (2.0 * s + (2.0 * s * z * series + k * low))


def quantile(u):
    q = u - 0.5
    if abs(q) <= 0.425:
        top, bottom = ratio(CENTRE, 0.180625 - q * q)
        return q * top / bottom
    r = math.sqrt(-log(min(u, 1 - u)))
    top, bottom = ratio(MIDDLE, r - 1.6) if r <= 5 else ratio(FAR, r - 5.0)
    return math.copysign(top / bottom, q)


def uniform(seed, layer, i, j):
    x = philox4x32([j >> 1, i, layer, 0], [seed & MASK, seed >> 32])
    w = x[2 * (j & 1)] + (x[2 * (j & 1) + 1] << 32)
    return ((w >> 12) + 0.5) * 2.0**-52


def normal(seed, layer, i, j):
    return quantile(uniform(seed, layer, i, j))


def round_to(x, dtype):
    """A double rounded once, half to even, to `dtype`, as a double."""
    digits, smallest = {
        "float64": (53, -1074), "float32": (24, -149), "float16": (11, -24), "bfloat16": (8, -133),
    }[dtype]  # fmt: skip
    if x == 0 or math.isinf(x):
        return x
    exponent = max(math.frexp(x)[1] - digits, smallest)
    return math.ldexp(float(round(math.ldexp(x, -exponent))), exponent)


def entry(c, i, j):
    """Entry (i, j) of a CompressedMatrix, by the words of THEORY.md."""
    start, stop = c.sparse.indptr[i], c.sparse.indptr[i + 1]
    kept = dict(zip(c.sparse.indices[start:stop], c.sparse.data[start:stop], strict=True))
    if c.support == "replaced" and j in kept:
        return float(kept[j])
    value = c.mean + c.std * normal(c.seed, c.layer, i, j)
    if c.support == "full" and j in kept:
        value = value + float(kept[j])
    return round_to(value, c.dtype)
