"""Command lines that are refused, and what the refusal says."""

import shlex

import pytest

from htstats.cli import main


def refusals(table):
    """Run a test for each line ``ARGUMENTS -> MESSAGE`` of a table, as `words` and `said`."""
    lines = [" ".join(line.split()).partition("-> ") for line in table.strip().splitlines()]
    cases = [(shlex.split(words), said) for words, _, said in lines]
    return pytest.mark.parametrize(("words", "said"), cases, ids=[" ".join(w) for w, _ in cases])


def require_refusal(capsys, folder, *argv):
    """The one line that a command prints when it refuses its arguments and leaves a folder alone.

    The exit code is 2, and there is nothing on standard output.
    """
    before = _contents(folder)
    try:
        code = main([str(word) for word in argv])
    except SystemExit as end:  # argparse's own way
        code = end.code
    out, err = capsys.readouterr()
    assert (code, out, err.count("\n")) == (2, "", 1), err
    assert "Traceback" not in err
    assert _contents(folder) == before
    return err


def _contents(folder):
    """The files below a folder with their bytes, and its folders."""
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}
