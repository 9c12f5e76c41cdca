"""Margins of outputs, and the output error that a margin tolerates (Lemma 2.3)."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from htstats._common.arrays import Floats, as_float64, to_numpy
from htstats._common.checks import finite, positive

__all__ = ["margin_loss", "margin_tolerance", "margins"]


def margin_tolerance(margin: float, max_output_norm: float | None = None) -> float:
    """Lemma 2.3: the distance |f(x) - g(x)| that a margin of f above `margin` tolerates.

    Parameters
    ----------
    margin : float
        gamma, in units of the outputs.
    max_output_norm : float or None
        Largest |f(x)| over the training set. If given, the result is relative: the eps of Lemma
        2.2.

    Returns
    -------
    float
        gamma/sqrt 2. If f's margin exceeds gamma and |f(x) - g(x)| <= gamma/sqrt 2, then g assigns
        x to the same class as f. With `max_output_norm`: min(1, gamma / (sqrt 2 max|f|)).

    Notes
    -----
    The margin is a difference of two coordinates and therefore sqrt 2-Lipschitz. The constant is
    optimal: f = (gamma + a, 0) and g = (1, 1) (gamma + a)/2 attain the bound.

    References
    ----------
    Lemma 2.3, (82)-(94). The factor gamma in (91)-(92) is a slip without consequences.

    Examples
    --------
    >>> margin_tolerance(2.0)
    1.414213562373095
    >>> margin_tolerance(2.0, max_output_norm=10.0)
    0.1414213562373095
    """
    distance = positive("margin", margin) / math.sqrt(2)
    if max_output_norm is None:
        return distance
    return min(1.0, distance / positive("max_output_norm", max_output_norm))


def margins(outputs: npt.ArrayLike, labels: npt.ArrayLike) -> Floats:
    """The margins f(x)[y] - max over j != y of f(x)[j].

    Parameters
    ----------
    outputs : array_like, shape (m, classes)
    labels : array_like of int, shape (m,)

    Returns
    -------
    ndarray, shape (m,)

    Raises
    ------
    ValueError
        If the shapes do not match, there is only one class, or a label is out of range.

    References
    ----------
    (1).

    Examples
    --------
    >>> margins([[3.0, 1.0, 2.0], [0.0, 1.0, 5.0]], [0, 1])
    array([ 1., -4.])
    """
    scores, index = as_float64(outputs, "outputs"), to_numpy(labels, "labels")[0]
    if index.dtype.kind not in "iu" and index.size:
        raise TypeError(f"labels must be integers, got dtype {index.dtype}")
    if scores.ndim != 2 or scores.shape[1] < 2:
        raise ValueError(
            f"outputs must be (m, classes) with two classes or more, got {scores.shape}"
        )
    if index.shape != scores.shape[:1]:
        raise ValueError(f"labels must have shape {scores.shape[:1]}, got {index.shape}")
    if index.size and not (index.min() >= 0 and index.max() < scores.shape[1]):
        raise ValueError(f"labels must be in [0, {scores.shape[1]})")
    rows = np.arange(len(scores))
    own = scores[rows, index]
    others = scores.copy()
    others[rows, index] = -np.inf
    return np.asarray(own - others.max(axis=1))


def margin_loss(outputs: npt.ArrayLike, labels: npt.ArrayLike, margin: float = 0.0) -> float:
    """The empirical margin loss: the proportion of samples whose margin is at most `margin`.

    References
    ----------
    (1) over the training set.

    Examples
    --------
    >>> margin_loss([[3.0, 1.0, 2.0], [0.0, 1.0, 5.0]], [0, 1], 0.5)
    0.5
    """
    return float(np.mean(margins(outputs, labels) <= finite("margin", margin)))
