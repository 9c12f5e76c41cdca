"""python bench/peers/weightwatcher_analyze.py FILE [NAME...]: WeightWatcher reads a checkpoint.

bench_checkpoint.py compares `htstats fit FILE` with this complete command. It starts, reads the
matrices, and prints the table of `analyze()`, with WeightWatcher's own fit of the eigenvalues of
each matrix.
"""

import logging
import sys

import torch
import weightwatcher

from htstats.weights import open_weights


def as_model(weights):
    """A model with the matrices as linear layers, for WeightWatcher."""
    model = torch.nn.Module()
    for name, matrix in weights.items():
        layer = torch.nn.Linear(matrix.shape[1], matrix.shape[0], bias=False)
        layer.weight.data = torch.from_numpy(matrix.toarray())
        model.add_module(name.replace(".", "_"), layer)
    return model


if __name__ == "__main__":
    file, *names = sys.argv[1:]
    logging.getLogger("weightwatcher").setLevel(logging.ERROR)
    model = as_model(open_weights(file).select(names or None))
    print(weightwatcher.WeightWatcher(model=model).analyze().to_csv())
