"""Which version of powerlaw is played: its rules differ in three places."""

from __future__ import annotations

from contextvars import ContextVar

from htstats._common.checks import one_of

__all__ = ["PROFILES", "VERSIONS", "current_profile", "use_profile"]

PROFILES = ("1.5", "2.0")
VERSIONS = {"1.5": "1.5", "2.0": "2.0.0"}

_chosen: ContextVar[str] = ContextVar("profile", default="1.5")


def use_profile(name: str) -> None:
    """Choose the rules of powerlaw "1.5" or "2.0" for what is made from now on.

    Parameters
    ----------
    name : {"1.5", "2.0"}
        A single object is made under other rules by its own keyword: ``Fit(x, profile="2.0")``.

    Raises
    ------
    ValueError
        Another name.

    Notes
    -----
    The choice is a context variable: it holds for this thread (or asyncio task) alone. A new thread
    begins with "1.5"; an object keeps the profile it was made under, in every thread.
    """
    _chosen.set(one_of("name", name, PROFILES))


def current_profile() -> str:
    """The profile that `use_profile` chose last in this thread."""
    return _chosen.get()
