"""Versions agree, workflows are pinned, and what is published describes itself."""

import re
import tomllib
from pathlib import Path

import pytest

import htstats

ROOT = Path(__file__).resolve().parents[1]

pytestmark = pytest.mark.skipif(
    not (ROOT / ".github").is_dir(), reason="run the tests from a checkout"
)


def text(file):
    return (ROOT / file).read_text()


@pytest.mark.parametrize(
    ("file", "pattern"),
    [
        ("csrc/htst.h", r'#define HTST_VERSION "(.*)"'),
        ("CITATION.cff", r"^version: (.*)$"),
        ("packaging/conda/recipe.yaml", r'^  version: "(.*)"$'),
    ],
)
def test_all_files_name_one_version(file, pattern):
    assert re.findall(pattern, text(file), re.MULTILINE) == [htstats.__version__]


def test_the_recipe_asks_for_the_packages_of_the_project():
    project = tomllib.loads(text("pyproject.toml"))["project"]
    recipe = text("packaging/conda/recipe.yaml")
    for requirement in project["dependencies"]:
        assert f"- {requirement.replace('>=', ' >=')}\n" in recipe
    assert f"- python {project['requires-python']}\n" in recipe


def test_actions_are_pinned_by_hash():
    lines = [
        line for file in (ROOT / ".github/workflows").glob("*.yml")
        for line in file.read_text().splitlines() if "uses:" in line
    ]  # fmt: skip
    assert len(lines) >= 10
    for line in lines:
        assert re.search(r"uses: [\w./-]+@[0-9a-f]{40} # v\d", line), line


def test_workflows_run_what_exists():
    targets = set(re.findall(r"^([\w-]+):", text("Makefile"), re.MULTILINE))
    for file in (ROOT / ".github/workflows").glob("*.yml"):
        for target in re.findall(r"run: make ([\w-]+)", file.read_text()):
            assert target in targets
    assert "--preserve-env=PATH .ci/run" in text(".github/workflows/ci.yml")


def test_configuration():
    config = htstats.show_config("dicts")
    assert config["version"] == htstats.__version__
    assert "-ffp-contract=off" in config["build"]["flags"]
    assert config["packages"]["numpy"] is not None
    assert config["machine"]["threads"] >= 1


def test_configuration_is_printed(capsys):
    assert htstats.show_config() is None
    printed = capsys.readouterr().out
    assert printed.startswith(f"version: {htstats.__version__}\n")
    assert "  compiler: " in printed


def test_configuration_names_a_wrong_mode():
    with pytest.raises(ValueError, match="mode must be one of 'stdout', 'dicts', got 'json'"):
        htstats.show_config("json")
