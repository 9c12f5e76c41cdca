"""`htstats completion`: the shells themselves complete words by the scripts."""

import shutil
import subprocess

import pytest

from htstats.cli import main
from htstats.commands import command_names
from htstats.commands._parser import command_parser

SHELLS = ("bash", "fish", "zsh")


@pytest.fixture(scope="module", params=SHELLS)
def shell(request):
    return request.param


@pytest.fixture
def script(shell, tmp_path, capsys):
    if shutil.which(shell) is None:
        pytest.skip(f"needs {shell}: apt-get install {shell}")
    assert main(["completion", shell]) == 0
    path = tmp_path / f"htstats.{shell}"
    path.write_text(capsys.readouterr().out)
    return path


ZSH = """
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell 'PROMPT=""; autoload -U compinit; compinit -u -D; source {script}; LISTMAX=1000'
zpty -w shell 'zstyle ":completion:*" list-packed no; stty columns 2000; print REA""DY'
zpty -r shell out '*READY*'
zpty -w -n shell {line}$'\\t\\t'
sleep 1
zpty -w -n shell $'\\x15print THE""END\\n'
zpty -r shell out '*THEEND*'
print -r -- "$out"
"""


def complete(shell, script, words):
    """The words, or the text, that the shell offers for the last of the words."""
    if shell == "bash":
        quoted = " ".join(f"'{word}'" for word in words)
        code = (
            f"source {script}; compopt() {{ :; }}; COMP_WORDS=({quoted}); "
            f"COMP_CWORD={len(words) - 1}; _htstats; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        )
        command = ["bash", "--norc", "-c", code]
    elif shell == "fish":
        code = f"source {script}; complete -C '{' '.join(words)}'"
        command = ["fish", "--no-config", "-c", code]
    else:
        command = ["zsh", "-f", "-c", ZSH.format(script=script, line=f"'{' '.join(words)}'")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    if shell == "zsh":
        return done.stdout
    return [line.split("\t")[0] for line in done.stdout.splitlines()]


CASES = [
    (["htstats", "c"], ["certify", "completion", "compress"], "fit"),
    (["htstats", "fit", "--s"], ["--side", "--spectrum", "--stable"], "--gof"),
    (["htstats", "fit", "--side", ""], ["abs", "negative", "positive"], "paper"),
    (["htstats", "fit", "a.npz", "--side", "p"], ["positive"], "negative"),
    (["htstats", "compress", "--noise", ""], ["matched", "none", "paper"], "abs"),
    (["htstats", "compress", "--threshold", "q"], ["quantile:"], "std"),
    (["htstats", "certify", "--preset", "g"], ["gaussian"], "fast"),
    (["htstats", "completion", ""], ["bash", "fish", "zsh"], "figure1"),
    (["htstats", "reproduce", "f"], ["figure1", "figure2", "figure3"], "bash"),
]


@pytest.mark.parametrize(("words", "expected", "absent"), CASES, ids=lambda c: str(c)[:40])
def test_words_are_completed(shell, script, words, expected, absent):
    found = complete(shell, script, words)
    if shell == "zsh":
        # an only match is inserted, and several are listed
        for word in expected:
            assert word in found.replace("\\", "")
        return
    assert [word for word in found if not word.startswith("-") or "-" in words[-1]] >= expected
    assert set(expected) <= set(found)
    assert absent not in found


def test_every_command_and_option_is_there(shell, script):
    text = script.read_text()
    for name in command_names():
        assert name in text
        for action in command_parser(name)._actions:
            for option in action.option_strings:
                word = f"-l {option[2:]} " if shell == "fish" and option[1] == "-" else option
                assert word in text or shell == "fish"


def test_a_script_needs_the_name_of_a_shell(capsys):
    assert main(["completion"]) == 2
    assert "completion needs the name of a shell: bash, fish, zsh" in capsys.readouterr().err
