"""The preset held-out: train on three quarters of the examples, certify with the rest."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from htstats._common import checks
from htstats._common.extras import name_missing_package
from htstats._common.files import atomic_write, require_apart
from htstats._common.messages import suggest_path
from htstats.certificate import Certificate, Examples, format_bits, load_examples
from htstats.commands._certificates import print_certificate, print_verdict, write_claim
from htstats.commands._json import claim_text, print_json
from htstats.weights import read_arrays

__all__ = ["certify_held_out", "verify_held_out"]

# Number of recipes (widths, epochs, rates) that were tried on Fashion-MNIST before this one was
# chosen. The bound pays for the choice.
RECIPES_TRIED = 4

PREFIX = "state/"


def _torch_functions() -> Any:
    with name_missing_package("the preset held-out"):
        from htstats.torch import held_out
    return held_out


def certify_held_out(args: argparse.Namespace) -> int:
    """Train, write the model file and its claim, and print the certificate."""
    if args.output is None or not args.output.endswith(".npz"):
        raise ValueError(f"-o must end in .npz with --preset held-out, got {args.output}")
    if args.seeds != 1:
        raise ValueError(
            f"--seeds must be 1 with --preset held-out, got {args.seeds}: a choice by the held-out "
            "examples would have to be paid"
        )
    output, claim = Path(args.output), Path(f"{args.output}.json")
    inputs = [args.data] if Path(args.data).exists() else []
    require_apart(inputs, [output, claim])
    if not output.parent.is_dir():
        raise FileNotFoundError(f"no folder {output.parent}{suggest_path(output.parent)}")
    held_out = _torch_functions()
    examples = load_examples(args.data)
    _require_images(examples)
    model = held_out.train_held_out(examples.x, examples.y, classes=examples.classes)
    _, rest = held_out.held_out_part(model.m, model.seed)
    errors = int(np.count_nonzero(model.predictions != examples.y[rest]))
    certificate = _certificate(errors, len(rest), args.delta, examples.classes)
    arrays = {f"{PREFIX}{name}": a for name, a in model.state.items()}
    with atomic_write(output, inputs=inputs) as file:
        np.savez(file, split=[model.m, model.seed], predictions=model.predictions, **arrays)
    write_claim(certificate, claim, inputs)
    if args.json:
        print(claim_text(certificate))
        return 0
    print_certificate(certificate, output, None, file=sys.stdout)
    return 0


def _require_images(examples: Examples) -> None:
    if examples.x.ndim != 3:
        raise ValueError(f"--preset held-out needs images, got inputs of shape {examples.x.shape}")


def _certificate(errors: int, m: int, delta: float, classes: int) -> Certificate:
    choices = format_bits(RECIPES_TRIED)
    name = "convolutional network"
    return Certificate(errors, m, 0, choices, delta, classes, name, basis="held-out")


def _read(path: str) -> tuple[dict[str, Any], int, int, Any]:
    """Read state, number of examples, seed and recorded answers from a model file."""
    try:
        arrays = read_arrays(path)
        state = {n.removeprefix(PREFIX): a for n, a in arrays.items() if n.startswith(PREFIX)}
        m, seed = (int(v) for v in arrays["split"])
        return state, m, seed, arrays["predictions"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is no model of --preset held-out: {error}") from None


def verify_held_out(args: argparse.Namespace, claim: dict[str, Any]) -> int:
    """Compute the answers of the model file again, and compute the bound from them.

    An example counts as right only if its recorded answer and its recomputed answer are both right.
    Sums of floats may differ between machines, and the claim covers both answers.
    """
    state, m, seed, recorded = _read(args.file)
    examples = load_examples(args.data)
    _require_images(examples)
    if m != len(examples.y):
        raise ValueError(
            f"{args.file} was made for {m} examples, {args.data} has {len(examples.y)}"
        )
    held_out = _torch_functions()
    _, rest = held_out.held_out_part(m, seed)
    if recorded.shape != rest.shape or recorded.dtype.kind not in "iu":
        raise ValueError(f"{args.file} must record {len(rest)} answers, got {recorded.shape}")
    again = held_out.predict_state(state, examples.x[rest], examples.classes)
    labels = examples.y[rest]
    errors = int(np.count_nonzero((again != labels) | (recorded != labels)))
    delta = args.delta if args.delta is not None else claim.get("delta", 0.05)
    delta = checks.open_probability("--delta", delta)
    certificate = _certificate(errors, len(rest), delta, examples.classes)
    test_error = None
    if examples.x_test is not None and examples.y_test is not None:
        found = held_out.predict_state(state, examples.x_test, examples.classes)
        test_error = float((found != examples.y_test).mean())
    claimed = args.claim if args.claim is not None else claim.get("certified_error")
    certified = certificate.certified_error
    holds = certified <= claimed if claimed is not None else not certificate.is_vacuous
    different = int(np.count_nonzero(again != recorded))
    if args.json:
        report = json.loads(certificate.to_json()) | {"test_error": test_error}
        report |= {"different_answers": different, "claimed": claimed, "holds": holds}
        print_json("verify", report)
        return 0 if holds else 1
    print_certificate(certificate, args.file, test_error, file=sys.stdout)
    print(f"  {different} answers differ from the recorded ones")
    if claimed is not None:
        print_verdict(claimed, holds)
    return 0 if holds else 1
