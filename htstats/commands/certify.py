"""Search for a short classifier file whose error bound holds, and write it.

The output is a .htc file of some hundred bytes; beside it OUT.json says what it certifies and
what that rests on. `htstats verify` recomputes both from the file and the data. All files of a
format belong to one code, so seeds and restarts cost nothing; Ctrl-C ends the search and keeps
the best file so far.
"""

from __future__ import annotations

import argparse
import sys

from htstats.commands._trunk import add_trunk_option, columns_of_trunk

HELP = "search for a small classifier with a certified error"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data",
        required=True,
        metavar="DATA",
        help="fashion-mnist, digits, a folder with the files of Fashion-MNIST, or an .npz with "
        "x, y, x_test, y_test",
    )
    parser.add_argument("-o", "--output", required=True, metavar="OUT", help="a .htc file to write")
    parser.add_argument(
        "--preset",
        default="fast",
        metavar="NAME",
        help="fast, best, gaussian (features are random filters replayed from a seed), pixels or "
        "transfer (columns of a public network); "
        "default: fast",
    )
    parser.add_argument(
        "--seeds", type=int, default=1, metavar="N", help="chains to try; default: 1"
    )
    parser.add_argument("--minutes", type=float, metavar="M", help="stop after so long")
    parser.add_argument(
        "--delta", type=float, default=0.05, metavar="P", help="chance to fail; default: .05"
    )
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="default: 1")
    parser.add_argument("--json", action="store_true", help="print the certificate as JSON")
    add_trunk_option(parser)


def run(args: argparse.Namespace) -> int:
    from pathlib import Path

    from htstats._common import checks
    from htstats._common.files import atomic_write, require_apart
    from htstats.certificate import certify, load_examples
    from htstats.commands._certificates import print_certificate
    from htstats.commands._search_progress import SearchProgress

    checks.count("--seeds", args.seeds, at_least=1, below=2**32)
    checks.count("--threads", args.threads, at_least=1)
    checks.open_probability("--delta", args.delta)
    if args.minutes is not None:
        checks.positive("--minutes", args.minutes)
    output, claim = Path(args.output), Path(f"{args.output}.json")
    inputs = [] if args.data in ("digits", "fashion-mnist") else [args.data]
    require_apart(inputs, [output, claim])
    if output.suffix != ".htc":
        raise ValueError(f"-o must end in .htc, got {args.output}")
    if not output.parent.is_dir():
        raise FileNotFoundError(f"no folder {output.parent}")
    examples = load_examples(args.data)
    if args.preset == "transfer":
        examples = columns_of_trunk(examples, args.trunk)
    with SearchProgress(args.minutes) as progress:
        found = certify(
            examples, preset=args.preset, seeds=range(args.seeds), delta=args.delta,
            n_threads=args.threads, progress=progress,
        )  # fmt: skip
    best = min(found, key=lambda f: f.certificate.certified_error)
    with atomic_write(output, inputs=inputs) as file:
        file.write(best.data)
    with atomic_write(claim, inputs=inputs) as file:
        file.write(f"{best.certificate.to_json()}\n".encode())
    if args.json:
        print(best.certificate.to_json())
        return 0
    for one in found if len(found) > 1 else []:
        print(f"seed {one.annealed.seed}: {one.certificate.certified_error:.4f}")
    print_certificate(best.certificate, output, None, file=sys.stdout)
    return 0
