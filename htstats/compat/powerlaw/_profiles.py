"""The profile: which version of powerlaw to imitate; the versions differ in three rules."""

from __future__ import annotations

from contextvars import ContextVar

from htstats._common.checks import one_of

__all__ = ["PROFILES", "VERSIONS", "current_profile", "use_profile"]

PROFILES = ("1.5", "2.0")
VERSIONS = {"1.5": "1.5", "2.0": "2.0.0"}

_chosen: ContextVar[str] = ContextVar("profile", default="1.5")


def use_profile(name: str) -> None:
    """Use the rules of powerlaw "1.5" or "2.0" for all objects that are created from now on.

    Parameters
    ----------
    name : {"1.5", "2.0"}
        The version. To choose the rules of a single object, use its keyword:
        ``Fit(x, profile="2.0")``.

    Raises
    ------
    ValueError
        If `name` is neither of the two.

    Notes
    -----
    The choice is a context variable: it applies only to this thread (or asyncio task). A new thread
    begins with "1.5". An object keeps the profile with which it was created, in every thread.
    """
    _chosen.set(one_of("name", name, PROFILES))


def current_profile() -> str:
    """The profile that `use_profile` chose last in this thread."""
    return _chosen.get()
