"""Docstrings whose sections are shared: `help` shows every parameter, in numpydoc's order."""

import inspect
import re

import pytest

from htstats import binomial, plot
from htstats._common.documents import ORDER, add_sections
from htstats.power_law import PowerLawFit, confidence_interval, fit_power_law, goodness_of_fit

FUNCTIONS = [
    *(getattr(binomial, name) for name in binomial.__all__ if name[0].islower()),
    *(getattr(plot, name) for name in plot.__all__ if name.startswith("plot")),
    confidence_interval, fit_power_law, goodness_of_fit,
]  # fmt: skip


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_every_parameter_is_described(function):
    text = inspect.getdoc(function)
    described = re.search(r"^Parameters\n-+\n(.*?)(\n\n|\Z)", text, re.DOTALL | re.MULTILINE)[1]
    heads = re.findall(r"^(\w[^:\n]*?)(?: :.*)?$", described, re.MULTILINE)
    names = {name.strip("*") for head in heads for name in head.split(", ")}
    assert names == set(inspect.signature(function).parameters)
    assert "{" not in re.sub(r"\{\"", "", described)  # no place of a format string is left open


@pytest.mark.parametrize("thing", [*FUNCTIONS, PowerLawFit], ids=lambda f: f.__name__)
def test_sections_stand_in_their_order(thing):
    titles = re.findall(r"^(\w+)\n-+$", inspect.getdoc(thing), re.MULTILINE)
    assert len(titles) >= 2
    assert titles == sorted(titles, key=ORDER.index)
    assert len(set(titles)) == len(titles)


def test_what_is_added_does_not_replace_what_stands_there():
    @add_sections(Notes="Added.", Returns="int")
    def half(n):
        """Half of n.

        Notes
        -----
        Exact.
        """

    assert half.__doc__ == "Half of n.\n\nReturns\n-------\nint\n\nNotes\n-----\nExact."
    assert add_sections(Notes="Added.")(lambda n: n).__doc__ is None
