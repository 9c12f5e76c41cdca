"""Every public name is documented, and every example in a docstring runs."""

import doctest
import importlib
import inspect
import pkgutil

import pytest

import htstats

EXTRAS = {"torch", "dask", "distributed", "matplotlib", "sklearn", "tqdm"}


def module_names():
    for info in pkgutil.walk_packages(htstats.__path__, "htstats."):
        if "._core" not in info.name and not info.name.endswith("__main__"):
            yield info.name


@pytest.mark.parametrize("name", ["htstats", *module_names()])
def test_module(name):
    try:
        module = importlib.import_module(name)
        values = {public: getattr(module, public) for public in getattr(module, "__all__", ())}
    except ModuleNotFoundError as error:
        if error.name in EXTRAS:
            pytest.skip(f"needs {error.name}: pip install 'htstats[torch,dask,plot]'")
        raise
    assert module.__doc__, f"{name} has no docstring"
    for public, value in values.items():
        if inspect.isclass(value) or inspect.isroutine(value):
            assert value.__doc__, f"{name}.{public} has no docstring"
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    failed, _ = doctest.testmod(module, optionflags=flags, verbose=False)
    assert failed == 0, f"{failed} examples of {name} failed"
