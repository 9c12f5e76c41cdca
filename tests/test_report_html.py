"""`html_report` and `htstats report` without a browser: numbers, errors, thinning, sizes."""

import json
import math
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from checkpoints import write_safetensors
from refusals import refusals, require_refusal

from htstats import open_container
from htstats.cli import main
from htstats.compression.container import SizeWriter
from htstats.compression.partition import compress_rows
from htstats.power_law import fit_power_law
from htstats.report import html_report
from htstats.report._curves import MOST, exact_scan, scan_buckets, thin_curve
from htstats.report._names import depths_of, roles_of
from htstats.report._render import LIMIT
from htstats.report.matrix import Extras, fit_matrix
from htstats.sketch import TailSketch
from htstats.weights import open_weights

RNG = np.random.default_rng(5)
HEAVY = {
    "a.weight": RNG.standard_t(3, (60, 40)).astype(np.float32),
    "b.weight": RNG.standard_t(4, (30, 70)).astype(np.float32),
}


@pytest.fixture
def heavy(tmp_path):
    return write_safetensors(tmp_path / "heavy.safetensors", HEAVY | {"bias": np.ones(3)})


def rows_of(report, n=0):
    return {row["name"]: row for row in report.data["networks"][n]["matrices"]}


def unpack(html):
    """The data of a page, with rows as in `HtmlReport.data`."""
    block = re.search(r'<script type="application/json" id="data">(.*?)</script>', html)
    data = json.loads(block[1])
    forms = data.pop("forms")
    for network in data["networks"]:
        keys = network["matrices"]["keys"]
        network["matrices"] = [
            {key: value for key, value in zip(keys, row, strict=True) if value is not None}
            for row in network["matrices"]["rows"]
        ]
        for row in network["matrices"]:
            for k, (form, name, value, *log) in enumerate(row.get("statements", ())):
                logarithm = {"log": log[0]} if log else {}
                row["statements"][k] = {**forms[form], "name": name, "value": value, **logarithm}
    return data


def test_numbers_are_those_of_the_functions(heavy):
    report = html_report(heavy, gof=30, spectrum=True, compare=True, n_threads=2)
    assert report.failed == {}
    for name, row in rows_of(report).items():
        w = HEAVY[name]
        fit = fit_power_law(w.ravel(), side="abs")
        for key in ("alpha", "tail_exponent", "xmin", "distance", "n_tail", "stderr", "n"):
            assert row[key] == getattr(fit, key)
        assert row["gof"]["pvalue"] == fit.goodness_of_fit(30, stop_at=0.1).pvalue
        for ratio in fit.compare_all().rows:
            assert math.isclose(row["compare"][ratio.second.name]["R"], ratio.R, rel_tol=1e-9)
        assert row["kept"] == np.count_nonzero(np.abs(w) > row["threshold"])
        assert row["kept_fraction"] == row["kept"] / w.size
        assert row["curves"].keys() == {"tail", "predicted", "scan", "alternatives", "spectrum"}


def test_spectra_are_those_of_the_command_line():
    w = HEAVY["b.weight"].copy()
    w[:4] = 0  # four eigenvalues are zero, and count
    row = rows_of(html_report({"w": w}, spectrum=True))["w"]
    expected = fit_matrix(open_weights({"w": w})["w"], "abs", extras=Extras(spectrum=True))
    numbers = {key: value for key, value in expected.items() if key.startswith("esd_")}
    assert numbers["esd_num_evals"] == 30
    assert {key: row.get(key) for key in numbers} == numbers


def test_counts_of_the_curves_are_exact(heavy):
    for name, row in rows_of(html_report(heavy)).items():
        w = np.abs(HEAVY[name].astype(np.float64)).ravel()
        tail, predicted = row["curves"]["tail"], row["curves"]["predicted"]
        assert len(tail["x"]) <= MOST
        assert tail["n"] == sorted(tail["n"], reverse=True)
        for x, n in zip(tail["x"], tail["n"], strict=True):  # x has five digits
            assert (
                np.count_nonzero(w >= x * (1 + 1e-4)) <= n <= np.count_nonzero(w >= x * (1 - 1e-4))
            )
        assert predicted["counted"][0] == row["n_tail"]
        for x, expected, low, high in zip(
            *(predicted[key] for key in ("x", "expected", "low", "high")), strict=True
        ):
            law = row["n_tail"] * (x / row["xmin"]) ** -row["tail_exponent"]
            assert math.isclose(expected, law, rel_tol=1e-3)
            assert low <= expected <= high


def test_the_written_sizes_are_those_of_compress(heavy, tmp_path):
    out = tmp_path / "heavy.htz"
    assert main(["compress", str(heavy), "-o", str(out)]) == 0
    rows = rows_of(html_report(heavy))
    with open_container(out) as container:
        for name, entry in container.matrices.items():
            assert rows[name]["kept"] == entry.nnz
            assert rows[name]["stored_bytes"] == entry.stored_bytes


@pytest.mark.parametrize("rule", ["std", "quantile:0.9", 0.5, "nnz:7"])
def test_a_size_writer_counts_what_a_container_writes(rule, tmp_path):
    matrix = open_weights({"w": HEAVY["a.weight"]})["w"]
    writer = SizeWriter()
    compress_rows(writer, "w", matrix, rule)
    from htstats.compression.container import ContainerWriter

    with ContainerWriter(tmp_path / "w.htz") as real:
        before = real.written
        compress_rows(real, "w", matrix, rule)
        assert writer.written == real.written - before
    assert writer.nnz > 0
    with pytest.raises(TypeError, match="no file"):
        writer.commit()


def test_a_small_budget_gives_the_same_fits(tmp_path):
    w = np.random.default_rng(2).standard_t(3, (2000, 1000)).astype(np.float32)
    path = write_safetensors(tmp_path / "large.safetensors", {"w": w})
    (small,) = rows_of(html_report(path, max_memory=16 << 20)).values()
    (whole,) = rows_of(html_report(path)).values()
    for key in ("alpha", "xmin", "distance", "n_tail", "stderr"):
        assert small[key] == whole[key]
    assert math.isclose(small["stable_rank"], whole["stable_rank"], rel_tol=2e-7)  # RANK_RTOL
    assert small["curves"]["tail"] == whole["curves"]["tail"]
    assert small["curves"]["predicted"] == whole["curves"]["predicted"]
    assert "alternatives" not in small["curves"]
    assert any("read in blocks" in note for note in small["notes"])


def test_the_scan_of_buckets_follows_the_exact_scan():
    x = np.sort(np.abs(np.random.default_rng(3).standard_t(3, 40_000)).astype(np.float32))
    fit = fit_power_law(x)
    buckets = TailSketch("float32").update(x).buckets("abs")
    rough = scan_buckets(buckets, fit.xmin)
    for start, distance, alpha in zip(rough["x"], rough["D"], rough["alpha"], strict=True):
        # logarithms are off by 2^-12 at most; the start has five digits and must not be above
        at = fit_power_law(x, xmin=start * (1 - 5e-5))
        assert math.isclose(alpha, at.alpha, rel_tol=2e-3)
        assert abs(distance - at.distance) <= 2e-3 + 1.5 / at.n_tail
    exact = exact_scan(np.float64(x), fit.options, fit.xmin)
    assert min(exact["D"]) == float(f"{fit.distance:.5g}")
    assert len(exact["x"]) <= MOST


@pytest.mark.parametrize(
    "options",
    [
        {"xmax": 20.0}, {"ks": "two-sided"}, {"min_tail": 100}, {"xmin": 2.0},
        {"xmin": (1.0, 4.0)}, {"side": "negative"}, {"threshold": None}, {"threshold": "xmin"},
    ],
)  # fmt: skip
def test_options_are_those_of_the_fit(heavy, options):
    rule = {k: v for k, v in options.items() if k not in ("side", "threshold")}
    for name, row in rows_of(html_report(heavy, **options)).items():
        fit = fit_power_law(HEAVY[name].ravel(), side=options.get("side", "abs"), **rule)
        for key in ("alpha", "xmin", "distance", "n_tail"):
            assert row[key] == getattr(fit, key)
        assert "notes" not in row
        assert ("scan" in row["curves"]) == (options.get("xmin") != 2.0)
        assert ("kept" in row) == (options.get("threshold", "std") is not None)


def test_a_discrete_column(tmp_path, capsys):
    x = np.random.default_rng(0).zipf(2.2, 3000)
    path = tmp_path / "words.csv"
    path.write_text("n,count\n" + "\n".join(f"{i},{v}" for i, v in enumerate(x)))
    out = tmp_path / "words.html"
    given = ["report", str(path), "-o", str(out), "--column", "count", "--discrete", "--gof", "0"]
    assert main(given) == 0
    (row,) = unpack(out.read_text())["networks"][0]["matrices"]
    fit = fit_power_law(x, discrete=True)
    assert (row["alpha"], row["xmin"], row["n_tail"]) == (fit.alpha, fit.xmin, fit.n_tail)
    assert row["curves"]["tail"]["n"][0] == np.count_nonzero(x >= row["curves"]["tail"]["x"][0])
    assert capsys.readouterr().out == f"{out}: {out.stat().st_size / 1024:,.0f} KiB\n"


@pytest.mark.parametrize("x", [np.arange(1, 400), np.random.default_rng(0).pareto(2, 300) + 1])
def test_an_array_is_a_column(x):
    report = html_report(x)
    (row,) = rows_of(report).values()
    assert row["alpha"] == fit_power_law(x).alpha
    assert 0 <= row["gof"]["pvalue"] <= 1


def test_the_page_has_the_data(heavy):
    report = html_report(heavy, heavy, n_examples=1000)
    found = unpack(report.html)
    expected = json.loads(json.dumps(report.data))
    assert found == expected
    kinds = {s["kind"] for s in expected["networks"][0]["statements"]}
    assert kinds == {"exact", "rate", "complexity"}
    (row, _) = expected["networks"][1]["matrices"]
    assert {s["kind"] for s in row["statements"]} == {"exact", "bound", "claim"}


@pytest.mark.parametrize(
    ("n", "points"),
    [(300, 64), *(pytest.param(*case, marks=pytest.mark.slow) for case in ((700, 32), (1500, 8)))],
)
def test_a_page_of_many_matrices_stays_below_the_limit(n, points):
    rng = np.random.default_rng(0)
    arrays = {f"h.{i}.w": rng.standard_t(3, (24, 20 + i % 7)) for i in range(n)}
    report = html_report(arrays, threshold=None)
    assert len(report.html.encode()) <= LIMIT
    rows = unpack(report.html)["networks"][0]["matrices"]
    drawn = [row for row in rows if "curves" in row]
    assert 0 < max(len(row["curves"]["tail"]["x"]) for row in drawn) <= points
    if n <= 700:
        assert len(drawn) == n
        assert "Curves have at most" in report.html
    else:  # only the largest
        assert min(row["size"] for row in drawn) >= max(
            row["size"] for row in rows if "curves" not in row
        )
        assert "only the largest matrices have curves" in report.html
    assert len(rows) == n


def test_a_thinned_curve_keeps_its_ends():
    curve = {"x": list(range(100)), "inner": {"y": list(range(50))}, "short": [1, 2]}
    thin = thin_curve(curve, 8)
    assert len(thin["x"]) == 8
    assert (thin["x"][0], thin["x"][-1], thin["short"]) == (0, 99, [1, 2])
    assert (thin["inner"]["y"][0], thin["inner"]["y"][-1]) == (0, 49)


def test_depth_and_role():
    names = ["h.0.w", "h.1.w", "h.10.w", "h.2.w", "head"]
    assert depths_of(names) == {"h.0.w": 1, "h.1.w": 2, "h.2.w": 3, "h.10.w": 4, "head": 5}
    assert depths_of(["z", "a"]) == {"z": 1, "a": 2}
    assert depths_of(["1" * 9999, "²", "2"])  # long numbers and other digits are no error
    assert set(roles_of(names).values()) == {"h.*.w", "head"}
    assert "other" in roles_of([f"{letter}.0" for letter in "abcdefghij"]).values()


def test_what_cannot_be_fitted_is_told(tmp_path, capsys):
    arrays = HEAVY | {
        "flat": np.ones((5, 5), np.float32),
        "wrong": np.full((4, 4), np.nan, np.float32),
        "none": np.zeros((0, 7), np.float32),
    }
    path, out = write_safetensors(tmp_path / "w.safetensors", arrays), tmp_path / "r.html"
    assert main(["report", str(path), "-o", str(out)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"{out}: 5 matrices, ")
    assert [line.split(": ")[2] for line in lines[1:]] == ["flat", "wrong"]
    rows = {row["name"]: row for row in unpack(out.read_text())["networks"][0]["matrices"]}
    assert all("error" in rows[name] for name in ("flat", "wrong", "none"))


@refusals("""
    missing.pt -> missing.pt: No such file or directory
    {w} {w} {w} -> give one or two files, got 3
    {w} -o {w} -> never overwritten
    {w} -o {folder}/no/r.html -> no: No such file or directory
    {w} -o {folder} -> Is a directory
    {w} --threads 0 -> --threads must be at least 1, got 0
    {w} --max-memory 1K -> --max-memory must be at least
    {w} --gof -3 -> --gof must be at least 0, got -3
    {w} --examples 0 -> --examples must be at least 1, got 0
    {w} --xmin -1 -> --xmin must be positive
    {w} --min-tail 0 -> --min-tail must be at least 1, got 0
    {w} --threshold median -> threshold
    {w} --threshold -1 -> threshold must be 0 or above
    {w} --tensor c.weight -> c.weight
    {w} --discrete -> discrete is for a column of numbers
    {w} --column x -> column is for a column of numbers
    {x} --tensor a -> tensor is for checkpoints
    {w} --certificate missing.htc -> missing.htc: No such file or directory
    {w} --certificate {x} -> format
    - - -> standard input can be given only once
""")
def test_errors_take_one_line_and_write_nothing(heavy, tmp_path, monkeypatch, capsys, words, said):
    monkeypatch.chdir(tmp_path)
    x = tmp_path / "x.txt"
    x.write_text("1\n2\n3.5\n")
    given = [word.format(w=heavy, x=x, folder=tmp_path) for word in words]
    line = require_refusal(capsys, tmp_path, "report", *given)
    assert line.startswith("htstats: ")
    assert said in line


def test_an_input_is_refused_under_any_of_its_names(heavy, tmp_path):
    link, hard = tmp_path / "link.html", tmp_path / "hard.html"
    link.symlink_to(heavy)
    os.link(heavy, hard)
    before = heavy.read_bytes()
    for output in (link, hard, tmp_path / "x" / ".." / heavy.name):
        with pytest.raises(ValueError, match="never overwritten"):
            html_report(heavy, output=output)
    assert heavy.read_bytes() == before
    with pytest.raises(ValueError, match="never overwritten"):
        html_report(heavy).write(heavy)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ([], {}, ValueError, "one or two inputs, got 0"),
        ([np.ones(3), np.ones(3), np.ones(3)], {}, ValueError, "got 3"),
        ([{}], {}, ValueError, "no matrix to fit"),
        ([np.array([])], {}, ValueError, "an array must have numbers"),
        ([np.array(["a"])], {}, ValueError, "an array must have numbers"),
        ([np.arange(9.0)], {"column": 1}, ValueError, "column is for files"),
        ([np.arange(9.0)], {"side": "left"}, ValueError, "side must be one of"),
        ([np.arange(9.0)], {"n_threads": 0}, ValueError, "n_threads must be at least 1"),
        ([np.arange(9.0)], {"max_memory": 9}, ValueError, "max_memory must be at least"),
        ([np.arange(9.0)], {"n_examples": 1.5}, TypeError, "n_examples must be an integer"),
        ([np.arange(9.0)], {"threshold": "x"}, ValueError, "threshold"),
    ],
)
def test_invalid_arguments_are_named(arguments, options, error, message):
    with pytest.raises(error, match=message):
        html_report(*arguments, **options)


def extreme_matrices():
    rng = np.random.default_rng(0)
    for name in ("float16", "float32", "float64"):
        info = np.finfo(name)
        yield (
            f"subnormal {name}",
            np.arange(1, 50).reshape(7, 7).astype(name) * info.smallest_subnormal,
        )
        yield f"huge {name}", (rng.random((20, 20)) * float(info.max)).astype(name)
        yield f"two values {name}", np.array([[1, 2], [1, 2]], name)
        yield f"one row {name}", rng.standard_t(2, (1, 300)).astype(name)
        yield f"one column {name}", rng.standard_t(2, (300, 1)).astype(name)
        yield f"four axes {name}", rng.standard_t(2, (2, 2, 3, 3)).astype(name)
        yield f"negative {name}", -rng.random((9, 9)).astype(name)
        yield f"nearly empty {name}", np.diag(np.arange(9.0)).astype(name)
    yield "600 decades", np.geomspace(1e-300, 1e300, 100).reshape(10, 10)


EXTREMES = list(extreme_matrices())


@pytest.mark.parametrize("compare", [False, True])
@pytest.mark.parametrize(("name", "w"), EXTREMES, ids=[name for name, _ in EXTREMES])
def test_extreme_matrices_have_a_page(name, w, compare):
    report = html_report({name: w}, compare=compare, spectrum=compare)
    (row,) = rows_of(report).values()
    if "error" not in row:
        assert row["alpha"] == fit_power_law(w.ravel(), side="abs").alpha
        assert row["curves"].keys() >= {"tail", "predicted", "scan"}
        assert all(x > 0 for x in row["curves"]["tail"]["x"])
        for note in row.get("notes", ()):
            assert note.startswith("no alternatives: ")
    assert unpack(report.html) == json.loads(json.dumps(report.data))


def test_inputs_are_not_changed_and_threads_do_not_matter():
    arrays = {name: w.copy() for name, w in HEAVY.items()}
    for w in arrays.values():
        w.setflags(write=False)
    one, two = (html_report(arrays, n_threads=n) for n in (1, 2))
    assert one.html == two.html
    assert all(np.array_equal(arrays[name], HEAVY[name]) for name in HEAVY)


def test_the_program_writes_a_page_in_a_process_of_its_own(heavy, tmp_path):
    command = [sys.executable, "-m", "htstats", "report", heavy.name, "--tensor", "a*"]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout.startswith("report.html: 1 matrix, ")
    page = (tmp_path / "report.html").read_text()
    assert page.count('<tr class="row') == 1
    assert not re.search(r"\{\{\w+\}\}", page)
    assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//""", page)


def test_standard_input_is_a_column(tmp_path):
    text = "\n".join(map(str, np.random.default_rng(0).pareto(2, 200) + 1))
    command = [sys.executable, "-m", "htstats", "report", "-", "--gof", "0"]
    answer = subprocess.run(command, cwd=tmp_path, input=text, capture_output=True, text=True)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "<h1><bdi>standard input</bdi></h1>" in (tmp_path / "report.html").read_text()
