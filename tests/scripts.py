"""Programs of the repository that are not part of the package, as modules."""

import importlib.util


def load_script(path):
    """Run a Python file and return its module; code under `__main__` does not run."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
