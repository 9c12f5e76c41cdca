"""The arguments of a call of public_calls.py."""

from dataclasses import dataclass, field

__all__ = ["Given", "given"]


@dataclass
class Given:
    """The arguments of a call."""

    args: tuple
    named: dict = field(default_factory=dict)


def given(*args, **named):
    """The arguments of a call, positional and by name."""
    return Given(args, named)
