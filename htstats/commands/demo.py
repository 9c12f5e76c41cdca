"""Train a small network on handwritten digits and compress it as in the paper, in a few seconds.

A fully connected network (64-64-32-10, ReLU, plain SGD with weight decay) learns scikit-learn's
bundled digits. For each of its weight matrices the command fits a power law, splits the matrix at
a threshold, and compares the number of kept weights with the prediction of the fitted tail. It then
counts how many held-out digits the compressed network classifies correctly. Finally, it searches
for a file of some forty bytes with a certified error on the same digits.
"""

from __future__ import annotations

import argparse
import math
import sys
import textwrap
from typing import TYPE_CHECKING, Any

from htstats._common.extras import name_missing_package
from htstats.commands._json import add_json_option, print_json

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor, nn

    from htstats.datasets import Split

HELP = "train a small network, fit, split and compress it"

HIDDEN = (64, 32)
EPOCHS = 60
WEIGHT_DECAY = 1e-3

# Proposals and temperatures of the search. It is a fraction of the search of `htstats certify`, to
# keep the demo short.
STAGES = ((500_000, 5.5), *[(300_000, 4.5)] * 3)

NOISES = {"paper": "paper's noise", "matched": "matched noise", "none": "none (prune)"}

NEXT = """Try next
  htstats demo --seed 1 --save demo.pt         another network, its weights in a file
  htstats fit demo.pt                          the first table for any checkpoint
  htstats compress demo.pt -o demo.htz         the second one, written to a file"""


def configure(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add_json_option(parser)
    add("--seed", type=int, default=0, help="seed of the data split, the training and the noise")
    add("--threshold", metavar="RULE", default="std",
        help="a number, or std, quantile:Q, nnz:K, xmin, error:EPS,ETA (default: std)")  # fmt: skip
    add("--trials", type=int, default=10, help="number of trials, at least 2 (default: 10)")
    add("--epochs", type=int, default=EPOCHS, help=f"epochs of the training (default: {EPOCHS})")
    add("--save", metavar="FILE", help="write the trained weights here (.pt)")


def run(args: argparse.Namespace) -> int:
    from htstats._common import checks

    checks.count("--seed", args.seed, below=2**32)
    checks.count("--trials", args.trials, at_least=2, below=2**31)
    checks.count("--epochs", args.epochs, at_least=1)
    args.threshold = _number_or_rule(args.threshold)
    with name_missing_package("demo"):
        import torch
        import tqdm  # noqa: F401

    if args.save:
        from htstats._common.files import target_of

        target_of(args.save)  # an invalid path is reported before the training
    device = "cuda" if torch.cuda.is_available() else "cpu"
    from htstats.torch.training import one_thread

    with one_thread():
        report = _work(args, device)
    if args.json:
        print_json("demo", report)
    else:
        from htstats._common.terminal import table_width

        print(_text(report, table_width(sys.stdout)))
    return 0


def _work(args: argparse.Namespace, device: str) -> dict[str, Any]:
    from htstats.datasets import digits
    from htstats.torch.training import train

    data = digits(seed=args.seed)
    model = train(
        data, HIDDEN, seed=args.seed, epochs=args.epochs, weight_decay=WEIGHT_DECAY, device=device
    )
    if args.save:
        _save(model, args.save)
    return _report(model, data, args, device)


def _certificate(data: Split, seed: int) -> dict[str, Any]:
    """Search for a short file on the same digits, and return its certified error."""
    from htstats.certificate import Stage, certify, digits_examples, verify

    examples = digits_examples(data)
    (found,) = certify(examples, seeds=[seed], stages=[Stage(*stage) for stage in STAGES])
    checked = verify(found.data, examples)
    c = checked.certificate
    return {
        "bytes": len(found.data), "choice_bits": c.choice_bits, "errors": c.errors, "m": c.m,
        "delta": c.delta, "certified_error": c.certified_error, "test_error": checked.test_error,
    }  # fmt: skip


def _number_or_rule(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _save(model: nn.Module, path: str) -> None:
    import io

    import torch

    from htstats._common.files import atomic_write

    buffer = io.BytesIO()
    torch.save({name: value.cpu() for name, value in model.state_dict().items()}, buffer)
    with atomic_write(path) as file:
        file.write(buffer.getvalue())


def _report(model: nn.Module, data: Split, args: argparse.Namespace, device: str) -> dict[str, Any]:
    """All results of the command, as JSON types."""
    import torch

    from htstats.theory.generalization.rate import theorem_2_rate
    from htstats.torch.layers import evaluate, weight_matrices
    from htstats.torch.training import BATCH, LEARNING_RATE

    test = [(torch.from_numpy(data.x_test), torch.from_numpy(data.y_test))]
    training = [(torch.from_numpy(data.x_train), torch.from_numpy(data.y_train))]
    matrices = [
        _matrix(name, weight.cpu().numpy(), layer, args)
        for layer, (name, weight) in enumerate(weight_matrices(model).items())
    ]
    rate = theorem_2_rate([m["split"]["nnz"] for m in matrices], len(data.y_train))
    return {
        "data": {"name": data.name, "train": len(data.y_train), "held_out": len(data.y_test)},
        "network": [data.x_train.shape[1], *(m["shape"][0] for m in matrices)],
        "training": {
            "epochs": args.epochs, "batch": BATCH, "learning_rate": LEARNING_RATE,
            "weight_decay": WEIGHT_DECAY, "device": device, "seed": args.seed,
        },
        "matrices": matrices,
        "accuracy": {
            "original": evaluate(model, test).accuracy,
            "original_on_training_set": evaluate(model, training).accuracy,
            "trials": args.trials,
            "compressed": _compressed_accuracy(model, test, args),
        },
        "rate": {
            "value": float(rate),
            "kind": rate.kind,
            "nonzeros": sum(m["split"]["nnz"] for m in matrices),
            "samples": len(data.y_train),
        },
        "certificate": _certificate(data, args.seed),
    }  # fmt: skip


def _matrix(
    name: str, weight: np.ndarray[Any, Any], layer: int, args: argparse.Namespace
) -> dict[str, Any]:
    """The fit, the split and the prediction for one matrix."""
    import numpy as np

    from htstats.compression.partition import partition
    from htstats.power_law import fit_power_law
    from htstats.spectral import stable_rank

    elements = weight.ravel()
    fit = fit_power_law(elements, side="abs")
    split = partition(weight, args.threshold, seed=args.seed, layer=layer)
    smallest = float(np.abs(elements[elements != 0]).min())
    whole = fit_power_law(elements, side="abs", xmin=smallest)
    return {
        "name": name,
        "shape": list(weight.shape),
        "fit": {
            "alpha": fit.alpha, "tail_exponent": fit.tail_exponent, "xmin": fit.xmin,
            "distance": fit.distance, "stderr": fit.stderr, "n_tail": fit.n_tail, "n": fit.n,
            "n_excluded": fit.n_excluded,
        },
        "stable_rank": stable_rank(weight),
        "split": {
            "threshold": split.threshold, "rule": split.rule, "nnz": split.nnz,
            "density": split.density, "mean": split.mean, "std": split.std,
        },
        "predicted": {
            "fitted_tail": _predict(fit, split.threshold, split.nnz, weight.size),
            "paper": _predict(whole, split.threshold, split.nnz, weight.size),
        },
    }  # fmt: skip


def _predict(fit: Any, tau: float, nnz: int, size: int) -> dict[str, Any]:
    """The probability that at least `nnz` of `size` weights are above tau, by the fitted tail.

    If tau is below xmin, the fit does not apply.
    """
    from htstats.theory.sparsity import TailModel, predicted_nonzeros

    found = predicted_nonzeros(TailModel.of(fit), tau, nnz, size)
    report: dict[str, Any] = {
        "below_xmin": found.below_xmin, "xmin": fit.xmin, "tail_exponent": fit.tail_exponent,
    }  # fmt: skip
    if found.tail is not None and found.chernoff is not None:
        report |= {
            "p": found.p, "expected": found.expected, "log_exact": found.tail.log,
            "log_chernoff": found.chernoff.log,
        }  # fmt: skip
    return report


def _compressed_accuracy(
    model: nn.Module, test: list[tuple[Tensor, Tensor]], args: argparse.Namespace
) -> dict[str, dict[str, dict[str, Any]]]:
    """Mean and standard deviation of the accuracy over trials, for {last, all} x noise."""
    import copy
    from statistics import fmean, stdev

    from htstats.torch.layers import compress_, evaluate, weight_matrices

    last = list(weight_matrices(model))[-1:]
    table: dict[str, dict[str, dict[str, Any]]] = {}
    for row, layers in (("last layer", last), ("all layers", None)):
        table[row] = {}
        for noise in NOISES:
            values = []
            for trial in range(args.trials):
                trial_model = copy.deepcopy(model)
                # networks with different --seed must not share noise
                seed = args.seed * 2**31 + trial
                compress_(trial_model, args.threshold, noise=noise, seed=seed, layers=layers)
                values.append(evaluate(trial_model, test).accuracy)
            table[row][noise] = {"mean": fmean(values), "std": stdev(values), "values": values}
    return table


def _text(report: dict[str, Any], width: int) -> str:
    """The report in lines of at most `width` characters, if that is possible."""
    training, accuracy, rate = report["training"], report["accuracy"], report["rate"]
    held = report["certificate"]
    lines = [
        f"A {'-'.join(map(str, report['network']))} ReLU network, SGD with weight decay "
        f"{training['weight_decay']:g}, {training['epochs']} epochs on {training['device']}, "
        f"seed {training['seed']};",
        f"{report['data']['train']} digits to train, {report['data']['held_out']} held out.",
        "",
        "Power law fitted to abs(w), exact over all xmin (alpha of the density, tail = alpha - 1)",
        _fit_table(report["matrices"], width),
        "",
        "Split W = A + B: B keeps abs(w) > tau. P = probability of at least as many under a tail",
        _split_table(report["matrices"], width),
        "fitted: the tail above; below xmin it says nothing. paper: a tail from the smallest",
        "non-zero abs(w) on, which is the paper's reading.",
        "",
        f"Accuracy on held-out digits: {_percent(accuracy['original'])} before "
        f"({_percent(accuracy['original_on_training_set'])} on the training set);",
        f"after compression, mean ± std of {accuracy['trials']} trials:",
        _accuracy_table(accuracy["compressed"], width),
        "",
        f"Rate (not a bound: constants and logarithms dropped) sqrt(sum k / m) = "
        f"sqrt({rate['nonzeros']} / {rate['samples']}) = {rate['value']:.3f}",
        "",
        f"Certificate: a ternary head on edges of the digits, in a file of {held['bytes']} bytes, "
        f"errs on {held['errors']} of {held['m']}.",
        f"With probability {1 - held['delta']:g} its error on new digits is at most "
        f"{_percent(held['certified_error'])} ({_percent(held['test_error'])} of those held out).",
        "",
        NEXT,
    ]
    wide = [line for line in lines if "\n" not in line and len(line) > width]
    return "\n".join(textwrap.fill(line, width) if line in wide else line for line in lines)


def _fit_table(matrices: list[dict[str, Any]], width: int) -> str:
    from htstats._common.tables import fit_table

    header = ("matrix", "size", "alpha", "tail", "xmin", "KS", "n_tail", "stable rank")
    rows = []
    for m in matrices:
        fit = m["fit"]
        rows.append((
            m["name"], " x ".join(map(str, m["shape"])),
            f"{fit['alpha']:.2f} ± {fit['stderr']:.2f}", f"{fit['tail_exponent']:.2f}",
            f"{fit['xmin']:.4f}", f"{fit['distance']:.4f}", fit["n_tail"],
            f"{m['stable_rank']:.2f}",
        ))  # fmt: skip
    return fit_table(header, rows, width)


def _split_table(matrices: list[dict[str, Any]], width: int) -> str:
    from htstats._common.tables import fit_table

    split_header = ("tau", "kept", "share")
    tail_header = ("xmin", "expected", "P exact", "P Chernoff")
    splits: list[tuple[object, ...]] = []
    tails: list[tuple[object, ...]] = []
    for m in matrices:
        split = m["split"]
        splits.append(
            (f"{split['threshold']:.4f}", split["nnz"], f"{100 * split['density']:.1f} %")
        )
        for label, key in (("fitted", "fitted_tail"), ("paper", "paper")):
            tails.append((m["name"], label, *_tail_cells(m["predicted"][key])))
    blank = ("", "", "", "")
    rows = [
        (*((name, *splits[k // 2]) if k % 2 == 0 else blank), label, *cells)
        for k, (name, label, *cells) in enumerate(tails)
    ]
    whole = fit_table(("matrix", *split_header, "tail", *tail_header), rows, sys.maxsize)
    if max(map(len, whole.splitlines())) <= width:
        return whole
    # rows of parts of the table need their matrix and tail in the first column
    first = [(m["name"], *cells) for m, cells in zip(matrices, splits, strict=True)]
    second = [(f"{name} {label}", *cells) for name, label, *cells in tails]
    return "\n\n".join((
        fit_table(("matrix", *split_header), first, width),
        fit_table(("matrix, tail", *tail_header), second, width),
    ))  # fmt: skip


def _tail_cells(tail: dict[str, Any]) -> tuple[object, ...]:
    start = f"{tail['xmin']:.2g}"
    if tail["below_xmin"]:
        return start, None, "below xmin", "below xmin"
    return (
        start, f"{tail['expected']:.1f}", _probability(tail["log_exact"]),
        _probability(tail["log_chernoff"]),
    )  # fmt: skip


def _accuracy_table(compressed: dict[str, dict[str, dict[str, Any]]], width: int) -> str:
    from htstats._common.tables import fit_table

    rows = [
        (row, *(f"{_percent(cells[n]['mean'])} ± {100 * cells[n]['std']:.2f}" for n in NOISES))
        for row, cells in compressed.items()
    ]
    return fit_table(("compressed", *NOISES.values()), rows, width)


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def _probability(log: float) -> str:
    """Format exp(log) with three digits, even if it is far below the range of floats."""
    if log > math.log(1e-4):
        return f"{math.exp(log):.3g}"
    tens = math.floor(log / math.log(10))
    mantissa = f"{math.exp(log - tens * math.log(10)):.2f}"
    if mantissa == "10.00":
        mantissa, tens = "1.00", tens + 1
    return f"{mantissa}e{tens}"
