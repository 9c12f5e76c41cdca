"""Programs of the repository that are not part of the package, as modules."""

import importlib.util

import pytest


def load_script(path):
    """Run a Python file and return its module; code under `__main__` does not run.

    The test is skipped where the file is not: a source distribution lacks bench/."""
    if not path.is_file():
        pytest.skip(f"run the tests from a checkout: this tree has no {path.name}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
