"""Options that name the encoder of the features, by its hash or by its file."""

from __future__ import annotations

import argparse
import hashlib

__all__ = ["add_encoder_options", "encoder_hash"]

BLOCK = 1 << 20


def add_encoder_options(parser: argparse.ArgumentParser) -> None:
    """Add --labels, --encoder and --encoder-sha256 to a parser."""
    parser.add_argument("--labels", metavar="Y", help="labels, if DATA is a .npy file of features")
    parser.add_argument(
        "--encoder-sha256", metavar="HEX", help="SHA-256 of the encoder that computed the features"
    )
    parser.add_argument("--encoder", metavar="FILE", help="the encoder's file, which is hashed")


def encoder_hash(args: argparse.Namespace) -> str | None:
    """The SHA-256 of the encoder that the arguments name; None if they name no encoder.

    Raises
    ------
    OSError, ValueError
        If the file cannot be read, the hash is not a SHA-256, or file and hash differ.
    """
    given: str | None = args.encoder_sha256
    if given is not None:
        given = given.lower()
        if len(given) != 64 or not set(given) <= set("0123456789abcdef"):
            raise ValueError(f"--encoder-sha256 must be 64 hexadecimal digits, got {given!r}")
    if args.encoder is None:
        return given
    digest = hashlib.sha256()
    with open(args.encoder, "rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    found = digest.hexdigest()
    if given not in (None, found):
        raise ValueError(f"{args.encoder} has SHA-256 {found}, not {given}")
    return found
