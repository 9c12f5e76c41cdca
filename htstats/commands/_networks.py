"""The presets fcnn and cnn of `htstats certify`: train a network, then improve it."""

from __future__ import annotations

from collections.abc import Callable

from htstats._common.extras import name_missing_package
from htstats.certificate import Examples, Found, certify_networks, network_inputs

__all__ = ["NETWORK_PRESETS", "certify_trained"]

# Defaults of --hidden and --filters. A preset without filters has no convolutions.
NETWORK_PRESETS = {"fcnn": ("24", ""), "cnn": ("", "8")}

# Passes over the examples. Convolutions take most of the time, and the search begins anew behind
# them.
EPOCHS = {"fcnn": 8, "cnn": 4}

# Sizes of filters: of images with a side of at least LARGE, and of smaller ones.
LARGE = 16
LARGE_SIZE, SMALL_SIZE = 5, 3

# The shift for each side of windows: the totals of larger windows are larger.
SHIFTS = {4: 4, 2: 2, 1: 0}


def _parse_numbers(option: str, text: str, most: int) -> list[int]:
    """Numbers from 1 to `most` such as "24" or "24,16"; ValueError names the option."""
    words = text.split(",") if text else []
    if not all(word.strip().isdecimal() and 1 <= int(word) <= most for word in words):
        raise ValueError(f"{option} must be numbers from 1 to {most} such as 24,16, got {text!r}")
    return [int(word) for word in words]


def certify_trained(
    examples: Examples,
    preset: str,
    hidden: str | None,
    filters: str | None,
    *,
    noise: int,
    seeds: int,
    delta: float,
    n_threads: int,
    progress: Callable[[int, int, float, int], bool],
    encoder_sha256: str | None = None,
) -> list[Found]:
    """Train one network for each seed, and start a search from each network.

    The message contains filters, widths and the noise. All choices belong to one code, so they cost
    no bits.

    Raises
    ------
    ImportError
        If torch, which trains the networks, is missing.
    """
    usual_hidden, usual_filters = NETWORK_PRESETS[preset]
    widths = _parse_numbers("--hidden", usual_hidden if hidden is None else hidden, 1024)
    numbers = _parse_numbers("--filters", usual_filters if filters is None else filters, 256)
    if bool(numbers) != bool(usual_filters):
        raise ValueError("--filters belongs to the preset cnn, which needs at least one filter")
    with name_missing_package(f"the preset {preset}"):
        from htstats.torch import Filters, train_compressed
    _, inputs = network_inputs(examples, n_threads=n_threads, convolutional=bool(numbers))
    image = (examples.x.shape[1], examples.x.shape[2]) if numbers else None
    sizes = _sizes_of(numbers, min(image or (0, 0)))
    starts = [
        train_compressed(
            inputs, examples.y, hidden=widths, noise=noise, image=image, seed=seed,
            epochs=EPOCHS[preset], filters=[Filters(*size, noise=noise) for size in sizes],
        )
        for seed in range(seeds)
    ]  # fmt: skip
    return certify_networks(
        examples, starts, delta=delta, n_threads=n_threads, progress=progress,
        encoder_sha256=encoder_sha256,
    )  # fmt: skip


def _sizes_of(numbers: list[int], side: int) -> list[tuple[int, int, int, int, int]]:
    """Number, size, stride, pool and shift of each convolution for images with this side.

    Windows reduce a large image by 4 in all, and a small one by 2.
    """
    size, total = (LARGE_SIZE, 4) if side >= LARGE else (SMALL_SIZE, 2)
    found = []
    for place, number in enumerate(numbers):
        pool = total if len(numbers) == 1 else 2 if 2**place < total else 1
        found.append((number, size, 1, pool, SHIFTS[pool]))
    return found
