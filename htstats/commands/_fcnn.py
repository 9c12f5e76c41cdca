"""The preset fcnn of `htstats certify`: train a network of several layers, then improve it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from htstats._common.extras import name_missing_package
from htstats.certificate import Examples, Found, certify_networks, network_inputs

__all__ = ["certify_fcnn", "parse_widths"]


def parse_widths(text: str) -> list[int]:
    """Widths of hidden layers, "24" or "24,16"; ValueError names the option."""
    words = text.split(",")
    if not all(word.strip().isdecimal() and 1 <= int(word) <= 1024 for word in words):
        raise ValueError(f"--hidden must be widths from 1 to 1024 such as 24,16, got {text!r}")
    return [int(word) for word in words]


def certify_fcnn(
    examples: Examples,
    hidden: Sequence[int],
    *,
    noise: int,
    seeds: int,
    delta: float,
    n_threads: int,
    progress: Callable[[int, int, float, int], bool],
    encoder_sha256: str | None = None,
) -> list[Found]:
    """Train one network for each seed, and start a search from each network.

    The message contains the widths and the noise. All choices belong to one code, so they cost no
    bits.

    Raises
    ------
    ImportError
        If torch, which trains the networks, is missing.
    """
    with name_missing_package("the preset fcnn"):
        from htstats.torch import train_compressed
    _, inputs = network_inputs(examples, n_threads=n_threads)
    starts = [
        train_compressed(inputs, examples.y, hidden=hidden, noise=noise, seed=seed)
        for seed in range(seeds)
    ]
    return certify_networks(
        examples, starts, delta=delta, n_threads=n_threads, progress=progress,
        encoder_sha256=encoder_sha256,
    )  # fmt: skip
