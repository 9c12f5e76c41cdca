"""Bindings of the C library, one module per C module, without defaults and choices.

The library reads HTST_ISA when it is loaded. It cannot report an error then, so it is done here.
"""

from __future__ import annotations

import os

from htstats._core import isa

if not isa.is_right():
    _usable = ", ".join(isa.NAMES[: isa.best() + 1])
    raise ImportError(
        f"HTST_ISA must be one of {_usable} on this processor, got {os.environ.get('HTST_ISA')!r}: "
        f"correct or unset the environment variable"
    )
