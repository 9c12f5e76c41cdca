"""A test file's name begins with the room that it tests, and no file is long."""

from pathlib import Path

import htstats

TESTS = Path(__file__).parent
ROOMS = {path.stem.lstrip("_") for path in Path(htstats.__file__).parent.iterdir()} - {"pycache"}
# What is no part of the package: the C library, the benchmarks, and the repository as a whole.
OTHERS = {"architecture", "bench", "c", "house"}


def room(name: str) -> str | None:
    """The longest name of a room with which the name of a test file begins."""
    words = name.removeprefix("test_").removesuffix(".py").split("_")
    beginnings = ("_".join(words[:n]) for n in range(len(words), 0, -1))
    return next((words for words in beginnings if words in ROOMS | OTHERS), None)


def test_every_name_begins_with_a_room():
    names = [path.name for path in TESTS.glob("test_*.py")]
    assert len(names) > 70
    assert [name for name in names if room(name) is None] == []


def test_the_rule_knows_rooms_from_other_words():
    assert room("test_power_law.py") == "power_law"
    assert room("test_exact_fit_prune.py") == "exact_fit"
    assert room("test_c_library.py") == "c"
    assert room("test_power.py") is None
    assert room("test_fit_command.py") is None


def test_tests_lie_in_one_folder():
    assert [path for path in TESTS.rglob("test_*.py") if path.parent != TESTS] == []


def test_no_file_has_more_than_450_lines():
    files = [*TESTS.rglob("*.py"), *(TESTS.parent / "bench").rglob("*.py")]
    assert len(files) > 100
    long = [path.name for path in files if path.read_text().count("\n") > 450]
    assert long == []
