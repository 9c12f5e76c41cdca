"""Complexity measures of earlier papers, for comparison on the same network."""

from __future__ import annotations

import math
from collections.abc import Sequence

from htstats._common.checks import count, nonnegative, open_probability, positive, probability
from htstats.theory._statement import Statement
from htstats.theory.generalization._layers import layer_lists

__all__ = [
    "arora_complexity",
    "bartlett_bound",
    "neyshabur_complexity",
    "parameter_count_complexity",
]


def arora_complexity(
    *, cushions: Sequence[float], interlayer_cushions: Sequence[float], contraction: float,
    max_output_norm: float, margin: float, n_samples: int,
) -> Statement:  # fmt: skip
    """Leading term of the bound of Arora et al. (2018), from the cushions.

    Parameters
    ----------
    cushions, interlayer_cushions : sequence of float
        mu_i and mu_i->, the layer cushions and the minimal interlayer cushions.
    contraction : float
        c, the activation contraction.
    max_output_norm, margin : float
        max|f(x)| over the training set, and the margin gamma, in the same units.
    n_samples : int
        m, the number of training examples.

    Returns
    -------
    Statement
        sqrt(c^2 d^2 max|f|^2 sum_i 1/(mu_i mu_i->)^2 / (gamma^2 m)), a *complexity*: constants
        and logarithms are dropped.

    References
    ----------
    Arora, Ge, Neyshabur and Zhang (2018), Theorem 4.1.

    Examples
    --------
    >>> arora_complexity(cushions=[0.2], interlayer_cushions=[0.5], contraction=1.0,
    ...                  max_output_norm=10.0, margin=1.0, n_samples=10_000)
    Arora et al. 2018 = 1 (complexity, Theorem 4.1, rigorous)
    """
    mu, after = layer_lists(cushions=cushions, interlayer_cushions=interlayer_cushions)
    c, largest = positive("contraction", contraction), positive("max_output_norm", max_output_norm)
    gamma, m = positive("margin", margin), count("n_samples", n_samples, at_least=1)
    total = math.sqrt(math.fsum((a * b) ** -2 for a, b in zip(mu, after, strict=True)))
    value = c * len(mu) * largest * total / (gamma * math.sqrt(m))
    inputs = {
        "cushions": tuple(mu),
        "interlayer_cushions": tuple(after),
        "contraction": c,
        "max_output_norm": largest,
        "margin": gamma,
        "n_samples": m,
    }
    return Statement("Arora et al. 2018", value, "complexity", "Theorem 4.1", inputs=inputs)


def bartlett_bound(
    empirical_loss: float, *, spectral_norms: Sequence[float], group_norms: Sequence[float],
    width: int, data_norm: float, margin: float, n_samples: int, delta: float,
) -> Statement:  # fmt: skip
    """The bound of Bartlett, Foster and Telgarsky (2017), with the constants of their Lemma A.8.

    Parameters
    ----------
    empirical_loss : float
        Empirical margin loss at `margin`, in [0, 1].
    spectral_norms : sequence of float
        norm(A_i)_2.
    group_norms : sequence of float
        norm(A_i^T - M_i^T)_{2,1}: the sum of the Euclidean norms of the *rows* of A_i - M_i. M_i
        is a reference that is fixed before the data are seen (0, or the initial weights).
    width : int
        The largest dimension of any layer, including inputs and outputs.
    data_norm : float
        Frobenius norm of the data matrix, sqrt(sum |x_i|^2). It grows as sqrt(m).
    margin : float
        gamma, the margin.
    n_samples : int
        m, the number of training examples.
    delta : float
        Failure probability, in (0, 1).

    Returns
    -------
    Statement
        A *bound* on the classification loss of a network without biases whose activations are
        1-Lipschitz and map 0 to 0. At practical sizes it is far above 1.

    Notes
    -----
    8/m + (144 log(m) log(2 width)/(gamma m)) (1 + norm(X)) S + sqrt(9/(2m)) sqrt(log(1/delta) +
    log(2m/gamma) + 2 log(2 + norm(X)) + 2 sum log(2 + d g_i) + 2 sum log(2 + d s_i)), where
    S = (sum_i ((1/d + g_i) prod_{j != i} (1/d + s_j))^(2/3))^(3/2). Products are computed as sums
    of logarithms.

    References
    ----------
    Bartlett, Foster and Telgarsky (2017), Lemma A.8.

    Examples
    --------
    >>> bound = bartlett_bound(0.1, spectral_norms=[1.5, 1.2], group_norms=[6.0, 3.0], width=64,
    ...                        data_norm=500.0, margin=2.0, n_samples=60_000, delta=0.05)
    >>> bound.kind, bound.value > 1
    ('bound', True)
    """
    loss = probability("empirical_loss", empirical_loss)
    s = [nonnegative("spectral_norms", value) for value in spectral_norms]
    g = [nonnegative("group_norms", value) for value in group_norms]
    if not s or len(s) != len(g):
        raise ValueError(f"group_norms must have {len(s)} numbers, one per layer, got {len(g)}")
    d, m = len(s), count("n_samples", n_samples, at_least=1)
    h, gamma = count("width", width, at_least=1), positive("margin", margin)
    x, delta = nonnegative("data_norm", data_norm), open_probability("delta", delta)
    log_main = math.log(144 / (gamma * m) * (1 + x) * math.log(2 * h)) + _log_norm_sum(s, g)
    main = math.exp(log_main) * math.log(m) if log_main < 700 else math.inf
    logarithms = math.log(1 / delta) + math.log(2 * m / gamma) + 2 * math.log(2 + x)
    logarithms += 2 * math.fsum(math.log(2 + d * value) for value in (*s, *g))
    # A margin far above m makes the logarithm negative. The lemma gains nothing from this.
    value = loss + 8 / m + main + math.sqrt(9 / (2 * m) * max(logarithms, 0.0))
    inputs = {"empirical_loss": loss, "spectral_norms": tuple(s), "group_norms": tuple(g)}
    inputs |= {"width": h, "data_norm": x, "margin": gamma, "n_samples": m, "delta": delta}
    return Statement("Bartlett et al. 2017", value, "bound", "Lemma A.8", inputs=inputs)


def _log_norm_sum(s: Sequence[float], g: Sequence[float]) -> float:
    """Log of the S in the notes of `bartlett_bound`, from spectral norms s and group norms g."""
    d = len(s)
    whole = math.fsum(math.log(1 / d + value) for value in s)
    logs = [math.log(1 / d + b) + whole - math.log(1 / d + a) for a, b in zip(s, g, strict=True)]
    top = max(logs)  # the largest term is factored out, so that no exponential overflows
    return top + 1.5 * math.log(math.fsum(math.exp((value - top) * 2 / 3) for value in logs))


def neyshabur_complexity(
    *, spectral_norms: Sequence[float], frobenius_norms: Sequence[float], width: int,
    input_norm: float, margin: float, n_samples: int, delta: float,
) -> Statement:  # fmt: skip
    """Neyshabur, Bhojanapalli and Srebro (2018): the PAC-Bayes spectral measure.

    Parameters
    ----------
    spectral_norms, frobenius_norms : sequence of float
        Norms of W_i, one number per layer.
    width : int
        Largest number h of units in a layer.
    input_norm : float
        Largest |x|, their B.
    margin, n_samples, delta
        As in `bartlett_bound`.

    Returns
    -------
    Statement
        sqrt((B^2 d^2 h log(d h) prod s_i^2 sum f_i^2/s_i^2 + log(d m/delta)) / (gamma^2 m)), a
        *complexity*: their O(.) hides a constant.

    References
    ----------
    Neyshabur, Bhojanapalli and Srebro (2018), Theorem 1.

    Examples
    --------
    >>> neyshabur_complexity(spectral_norms=[1.5, 1.2], frobenius_norms=[6.0, 3.0], width=64,
    ...                      input_norm=2.0, margin=2.0, n_samples=60_000, delta=0.05)
    Neyshabur et al. 2018 = 1.22167 (complexity, Theorem 1, rigorous)
    """
    s, f = layer_lists(spectral_norms=spectral_norms, frobenius_norms=frobenius_norms)
    d, h = len(s), count("width", width, at_least=1)
    x, gamma = nonnegative("input_norm", input_norm), positive("margin", margin)
    m, delta = count("n_samples", n_samples, at_least=1), open_probability("delta", delta)
    ratio = math.fsum((b / a) ** 2 for a, b in zip(s, f, strict=True))
    lipschitz = x * math.prod(s)
    inside = lipschitz**2 * d**2 * h * math.log(d * h) * ratio + math.log(d * m / delta)
    inputs = {"spectral_norms": tuple(s), "frobenius_norms": tuple(f), "width": h}
    inputs |= {"input_norm": x, "margin": gamma, "n_samples": m, "delta": delta}
    value = math.sqrt(inside / m) / gamma
    return Statement("Neyshabur et al. 2018", value, "complexity", "Theorem 1", inputs=inputs)


def parameter_count_complexity(n_parameters: int, n_samples: int) -> Statement:
    """sqrt(parameters / m), the simplest measure, for comparison with all others.

    Examples
    --------
    >>> parameter_count_complexity(101_632, 60_000)
    sqrt(parameters / m) = 1.30149 (complexity, counting, rigorous)
    """
    p = count("n_parameters", n_parameters)
    m = count("n_samples", n_samples, at_least=1)
    return Statement(
        "sqrt(parameters / m)",
        math.sqrt(p / m),
        "complexity",
        "counting",
        inputs={"n_parameters": p, "n_samples": m},
    )
