"""Search for a short file that decodes to a classifier with a proven error bound, and write it.

The output OUT is a .htc file of some hundred bytes. OUT.json states the certified error and the
assumptions behind it. `htstats verify` recomputes both from the file and the data. All files of a
format belong to one code, so more seeds and restarts do not weaken the bound. Ctrl-C ends the
search and keeps the best file so far.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from htstats._common.messages import suggest_path
from htstats.commands._encoder import add_encoder_options, encoder_hash
from htstats.commands._json import add_json_option, claim_text
from htstats.commands._options import add_output, add_threads
from htstats.commands._trunk import add_trunk_option, columns_of_trunk

HELP = "search for a small classifier with a certified error"


def configure(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--data", required=True, metavar="DATA",
        help="fashion-mnist, digits, a folder with the files of Fashion-MNIST, or an .npz with "
        "x, y, x_test, y_test")  # fmt: skip
    add_output(parser, "a .htc file to write; a .json for a given model")
    add("--preset", default="fast", metavar="NAME",
        help="fast, best, gaussian (features are random filters replayed from a seed), pixels, "
        "transfer (columns of a public network), fcnn (a network on pixels; needs torch to train "
        "its start), cnn (a network whose filters all places of an image share; needs torch) or "
        "held-out (a network trained with torch on three quarters of DATA, certified "
        "by the rest; OUT is .npz); default: fast")  # fmt: skip
    add("--hidden", metavar="N,N",
        help="hidden units of fcnn and cnn; default: 24 for fcnn, none for cnn")  # fmt: skip
    add("--filters", metavar="N,N",
        help="number of filters of each convolution of cnn; default: 8")  # fmt: skip
    add("--noise", type=int, default=0, metavar="N",
        help="sqrt(t) of fcnn and cnn, in sixteenths of q: 0 (no G), 1, 2, 3, 4, 6, ...; "
        "default: 0")  # fmt: skip
    add("--seeds", type=int, default=1, metavar="N", help="number of searches; default: 1")
    add("--minutes", type=float, metavar="M", help="stop after M minutes")
    add("--delta", type=float, default=0.05, metavar="P",
        help="probability that the bound fails; default: .05")  # fmt: skip
    add_threads(parser)
    add_json_option(parser)
    add_encoder_options(parser)
    add_trunk_option(parser)
    _configure_models(parser)


def _configure_models(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "certify an existing model",
        "DATA must then be examples that the model never saw. The test part of DATA is used, or "
        "all of DATA if there is no test part.",
    )
    add = group.add_argument
    add("--predictions", metavar="P", help="a .npy file of the model's classes or scores on DATA")
    add("--model", metavar="M",
        help="a torch module: a file, or an import path package.module:name")  # fmt: skip
    add("--candidates", type=int, default=1, metavar="N",
        help="number of models from which this one was chosen by these labels; "
        "default: 1")  # fmt: skip
    add("--surrogate", metavar="HTC",
        help="a .htc file certified on DATA, for use without held-out labels")  # fmt: skip
    add("--unlabelled", metavar="X",
        help="a .npy file of inputs that neither the model nor the surrogate saw")  # fmt: skip
    add("--share", type=float, default=0.5, metavar="S",
        help="the part of delta for the disagreements with the surrogate; default: .5")  # fmt: skip
    add("--checkpoint", metavar="C",
        help="a file with a trained network of linear layers, "
        "which is compressed and certified")  # fmt: skip
    add("--input-range", default="-1,1", metavar="LOW,HIGH",
        help="the inputs of the network of --checkpoint for the smallest and the largest pixel; "
        "default: -1,1")  # fmt: skip


def run(args: argparse.Namespace) -> int:
    from htstats._common import checks
    from htstats.commands._held_out import certify_held_out
    from htstats.commands._models import certify_model, is_about_a_model

    checks.count("--seeds", args.seeds, at_least=1, below=2**32)
    checks.count("--threads", args.threads, at_least=1)
    checks.open_probability("--delta", args.delta)
    if args.minutes is not None:
        checks.positive("--minutes", args.minutes)
    if is_about_a_model(args):
        return certify_model(args)
    return certify_held_out(args) if args.preset == "held-out" else _search(args)


def _require_output(args: argparse.Namespace) -> tuple[Path, Path, list[str]]:
    """The paths of the file and its claim, and the inputs that neither may overwrite."""
    from htstats._common.files import require_apart

    if args.output is None:
        raise ValueError("-o is missing: give a .htc file to write")
    output, claim = Path(args.output), Path(f"{args.output}.json")
    inputs = [] if args.data in ("digits", "fashion-mnist") else [args.data]
    inputs += [path for path in (args.labels, args.encoder) if path]
    require_apart(inputs, [output, claim])
    if output.suffix != ".htc":
        raise ValueError(f"-o must end in .htc, got {args.output}")
    if not output.parent.is_dir():
        raise FileNotFoundError(f"no folder {output.parent}{suggest_path(output.parent)}")
    return output, claim, inputs


def _search(args: argparse.Namespace) -> int:
    from htstats._common import checks
    from htstats.certificate import PRESETS, certify, load_examples
    from htstats.commands._certificates import print_certificate, write_certificate
    from htstats.commands._networks import NETWORK_PRESETS, certify_trained
    from htstats.commands._search_progress import SearchProgress

    output, claim, inputs = _require_output(args)
    checks.one_of("--preset", args.preset, (*PRESETS, *NETWORK_PRESETS, "held-out"))
    options = {
        "delta": args.delta, "n_threads": args.threads, "encoder_sha256": encoder_hash(args),
    }  # fmt: skip
    examples = load_examples(args.data, labels=args.labels)
    if args.preset == "transfer":
        examples = columns_of_trunk(examples, args.trunk, args.threads)
    with SearchProgress(args.minutes) as progress:
        if args.preset in NETWORK_PRESETS:
            found = certify_trained(
                examples, args.preset, args.hidden, args.filters, noise=args.noise,
                seeds=args.seeds, progress=progress, **options,
            )  # fmt: skip
        else:
            seeds = range(args.seeds)
            found = certify(examples, preset=args.preset, seeds=seeds, progress=progress, **options)
    best = min(found, key=lambda f: f.certificate.certified_error)
    write_certificate(best.data, best.certificate, output, claim, inputs)
    if args.json:
        print(claim_text(best.certificate))
        return 0
    for one in found if len(found) > 1 else []:
        print(f"seed {one.annealed.seed}: {one.certificate.certified_error:.4f}")
    print_certificate(best.certificate, output, None, file=sys.stdout)
    return 0
