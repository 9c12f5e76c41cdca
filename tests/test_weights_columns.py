"""A column of numbers: text as `float` reads it, .npy, standard input, in any memory."""

import csv
import gzip
import io
import json
import math
import os
import random
import sys
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from htstats import fit_power_law
from htstats.cli import main
from htstats.weights import columns
from htstats.weights.columns import Column, open_column, read_column

SIZES = (np.random.default_rng(0).pareto(1.5, 500) + 1).tolist()
COUNTS = np.random.default_rng(1).zipf(2.5, 500).tolist()


def written(tmp_path, text, name="a.txt"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


@pytest.fixture(params=[1 << 20, 64], ids=["one block", "many blocks"])
def opened(request):
    """`open_column` by blocks of two sizes: lines must not depend on where blocks end."""
    return partial(open_column, block_bytes=request.param)


@pytest.fixture
def read(opened):
    return lambda path, column=None: opened(path, column, held=None).toarray()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_lines_end_in_any_way(read, tmp_path, end, last, mark):
    lines = ["# sizes", "", *map(repr, SIZES), "  ", "# the end"]
    path = written(tmp_path, mark + end.join(lines) + end * last)
    assert read(path).tolist() == SIZES
    with pytest.raises(ValueError, match=r"a\.txt:503: 'abc' is no number"):
        read(written(tmp_path, mark + end.join([*lines[:502], "abc", *lines[502:]])))


def test_decimals_are_rounded_as_float_rounds_them(read, tmp_path):
    rng = random.Random(0)
    texts = ["1e5", "1E5", "+7e0", "  2.5\t", ".5", "5.", "0", "-0.0", "-3", "1e-320", "4.9e-324",
             "0.1", "9007199254740992", "2.2250738585072011e-308", "17976931348623157081e289",
             "8.5e15", "0.500000000000000166533453693773481063544750213623046875"]  # fmt: skip
    for _ in range(2000):
        digits = str(rng.randrange(10 ** rng.randrange(1, 25)))
        cut = rng.randrange(len(digits) + 1)
        texts.append(f"{digits[:cut]}.{digits[cut:]}e{rng.randrange(-30, 30)}")
    for name in ("a.txt", "a.txt.gz"):
        data = "\n".join(texts).encode()
        path = written(tmp_path, gzip.compress(data) if name.endswith("gz") else data, name)
        got = read(path)
        assert got.tobytes() == np.array([float(text) for text in texts]).tobytes()


SHEETS = {
    "a.csv": "city,people,share\nA,{0},1\nB,{1},2\n\n# said\nC,{2},3\n",
    "semicolons.csv": "city;people;share\nA;{0};1\nB;{1};2\nC;{2};3\n",
    "tabs.csv": "city\tpeople\tshare\nA\t{0}\t1\nB\t{1}\t2\nC\t{2}\t3\n",
    "a.tsv": "city\tpeople\tshare\n\t{0}\t1\nthe city\t{1}\t2\nC\t{2}\t\n",
    "a.dat": "city  people share # three\nA {0}\t1\n  B   {1} 2 # two\nC {2} 3\n",
    "commas.txt": "city, people, share\nA, {0}, 1\nB , {1}, 2\nC,{2},3\n",
    "quoted.csv": '"city","people","share"\n"A, in a","{0}","1"\n"B ""b""",{1},2\nC,{2},3\n',
    "index.csv": ",people,share\n0,{0},1\n1,{1},2\n2,{2},3\n",
    "r.txt": '"people" "share"\n"1" {0} 1\n"the 2nd" {1} 2\n"3" {2} 3\n',
    "latin.csv": "ort,people,größe\nÄ,{0},1\nB,{1},2\nC,{2},3\n",
    "years.csv": "id,people,2020\n1,{0},1\n2,{1},2\n3,{2},3\n",
}


@pytest.mark.parametrize("name", SHEETS)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_column_among_others(read, opened, tmp_path, name, end):
    text = SHEETS[name].format(3, 2.5, 1e4).replace("\n", end)
    path = written(tmp_path, text.encode("latin-1" if name == "latin.csv" else "utf-8"), name)
    for column in ("people", 2, "2"):
        assert read(path, column).tolist() == [3, 2.5, 1e4]
        assert opened(path, column).name == "people"
    with pytest.raises(ValueError, match=r"3 columns: say which .* 2 'people'"):
        read(path)
    for column in ("peopl", 0, 4, "-1", "People"):
        with pytest.raises(ValueError, match=f"no column {column!r}: there are 1 .*, 2 'people'"):
            read(path, column)


def test_names_come_before_numbers(tmp_path):
    path = written(tmp_path, "2,b\n2,1\n3,4\n", "a.csv")
    assert read_column(path, "b").tolist() == [1, 4]
    assert read_column(path, "2").tolist() == [2, 3]
    path = written(tmp_path, "a,a\n2,1\n3,4\n", "a.csv")
    with pytest.raises(ValueError, match="2 columns are named 'a'"):
        read_column(path, "a")
    assert read_column(path, 2).tolist() == [1, 4]


def test_a_line_that_may_be_a_header_is_not_guessed(tmp_path):
    path = written(tmp_path, "id,2020\n1,5\n2,6\n", "a.csv")
    with pytest.raises(ValueError, match=r"a\.csv:1: a header or not\? Column 2 has '2020'"):
        read_column(path, 2)
    assert read_column(path, "2020").tolist() == [5, 6]
    labelled = written(tmp_path, "A,7\nB,6\n", "a.csv")
    assert read_column(labelled, 2).tolist() == [7, 6]


@pytest.mark.parametrize("header", ["people", "_x", "größe", '"number of people"'])
def test_one_column_with_a_header(tmp_path, header):
    spaced = written(tmp_path, "Size of cities (2020)\n1\n2.5\n")
    assert read_column(spaced).tolist() == [1, 2.5]
    assert open_column(spaced).name == "Size of cities (2020)"
    path = written(tmp_path, f"# note\n{header}\n1\n2.5\n", "a.csv")
    assert read_column(path).tolist() == [1, 2.5]
    assert open_column(path).name == header.strip('"')


BAD = [
    ("1\n2\nabc\n", None, ":3: 'abc' is no number"),
    ("x\n1\nx\n", None, ":3: 'x' is no number"),
    ("1\n\n# b\n1_000\n", None, ":4: '1_000' is no number"),
    ("0x10\n2\n", None, ":1: '0x10' is no number"),
    ("12abc\n2\n", None, ":1: '12abc' is no number"),
    ("$5\n2\n", None, ":1: '$5' is no number"),
    ("2\n5%\n", None, ":2: '5%' is no number"),
    ("\u22121\n2\n", None, ":1: '\u22121' is no number"),
    ("2\n\u0663\n", None, ":2: '\u0663' is no number"),
    ("2\n1 000\n", None, ":2: 2 columns where there are 1 before"),
    ("2\n1,000\n", None, ":2: '1,000' is no number: write it without thousands separators"),
    ('2\n"1,234,567.5"\n', None, ":2: '1,234,567.5' is no number: write it without thousands"),
    ("2\n3,14\n", None, ":2: '3,14' is no number: write a decimal point"),
    ("2;1\n3,14;1\n", 1, ":2: '3,14' is no number: write a decimal point"),
    ("3,14;2\n3,1;1\n", 1, ":1: '3,14' is no number: write a decimal point"),
    ("3,14\n3,15\n", None, ": 2 columns: say which one .*if the comma is a decimal one"),
    ("2\nnan\n", None, ":2: 'nan' is not finite"),
    ("nan\n2\n", None, ":1: 'nan' is not finite"),
    ("2\n-inf\n", None, ":2: '-inf' is not finite"),
    ("2\n1e999\n", None, ":2: '1e999' is not finite"),
    ("NA\n2\n", None, ":1: 'NA' is no number"),
    ("2\nN/A\n", None, ":2: 'N/A' is no number"),
    ("2\n-\n", None, ":2: '-' is no number"),
    ("a,b\n1,2\n3,\n", "b", ":3: the cell is empty"),
    ("a,b\n1,2\n3\n", "a", ":3: 1 column where there are 2 before"),
    ("a,b\n1,2\n3,4,5\n", "a", ":3: 3 columns where there are 2 before"),
    ('1\n"2\n3"\n', None, ":2: a quotation mark that is not closed"),
    ("", None, ": no numbers: it is empty"),
    ("\n# a\n \n", None, ": no numbers: it is empty"),
    ("people\n", None, ": no numbers below the header 'people'"),
    (b"\x00\x01\x02", None, ": not a text file"),
    (b"1\n2\n\x00\n", None, ": not a text file"),
    (b"\xff\xfe1\x00\n\x00", None, ": UTF-16 text: save it as UTF-8"),
    (b"PK\x03\x04rest", None, ": not a text file but a zip archive"),
    (b"1\n" + b"7" * 9_000_000, None, ":2: the line is too long"),
]


@pytest.mark.parametrize(("text", "column", "message"), BAD, ids=[str(i) for i in range(len(BAD))])
def test_what_is_no_number_is_named_by_its_line(
    tmp_path, monkeypatch, capsys, text, column, message
):
    monkeypatch.chdir(tmp_path)
    written(tmp_path, text, "a.csv")
    pattern = "^a.csv" + message.replace("$", r"\$")
    with pytest.raises(ValueError, match=pattern):
        read_column("a.csv", column)
    extra = [] if column is None else ["--column", str(column)]
    before = sorted(os.listdir())
    assert main(["fit", "a.csv", *extra]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("htstats: a.csv")
    assert sorted(os.listdir()) == before


def test_every_place_of_a_bad_line_is_found(read, tmp_path):
    lines = [f"{v!r}" for v in SIZES[:40]]
    for at in range(0, 40, 7):
        for start in ([], ["x"], ["# c", "", "x"]):
            text = "\n".join([*start, *lines[:at], "1.2.3", *lines[at:]])
            if at == 0 and not start:
                continue
            with pytest.raises(ValueError, match=rf"a\.txt:{len(start) + at + 1}: '1\.2\.3'"):
                read(written(tmp_path, text))


def test_whole_numbers_are_exact_or_said(tmp_path, capsys):
    text = "9007199254740993\n9007199254740992\n1\n2\n100000000000000000000\n1e300\n"
    path = written(tmp_path, text)
    assert open_column(path).n_rounded == 1  # 1e20 is 5^20 2^20, and 5^20 has 47 bits
    assert main(["fit", path]) == 0
    assert "a.txt: 1 whole numbers beyond 2^53 were rounded" in capsys.readouterr().out
    assert main(["fit", path, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["matrices"][0]["n_rounded"] == 1
    assert main(["fit", path, "--discrete"]) == 2
    assert "a.txt:1: '9007199254740993' is above 2^53" in capsys.readouterr().err
    assert main(["fit", written(tmp_path, "x\n1\n2\n2.5\n"), "--discrete"]) == 2
    assert "a.txt:4: '2.5' is no whole number" in capsys.readouterr().err
    np.save(tmp_path / "a.npy", np.array([2**64 - 1, 2**63, 5], np.uint64))
    assert open_column(str(tmp_path / "a.npy")).n_rounded == 1
    np.save(tmp_path / "a.npy", np.array([2**53 + 1, 2**53, 3, -(2**60) - 1]))
    assert open_column(str(tmp_path / "a.npy")).n_rounded == 2


@pytest.mark.parametrize("dtype", ["f8", ">f8", "f4", "f2", "i8", "i4", "u2", ">i4", "u1"])
def test_one_dimensional_npy(tmp_path, capsys, dtype):
    values = np.array(COUNTS).clip(0, 200).astype(dtype)
    path = str(tmp_path / "a.npy")
    np.save(path, values)
    assert read_column(path).tolist() == values.tolist()
    assert main(["fit", path, "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["matrices"]
    expected = fit_power_law(values.astype(values.dtype.newbyteorder("=")))
    assert (row["alpha"], row["xmin"]) == (expected.alpha, expected.xmin)
    assert main(["fit", path, "--json", "--discrete"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["matrices"]
    assert row["alpha"] == fit_power_law(values.astype(float), discrete=True).alpha
    for column in ("1", 1):
        assert read_column(path, column).tolist() == values.tolist()
    with pytest.raises(ValueError, match="column must be 1"):
        read_column(path, 2)


def test_other_npy_are_no_columns(tmp_path, capsys):
    for values in (np.eye(3), np.array(3.0), np.array(["a"]), np.ones(3, complex)):
        path = str(tmp_path / "a.npy")
        np.save(path, values)
        assert not columns.is_column(path)
        with pytest.raises(ValueError, match="not a 1-D"):
            read_column(path)
        assert main(["fit", path, "--discrete"]) == 2
        assert "--discrete is for a column of numbers" in capsys.readouterr().err


def piped(monkeypatch, data):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))


def test_standard_input_is_read_by_its_content(tmp_path, monkeypatch, capsys):
    text = "\n".join(map(repr, SIZES)).encode()
    buffer = io.BytesIO()
    np.save(buffer, np.array(SIZES))
    rows = "\n".join(f"{i},{v!r}" for i, v in enumerate(SIZES)).encode()
    tabs = b"a b\tx\n" + "\n".join(f"{i}\t{v!r}" for i, v in enumerate(SIZES)).encode()
    for data, column in (
        (text, None), (gzip.compress(text), None), (buffer.getvalue(), None), (rows, "2"),
        (tabs, "x"),
    ):  # fmt: skip
        piped(monkeypatch, data)
        extra = [] if column is None else ["--column", column]
        assert main(["fit", "-", "--json", *extra]) == 0
        answer = json.loads(capsys.readouterr().out)
        assert answer["file"] == "-"
        assert answer["matrices"][0]["name"] == ("x" if column == "x" else "stdin")
        assert answer["matrices"][0]["alpha"] == fit_power_law(SIZES).alpha
    for data, message in (
        (b"", "standard input: no numbers"),
        (b"1\nx\n", "standard input:2: 'x'"),
        (gzip.compress(text)[:-9], "standard input: damaged gzip file"),
        (buffer.getvalue()[:300], "standard input: damaged .npy"),
    ):
        piped(monkeypatch, data)
        assert main(["fit", "-"]) == 2
        assert message in capsys.readouterr().err


def test_a_pipe_is_read_as_standard_input_is(tmp_path):
    path = str(tmp_path / "pipe")
    os.mkfifo(path)
    pid = os.fork()
    if pid == 0:
        with open(path, "w") as file:
            file.write("1\n2\n5\n")
        os._exit(0)
    assert columns.is_column(path)
    assert read_column(path).tolist() == [1, 2, 5]
    os.waitpid(pid, 0)


def test_files_that_cannot_be_read(tmp_path, capsys):
    (tmp_path / "folder.txt").mkdir()
    (tmp_path / "bad.txt.gz").write_bytes(gzip.compress(b"1\n2\n" * 99)[:-6])
    for name, message in (
        ("folder.txt", "Is a directory"),
        ("absent.csv", "No such file"),
        ("bad.txt.gz", "damaged gzip file"),
    ):
        assert main(["fit", str(tmp_path / name)]) == 2
        assert message in capsys.readouterr().err


def test_the_table_has_one_row_of_what_the_library_says(tmp_path, capsys):
    path = written(tmp_path, "\n".join(map(repr, [*SIZES, 0.0, -1.0, -2.0])))
    fit = fit_power_law(SIZES)
    assert main(["fit", path]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[0].split() == [
        "column", "n", "alpha", "tail", "exponent", "xmin", "D", "n_tail", "stderr"
    ]  # fmt: skip
    assert "a.txt: left out of the fit: 1 zero" in out
    assert "a.txt: left out of the fit: 2 negative" in out
    assert main(["fit", path, "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["matrices"]
    for key in ("alpha", "xmin", "distance", "n_tail", "stderr", "n"):
        assert row[key] == getattr(fit, key)
    assert row["excluded"] == {"zero": 1, "negative": 2}
    assert row["shape"] == [503]
    assert "stable_rank" not in row
    assert main(["fit", path, "--csv"]) == 0
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert float(row["alpha"]) == fit.alpha
    assert row["status"] == "success"
    assert main(["fit", path, "--side", "abs", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["side"], answer["matrices"][0]["n"]) == ("abs", 502)


@pytest.mark.parametrize("discrete", [False, True])
def test_extras_and_rules(tmp_path, capsys, discrete):
    data = COUNTS if discrete else SIZES
    path = written(tmp_path, "x\n" + "\n".join(map(repr, data)), "a.csv")
    rule = {"xmin": (1.0, 20.0), "xmax": 100.0, "min_tail": 10, "ks": "two-sided"}
    argv = ["fit", path, "--xmin", "1:20", "--xmax", "100", "--min-tail", "10", "--ks", "two-sided",
            "--gof", "20", "--compare", "--json"]  # fmt: skip
    assert main(argv + ["--discrete"] * discrete) == 0
    answer = json.loads(capsys.readouterr().out)
    (row,) = answer["matrices"]
    fit = fit_power_law(data, discrete=discrete, **rule)
    assert (row["alpha"], row["xmin"], row["n_tail"]) == (fit.alpha, fit.xmin, fit.n_tail)
    tested = fit.goodness_of_fit(20, stop_at=0.1)
    assert row["gof"]["pvalue"] == tested.pvalue
    ratio = fit.compare("exponential")
    assert math.isclose(row["compare"]["exponential"]["R"], ratio.R, rel_tol=1e-9)
    assert answer["rule"].get("discrete", False) == discrete
    assert main(["fit", path, *["--discrete"] * discrete, "--gof", "20", "--compare"]) == 0
    out = capsys.readouterr().out
    assert "goodness of fit" in out
    assert max(map(len, out.splitlines())) <= 100


@pytest.mark.parametrize("discrete", [False, True])
def test_pictures(tmp_path, capsys, discrete):
    pytest.importorskip("matplotlib")
    path = written(tmp_path, "x\n" + "\n".join(map(repr, COUNTS)), "a.csv")
    out = tmp_path / "pictures"
    assert main(["fit", path, "--plot", str(out), *["--discrete"] * discrete]) == 0
    assert (out / "x.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "extra", [["--tensor", "x"], ["--spectrum"], ["--dask", "local:1"], ["--max-memory", "1M"]]
)
def test_what_is_not_for_columns_is_refused(tmp_path, capsys, extra):
    path = written(tmp_path, "1\n2\n")
    assert main(["fit", path, *extra]) == 2
    assert extra[0] in capsys.readouterr().err


def test_a_column_that_cannot_be_fitted_says_why(tmp_path, capsys):
    assert main(["fit", written(tmp_path, "1\n1\n-1\n")]) == 1
    assert "a.txt: not fitted: x must have at least two distinct" in capsys.readouterr().out


def test_a_npy_that_is_cut_while_it_is_read_is_an_error(tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, np.array(SIZES))
    column = open_column(str(path))
    with open(path, "r+b") as file:
        file.truncate(1000)
    with pytest.raises(ValueError, match=r"a\.npy: truncated while it was read"):
        column.toarray()


@pytest.mark.parametrize("dtype", ["f8", "f4", "f2", "i8"])
def test_blocks_are_the_array(dtype):
    values = np.array(COUNTS).clip(0, 100).astype(dtype)
    column = Column("x", values, dtype)
    for max_bytes in (1, 8, 100, 1 << 20):
        parts = list(column.row_blocks(max_bytes))
        whole = np.concatenate(parts)[:, 0]
        whole = whole.view(np.float16) if dtype == "f2" else whole
        assert whole.tolist() == values.tolist()
        assert all(part.nbytes <= max(max_bytes, 8) for part in parts)


def test_what_is_not_held_lies_in_a_temporary_file(opened, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", None)
    path = written(tmp_path, "\n".join(map(repr, SIZES)))
    before = sorted(os.listdir(tmp_path))
    column = opened(path, held=0)
    assert column.shape == (500, 1)
    assert column.toarray().tolist() == SIZES
    assert [v for part in column.row_blocks(100) for v in part[:, 0].tolist()] == SIZES
    assert sorted(os.listdir(tmp_path)) == before  # it has no name


def test_a_budget_gives_the_same_fit(tmp_path, capsys):
    values = np.random.default_rng(3).pareto(1.5, 200_000) + 1
    path = written(tmp_path, "\n".join(map(repr, values.tolist())))
    np.save(tmp_path / "a.npy", values)
    answers = []
    for argv in ([path], [path, "--max-memory", "16M", "--threads", "1"],
                 [str(tmp_path / "a.npy"), "--max-memory", "16M", "--threads", "1"]):  # fmt: skip
        assert main(["fit", *argv, "--json"]) == 0
        (row,) = json.loads(capsys.readouterr().out)["matrices"]
        answers.append({key: row[key] for key in ("alpha", "xmin", "distance", "n_tail", "n")})
    assert answers[0] == answers[1] == answers[2]
    for extra in ("--gof", "--discrete"):
        whole = written(tmp_path, "\n".join(map(str, range(1, 300_000))), "b.txt")
        argv = ["fit", whole, "--max-memory", "16M", "--threads", "1", extra]
        assert main(argv) == 1
        assert "--max-memory leaves 16777216" in capsys.readouterr().out.replace("\n  ", " ")
