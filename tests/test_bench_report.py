"""The script that turns benchmark results into tables judges by the rule it prints."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from scripts import load_script

from htstats._common.processor import usable_instructions

ROOT = Path(__file__).parent.parent
ISA = ROOT / "bench" / "isa.py"
SCRIPT = ROOT / "bench" / "report.py"


@pytest.fixture(scope="module")
def report():
    return load_script(SCRIPT)


def test_a_missed_target_is_said(report):
    assert report.reached(0.51, "<= 0.5") == "**no**"
    assert report.reached(0.5, "<= 0.5") == "yes"
    assert report.reached(7, "") == ""


def test_races_and_facts_become_rows(report):
    rows = [
        {
            "table": "fits",
            "row": "half-normal",
            "seconds": 0.02,
            "peers": {"np.sort": 0.04, "slow": 4.0},
            "reach": {"np.sort": "time <= 0.4", "slow": "speedup >= 100"},
            "machine": "m",
        },
        {
            "table": "fits",
            "row": "memory",
            "value": 12.0,
            "unit": "%",
            "reach": "<= 25",
            "machine": "m",
        },
    ]
    text = report.render(rows)
    fast, slow = (line for line in text.splitlines() if line.startswith("| half-normal"))
    assert "| 0.50x its time | time <= 0.4 | **no** |" in fast
    assert "| 200.0x faster | speedup >= 100 | yes |" in slow
    assert "| memory | 12 % | <= 25 | yes |" in text


def test_machines_stand_side_by_side(report):
    row = {"table": "t", "row": "size", "unit": "%", "reach": "<= 25"}
    rows = [
        {**row, "value": 30.0, "machine": "b", "commit": "abc1234"},
        {**row, "value": 12.0, "machine": "a"},
        {"table": "t", "row": "rate", "value": 2.0, "unit": "/s", "reach": "", "machine": "a"},
    ]
    text = report.render(rows)
    assert "| what | against | goal | a | b |" in text
    assert "| t: size |  | <= 25 | 12 % | **30 %** |" in text
    assert "| t: rate |" not in text
    a, b = text.split("\n## a\n")[1].split("\n## b\n")
    assert "| size | 12 % | <= 25 | yes |" in a
    assert "| rate | 2 /s |  |  |" in a
    assert "Measured at" not in a
    assert "Measured at abc1234." in b


def test_the_tables_in_the_tree_are_those_of_the_results(report):
    rows = json.loads((ROOT / "bench" / "results.json").read_text())
    assert (ROOT / "bench" / "RESULTS.md").read_text() == report.render(rows)
    readme = (ROOT / "README.md").read_text()
    assert report.BEGIN in readme
    assert readme == report.with_headlines(readme, rows)


def test_instructions_have_a_column_of_their_own(report):
    row = {"table": "t", "row": "size", "unit": "%", "reach": "<= 25", "machine": "a"}
    text = report.render([{**row, "value": 30.0, "isa": "avx2"}, {**row, "value": 12.0}])
    assert "| what | against | goal | a | a, avx2 |" in text
    assert "| t: size |  | <= 25 | 12 % | **30 %** |" in text
    assert "\n## a, avx2\n" in text
    race = {"table": "t", "row": "r", "seconds": 1.0, "peers": {"p": 2.0}, "reach": {}}
    table = report.headlines([{**race, "machine": "a", "isa": "plain"}])
    assert "plain" not in table


def test_all_kinds_of_this_processor_are_named():
    load_script(ISA)
    command = [sys.executable, str(ISA), "all"]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert found == list(usable_instructions())
    assert found[0] == "plain"


def test_numpy_is_held_to_the_instructions_of_a_kind():
    isa = load_script(ISA)
    new = ["X86_V3", "X86_V4", "AVX512_ICL", "AVX512_SPR"]
    old = ["SSE41", "AVX", "F16C", "FMA3", "AVX2", "AVX512F", "AVX512_SKX"]
    assert isa.features_to_disable("avx512", new) == []
    assert isa.features_to_disable("avx2", new) == new[1:]
    assert isa.features_to_disable("plain", new) == new
    assert isa.features_to_disable("avx2", old) == ["AVX512F", "AVX512_SKX"]
    assert isa.environment("avx2", new) == {
        "HTST_ISA": "avx2",
        "NPY_DISABLE_CPU_FEATURES": "X86_V4,AVX512_ICL,AVX512_SPR",
    }
    assert isa.environment("avx512", new) == {"HTST_ISA": "avx512"}
    with pytest.raises(SystemExit, match="ISA must be one of plain, avx2, avx512, got 'fast'"):
        isa.environment("fast", new)
