"""The formats of `.htc` files. The first byte of a file is the number of its format.

All formats were fixed before any data were seen.
"""

from __future__ import annotations

from dataclasses import dataclass

from htstats._common import checks
from htstats.certificate._coder import BitReader, BitWriter
from htstats.certificate._features import shape_of

__all__ = [
    "FORMATS",
    "NETWORKS",
    "STEP",
    "TRUNK",
    "TRUNK_SHA256",
    "Format",
    "format_for",
    "read_format",
    "write_format",
]

# The value of one step of an offset, in logits, in every format of version 1.
STEP = 16

# The largest number of weights of a head. The limit keeps a short message from using much memory.
MOST_WEIGHTS = 1 << 24

# Features of the formats of heads whose message contains the shape of the input.
SPELLED = {
    64: "gabor", 65: "gaussian", 66: "pixels", 67: "columns", 68: "strokes", 69: "centred-strokes",
}  # fmt: skip
# Features of such formats of networks.
SPELLED_NETWORKS = {18: "pixels", 19: "raw", 20: "columns"}
# Formats of networks that begin with convolutions: without, and with the shape in the message.
SPELLED_CONVOLUTIONAL = {22: "raw"}
CONVOLUTIONAL = 21, 22

# Formats for columns of floats, with the exponent in the message: of a ternary head, of a network.
SCALED_HEAD, SCALED_NETWORK = 24, 25
EXPONENT_BITS, EXPONENT_ZERO = 5, 16

# Columns that htstats.torch.trunk computes from images with efficientnet-lite0.
TRUNK = "lite0"
TRUNK_GRID = 80, 3, 3
# SHA-256 of the file of the trunk's weights: the encoder of the format lite0.
TRUNK_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


@dataclass(frozen=True)
class Format:
    """A format: features, shape of the input, and number of classes.

    Attributes
    ----------
    number : int
        The first byte of the file.
    features : str
        The name of a map of `extract_features`, or "lite0" for columns of a public network (see
        `htstats.torch.trunk`), or "columns" for int8 features that the user provides.
    height, width : int
        Size of the input in pixels. For columns: 1, and the number of columns.
    classes : int
    step : int
        The value of one step of the offsets of a ternary head, in logits.
    exponent : int
        The exponent of float columns; `quantize_columns` has the rule.
    """

    number: int
    features: str
    height: int
    width: int
    classes: int
    step: int = STEP
    exponent: int = 0

    @property
    def name(self) -> str:
        """The name of the format in messages."""
        size = f"{self.height} x {self.width}" if self.features != "columns" else f"{self.width}"
        scale = f" / 2^{self.exponent}" if self.is_scaled else ""
        kind = "convolutions of " if self.is_convolutional else ""
        return f"{self.number} ({kind}{self.features}, {size}{scale}, {self.classes} classes)"

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
        """Number of features of an example."""
        channels, rows, columns = self.grid
        return channels * rows * columns

    @property
    def is_network(self) -> bool:
        """True for a network of several layers, False for a ternary head."""
        return self.number in NETWORKS and self.number != SCALED_HEAD

    @property
    def is_convolutional(self) -> bool:
        """True for a network that begins with convolutions."""
        return self.number in CONVOLUTIONAL

    @property
    def is_scaled(self) -> bool:
        """Whether the message contains the exponent of float columns."""
        return self.number in (SCALED_HEAD, SCALED_NETWORK)

    @property
    def header_bits(self) -> int:
        """Number of bits before the head."""
        if self.number in FORMATS:
            return 8
        return 8 + 16 + 16 + 32 + (EXPONENT_BITS if self.is_scaled else 0)


FORMATS = {
    form.number: form
    for form in (
        Format(1, "gabor", 28, 28, 10),
        Format(2, "gaussian", 28, 28, 10),
        Format(3, "pixels", 28, 28, 10),
        Format(4, "pixels", 8, 8, 10),
        Format(5, "strokes", 8, 8, 10),
        Format(6, TRUNK, 28, 28, 10),
        Format(7, "centred-strokes", 8, 8, 10),
        Format(16, "pixels", 28, 28, 10),
        Format(17, "raw", 8, 8, 10),
        Format(21, "raw", 28, 28, 10),
    )
}

# Formats of networks.
NETWORKS = range(16, 32)


def format_for(
    features: str,
    height: int,
    width: int,
    classes: int,
    *,
    network: bool = False,
    convolutional: bool = False,
    exponent: int = 0,
) -> Format:
    """The format with the shortest header for an input, of a ternary head or of a network.

    A `convolutional` network begins with convolutions; its features are "raw".

    Raises ValueError if the head would have more than 2^24 weights, or if no network of these
    features begins with convolutions.
    """
    network = network or convolutional
    for form in FORMATS.values():
        kind = form.is_network, form.is_convolutional
        if (form.features, form.height, form.width, form.classes, *kind) == (
            features, height, width, classes, network, convolutional,
        ):  # fmt: skip
            return form
    spelled = SPELLED_NETWORKS if network else SPELLED
    if convolutional:
        spelled = SPELLED_CONVOLUTIONAL
        checks.one_of("features", features, tuple(spelled.values()))
    number = {name: number for number, name in spelled.items()}[features]
    if exponent:
        number = SCALED_NETWORK if network else SCALED_HEAD
    form = Format(number, features, height, width, classes, exponent=exponent)
    if classes * form.n_features > MOST_WEIGHTS:
        raise ValueError(f"format {form.name} has more than {MOST_WEIGHTS} weights")
    return form


def write_format(writer: BitWriter, form: Format) -> None:
    """Write the number of the format; if it does not fix the shape, also classes, height, width."""
    writer.write(form.number, 8)
    if form.number not in FORMATS:
        writer.write(form.classes, 16)
        writer.write(form.height, 16)
        writer.write(form.width, 32)
    if form.is_scaled:
        writer.write(form.exponent + EXPONENT_ZERO, EXPONENT_BITS)


def read_format(reader: BitReader) -> Format:
    """Read what `write_format` wrote; ValueError for an unknown or impossible format."""
    number = reader.read(8)
    if number in FORMATS:
        return FORMATS[number]
    scaled = {SCALED_HEAD: "columns", SCALED_NETWORK: "columns"}
    kinds = SPELLED | SPELLED_NETWORKS | SPELLED_CONVOLUTIONAL | scaled
    if number not in kinds:
        raise ValueError(f"unknown format {number}")
    classes, height, width = reader.read(16), reader.read(16), reader.read(32)
    if not 2 <= classes <= 1000 or not 1 <= height <= 4096 or not 1 <= width <= 1 << 22:
        raise ValueError(f"impossible shape: {classes} classes, input {height} x {width}")
    network, features = number in NETWORKS and number != SCALED_HEAD, kinds[number]
    if (features == "columns" and height != 1) or (features != "columns" and width > 4096):
        raise ValueError(f"impossible shape: {features} of {height} x {width}")
    exponent = reader.read(EXPONENT_BITS) - EXPONENT_ZERO if number in scaled else 0
    form = Format(number, features, height, width, classes, exponent=exponent)
    shortest = format_for(
        features, height, width, classes, network=network,
        convolutional=form.is_convolutional, exponent=exponent,
    )  # fmt: skip
    if form != shortest or min(form.grid) < 1:
        raise ValueError(f"impossible or needlessly long format: {form.name}")
    return form
