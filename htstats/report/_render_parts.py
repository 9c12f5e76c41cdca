"""The other parts of a page as HTML: what a file is, sizes, statements, certificate, notes."""

from __future__ import annotations

import re
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from htstats._common.messages import human_bytes
from htstats.report._escape import escape, escape_name
from htstats.report._render_table import format_number
from htstats.report._statements import KINDS

__all__ = [
    "certificate_part",
    "glossary",
    "heading",
    "network_parts",
    "notes_part",
    "pair_table",
    "statement_part",
]

Network = Mapping[str, Any]

# A p-value below this level is evidence against a power law.
LEVEL = 0.1

# Largest number of pairs and of skipped tensors that a page lists.
MOST_SKIPPED = 200

WORDS = (
    ("alpha", "The exponent of the density: p(x) is proportional to x^-alpha from xmin on."),
    ("tail exponent", "alpha - 1, the exponent of P(X > x). Below 2, the law has no variance."),
    ("xmin", "The start of the fitted tail. Every value is tried; the one with the smallest "
     "distance is taken."),
    ("n_tail", "The number of values at or above xmin."),
    ("KS D", "The largest gap between the distribution of the tail and the fitted law."),
    ("p", "Goodness of fit: the probability of a larger distance if the law holds. Below 0.1, the "
     "data speak against a power law."),
    ("stable rank", "The squared Frobenius norm over the squared spectral norm: at least 1, at "
     "most the rank."),
    ("kept %", "The elements above the threshold, which compress keeps as a sparse matrix."),
    ("95 % interval", "alpha plus and minus 1.96 standard errors. It treats xmin as known and is "
     "therefore too short; confidence_interval(method=\"bootstrap\") gives a wider one."),
)  # fmt: skip


def heading(networks: Sequence[Network]) -> str:
    """The title, with the chips A and B for two files."""
    names = [escape_name(re.split(r"[\\/]", network["file"])[-1]) for network in networks]
    if len(names) == 1:
        title = names[0]
    else:
        title = (
            f'<span class="chip">A</span> {names[0]}<span class="versus">and</span>'
            f'<span class="chip b">B</span> {names[1]}'
        )
    return f'<h1>{title}</h1>\n<p class="lead">{escape(_lead(networks))}</p>'


def _lead(networks: Sequence[Network]) -> str:
    parts = []
    for network in networks:
        facts = network["facts"]
        if network["kind"] == "column":
            parts.append(f"a column of {facts['n_elements']:,} numbers")
        else:
            n = facts["n_matrices"]
            kinds = ", ".join(facts["dtypes"])
            parts.append(f"{n:,} weight matri{'x' if n == 1 else 'ces'} ({kinds})")
    fits = "fit" if [network["kind"] for network in networks] == ["column"] else "fits"
    return f"Power-law {fits} of {' and '.join(parts)}."


def network_parts(networks: Sequence[Network]) -> str:
    """Tiles and facts of each input, side by side."""
    parts = []
    for n, network in enumerate(networks):
        chip = f'<h2><span class="chip{" b" if n else ""}">{"AB"[n]}</span></h2>'
        parts.append(
            f"<section>{chip if len(networks) > 1 else ''}{_tiles(network)}"
            f'<div class="pair"><div><h2>What the file is</h2>{_facts(network)}</div>'
            f"{_size_bar(network)}</div></section>"
        )
    return f'<div class="{"pair" if len(parts) > 1 else "one"}">{"".join(parts)}</div>'


def _tiles(network: Network) -> str:
    rows = [row for row in network["matrices"] if "error" not in row]
    facts = network["facts"]
    tiles: list[tuple[str, str, str]]
    if network["kind"] == "column":
        tiles = [("numbers", format_number(facts["n_elements"]), "")]
        if rows:
            row = rows[0]
            low, high = (format_number(end, 3) for end in row["alpha_interval"])
            tiles += [
                ("alpha", format_number(row["alpha"]), f"95 %: {low} to {high}"),
                ("xmin", format_number(row["xmin"]), f"{row['n_tail']:,} numbers in the tail"),
                ("KS distance", format_number(row["distance"], 3), ""),
                _gof_tile(rows),
            ]
    else:
        n, failed = facts["n_matrices"], facts["n_failed"]
        tiles = [
            ("matrices", format_number(n), f"{failed} not fitted" if failed else "all fitted"),
            ("elements", short_count(facts["n_elements"]), f"{facts['n_elements']:,}"),
        ]
        if rows:
            tiles += _checkpoint_tiles(network, rows)
    cells = "".join(
        f"<div><dt>{key}</dt><dd>{value}{f'<small>{more}</small>' if more else ''}</dd></div>"
        for key, value, more in tiles
    )
    return f'<dl class="tiles">{cells}</dl>'


def _gof_tile(rows: Sequence[Mapping[str, Any]]) -> tuple[str, str, str]:
    tested = [row["gof"]["pvalue"] for row in rows if "gof" in row]
    if not tested:
        return "goodness of fit", "–", "not tested: --gof tests it"
    if len(rows) == 1:
        words = "speaks against a power law" if tested[0] < LEVEL else "a power law is plausible"
        return "goodness of fit", f"p = {format_number(tested[0], 3)}", words
    n = sum(p >= LEVEL for p in tested)
    return "plausible power laws", f"{n} of {len(tested)}", "goodness of fit, p at least 0.1"


def _checkpoint_tiles(
    network: Network, rows: Sequence[Mapping[str, Any]]
) -> list[tuple[str, str, str]]:
    alphas = [row["alpha"] for row in rows]
    heavy = sum(row["tail_exponent"] < 2 for row in rows)
    low, high = format_number(min(alphas), 3), format_number(max(alphas), 3)
    tiles = [
        ("median alpha", format_number(statistics.median(alphas), 3), f"{low} to {high}"),
        ("tail exponent below 2", f"{heavy} of {len(rows)}", "no variance under the fit"),
    ]
    if any("gof" in row for row in rows):
        tiles.append(_gof_tile(rows))
    ranks = [row["stable_rank"] for row in rows if "stable_rank" in row]
    if ranks:
        more = f"{format_number(min(ranks), 3)} to {format_number(max(ranks), 3)}"
        tiles.append(("median stable rank", format_number(statistics.median(ranks), 3), more))
    if sizes := network["sizes"]:
        percent = 100 * (sizes["after"] + sizes["others"]) / (sizes["before"] + sizes["others"])
        tiles.append(("size after compress", f"{percent:.3g} %", "of the tensors as stored"))
    return tiles


def short_count(n: int) -> str:
    """A count in thousands, millions or billions."""
    for power, unit in ((9, "G"), (6, "M"), (3, "k")):
        if n >= 10**power:
            return f"{n / 10**power:.3g} {unit}"
    return str(n)


def _facts(network: Network) -> str:
    facts = network["facts"]
    list_: list[tuple[str, str]] = [("file", f"{escape_name(network['file'])}")]
    if facts["file_bytes"] is not None:
        files = "" if facts["n_files"] == 1 else f" in {facts['n_files']} files"
        list_.append(("size", f"{human_bytes(facts['file_bytes'])}{files}"))
    if network["kind"] == "checkpoint":
        list_.append(("tensors", f"{facts['n_tensors']:,}, {facts['n_parameters']:,} numbers"))
    kinds = ", ".join(f"{escape(name)} ({count:,})" for name, count in facts["dtypes"].items())
    list_.append(("dtypes", kinds))
    side = {"abs": "absolute values", "positive": "positive values", "negative": "negative values"}
    list_.append(("fitted", side[network["side"]]))
    cells = "".join(f"<dt>{key}</dt><dd>{value}</dd>" for key, value in list_)
    return f'<dl class="facts card">{cells}</dl>'


def _size_bar(network: Network) -> str:
    """Bytes before and after compress, as numbers and as a bar."""
    sizes = network["sizes"]
    if not sizes:
        return ""
    ratio = sizes["after"] / max(sizes["before"], 1)
    rows = [
        ("matrices before", human_bytes(sizes["before"])),
        ("matrices after compress", f"{human_bytes(sizes['after'])} ({100 * ratio:.3g} %)"),
        ("other tensors, unchanged", human_bytes(sizes["others"])),
    ]
    cells = "".join(f"<dt>{key}</dt><dd>{value}</dd>" for key, value in rows)
    width = min(1.0, ratio) * 100
    bar = (
        f'<svg viewBox="0 0 100 4" width="100%" height="14" preserveAspectRatio="none" role="img" '
        f'aria-label="{100 * ratio:.3g} % of the bytes remain" class="s0">'
        f'<rect width="100" height="4" rx="1" fill="var(--grid)"/>'
        f'<rect width="{width:.2f}" height="4" rx="1" fill="var(--s)"/></svg>'
    )
    return (
        f'<div><h2>Size before and after compress</h2><div class="card">{bar}'
        f'<dl class="facts">{cells}</dl></div></div>'
    )


def pair_table(networks: Sequence[Network]) -> str:
    """Matrices that have the same name in both files, side by side."""
    first, second = ({row["name"]: row for row in network["matrices"]} for network in networks)
    shared = [name for name in first if name in second]
    fitted = [n for n in shared if "error" not in first[n] and "error" not in second[n]]
    if not fitted:
        return '<p class="note">No matrix has the same name in both files.</p>'
    keys = (("alpha", "alpha"), ("stable_rank", "stable rank"), ("kept_fraction", "kept %"))
    head = "".join(
        f'<th scope="col">{title} {side}</th>' for _, title in keys for side in ("A", "B")
    )
    lines = []
    for name in fitted:
        a, b = first[name], second[name]
        cells = ""
        for key, _ in keys:
            factor = 100 if key == "kept_fraction" else 1
            for row in (a, b):
                value = row.get(key)
                text = format_number(None if value is None else factor * value)
                cells += f"<td>{text}</td>"
        change = b["alpha"] - a["alpha"]
        error = (a["stderr"] ** 2 + b["stderr"] ** 2) ** 0.5
        ratio = f"{change / error:+.1f}" if error > 0 else "–"
        cells += f"<td>{change:+.3f}</td><td>{ratio}</td>"
        lines.append(f'<tr><td class="t m">{escape_name(name)}</td>{cells}</tr>')
    return (
        "<section><h2>Side by side</h2>"
        f'<p class="note">{len(fitted):,} matrices have the same name in both files. The last '
        "column is the change of alpha in standard errors.</p>"
        '<div class="scroll tall" tabindex="0" role="region" aria-label="Side by side">'
        f'<table><caption class="hidden">Matrices of both files</caption><thead><tr>'
        f'<th scope="col" class="t">matrix</th>{head}<th scope="col">B − A</th>'
        f'<th scope="col">in errors</th></tr></thead><tbody>{"".join(lines)}</tbody></table></div>'
        "</section>"
    )


def statement_part(networks: Sequence[Network]) -> str:
    """The statements about whole networks, and what each kind means."""
    lines = []
    for n, network in enumerate(networks):
        for one in network["statements"]:
            chip = f'<td class="t"><span class="chip{" b" if n else ""}">{"AB"[n]}</span></td>'
            lines.append(
                f"<tr>{chip if len(networks) > 1 else ''}"
                f'<td class="t"><span class="kind {one["kind"]}">{one["kind"]}</span></td>'
                f'<td class="words">{escape(one["name"])}</td>'
                f"<td>{format_number(one['value'])}</td>"
                f'<td class="t">{escape(one["equation"])}</td>'
                f'<td class="words muted">{escape(one["note"])}</td></tr>'
            )
    kinds = "".join(
        f'<li><span class="kind {kind}">{kind}</span> {text}</li>' for kind, text in KINDS.items()
    )
    table = ""
    if lines:
        file = '<th scope="col" class="t">file</th>' if len(networks) > 1 else ""
        table = (
            '<div class="scroll" tabindex="0" role="region" aria-label="Statements"><table>'
            f'<caption class="hidden">Statements</caption><thead><tr>{file}'
            '<th scope="col" class="t">kind</th><th scope="col" class="t">statement</th>'
            '<th scope="col">value</th><th scope="col" class="t">source</th>'
            f'<th scope="col" class="t">note</th></tr></thead><tbody>{"".join(lines)}</tbody>'
            "</table></div>"
        )
    return f'<section><h2>Statements</h2><ul class="kinds">{kinds}</ul>{table}</section>'


def certificate_part(found: Mapping[str, Any]) -> str:
    """The certificate: its statement, its numbers and its assumptions."""
    rows = [
        ("file", f"{escape_name(found['file'])}, {found['bytes']:,} bytes"),
        ("errors", f"{found['errors']:,} of {found['m']:,} ({100 * found['train_error']:.2f} %)"),
        ("certified error", f"{found['certified_error']:.5f} (delta {found['delta']:g})"),
        ("format", escape(found["format"])),
    ]
    cells = "".join(f"<dt>{key}</dt><dd>{value}</dd>" for key, value in rows)
    rests = "".join(f"<li>{escape(sentence)}</li>" for sentence in found["assumptions"])
    vacuous = "<p><strong>Vacuous: guessing is as good.</strong></p>" if found["vacuous"] else ""
    return (
        '<section><h2>Certificate</h2><div class="card"><p><span class="kind bound">bound</span> '
        f'{escape(found["statement"])}</p>{vacuous}<dl class="facts">{cells}</dl>'
        f'<p>It holds if</p><ul>{rests}</ul><p class="note">The length of the file and the bound '
        "were checked here; the number of errors is that of the claim. "
        "<code>htstats verify</code> counts the errors again from the data.</p></div></section>"
    )


def notes_part(networks: Sequence[Network]) -> str:
    """Other tensors, with the reason why each is no matrix, and notes about the files."""
    parts = []
    for n, network in enumerate(networks):
        label = f" of {'AB'[n]}" if len(networks) > 1 else ""
        parts += [f'<p class="note">{escape(note)}</p>' for note in network["notes"]]
        if skipped := network["skipped"]:
            lines = "".join(
                f'<tr><td class="t">{escape_name(one["name"])}</td>'
                f'<td class="words muted">{escape(one["reason"])}</td></tr>'
                for one in skipped[:MOST_SKIPPED]
            )
            rest = len(skipped) - MOST_SKIPPED
            more = f"<p>and {rest:,} more (the JSON has all)</p>" if rest > 0 else ""
            parts.append(
                f"<details><summary>{len(skipped):,} other tensors{label}</summary>"
                '<div class="scroll"><table><thead><tr><th scope="col" class="t">tensor</th>'
                f'<th scope="col" class="t">why it is not fitted</th></tr></thead><tbody>{lines}'
                f"</tbody></table></div>{more}</details>"
            )
    return f"<section><h2>Other tensors and notes</h2>{''.join(parts)}</section>" if parts else ""


def glossary() -> str:
    """What the words of the tables mean."""
    cells = "".join(f"<dt>{word}</dt><dd>{text}</dd>" for word, text in WORDS)
    return (
        "<section><h2>What the words mean</h2><details><summary>alpha, xmin, KS D and the "
        f'others</summary><dl class="glossary card">{cells}</dl></details></section>'
    )
