"""The laws of powerlaw under the names of both versions, and samples for them."""

import numpy as np

import htstats.compat.powerlaw as powerlaw

NAMES = [
    "power_law",
    "lognormal",
    "exponential",
    "truncated_power_law",
    "stretched_exponential",
    "lognormal_positive",
]


CLASSES = {
    law.name: law
    for law in vars(powerlaw).values()
    if isinstance(law, type) and issubclass(law, powerlaw.Distribution)
}


def pareto(n, alpha, seed=0):
    return (1 - np.random.default_rng(seed).random(n)) ** (-1 / (alpha - 1))
