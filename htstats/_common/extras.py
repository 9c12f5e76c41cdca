"""Optional packages: an error says which extra of htstats brings a missing one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["name_missing_package"]

# The package that an import may not find -> the extra of pyproject.toml that installs it.
EXTRA_OF = {
    "torch": "torch",
    "tqdm": "torch",
    "safetensors": "torch",
    "dask": "dask",
    "distributed": "dask",
    "matplotlib": "plot",
}


@contextmanager
def name_missing_package(user: str, extras: str = "") -> Iterator[None]:
    """Import optional packages in this context; a missing one gives an error of one line.

    Parameters
    ----------
    user : str
        The module, command or option that needs the package; the message begins with it.
    extras : str, optional
        The extras that the message names; by default the one that has the missing package.

    Raises
    ------
    ModuleNotFoundError
        If an optional package is missing: "USER needs PACKAGE: pip install 'htstats[EXTRA]'". Other
        errors pass, such as that of a torch that is installed but cannot be loaded.

    Examples
    --------
    >>> with name_missing_package("--plot"):
    ...     import math
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").removeprefix("htstats.")  # a part has its package's name
        if package not in EXTRA_OF:
            raise
        message = f"{user} needs {package}: pip install 'htstats[{extras or EXTRA_OF[package]}]'"
        raise ModuleNotFoundError(message, name=error.name) from None
