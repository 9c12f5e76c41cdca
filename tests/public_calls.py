"""A small call of every public function of htstats; tests call each of them in several ways.

`public_names` finds the functions and classes from `__all__` of `htstats` and its public modules.
Each has an entry in CALLS, or a reason in LEFT_OUT; `test_house_public_calls.py` holds this. An
entry returns the arguments of the call, made anew each time. A class without an entry is one whose
objects come with the result of some call.
"""

import importlib
import importlib.util
import inspect
import pkgutil

import pytest
from public_calls_matrices import MATRIX_CALLS
from public_calls_numbers import NUMBER_CALLS
from public_calls_torch import TORCH_CALLS

import htstats

__all__ = ["CALLS", "LEFT_OUT", "call", "function_of", "public_names"]


def public_modules():
    """`htstats` and its modules without an underscore in their path."""
    yield "htstats"
    for found in pkgutil.walk_packages(htstats.__path__, "htstats."):
        if not any(part.startswith("_") for part in found.name.split(".")[1:]):
            yield found.name


def public_names():
    """{shortest public name without "htstats.": object} of every public function and class.

    A test that asks is skipped where a module cannot be imported.
    """
    for package in ("torch", "distributed"):
        pytest.importorskip(package, reason="pip install 'htstats[torch,dask]'")
    found = {}
    for module_name in public_modules():
        module = importlib.import_module(module_name)
        for name in getattr(module, "__all__", ()):
            value = getattr(module, name)
            is_ours = getattr(value, "__module__", "").startswith("htstats")
            if is_ours and (inspect.isclass(value) or inspect.isroutine(value)):
                full = f"{module_name}.{name}".removeprefix("htstats.")
                known = found.setdefault(id(value), (full, value))
                if (full.count("."), full) < (known[0].count("."), known[0]):
                    found[id(value)] = full, value
    return dict(found.values())


def function_of(name):
    """The public object with this name: "stable.pdf" is `htstats.stable.pdf`."""
    module, _, last = f"htstats.{name}".rpartition(".")
    return getattr(importlib.import_module(module), last)


def call(name, world):
    """Call a public function with the arguments of its entry."""
    arguments = CALLS[name](world)
    return function_of(name)(*arguments.args, **arguments.named)


def _can_import(name):
    """Whether the room of a public name can be imported here: two of them need torch."""
    return HAS_TORCH or name.partition(".")[0] not in ("torch", "reproduce")


HAS_TORCH = importlib.util.find_spec("torch") is not None
CALLS = {
    name: arguments
    for name, arguments in {**NUMBER_CALLS, **MATRIX_CALLS, **TORCH_CALLS}.items()
    if _can_import(name)
}

MINUTES = "takes minutes: tests/test_reproduce.py"
CLUSTER = "needs a cluster: tests/test_distributed.py"
PICTURE = "draws with matplotlib, which is not safe in threads: tests/test_plot.py"
COMMANDS = "parts of the command line: tests/test_commands_*.py"
LEFT_OUT = {
    **dict.fromkeys(["reproduce.figure1", "reproduce.figure2", "reproduce.figure3",
                     "reproduce.heavy_tails", "reproduce.table1"], MINUTES),
    **dict.fromkeys([f"distributed.{name}" for name in (
        "compress_array", "compress_matrices", "compress_rows", "connect", "fit_array",
        "fit_matrices", "fit_rows", "sketch_array", "sketch_matrices", "sketch_rows")], CLUSTER),
    **dict.fromkeys(["plot.plot_ccdf", "plot.plot_compare", "plot.plot_pdf", "plot.plot_scan",
                     "compat.powerlaw.plot_ccdf", "compat.powerlaw.plot_cdf",
                     "compat.powerlaw.plot_pdf", "report.pictures.draw_all"], PICTURE),
    **dict.fromkeys(["cli.main", "commands.Command", "commands.Parser", "commands.begin_steps",
                     "commands.build_parser", "commands.command_names", "commands.end_steps",
                     "commands.load_commands"], COMMANDS),
    "torch.trunk.find_trunk": "needs a checkpoint that is downloaded: tests/test_torch_trunk.py",
    "torch.trunk.load_trunk": "as find_trunk",
    "torch.trunk.Trunk": "as find_trunk",
    "datasets.fashion_mnist": "needs a data set that is downloaded: tests/test_datasets.py",
    "compat.powerlaw.use_profile": "changes a setting of the process",
    "torch.training.one_thread": "changes a setting of the process",
    "compression.partition.plan.Reader": "a protocol",
    "compression.partition.plan.SplitKeywords": "a type",
    "compression.container.EncodedRows": "memory of an encoder, sent to workers as bytes",
    "report.matrix.Buffers": "memory of each thread that is used again",
    "streaming.RowSource": "a protocol",
    "torch.spectra.require_device": "returns a device",
}  # fmt: skip
