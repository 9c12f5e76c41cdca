"""Recompute the certified error of a certificate file from the file and the data alone.

The command decodes the file, computes features and errors in whole numbers, and computes the bound.
The claim is the number in FILE.json, if `htstats certify` wrote that file, or the number of
--claim. The exit code is 0 if the claim holds. Without a claim, it is 0 if the bound is better than
guessing. Otherwise, it is 1. It is 2 if the file or the data cannot be read.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from htstats.commands._encoder import add_encoder_options, encoder_hash
from htstats.commands._json import add_json_option, print_json
from htstats.commands._options import add_threads
from htstats.commands._streams import STREAM
from htstats.commands._trunk import add_trunk_option, columns_of_trunk

HELP = "recompute the certified error of a .htc file"


def configure(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("file", metavar="FILE",
        help="a .htc, - for a .htc on standard input, or the .npz of "
        "--preset held-out")  # fmt: skip
    add("--data", required=True, metavar="DATA",
        help="the data of the certificate: fashion-mnist, digits, "
        "an .npz file or a folder")  # fmt: skip
    add_encoder_options(parser)
    add("--claim", type=float, metavar="P", help="the certified error to check")
    add("--delta", type=float, metavar="P",
        help="probability that the bound fails; default: the claim's, or .05")  # fmt: skip
    add_threads(parser, default=2)
    add_json_option(parser)
    add_trunk_option(parser)


def run(args: argparse.Namespace) -> int:
    from pathlib import Path

    from htstats._common import checks
    from htstats.certificate import decode, load_examples, verify
    from htstats.commands._certificates import print_certificate, print_verdict
    from htstats.commands._held_out import verify_held_out

    checks.count("--threads", args.threads, at_least=1)
    claim = _claim(Path(f"{args.file}.json"))
    delta = args.delta if args.delta is not None else claim.get("delta", 0.05)
    checks.open_probability("--delta", delta)
    if args.file.endswith(".npz"):
        return verify_held_out(args, claim)
    data = sys.stdin.buffer.read() if args.file == STREAM else Path(args.file).read_bytes()
    encoder = _encoder(encoder_hash(args), claim.get("encoder_sha256"), args.file)
    try:
        form, _ = decode(data)
    except ValueError as error:
        raise ValueError(f"{args.file}: no certificate of `htstats certify`: {error}") from None
    examples = load_examples(args.data, labels=args.labels, exponent=form.exponent)
    if form.features == "lite0":
        examples = columns_of_trunk(examples, args.trunk, args.threads)
    found = verify(data, examples, delta=delta, n_threads=args.threads, encoder_sha256=encoder)
    claimed = args.claim if args.claim is not None else claim.get("certified_error")
    certified = found.certificate.certified_error
    holds = certified <= claimed if claimed is not None else not found.certificate.is_vacuous
    if args.json:
        print_json("verify", found.to_dict() | {"claimed": claimed, "holds": holds})
        return 0 if holds else 1
    print_certificate(found.certificate, args.file, found.test_error, file=sys.stdout)
    print(
        f"  {found.n_nonzeros} non-zero weights, offsets of {found.levels} levels; "
        f"sha256 {found.sha256}"
    )
    if claimed is not None:
        print_verdict(claimed, holds)
    return 0 if holds else 1


def _encoder(given: str | None, claimed: str | None, file: str) -> str | None:
    """The hash of the encoder, as given or as claimed; ValueError if the two differ."""
    if given and claimed and given != claimed:
        raise ValueError(f"the claim of {file} names the encoder {claimed}, not {given}")
    return given or claimed


def _claim(path: Any) -> dict[str, Any]:
    """The claim in the JSON file of a certificate; empty if there is no such file."""
    if not path.is_file():
        return {}
    try:
        claim = json.loads(path.read_text())
        return {
            "delta": float(claim["delta"]),
            "certified_error": float(claim["certified_error"]),
            "encoder_sha256": claim.get("encoder_sha256"),
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is no claim of `htstats certify`: {error}") from None
