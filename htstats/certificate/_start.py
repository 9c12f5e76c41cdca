"""The start of a search for a ternary head: dense if there are enough examples, else sparse."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from htstats.certificate._dense_start import train_dense

__all__ = ["find_start", "mix_bits", "random_order"]

# Non-zero weights of each class at a sparse start of a search.
STARTED = 6

# A search of at least DENSE_EXAMPLES examples starts from a dense head with one non-zero for
# EXAMPLES_A_NONZERO examples, about three times as many as the best heads have. A head that needs
# too many levels of offsets is trained again, with fewer non-zeros, DENSE_TRIES times in all.
DENSE_EXAMPLES = 4096
EXAMPLES_A_NONZERO = 170
DENSE_TRIES = 4
MOST_DENSE_WEIGHTS = 1 << 20


def find_start(
    features: npt.NDArray[np.int8],
    labels: npt.NDArray[np.int64],
    classes: int,
    step: int,
    most: int,
    most_levels: int,
    seed: int,
    most_in_row: int | None = None,
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.int16]]:
    """The weights and offsets at the start of a search: dense if possible.

    They have at most `most` non-zeros, `most_in_row` in each class, and `most_levels` levels, or
    are all zero. Dense starts depend on the seed.
    """
    m, d = features.shape
    target = max(m // EXAMPLES_A_NONZERO, STARTED * classes)
    row = d if most_in_row is None else most_in_row
    target = min(target, classes * row * 3 // 4)

    def fits(weights: npt.NDArray[np.int8], offsets: npt.NDArray[np.int16]) -> bool:
        rows = np.count_nonzero(weights, axis=1)
        return int(offsets.max()) < most_levels and rows.sum() <= most and rows.max() <= row

    if m >= DENSE_EXAMPLES and classes * d <= MOST_DENSE_WEIGHTS:
        order = random_order(m, seed + 1)
        for _ in range(DENSE_TRIES):
            weights, offsets = train_dense(
                features, labels, classes, order, target, step, most_levels
            )
            if weights.any() and fits(weights, offsets):
                return weights, offsets
            target = 2 * target // 3
    weights, offsets = _sparse_start(features, labels, classes, step)
    if fits(weights, offsets):
        return weights, offsets
    return np.zeros_like(weights), np.zeros_like(offsets)


def mix_bits(x: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The finaliser of splitmix64 (Steele, Lea and Flood 2014).

    Sorting by it gives a random order that is the same on every machine.
    """
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def random_order(m: int, seed: int) -> npt.NDArray[np.int64]:
    """A random order of m examples."""
    keys = np.arange(m, dtype=np.uint64) + (np.uint64(seed) << np.uint64(32))
    return np.argsort(mix_bits(keys), kind="stable")


def _sparse_start(
    features: npt.NDArray[np.int8], labels: npt.NDArray[np.int64], classes: int, step: int
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.int16]]:
    """A sparse start: for each class, the columns with the most unusual mean in that class.

    A search without weights at the start would lose whole classes of small problems. Sums are whole
    numbers and exact. Divisions and square roots are rounded as IEEE 754 requires, so the result is
    bit-identical on every machine.
    """
    m, d = features.shape
    sums = np.zeros((classes, d))
    for q in range(classes):
        sums[q] = features[labels == q].sum(axis=0, dtype=np.int64)
    counts = np.maximum(np.bincount(labels, minlength=classes), 1)[:, None]
    total = sums.sum(axis=0)
    squares = np.zeros(d)
    for at in range(0, m, 10_000):
        block = features[at : at + 10_000].astype(np.int64)
        squares += (block * block).sum(axis=0)
    spread = np.sqrt(np.maximum(m * squares - total * total, 1)) / m
    score = (sums / counts - total / m) / spread
    weights = np.zeros((classes, d), np.int8)
    for q in range(classes):
        chosen = np.argsort(-np.abs(score[q]), kind="stable")[:STARTED]
        weights[q, chosen] = np.sign(score[q, chosen])
    means = np.floor(-(weights * (total / m)).cumsum(axis=1)[:, -1] / step + 0.5)
    return weights, (means - means.min()).astype(np.int16)
