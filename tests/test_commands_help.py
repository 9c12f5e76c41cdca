"""The manual of --help, the nearest word after a wrong one, and the exit codes."""

import re
import shlex

import numpy as np
import pytest

from htstats.cli import main
from htstats.commands import build_parser, command_names
from htstats.commands._examples import EXAMPLES, EXIT_CODES
from htstats.commands._parser import command_parser


def help_of(capsys, *argv):
    with pytest.raises(SystemExit) as end:
        main([*argv, "--help"])
    assert end.value.code == 0
    return capsys.readouterr().out


def test_the_manual_names_commands_examples_and_exit_codes(capsys):
    text = help_of(capsys)
    for name in command_names():
        assert re.search(rf"^    {name} ", text, re.MULTILINE)
    for part in ("examples:", "exit codes:", "environment:", "NO_COLOR", "COLUMNS"):
        assert part in text
    for code, meaning in EXIT_CODES:
        assert re.search(rf"^  {code} +{re.escape(meaning)}$", text, re.MULTILINE)


@pytest.mark.parametrize("name", command_names())
def test_the_help_of_a_command_has_its_examples(name, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    text = help_of(capsys, name)
    assert EXAMPLES[name]
    for line, purpose in EXAMPLES[name]:
        assert f"  # {purpose}\n  {line}\n" in text
    prose = text.partition("positional arguments:")[0].partition("options:")[0]
    assert max(map(len, prose.splitlines())) <= 80


def commands_of(line):
    """The words of each call of htstats in an example."""
    for part in re.split(r"[|]|\$\(|\)", line.replace('"', "")):
        words = shlex.split(part.split(">")[0])
        if words[:1] == ["htstats"]:
            yield words[1:]


EVERY = [
    words
    for name in command_names()
    for example in EXAMPLES.get(name, ())
    for words in commands_of(example.line)
]


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_examples_are_accepted_by_the_parsers(words):
    assert build_parser(words).parse_args(words).command == words[0]


def stop(capsys, *argv):
    try:
        code = main([str(word) for word in argv])
    except SystemExit as end:
        code = end.code
    printed = capsys.readouterr()
    assert code == 2
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    return printed.err


WRONG_COMMANDS = [
    (name[:1] + name[2:], name)  # a letter is missing
    for name in command_names()
] + [("Fit", "fit"), ("decompres", "decompress"), ("veryfi", "verify"), ("certfy", "certify")]


@pytest.mark.parametrize(("wrong", "right"), WRONG_COMMANDS)
def test_a_wrong_command_suggests_the_nearest(capsys, wrong, right):
    assert f"did you mean {right!r}?" in stop(capsys, wrong, "file")


OPTIONS = [
    (name, option)
    for name in command_names()
    for action in command_parser(name)._actions
    for option in action.option_strings
    if option.startswith("--") and len(option) > 4
]


@pytest.mark.parametrize(("name", "option"), OPTIONS)
def test_a_wrong_option_suggests_the_nearest(capsys, name, option):
    for wrong in (option[:3] + option[4:] + "z", f"{option}s", f"{option}s=3"):
        words = stop(capsys, name, wrong)
        assert f"unrecognized arguments: {wrong}; did you mean '--" in words
    assert f"did you mean {option!r}?" in stop(capsys, name, f"{option}z")


@pytest.mark.parametrize("wrong", ["--versoin", "--verbos3", "--debugg"])
def test_a_wrong_option_before_the_command(capsys, wrong):
    assert "did you mean '--" in stop(capsys, wrong)
    assert "did you mean '--" in stop(capsys, wrong, "fit", "x")


CHOICES = [
    (name, action.option_strings[-1], choice)
    for name in command_names()
    for action in command_parser(name)._actions
    for choice in action.choices or ()
    if action.option_strings
]


@pytest.mark.parametrize(("name", "option", "choice"), CHOICES)
def test_a_wrong_choice_suggests_the_nearest(capsys, name, option, choice):
    assert f"did you mean {choice!r}?" in stop(capsys, name, option, f"{choice}x")


def test_words_that_only_the_command_knows(capsys, tmp_path):
    np.savez(tmp_path / "a.npz", **{"layers.0.attn.weight": np.eye(9), "head": np.eye(8)})
    file = tmp_path / "a.npz"
    words = stop(capsys, "fit", file, "--tensor", "layers.0.atn.weight")
    assert "no tensor named 'layers.0.atn.weight'; there are 'layers.0.attn.weight'" in words
    for rule in ("quantil:0.9", "quantiles:0.9", "Quantile:0.9"):
        words = stop(capsys, "compress", file, "-o", tmp_path / "o", "--threshold", rule)
        assert "did you mean 'quantile'?" in words
    words = stop(capsys, "certify", "--data", "digits", "-o", "a.htc", "--preset", "fats")
    assert "did you mean 'fast'?" in words
    assert "did you mean 'figure2'?" in stop(capsys, "reproduce", "figur2", "--out", tmp_path)


def test_what_is_no_option_is_no_error(capsys):
    parsed = build_parser(["fit"]).parse_args(["fit", "-", "--xmin", "-1", "--thr", "3"])
    assert (parsed.file, parsed.xmin, parsed.threads) == ("-", -1.0, 3)
    assert build_parser(["fit"]).parse_args(["fit", "--", "--odd"]).file == "--odd"


def test_options_that_stand_on_both_sides():
    for argv in (["-v", "fit", "x"], ["fit", "x", "-v"], ["fit", "-v", "x"]):
        assert build_parser(argv).parse_args(argv).verbose
    assert not build_parser(["fit"]).parse_args(["fit", "x"]).verbose
    assert build_parser(["fit"]).parse_args(["--debug", "fit", "x"]).debug
