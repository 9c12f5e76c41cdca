"""`htstats certify` for an existing model: with held-out labels, a surrogate, or compression."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from htstats._common import checks
from htstats._common.extras import name_missing_package
from htstats._common.files import require_apart
from htstats.certificate import (
    Certificate,
    Examples,
    SurrogateCertificate,
    certify_by_surrogate,
    certify_post_hoc,
    certify_predictions,
    decode,
    features_of,
    load_examples,
    quantize_columns,
    read_network_layers,
    verify,
)
from htstats.commands._certificates import (
    print_certificate,
    print_surrogate,
    write_certificate,
    write_claim,
)
from htstats.commands._json import claim_text
from htstats.weights import read_arrays

__all__ = ["certify_model", "is_about_a_model"]

# Names of inputs and labels of held-out examples in .npz files; the first pair in a file is used.
HELD_OUT = (("x_test", "y_test"), ("x", "y"), ("x_train", "y_train"))


def is_about_a_model(args: argparse.Namespace) -> bool:
    """Whether the options are about an existing model. Otherwise, certify searches for one."""
    named = args.predictions, args.model, args.checkpoint, args.surrogate, args.unlabelled
    return any(named)


def certify_model(args: argparse.Namespace) -> int:
    """Certify the model with the method that the arguments select."""
    if bool(args.surrogate) != bool(args.unlabelled):
        raise ValueError("--surrogate and --unlabelled go together: a .htc file and inputs")
    given = [n for n in ("predictions", "model", "checkpoint") if getattr(args, n)]
    if len(given) != 1:
        text = ", ".join(f"--{name}" for name in given) or "none"
        raise ValueError(f"give one of --predictions, --model and --checkpoint, got {text}")
    if args.checkpoint:
        return _post_hoc(args)
    return _by_surrogate(args) if args.surrogate else _held_out(args)


def _write(
    args: argparse.Namespace, certificate: Certificate | SurrogateCertificate, inputs: list[Any]
) -> None:
    """Write the claim to the file of -o, if the option is given."""
    if args.output is None:
        return
    output = Path(args.output)
    if output.suffix != ".json":
        raise ValueError(f"-o must end in .json for a model's certificate, got {args.output}")
    require_apart(inputs, [output])
    write_claim(certificate, output, inputs)


def _paths(*places: str | None) -> list[str]:
    return [place for place in places if place and Path(place).exists()]


def _load_array(path: str, name: str) -> Any:
    """The array of a .npy file, or the only array (or the array `name`) of an .npz file."""
    if not path.endswith((".npy", ".npz")):
        raise ValueError(f"{path} must be .npy or .npz")
    found = read_arrays(path)
    if name not in found and len(found) != 1:
        raise ValueError(f"{path} must hold {name}, or one array; it holds {sorted(found)}")
    return found[name if name in found else next(iter(found))]


def _held_out_examples(data: str, labels: str | None) -> tuple[Any, Any]:
    """Unchanged inputs and labels: of the test part if there is one, else of all examples."""
    if labels is not None:
        return _load_array(data, "x"), _load_array(labels, "y")
    if data.endswith(".npz"):
        arrays = read_arrays(data)
        for x, y in HELD_OUT:
            if {x, y} <= arrays.keys():
                return arrays[x], arrays[y]
        raise ValueError(f"{data} must hold x_test and y_test, or x and y")
    examples = load_examples(data)
    return examples.x_test, examples.y_test


def _predictions(args: argparse.Namespace, x: Any) -> Any:
    """The predictions: those in the file of --predictions, or those of --model for the inputs."""
    if args.predictions:
        return _load_array(args.predictions, "predictions")
    with name_missing_package("--model"):
        from htstats.torch import load_module, predict
    return predict(load_module(args.model), x)


def _held_out(args: argparse.Namespace) -> int:
    x, y = _held_out_examples(args.data, args.labels)
    name = args.predictions or args.model
    certificate = certify_predictions(
        _predictions(args, x), y, candidates=args.candidates, delta=args.delta, name=name
    )
    _write(args, certificate, _paths(args.data, args.predictions, args.model))
    if args.json:
        print(claim_text(certificate))
    else:
        print_certificate(certificate, name, None, file=sys.stdout)
    return 0


def _by_surrogate(args: argparse.Namespace) -> int:
    message = Path(args.surrogate).read_bytes()
    try:
        form, head = decode(message)
    except ValueError as error:
        raise ValueError(f"{args.surrogate}: {error}") from None
    share = checks.open_probability("--share", args.share)
    examples: Examples = load_examples(args.data, labels=args.labels, exponent=form.exponent)
    certificate: Certificate = verify(
        message, examples, delta=args.delta * (1 - share), n_threads=args.threads
    ).certificate
    x = _load_array(args.unlabelled, "x")
    ready = x if x.ndim == 3 else quantize_columns(x, "--unlabelled", form.exponent)
    found = head.predict(features_of(form, ready, args.threads))
    result: SurrogateCertificate = certify_by_surrogate(
        _predictions(args, x), found, certificate, share=share
    )
    inputs = _paths(args.data, args.predictions, args.model, args.surrogate, args.unlabelled)
    _write(args, result, inputs)
    if args.json:
        print(claim_text(result))
    else:
        print_surrogate(result, args.surrogate, file=sys.stdout)
    return 0


def _post_hoc(args: argparse.Namespace) -> int:
    if args.output is None or not args.output.endswith(".htc"):
        raise ValueError(f"-o must end in .htc, got {args.output}")
    output, claim = Path(args.output), Path(f"{args.output}.json")
    inputs = _paths(args.data, args.checkpoint)
    require_apart(inputs, [output, claim])
    found = certify_post_hoc(
        read_network_layers(args.checkpoint), load_examples(args.data),
        input_range=_range(args.input_range), delta=args.delta, n_threads=args.threads,
    )  # fmt: skip
    write_certificate(found.data, found.certificate, output, claim, inputs)
    if args.json:
        print(claim_text(found.certificate))
        return 0
    print_certificate(found.certificate, output, None, file=sys.stdout)
    rest = "mean + sqrt(t) G" if found.noise else "zero"
    print(
        f"  kept {100 * found.share:g} % of each matrix, values -{found.network.values} .. "
        f"{found.network.values}; the rest is {rest}"
    )
    return 0


def _range(text: str) -> tuple[float, float]:
    words = text.split(",")
    try:
        low, high = map(float, words)
    except ValueError:
        raise ValueError(f"--input-range must be two numbers such as -1,1, got {text!r}") from None
    return low, high
