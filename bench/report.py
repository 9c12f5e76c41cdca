"""Turn bench/results.json into bench/RESULTS.md and README.md's table: `python bench/report.py`."""

from __future__ import annotations

import json
import operator
from itertools import groupby
from pathlib import Path

HERE = Path(__file__).parent
README = HERE.parent / "README.md"
BEGIN, END = "<!-- written by bench/report.py -->\n", "<!-- end -->"
FITS = "exact fit beside other tools, Pareto 2.5, one thread"
EVERY = "exact fit of every candidate, one thread"
SPLIT = "float32, 18 % kept, two threads (threshold given, noise none)"
# what README.md says of a race: (words, table, row, peer)
HEADLINES = [
    ("fit, n = 1e5", FITS, "n = 1e+05, powerlaw 2.0.0", "powerlaw 2.0.0"),
    ("fit, n = 1e5", FITS, "n = 1e+05, igraph", "igraph"),
    ("fit, 1e7 weights of a normal law", EVERY, "normal, n = 1e+07, float32", "np.sort"),
    (
        "goodness of fit, 2,500 refits, n = 1e4",
        "goodness of fit, 2,500 refits, n = 1e4, two threads",
        "Pareto 2.5",
        "igraph 1.0.0, default",
    ),
    (
        "W = A + B, 8192 x 8192 float32",
        "partition in memory, 8192 x 8192",
        SPLIT,
        "scipy csr_matrix(np.where(...))",
    ),
    ("log binomial tails", "binomial tails", "logsf, array in the bulk", "scipy"),
]
COMPARE = {"<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt}


def reached(value: float, rule: str) -> str:
    """Whether `value` keeps a rule such as "<= 0.5"; "" where there is none."""
    if not rule:
        return ""
    sign, bound = rule.split()
    return "yes" if COMPARE[sign](value, float(bound)) else "**no**"


def span(seconds: float) -> str:
    if seconds >= 1000:
        return f"{seconds:,.0f} s"
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


def headlines(rows: list[dict]) -> str:
    """The table of README.md: the races of HEADLINES that were run."""
    races = {(row["table"], row["row"]): row for row in rows if "peers" in row}
    out = ["| what | htstats | against | its time | times faster |", "|---|---|---|---|---|"]
    for words, table, name, peer in HEADLINES:
        row = races[table, name]
        own, other = row["seconds"], row["peers"][peer]
        faster = f"{float(f'{other / own:.2g}'):,g}"
        out.append(f"| {words} | {span(own)} | {peer} | {span(other)} | {faster} |")
    return "\n".join(out) + "\n"


def with_headlines(readme: str, rows: list[dict]) -> str:
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + headlines(rows) + END + after


if __name__ == "__main__":
    results = json.loads((HERE / "results.json").read_text())
    (HERE / "RESULTS.md").write_text(render(results))
    README.write_text(with_headlines(README.read_text(), results))
