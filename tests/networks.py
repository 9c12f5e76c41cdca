"""Networks of plain matrices."""

import numpy as np


def relu(x):
    return np.maximum(x, 0.0)


def forward(weights, x):
    """Pre-activations x^0, x^1, ..., x^d of a bias-free ReLU network; x has a column a sample."""
    states = [x]
    for depth, w in enumerate(weights):
        states.append(w @ (states[-1] if depth == 0 else relu(states[-1])))
    return states
