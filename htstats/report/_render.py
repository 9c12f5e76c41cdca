"""Turn the numbers of a report into HTML: tables, facts, statements, and the data for the script.

Names of tensors and files are untrusted: all text passes through `_escape`, the embedded JSON has
no ``<``, and the policy of the page lets only its own script and style run, by their hashes.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from htstats._version import __version__
from htstats.report._escape import escape, json_for_html
from htstats.report._render_parts import (
    certificate_part,
    glossary,
    heading,
    network_parts,
    notes_part,
    pair_table,
    statement_part,
)
from htstats.report._render_table import matrix_table

__all__ = ["LIMIT", "render_page"]

PAGE = Path(__file__).parent / "page"

# Largest number of bytes of a page; curves are thinned to stay below it.
LIMIT = 2_000_000

# What a page of very many matrices leaves out for all but the largest.
DETAILS = ("curves", "statements", "compare")

# The fields of a statement that are the same for many matrices.
FORM = ("kind", "equation", "convention", "note")

# Numbers of points per curve that are tried, until the page is below the limit.
POINTS = (64, 48, 32, 24, 16, 12, 8)


def render_page(data: Mapping[str, Any]) -> str:
    """The page as text: at most `LIMIT` bytes, if the tables alone leave room for that."""
    from htstats.report._curves import thin_curve

    body, parts = _body(data), _fixed_parts()
    for most in POINTS:
        page = _fill(data, body, parts, lambda curves, most=most: thin_curve(curves, most), most)
        if len(page.encode()) <= LIMIT:
            return page
    return _fill_within(data, body, parts)


def _fill_within(data: Mapping[str, Any], body: str, parts: Mapping[str, str]) -> str:
    """The page with curves of only the largest matrices, as many as the limit allows."""
    from htstats.report._curves import thin_curve

    networks = data["networks"]
    places = [(n, k) for n, one in enumerate(networks) for k in range(len(one["matrices"]))]
    places.sort(key=lambda at: -networks[at[0]]["matrices"][at[1]].get("size", 0))
    low, high = 0, len(places)
    best = _fill(data, body, parts, dict, 0, set())
    while low < high:
        middle = (low + high + 1) // 2
        chosen = set(places[:middle])
        page = _fill(data, body, parts, lambda curves: thin_curve(curves, POINTS[-1]), 0, chosen)
        if len(page.encode()) <= LIMIT:
            low, best = middle, page
        else:
            high = middle - 1
    return best


def _fill(
    data: Mapping[str, Any],
    body: str,
    parts: Mapping[str, str],
    thin: Any,
    most: int,
    chosen: Collection[tuple[int, int]] | None = None,
) -> str:
    """The page with thinned curves of the chosen matrices (network, number), or of all."""
    networks = []
    forms: dict[tuple[str, ...], int] = {}
    for n, network in enumerate(data["networks"]):
        rows = []
        for k, row in enumerate(network["matrices"]):
            kept = dict(row)
            if chosen is not None and (n, k) not in chosen:
                for key in DETAILS:
                    kept.pop(key, None)
            if "curves" in kept:
                kept["curves"] = thin(kept["curves"])
            if "statements" in kept:
                kept["statements"] = [pack_statement(s, forms) for s in kept["statements"]]
            rows.append(kept)
        networks.append({**network, "matrices": pack_rows(rows)})
    rule = (
        f"Curves have at most {most} points."
        if most
        else "To keep the page small, only the largest matrices have curves and statements."
    )
    words = {
        **parts,
        "title": escape(title_of(data)),
        "body": body,
        "rule": rule,
        "data": json_for_html(
            {
                **data,
                "networks": networks,
                "forms": [dict(zip(FORM, form, strict=True)) for form in forms],
            }
        ),
    }
    template = (PAGE / "page.html").read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda match: words[match[1]], template)


def _fixed_parts() -> dict[str, str]:
    """Style, script, and the policy that allows only these two."""
    dark = (PAGE / "dark.css").read_text(encoding="utf-8")
    style = (PAGE / "page.css").read_text(encoding="utf-8").replace("{{dark}}", dark)
    scripts = [(PAGE / name).read_text(encoding="utf-8") for name in ("charts.js", "page.js")]
    script = "(() => {\n" + "\n".join(scripts) + "\n})();"
    policy = (
        f"default-src 'none'; style-src '{digest(style)}'; script-src '{digest(script)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    return {"style": style, "script": script, "policy": policy, "version": escape(__version__)}


def digest(text: str) -> str:
    """The hash of an inline script or style in the form of a content security policy."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def pack_rows(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Rows as one list of keys and lists of values; None for a key that a row does not have."""
    keys = list(dict.fromkeys(key for row in rows for key in row))
    return {"keys": keys, "rows": [[row.get(key) for key in keys] for row in rows]}


def pack_statement(statement: Mapping[str, Any], forms: dict[tuple[str, ...], int]) -> list[Any]:
    """A statement as the number of its form, its name, its value, and its logarithm if any."""
    form = tuple(statement[key] for key in FORM)
    number = forms.setdefault(form, len(forms))
    end = [statement["log"]] if "log" in statement else []
    return [number, statement["name"], statement["value"], *end]


def title_of(data: Mapping[str, Any]) -> str:
    names = [re.split(r"[\\/]", network["file"])[-1] for network in data["networks"]]
    return f"{' and '.join(names)} - htstats report"


def _body(data: Mapping[str, Any]) -> str:
    """Everything between the header and the footer."""
    networks = data["networks"]
    parts = [heading(networks), network_parts(networks)]
    if any(network["kind"] == "checkpoint" for network in networks):
        parts.append('<section><h2>Overview</h2><div class="charts" id="overview"></div></section>')
    if len(networks) > 1:
        parts.append(pair_table(networks))
    if len(networks) == 1 and networks[0]["kind"] == "column":
        parts.append(
            '<section><h2>The fit</h2><div class="card flush" data-panel="m-0-0"></div></section>'
        )
    else:
        parts.append(matrix_table(networks))
    parts.append(statement_part(networks))
    if data.get("certificate"):
        parts.append(certificate_part(data["certificate"]))
    parts.append(notes_part(networks))
    parts.append(glossary())
    return "\n".join(part for part in parts if part)
