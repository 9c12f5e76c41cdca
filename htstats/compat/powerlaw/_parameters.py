"""Access to the parameters of a distribution by name or number; set them from a dict or a list."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["Parameters", "Parametrised"]


class Parameters(dict[str, float]):
    """Parameters by name (powerlaw 2.0); a call with values sets them (powerlaw 1.5)."""

    def __init__(self, law: Parametrised) -> None:
        super().__init__({name: getattr(law, name) for name in law.parameter_names})
        self._law = law

    def __call__(self, params: Any) -> None:
        self._law.set_parameters(params)


class Parametrised:
    """Mixin for a class whose named parameters are its attributes."""

    profile: str
    parameter_names: tuple[str, ...] = ()

    @property
    def parameters(self) -> Parameters:
        """The parameters by name; a call with a list sets them."""
        return Parameters(self)

    def set_parameters(self, params: Any) -> None:
        """Set the parameters from a dict, or from values in the order of `parameter_names`."""
        if isinstance(params, Mapping):
            params = [
                params.get(name, getattr(self, name, math.nan)) for name in self.parameter_names
            ]
        values = np.atleast_1d(np.asarray(params, dtype=np.float64))
        if values.shape != (len(self.parameter_names),):
            raise ValueError(
                f"parameters must be {', '.join(self.parameter_names)}, got {params!r}"
            )
        for i, name in enumerate(self.parameter_names):
            setattr(self, name, float(values[i]))

    def _parameter(self, i: int) -> tuple[float | None, str | None]:
        if i > len(self.parameter_names):
            return None, None
        name = self.parameter_names[i - 1]
        return getattr(self, name), name.lower() if self.profile == "1.5" else name

    parameter1 = property(lambda self: self._parameter(1)[0], doc="The first parameter.")
    parameter2 = property(lambda self: self._parameter(2)[0], doc="The second parameter, or None.")
    parameter3 = property(lambda self: self._parameter(3)[0], doc="None: no law has three.")
    parameter1_name = property(lambda self: self._parameter(1)[1], doc="Name of the first.")
    parameter2_name = property(
        lambda self: self._parameter(2)[1], doc="Name of the second, or None."
    )
    parameter3_name = property(lambda self: self._parameter(3)[1], doc="None: no law has three.")
