"""The C library as a library: its version, its folders, and programs that use nothing else."""

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import htstats
from htstats import binomial

ROOT = Path(__file__).resolve().parents[1]
CSRC, CORE = ROOT / "csrc", ROOT / "htstats" / "_core"
pytestmark = pytest.mark.skipif(
    not CORE.is_dir(), reason="run the tests from a checkout: this tree has no htstats/_core"
)

# Each folder includes only headers of its own, and of folders of earlier lines.
FLOORS = (
    ("common",),
    (
        *("laws", "sketch", "partition", "binomial", "stable", "normal", "coding", "spectral"),
        "certificate",
    ),
    ("fit",),
)
INTERNAL = {
    "htst_ahead.h",
    "htst_binomial_bulk.h",
    "htst_binomial_far.h",
    "htst_binomial_point.h",
    "htst_binomial_tables.h",
    "htst_build.h",
    "htst_compiler.h",
    "htst_discrete_solve.h",
    "htst_distance.h",
    "htst_draws.h",
    "htst_lanes.h",
    "htst_margins.h",
    "htst_moments_many.h",
    "htst_network_trial.h",
    "htst_pair.h",
    "htst_partition_avx512.h",
    "htst_partition_row.h",
    "htst_philox.h",
    "htst_products_widen.h",
    "htst_proposals.h",
    "htst_scan_probes.h",
    "htst_scan_values.h",
    "htst_spread_x86.h",
    "htst_stable_closed.h",
    "htst_stable_contour.h",
    "htst_stable_integrand.h",
    "htst_stable_law.h",
    "htst_stable_math.h",
    "htst_stable_nolan.h",
    "htst_stable_sum.h",
    "htst_stable_values.h",
    "htst_tail_counts.h",
    "htst_tail_x86.h",
    "htst_vector.h",
    "htst_wide.h",
}
FILES = sorted(p for p in CSRC.glob("*/*.[ch]") if p.parent.name != "examples")
HEADERS = {p.name: p for p in FILES if p.suffix == ".h"}


def includes(path: Path) -> list[str]:
    return re.findall(r'^ *# *include "(\w+\.h)"', path.read_text(), re.MULTILINE)


def floor(folder: str) -> int:
    return next(i for i, folders in enumerate(FLOORS) if folder in folders)


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


# ---- version ------------------------------------------------------------------------------------


def test_the_version_is_that_of_the_package():
    text = (CSRC / "htst.h").read_text()
    numbers = dict(re.findall(r"#define HTST_VERSION_(\w+) (\d+)", text))
    in_numbers = ".".join(numbers[part] for part in ("MAJOR", "MINOR", "PATCH"))
    assert re.findall(r'#define HTST_VERSION "([^"]*)"', text) == [htstats.__version__]
    assert re.match(r"\d+\.\d+\.\d+", htstats.__version__).group(0) == in_numbers


# ---- folders ------------------------------------------------------------------------------------


def test_every_folder_has_its_floor_and_its_line_in_the_readme():
    folders = {p.name for p in CSRC.iterdir() if p.is_dir()} - {"examples"}
    assert folders == {folder for floor in FLOORS for folder in floor}
    lines = re.findall(r"^\| `(\w+)/` \|", (CSRC / "README.md").read_text(), re.MULTILINE)
    assert sorted(lines) == sorted([*folders, "examples"])


@pytest.mark.parametrize("path", FILES, ids=name)
def test_no_include_points_to_a_later_folder(path):
    here = path.parent.name
    for header in includes(path):
        there = HEADERS[header].parent.name
        assert there == here or floor(there) < floor(here), f"{path} includes {header}"


def test_no_header_includes_itself_through_others():
    def reach(header: str, way: tuple[str, ...]) -> None:
        assert header not in way, " -> ".join((*way, header))
        for other in includes(HEADERS[header]):
            reach(other, (*way, header))

    for header in HEADERS:
        reach(header, ())


def test_the_umbrella_includes_every_public_header_once():
    public = includes(CSRC / "htst.h")
    templates = {header for header in HEADERS if header.endswith("_template.h")}
    assert len(public) == len(set(public))
    assert set(public) | INTERNAL | templates == {*HEADERS}
    assert not set(public) & (INTERNAL | templates)


def test_headers_compile_alone(tmp_path):
    flags = ["-std=c11", "-fsyntax-only", *include_flags(CSRC)]
    for header in includes(CSRC / "htst.h"):
        program = tmp_path / "alone.c"
        program.write_text(
            f'#include "{header}"\n#include "{header}"\nint main(void) {{ return 0; }}'
        )
        done = subprocess.run(["cc", *flags, program], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def include_flags(csrc: Path) -> list[str]:
    return [f"-I{csrc}", *(f"-I{p}" for p in sorted(csrc.iterdir()) if p.is_dir())]


def test_the_readme_names_the_internal_headers():
    text = (CSRC / "README.md").read_text()
    sentence = re.search(r"These headers are internal: (.*)\. They", text).group(1)
    assert sorted(re.findall(r"`(\w+\.h)`", sentence)) == sorted(INTERNAL)


@pytest.mark.parametrize("path", [p for p in FILES if p.suffix == ".h"], ids=name)
def test_headers_say_method_accuracy_and_errors(path):
    if path.name.endswith(("_template.h", "_tables.h")):
        return
    text = path.read_text()
    assert all(re.search(rf"\b{word}\b", text) for word in ("METHOD", "ACCURACY", "ERRORS"))
    assert text.startswith(f"/* {path.stem}: ")


@pytest.mark.parametrize("path", [*FILES, *sorted(ROOT.glob("tests/c/*.[ch]"))], ids=name)
def test_lines_have_at_most_100_columns(path):
    if path.name != "htst_binomial_tables.h":
        assert max(map(len, path.read_text().splitlines())) <= 100


# ---- sizes --------------------------------------------------------------------------------------

EXAMPLES = sorted((CSRC / "examples").glob("*.c"))


@pytest.mark.parametrize("path", [*FILES, *EXAMPLES], ids=name)
def test_files_functions_and_macros_are_short(path):
    lines = path.read_text().splitlines()
    assert len(lines) <= 450
    start = last_blank = macro = None
    for number, line in enumerate(lines):
        if not line.strip():
            last_blank = number
        elif line == "{":
            start = last_blank
        elif line == "}" and start is not None:
            function = [x for x in lines[start + 1 : number + 1] if not re.match(r"/\*| \*", x)]
            assert len(function) <= 40, f"{path}:{start + 2}: {len(function)} lines"
            start = None
        if line.startswith("#define") and line.endswith("\\"):
            macro = number
        if macro is not None and not line.endswith("\\"):
            assert number - macro < 12, f"{path}:{macro + 1}: include a template instead"
            macro = None


# ---- bindings -----------------------------------------------------------------------------------


def test_what_is_external_to_a_binding_is_declared_in_the_pxd_of_its_header():
    for path in CORE.glob("*.pyx"):
        assert "cdef extern" not in path.read_text(), f"{path}: put it into a .pxd"
    for path in CORE.glob("*.pxd"):
        headers = re.findall(r'cdef extern from "(\w+)\.h"', path.read_text())
        if path.stem.startswith("htst_"):
            assert headers == [path.stem]
            assert f"{path.stem}.h" in HEADERS
        else:
            assert headers == []


@pytest.mark.parametrize("path", sorted(CORE.glob("*.p[xy]*")), ids=name)
def test_bindings_are_short(path):
    if path.suffix in (".pyx", ".pxd"):
        assert len(path.read_text().splitlines()) < 150


def test_declared_functions_stand_in_their_header():
    for path in CORE.glob("htst_*.pxd"):
        header = HEADERS[f"{path.stem}.h"]
        command = ["cc", "-std=c11", "-E", "-dD", *include_flags(CSRC), header]
        seen = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        known = set(re.findall(r"\b\w+", seen)) | {p.stem for p in CORE.glob("*.pxd")}
        assert set(re.findall(r"\b(?:htst|HTST)_\w+", path.read_text())) <= known, path


# ---- programs -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """The examples, built by the commands of csrc/README.md in a folder with csrc alone."""
    place = tmp_path_factory.mktemp("c")
    shutil.copytree(CSRC, place / "csrc")
    script = re.search(r"```sh\n(.*?)```", (CSRC / "README.md").read_text(), re.DOTALL).group(1)
    done = subprocess.run(["sh", "-euc", script], cwd=place, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return place / "build" / "static"


def run(program: Path, *arguments: object) -> dict[str, str]:
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return dict(line.split() for line in done.stdout.splitlines())


@pytest.mark.slow
@pytest.mark.parametrize("n", [8, 1000, 20000])
def test_a_program_fits_as_python_does(programs, tmp_path, n):
    x = np.random.default_rng(n).standard_t(3, n)
    path = tmp_path / "numbers.txt"
    np.savetxt(path, x, fmt="%.17g")
    found, fit = run(programs / "power_law_fit", path), htstats.fit_power_law(x, side="abs")
    assert float(found["alpha"]) == fit.alpha
    assert float(found["xmin"]) == fit.xmin
    assert float(found["distance"]) == fit.distance
    assert int(found["n"]) == fit.n
    assert int(found["n_tail"]) == fit.n_tail


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 2 three", "a word that is no number"),
        ("", "is empty"),
        ("1 2 nan", "HTST_ERR_NOT_FINITE"),
        ("0 0", "HTST_ERR_TOO_FEW"),
    ],
)
def test_a_program_says_what_it_cannot_fit(programs, tmp_path, text, message):
    path = tmp_path / "numbers.txt"
    path.write_text(text)
    done = subprocess.run([programs / "power_law_fit", path], capture_output=True, text=True)
    assert done.returncode in (1, 2)
    assert message in done.stderr
    assert done.stdout == ""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("k", "n", "p", "confidence"),
    [(3, 1000, 0.01, 0.95), (0, 50, 0.1, 0.99), (700, 10**6, 5e-4, 0.9), (10, 10, 0.5, 0.95)],
)
def test_a_program_finds_the_binomial_tail_of_python(programs, k, n, p, confidence):
    found = run(programs / "binomial_tail", k, n, repr(p), repr(confidence))
    expected = {
        "log_tail": binomial.logsf(k, n, p),
        "tail": binomial.sf(k, n, p),
        "upper_limit": binomial.upper_limit(k, n, np.log1p(-confidence)).p,
    }
    # Twice 4e-15, and twice 1e-13 for limits (htst_binomial.h): the builds may differ in the use of
    # fused multiply-adds.
    accuracy = {"log_tail": 8e-15, "tail": 8e-15, "upper_limit": 2e-13}
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        assert float(found[key]) == pytest.approx(value, rel=accuracy[key], abs=0), key


@pytest.mark.slow
@pytest.mark.parametrize(
    "words", [(), (1, 2, 3), (1, 2, 0.5, 1.5), (5, "x", 0.5, 0.9), (3, 2, 0.5, 0.9)]
)
def test_a_program_refuses_bad_numbers(programs, words):
    command = [programs / "binomial_tail", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""
