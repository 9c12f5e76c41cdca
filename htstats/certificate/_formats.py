"""The formats of `.htc` files. The first byte names one; all are fixed before data are seen."""

from __future__ import annotations

from dataclasses import dataclass

from htstats.certificate._coder import BitReader, BitWriter
from htstats.certificate._features import shape_of

__all__ = ["FORMATS", "STEP", "TRUNK", "Format", "format_for", "read_format", "write_format"]

# The value of one step of an offset, in logits, in every format of version 1.
STEP = 16

# Columns of efficientnet-lite0, which htstats.torch.trunk computes from images.
TRUNK = "lite0"
TRUNK_GRID = 80, 3, 3

# Input kinds of the formats that write their shape.
SPELLED = {64: "gabor", 65: "gaussian", 66: "pixels", 67: "columns", 68: "strokes"}


@dataclass(frozen=True)
class Format:
    """A code: features, shape of the input, and number of classes.

    Attributes
    ----------
    number : int
        The first byte of the file.
    features : {"gabor", "gaussian", "pixels", "strokes", "lite0", "columns"}
        "lite0" are columns of a public network, see `htstats.torch.trunk`; "columns" are int8
        features that the user provides.
    height, width : int
        In pixels; for columns: 1, and the number of columns.
    classes : int
    """

    number: int
    features: str
    height: int
    width: int
    classes: int
    step: int = STEP

    @property
    def name(self) -> str:
        """The name of the format in messages."""
        size = f"{self.height} x {self.width}" if self.features != "columns" else f"{self.width}"
        return f"{self.number} ({self.features}, {size}, {self.classes} classes)"

    @property
    def grid(self) -> tuple[int, int, int]:
        """Channels, rows and columns of the features."""
        if self.features == "columns":
            return self.width, 1, 1
        if self.features == TRUNK:
            return TRUNK_GRID
        return shape_of(self.features, self.height, self.width)

    @property
    def n_features(self) -> int:
        """How many features an example has."""
        channels, rows, columns = self.grid
        return channels * rows * columns

    @property
    def header_bits(self) -> int:
        """Number of bits before the head."""
        return 8 if self.number in FORMATS else 8 + 16 + 16 + 32


FORMATS = {
    form.number: form
    for form in (
        Format(1, "gabor", 28, 28, 10),
        Format(2, "gaussian", 28, 28, 10),
        Format(3, "pixels", 28, 28, 10),
        Format(4, "pixels", 8, 8, 10),
        Format(5, "strokes", 8, 8, 10),
        Format(6, TRUNK, 28, 28, 10),
    )
}


def format_for(features: str, height: int, width: int, classes: int) -> Format:
    """The format with the shortest header for such an input."""
    for form in FORMATS.values():
        if (form.features, form.height, form.width, form.classes) == (
            features, height, width, classes,
        ):  # fmt: skip
            return form
    number = {name: number for number, name in SPELLED.items()}[features]
    return Format(number, features, height, width, classes)


def write_format(writer: BitWriter, form: Format) -> None:
    """Write the first byte and, if it does not fix the shape, classes, height and width."""
    writer.write(form.number, 8)
    if form.number not in FORMATS:
        writer.write(form.classes, 16)
        writer.write(form.height, 16)
        writer.write(form.width, 32)


def read_format(reader: BitReader) -> Format:
    """Read what `write_format` wrote; ValueError for an unknown or impossible format."""
    number = reader.read(8)
    if number in FORMATS:
        return FORMATS[number]
    if number not in SPELLED:
        raise ValueError(f"unknown format {number}")
    classes, height, width = reader.read(16), reader.read(16), reader.read(32)
    if not 2 <= classes <= 1000 or not 1 <= height <= 4096 or not 1 <= width <= 1 << 22:
        raise ValueError(f"impossible shape: {classes} classes, input {height} x {width}")
    features = SPELLED[number]
    if (features == "columns" and height != 1) or (features != "columns" and width > 4096):
        raise ValueError(f"impossible shape: {features} of {height} x {width}")
    form = Format(number, features, height, width, classes)
    if form != format_for(features, height, width, classes) or min(form.grid) < 1:
        raise ValueError(f"impossible or needlessly long format: {form.name}")
    return form
