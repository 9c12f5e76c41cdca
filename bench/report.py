"""Turn bench/results.json into bench/RESULTS.md: `python bench/report.py`."""

from __future__ import annotations

import json
import operator
from itertools import groupby
from pathlib import Path

HERE = Path(__file__).parent
COMPARE = {"<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt}


def reached(value: float, rule: str) -> str:
    """Whether `value` keeps a rule such as "<= 0.5"; "" where there is none."""
    if not rule:
        return ""
    sign, bound = rule.split()
    return "yes" if COMPARE[sign](value, float(bound)) else "**no**"


def span(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def race_lines(row: dict) -> list[str]:
    lines = []
    for peer, other in row["peers"].items():
        ratio = row["seconds"] / other
        kind, _, rule = row["reach"].get(peer, "").partition(" ")
        value = 1 / ratio if kind == "speedup" else ratio
        shown = f"{1 / ratio:,.1f}x faster" if ratio < 0.2 else f"{ratio:.2f}x its time"
        goal = f"{kind} {rule}" if kind else ""
        lines.append(
            f"| {row['row']} | {span(row['seconds'])} | {peer} | {span(other)} | {shown} "
            f"| {goal} | {reached(value, rule)} |"
        )
    return lines


def fact_line(row: dict) -> str:
    value = f"{row['value']:.4g} {row['unit']}"
    return f"| {row['row']} | {value} | {row['reach']} | {reached(row['value'], row['reach'])} |"


def render(rows: list[dict]) -> str:
    out = [
        "# Benchmarks",
        "",
        "Written by `make bench`; do not edit. Peers run beside htstats in the same run, rounds",
        "alternating, each judged by its fastest. Ratios travel between machines, times do not.",
        "",
    ]
    machines = sorted({row["machine"] for row in rows})
    out += [f"Machine: {'; '.join(machines)}.", ""]
    rows = sorted(rows, key=lambda row: row["table"])
    for table, group in groupby(rows, key=lambda row: row["table"]):
        members = list(group)
        races = [row for row in members if "peers" in row]
        facts = [row for row in members if "value" in row]
        out += [f"## {table}", ""]
        if races:
            out += ["| what | htstats | against | its time | ratio | reach | reached |"]
            out += ["|---|---|---|---|---|---|---|"]
            out += [line for row in races for line in race_lines(row)] + [""]
        if facts:
            out += ["| what | figure | reach | reached |", "|---|---|---|---|"]
            out += [fact_line(row) for row in facts] + [""]
    return "\n".join(out)


if __name__ == "__main__":
    results = HERE / "results.json"
    (HERE / "RESULTS.md").write_text(render(json.loads(results.read_text())))
