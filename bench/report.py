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
# races in the table of README.md: (text, table, row, peer)
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


def place(row: dict) -> str:
    """The column of a row: the machine, and the instructions if they were not the best."""
    return row["machine"] + (f", {row['isa']}" if row.get("isa") else "")


def reached(value: float, rule: str) -> str:
    """True if `value` satisfies a rule such as "<= 0.5"; "" without a rule."""
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


def judged(row: dict) -> list[tuple[str, str, str, str]]:
    """(against, figure, goal, whether reached) of a row: of each peer, or of the fact itself."""
    if "value" in row:
        figure = f"{row['value']:.4g} {row['unit']}"
        return [("", figure, row["reach"], reached(row["value"], row["reach"]))]
    out = []
    for peer, other in row["peers"].items():
        ratio = row["seconds"] / other
        kind, _, rule = row["reach"].get(peer, "").partition(" ")
        shown = f"{1 / ratio:,.1f}x faster" if ratio < 0.2 else f"{ratio:.2f}x its time"
        value = 1 / ratio if kind == "speedup" else ratio
        out.append((peer, shown, f"{kind} {rule}".strip(), reached(value, rule)))
    return out


def race_lines(row: dict) -> list[str]:
    return [
        f"| {row['row']} | {span(row['seconds'])} | {peer} | {span(row['peers'][peer])} | {shown} "
        f"| {goal} | {verdict} |"
        for peer, shown, goal, verdict in judged(row)
    ]


def fact_line(row: dict) -> str:
    (_, figure, goal, verdict) = judged(row)[0]
    return f"| {row['row']} | {figure} | {goal} | {verdict} |"


def goals(rows: list[dict], machines: list[str]) -> list[str]:
    """One table of all rows with a goal, with a column for each machine; a missed goal is bold."""
    cells: dict[tuple[str, str, str, str], dict[str, str]] = {}
    for row in rows:
        for peer, figure, goal, verdict in judged(row):
            if goal:
                key = (row["table"], row["row"], peer, goal)
                shown = figure if verdict == "yes" else f"**{figure}**"
                cells.setdefault(key, {})[place(row)] = shown
    out = [f"| what | against | goal | {' | '.join(machines)} |"]
    out += ["|" + "---|" * (3 + len(machines))]
    for (table, name, peer, goal), figures in cells.items():
        columns = " | ".join(figures.get(machine, "") for machine in machines)
        out.append(f"| {table}: {name} | {peer} | {goal} | {columns} |")
    return [*out, ""]


def tables(rows: list[dict]) -> list[str]:
    """All tables of one machine."""
    out = []
    for table, group in groupby(rows, key=lambda row: row["table"]):
        members = list(group)
        races = [row for row in members if "peers" in row]
        facts = [row for row in members if "value" in row]
        out += [f"### {table}", ""]
        if races:
            out += ["| what | htstats | against | its time | ratio | goal | reached |"]
            out += ["|---|---|---|---|---|---|---|"]
            out += [line for row in races for line in race_lines(row)] + [""]
        if facts:
            out += ["| what | figure | goal | reached |", "|---|---|---|---|"]
            out += [fact_line(row) for row in facts] + [""]
    return out


def render(rows: list[dict]) -> str:
    rows = sorted(rows, key=lambda row: row["table"])
    machines = sorted({place(row) for row in rows})
    out = [
        "# Benchmarks",
        "",
        "Written by `make bench`; do not edit. Peers run beside htstats in the same run, rounds",
        "alternating, each judged by its fastest. Times do not travel between machines, and some",
        "ratios do not either: what np.sort takes depends on the processor.",
        "",
        "## Goals",
        "",
        "What is missed is bold.",
        "",
        *goals(rows, machines),
    ]
    for machine in machines:
        own = [row for row in rows if place(row) == machine]
        commits = sorted({row["commit"] for row in own if row.get("commit")})
        out += [f"## {machine}", ""]
        out += [f"Measured at {', '.join(commits)}.", ""] if commits else []
        out += tables(own)
    return "\n".join(out)


def headlines(rows: list[dict]) -> str:
    """The table of README.md: for each race of HEADLINES, the speed-up and the time of htstats."""
    rows = [row for row in rows if not row.get("isa")]
    machines = sorted({row["machine"] for row in rows if "peers" in row})
    races = {(row["machine"], row["table"], row["row"]): row for row in rows if "peers" in row}
    out = [f"| times faster (time taken) | than | {' | '.join(machines)} |"]
    out += ["|" + "---|" * (2 + len(machines))]
    for words, table, name, peer in HEADLINES:
        cells = []
        for machine in machines:
            row = races.get((machine, table, name))
            if row is None:
                cells.append("")
                continue
            own, other = row["seconds"], row["peers"][peer]
            faster = float(f"{other / own:.2g}")
            cells.append(f"{faster:,g} ({span(own)})")
        out.append(f"| {words} | {peer} | {' | '.join(cells)} |")
    return "\n".join(out) + "\n"


def with_headlines(readme: str, rows: list[dict]) -> str:
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + headlines(rows) + END + after


if __name__ == "__main__":
    results = json.loads((HERE / "results.json").read_text())
    (HERE / "RESULTS.md").write_text(render(results))
    README.write_text(with_headlines(README.read_text(), results))
