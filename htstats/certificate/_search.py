"""Make a certified file from examples: choose a format, extract features, anneal, encode."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from htstats.certificate._anneal import Annealed, anneal, grid_relatives
from htstats.certificate._bound import format_bits
from htstats.certificate._certificate import Certificate
from htstats.certificate._chains import Stage
from htstats.certificate._examples import Examples
from htstats.certificate._features import extract_features
from htstats.certificate._file import encode
from htstats.certificate._formats import TRUNK, TRUNK_SHA256, Format, format_for
from htstats.certificate._head import TernaryHead
from htstats.certificate._network import IntegerNetwork
from htstats.certificate._network_search import AnnealedNetwork

__all__ = [
    "CHOICE_BITS",
    "PRESETS",
    "Found",
    "certify",
    "certify_classifier",
    "encoder_of",
    "features_of",
]

# Runs from a few dense starts, of which the best one is kept, and then reheats. Heads freeze at
# temperatures between 3 and 1.3. On Fashion-MNIST (features gabor, means of two to four seeds), 3 M
# or 8 M proposals from 3 to 0.4 end at .1808, 12 M from 3 to 1.3 at .1790, and 25 M from 3 to 1.5
# at .1779. Different starts differ by .0015 (standard deviation). 20 reheats took a head of .1809
# to .1775. On the columns of the trunk, moves to relatives and active columns alone (two starts of
# 50 M from 3 to 1.4) end at .1611 to .1636. Wide moves end at .1562 to .1592. The energy at 2.3
# bits tells which of several starts is best; bench/certificate/RESULTS.md has all trials.
REHEATS = Stage(2_500_000, 3.2), Stage(2_500_000, 2.7)
SLOW = Stage(25_000_000, 3.0, 1.5, afresh=True)
POLISH = Stage(1_500_000, 1.5), Stage(6_000_000, 2.4, 1.3), Stage(1_500_000, 1.3)
SHORT_SEARCH = *[Stage(3_000_000, 3.0, afresh=True)] * 2, *REHEATS * 6
LONG_SEARCH = *[SLOW] * 4, *POLISH * 3
TRANSFER_SEARCH = (
    *[Stage(4_000_000, 3.0, 2.3, afresh=True, wide=True)] * 5,
    Stage(55_000_000, 2.4, 1.4, wide=True),
    Stage(2_000_000, 1.4, wide=True),
)

# The features of each preset, and the stages of its search.
PRESETS: dict[str, tuple[str, tuple[Stage, ...]]] = {
    "fast": ("gabor", SHORT_SEARCH),
    "best": ("gabor", LONG_SEARCH),
    "gaussian": ("gaussian", LONG_SEARCH),
    "transfer": (TRUNK, TRANSFER_SEARCH),
    "pixels": ("pixels", SHORT_SEARCH),
}

# Other layouts of gabor gained nothing on Fashion-MNIST. With features centred and 3 M proposals
# from a dense start the present one ends at .181-.184, windows of 4 x 4 at steps of 3 end at .184
# and .1845, and positive and negative parts apart at .185 and .186.

# For images with a shorter side, centred strokes replace gabor: its filters are nearly that large.
SMALL_IMAGE = 16

# With fewer examples, proposals are cheap, and a chain is easily trapped in a local minimum. The
# search then reheats many times.
FEW_EXAMPLES = 4096
STAGES_OF_FEW = (Stage(1_500_000, 5.5), *[Stage(1_000_000, 4.5)] * 24)

# Bits that every certificate pays for choices. 16 bits: the filter banks, and the rectifier and the
# pooling of convolutions, were tried on Fashion-MNIST during their development. The rest: the user
# may try every preset on the data. There are six for images; 8 is the number that certificates have
# always paid for. The first byte of a message pays for the choice of its format once more: messages
# of all formats form one prefix-free code. So a new format changes no existing claim.
CHOICE_BITS = 16 + format_bits(8)


@dataclass(frozen=True, eq=False)
class Found:
    """A certified file.

    Attributes
    ----------
    data : bytes
        The content of the file: the message whose bits are counted.
    certificate : Certificate
    form : Format
    head : TernaryHead or IntegerNetwork
        The classifier to which the file decodes.
    annealed : Annealed or AnnealedNetwork
        The result of the chain that found the classifier.
    """

    data: bytes = field(repr=False)
    certificate: Certificate
    form: Format
    head: TernaryHead | IntegerNetwork
    annealed: Annealed | AnnealedNetwork


def features_of(form: Format, x: npt.NDArray[Any], n_threads: int = 1) -> npt.NDArray[np.int8]:
    """The features that a format computes from images; columns are returned unchanged.

    Raises
    ------
    ValueError
        If the input does not have the shape of the format.
    """
    given = form.features in ("columns", TRUNK)
    shape = (form.n_features,) if given else (form.height, form.width)
    if x.shape[1:] != shape:
        raise ValueError(f"format {form.name} wants inputs of shape {shape}, got {x.shape[1:]}")
    if given:
        return x
    return extract_features(form.features, x, n_threads=n_threads)


def certify(
    examples: Examples,
    *,
    preset: str = "fast",
    seeds: Sequence[int] = (0,),
    delta: float = 0.05,
    n_threads: int = 1,
    stages: Sequence[Stage] | None = None,
    progress: Callable[[int, int, float, int], bool] | None = None,
    encoder_sha256: str | None = None,
) -> list[Found]:
    """Search for short files with few errors, and certify each file.

    Parameters
    ----------
    examples : Examples
    preset : {"fast", "best", "gaussian", "pixels", "transfer"}
        The features and the length of the search. For columns, only the length is used. For
        "transfer", the examples must be columns of `htstats.torch.trunk`.
    seeds : sequence of int
        One chain per seed. The number of seeds costs no bits, because all files belong to one code.
    delta : float
        Probability that the statement fails.
    n_threads : int
        Number of threads. Results do not depend on it.
    stages : sequence of Stage, optional
        Replaces the stages of the preset.
    progress : callable, optional
        As in `anneal`.
    encoder_sha256 : str, optional
        For columns: the hash of the encoder that computed them. The certificate contains the hash.

    Returns
    -------
    list of Found
        One per seed, in the order of the seeds.
    """
    if preset not in PRESETS:
        raise ValueError(f"preset must be one of {', '.join(PRESETS)}, got {preset!r}")
    name, planned = PRESETS[preset]
    height, width = examples.x.shape[1:] if examples.x.ndim == 3 else (1, examples.x.shape[1])
    if name == "gabor" and min(height, width) < SMALL_IMAGE:
        name = "centred-strokes"
    if len(examples.y) < FEW_EXAMPLES:
        planned = STAGES_OF_FEW
    if name == TRUNK:
        height = width = 28  # the size of the images from which the columns were computed
    elif examples.x.ndim == 2:
        name = "columns"
    form = format_for(name, height, width, examples.classes, exponent=examples.exponent)
    encoder = encoder_of(form, encoder_sha256)
    features = features_of(form, examples.x, n_threads)
    relatives = None if name == "columns" else grid_relatives(*form.grid)
    if name == TRUNK and relatives is not None:
        relatives = np.ascontiguousarray(relatives[:, :8])  # only neighbouring cells, not channels
    chains = anneal(
        features, examples.y, classes=form.classes, stages=stages or planned, seeds=seeds,
        step=form.step, relatives=relatives, extra_bits=form.header_bits + 14 + CHOICE_BITS,
        delta=delta, n_threads=n_threads, progress=progress,
    )  # fmt: skip
    return [
        certify_classifier(form, one.head, one, examples, features, delta, encoder)
        for one in chains
    ]


def encoder_of(form: Format, sha256: str | None) -> str | None:
    """The encoder field of a certificate: the hash, "" for columns without one, else None.

    The format names the trunk of transfer, so its hash is always there.

    Raises
    ------
    ValueError
        If another encoder is named, or any for a format that computes its features itself.
    """
    if form.features == "columns":
        return (sha256 or "").lower()
    if form.features == TRUNK and (sha256 or TRUNK_SHA256).lower() == TRUNK_SHA256:
        return TRUNK_SHA256
    if sha256:
        own = f"uses {TRUNK_SHA256}" if form.features == TRUNK else "computes its own features"
        raise ValueError(f"an encoder is for columns, but format {form.name} {own}")
    return None


def certify_classifier(
    form: Format,
    classifier: TernaryHead | IntegerNetwork,
    annealed: Annealed | AnnealedNetwork,
    examples: Examples,
    features: npt.NDArray[np.int8],
    delta: float,
    encoder: str | None,
) -> Found:
    """Encode the classifier that a search found, and certify the file.

    Raises
    ------
    ArithmeticError
        If the classifier makes another number of errors than the search counted.
    """
    errors = classifier.count_errors(features, examples.y)
    if errors != annealed.errors:
        raise ArithmeticError(f"the search counted {annealed.errors} errors, the decoder {errors}")
    data = encode(form, classifier)
    certificate = Certificate(
        errors, len(examples.y), 8 * len(data), CHOICE_BITS, delta, form.classes, form.name,
        encoder_sha256=encoder,
    )  # fmt: skip
    return Found(data, certificate, form, classifier, annealed)
