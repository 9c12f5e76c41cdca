"""Pages of measured accuracy: tables of the largest error by stratum and column."""

Peaks = dict[str, dict[str, float]]  # stratum -> column -> largest error


def format_peaks(peaks: Peaks, goals: dict[str, float]) -> str:
    """A table of the errors, with the worst of each column and its goal below."""
    lines = ["| stratum | " + " | ".join(goals) + " |", "|---" * (len(goals) + 1) + "|"]
    for name, row in peaks.items():
        lines.append(f"| {name} | " + " | ".join(f"{row[c]:.1e}" for c in goals) + " |")
    worst = [max(row[c] for row in peaks.values()) for c in goals]
    lines.append("| **worst** | " + " | ".join(f"**{x:.1e}**" for x in worst) + " |")
    lines.append("| goal | " + " | ".join(f"{x:.0e}" for x in goals.values()) + " |")
    return "\n".join(lines) + "\n"


def read_peaks(page: str, goals: dict[str, float]) -> Peaks:
    """What a page says: the rows with as many figures as there are goals."""
    found = {}
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == len(goals) + 1 and cells[1][:1].isdigit() and cells[0] != "goal":
            found[cells[0]] = dict(zip(goals, map(float, cells[1:]), strict=True))
    return found


def require_goal(peaks: Peaks, goals: dict[str, float], column: str) -> None:
    """No stratum has a larger error in this column than the goal."""
    worst = max(peaks, key=lambda name: peaks[name][column])
    assert peaks[worst][column] <= goals[column], worst
