"""The examples and the closing text of --help."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["EXAMPLES", "EXIT_CODES", "MANUAL", "Example", "list_examples"]


class Example(NamedTuple):
    """A command line, and what it does."""

    line: str
    purpose: str


EXAMPLES: dict[str, tuple[Example, ...]] = {
    "certify": (
        Example("htstats certify --data digits -o net.htc", "search for a small classifier"),
        Example(
            "htstats certify --data held-out.npz --predictions answers.npy",
            "bound the error of a model by labels that it never saw",
        ),
    ),
    "completion": (
        Example('eval "$(htstats completion bash)"', "complete words in this shell"),
        Example(
            "htstats completion fish > ~/.config/fish/completions/htstats.fish",
            "complete words in every fish shell",
        ),
    ),
    "compress": (
        Example("htstats compress model.safetensors -o model.htz", "split at sigma"),
        Example(
            "htstats compress model.npz -o model.htz --threshold quantile:0.9 --noise none",
            "keep the largest tenth, set the rest to zero",
        ),
        Example(
            "htstats compress model.safetensors -o model.htz --max-memory 128M --threads 4",
            "the same file within 128 MiB of memory",
        ),
    ),
    "decompress": (
        Example("htstats decompress model.htz -o again.safetensors", "one file"),
        Example("htstats decompress model.htz -o shards/ --shard-size 5GB", "a folder of shards"),
    ),
    "demo": (
        Example("htstats demo", "train, fit, split, compress and certify in some seconds"),
        Example("htstats demo --seed 1 --save demo.pt", "another network, kept in a file"),
    ),
    "fit": (
        Example("htstats fit model.safetensors", "every matrix of a checkpoint"),
        Example(
            "htstats fit model.safetensors --tensor '*.mlp.*' --gof --compare", "some, with tests"
        ),
        Example("htstats fit cities.csv --column people --discrete", "a column of whole numbers"),
        Example("cut -f3 log.tsv | htstats fit - --json", "standard input, as JSON"),
    ),
    "report": (Example("htstats report model.safetensors -o report.html", "one page"),),
    "reproduce": (
        Example("htstats reproduce figure2 --out figures", "draw a figure of the paper"),
    ),
    "verify": (
        Example("htstats verify net.htc --data digits", "recompute the bound of a file"),
        Example("htstats verify net.htc --data digits --claim 0.3", "check a number"),
        Example("cat net.htc | htstats verify - --data digits --json", "standard input"),
    ),
}

EXIT_CODES = (
    ("0", "done"),
    ("1", "done, but some matrix or check failed; the output says which"),
    ("2", "the arguments or the input cannot be used: one line on stderr, nothing written"),
    ("130", "interrupted by Ctrl-C"),
    ("143", "ended by SIGTERM"),
)

ENVIRONMENT = (
    ("NO_COLOR", "if set, no colours; without it, colours appear on a terminal only"),
    ("COLUMNS", "the width of tables (default: that of the terminal; 100 in files and pipes)"),
)


def list_examples(examples: Iterable[Example]) -> str:
    """Examples as indented lines: the purpose as a comment above the command."""
    return "\n".join(f"  # {purpose}\n  {line}" for line, purpose in examples)


def _list_pairs(pairs: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"  {name:10}{meaning}" for name, meaning in pairs)


FIRST = (
    EXAMPLES["fit"][0], EXAMPLES["fit"][2], EXAMPLES["compress"][0], EXAMPLES["certify"][0],
)  # fmt: skip

MANUAL = f"""\
examples:
{list_examples(FIRST)}

`htstats COMMAND --help` describes a command with its options and examples. With --json a command
prints one JSON object on stdout. Its "schema" is the name of the JSON Schema that describes it; the
documentation has these files in its folder schemas. FILE may be - where a command reads standard
input.

exit codes:
{_list_pairs(EXIT_CODES)}

environment:
{_list_pairs(ENVIRONMENT)}
"""
