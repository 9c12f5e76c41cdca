"""Write the reference pages of the public Python modules, from their `__all__`."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path
from types import ModuleType

# The public modules, the specific ones before those that hand out their names. A name is described
# on the page of the first module that has it; later pages link to it.
MODULES = (
    "htstats.power_law", "htstats.alternatives", "htstats.binomial", "htstats.stable",
    "htstats.sketch", "htstats.sketch.exact_sums", "htstats.weights", "htstats.weights.columns",
    "htstats.spectral", "htstats.plot", "htstats.compression.matrix",
    "htstats.compression.partition", "htstats.compression.thresholds",
    "htstats.compression.container", "htstats.theory.sparsity", "htstats.theory.approximation",
    "htstats.theory.action", "htstats.theory.brackets", "htstats.theory.generalization",
    "htstats.theory", "htstats.certificate", "htstats.streaming", "htstats.torch",
    "htstats.distributed", "htstats.reproduce", "htstats.datasets", "htstats.compat.powerlaw",
    "htstats.cli", "htstats",
)  # fmt: skip

# Classes of others, whose members are described elsewhere.
FOREIGN = ("Exception", "tuple", "dict", "object", "Module", "Mapping", "Protocol")


def kind_of(value: object) -> str:
    if inspect.isclass(value):
        return "class"
    return "function" if inspect.isroutine(value) else "data"


def write(folder: Path) -> None:
    """Write one page for each module, and the index of all."""
    folder.mkdir(parents=True)
    described: dict[int, str] = {}
    for name in MODULES:
        module = importlib.import_module(name)
        (folder / f"{name}.rst").write_text(page(module, described), encoding="utf-8")
    lines = "\n".join(f"   {name}" for name in sorted(MODULES))
    rows = "\n".join(
        f"   * - :py:mod:`{name}`\n     - {first_line(importlib.import_module(name))}"
        for name in sorted(MODULES)
    )
    (folder / "index.rst").write_text(
        "Python modules\n==============\n\n"
        "`import htstats` gives the names of the page :py:mod:`htstats`. Everything else is "
        "imported from its module.\n\n"
        f".. list-table::\n   :widths: 30 70\n\n{rows}\n\n"
        f".. toctree::\n   :hidden:\n\n{lines}\n",
        encoding="utf-8",
    )


def first_line(module: ModuleType) -> str:
    return " ".join((module.__doc__ or "").strip().split("\n\n")[0].split())


def also(public: str, full: str) -> str:
    """An item for a name whose object another page describes, or this page by another name."""
    other = "" if full.endswith(f".{public}") else f"``{public}``, another name of "
    return f"* {other}:py:obj:`~{full}`"


def page(module: ModuleType, described: dict[int, str]) -> str:
    """The page of a module. `described` maps the objects of earlier pages to their names."""
    name = module.__name__
    parts = [name, "=" * len(name), "", f".. automodule:: {name}", "   :no-members:", ""]
    own, others = [], []
    for public in getattr(module, "__all__", ()):
        value = getattr(module, public)
        if inspect.ismodule(value) or public.startswith("__"):
            continue
        kind = kind_of(value)
        if kind != "data" and id(value) in described:
            others.append((public, described[id(value)]))
            continue
        if kind != "data":
            described[id(value)] = f"{name}.{public}"
        own.append((kind, public))
    if own:
        parts += [f".. currentmodule:: {name}", "", ".. autosummary::", ""]
        parts += [f"   {public}" for kind, public in own if kind != "data"]
        parts.append("")
    if others:
        parts += ["Also here:", ""] + [also(public, full) for public, full in others] + [""]
    for kind, public in own:
        if kind == "data":
            continue
        parts += [f".. auto{kind}:: {name}.{public}"]
        if kind == "class":
            parts += ["   :members:", f"   :inherited-members: {','.join(FOREIGN)}"]
        parts.append("")
    return "\n".join(parts)
