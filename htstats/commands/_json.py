"""Print the result of a command as JSON that names its schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from htstats.certificate import Certificate, SurrogateCertificate

__all__ = ["VERSIONS", "add_json_option", "claim_text", "json_text", "print_json"]

# The version of each schema. It grows if a key is removed or changes its meaning; a new key does
# not change it.
VERSIONS = {
    "fit": 1,
    "compress": 1,
    "decompress": 1,
    "certify": 1,
    "verify": 1,
    "demo": 1,
    "report": 1,
    "reproduce": 1,
    "completion": 1,
}


def add_json_option(parser: Any) -> None:
    """Add --json to a parser or a group of options."""
    parser.add_argument("--json", action="store_true", help="print JSON, and nothing else")


def json_text(command: str, result: Mapping[str, Any]) -> str:
    """The result of a command as JSON. NaN and infinity are errors.

    The first key names the schema: "htstats-fit-1".
    """
    named = {"schema": f"htstats-{command}-{VERSIONS[command]}", **result}
    return json.dumps(named, indent=1, allow_nan=False)


def claim_text(certificate: Certificate | SurrogateCertificate) -> str:
    """The JSON of `htstats certify`: on standard output, and in the file of the claim."""
    return json_text("certify", json.loads(certificate.to_json()))


def print_json(command: str, result: Mapping[str, Any]) -> None:
    """Print the result of a command as one JSON object."""
    print(json_text(command, result))
