"""Certify with every preset and several seeds, keep the best files, and write the table RESULTS.md.

`make certificate` runs all rows. `make certificate QUICK=1` runs short searches of some rows and
writes nothing. Rows that are not run stay in results.json. To run the seeds of a row at the same
time, start one process a seed with --seed, and let them share the columns with --cache.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from htstats.certificate import (
    Examples,
    Stage,
    certify,
    certify_networks,
    format_bits,
    load_examples,
    network_inputs,
    occam_bound,
    verify,
)

HERE = Path(__file__).parent
FILES, RESULTS, TABLE = HERE / "files", HERE / "results.json", HERE / "RESULTS.md"
Numbers = dict[str, Any]
QUICK_STAGES = (Stage(200_000, 5.5), Stage(100_000, 3.2))
LONG_TRANSFER = (
    *[Stage(6_000_000, 3.0, 2.3, afresh=True, wide=True)] * 10,
    Stage(240_000_000, 2.4, 1.4, wide=True),
    Stage(4_000_000, 1.4, wide=True),
)
PUBLISHED = (
    ("Lotfi et al. 2022, data-independent prior (no file)", 0.328),
    ("Lotfi et al. 2022, transfer (no file)", 0.282),
)
NOTES = """
## What was tried, and what limits it

A non-zero costs about 8.3 bits, and one error is worth .70 to .75 bits, so a non-zero must mend 11
errors. What decides is the time that the search spends at temperatures between 3 and 1.3 bits,
where heads freeze (gabor, certified error, means of two to four seeds, with CPU seconds):

| search from one dense start | certified | CPU s |
|---|---|---|
| 1.5 M proposals from 4.5 to 0.4 | .1830 | 4 |
| 3 M from 3.0 to 0.4 | .1808 | 5 |
| 8 M from 3.0 to 0.4 | .1808 | 9 |
| 12 M from 3.0 to 1.3 | .1790 | 17 |
| 25 M from 3.0 to 1.5 | .1779 | 33 |
| 3 M from 2.4 to 0.4: the head keeps too many non-zeros | .1827 | 4 |

Different starts still differ by .0015 (standard deviation), so a budget buys the best of a few. On
gaussian features the filters decide (3 M from 3.0, one seed): sixteen filters with their means end
at .217, without their means at .207; twelve at .203, ten at .200, eight at .202. A sparse start
gains nothing once the means are gone (.208 after 8 M from 5.5). On the columns of the trunk, moves
decided. A non-zero used to move to a neighbouring cell or to a column that some class uses, always
with its sign, and a fifth of all proposals took one of some 130 non-zeros away: between two
accepted proposals the same few were drawn again and again. Wide moves go to any column of the class
and may change the sign (`Stage.wide`). Ten million proposals from 3.0 to 1.4 bits from one dense
start, certified errors of the same five seeds, with CPU seconds on a loaded machine:

| proposals on the columns of the trunk | mean | best | CPU s |
|---|---|---|---|
| narrow: all presets but transfer | .1653 | .1632 | 7 |
| .37 of moves to any column, sign changed in 1/4, .09 of proposals off | .1623 | .1611 | 10 |
| .61 of moves to any column, sign changed in 1/2, .06 of proposals off | .1604 | .1591 | 13 |
| .80 of moves to any column, sign changed in 1/2, .04 of proposals off | unfinished | | 115 |

In the last row heads stay dense at high temperatures, and proposals are slow.

Without wide moves, two starts of 100 M proposals and 27 M of polish end at .1609 and .1626 (two
seeds, 153 CPU s), two of 50 M at .1611 to .1636. The start decides early: over nine seeds the
energy at 2.5 bits correlates by .56 with that at the end, at 2.2 bits by .80, at 2.05 by .91 (with
wide moves .97 at 2.6 bits, five seeds). The preset therefore cools five starts to 2.3 bits only,
and goes on with the best. One start of 40 M from 3.0 to 2.0 ends at .1609 (one seed): the first
stage of a search takes the rate of a typical head, .63 bits an error, but on these columns it is
.75 at 6,200 errors and .90 at 5,500, which later stages use. With the rate at .69 or at .88 from
the beginning, 6 M proposals end at .1632 and .1634 (two seeds): errors and bits change, the bound
does not. Ten starts of 6 M and 240 M proposals from the best of them (row transfer-long) end at
.1560. On gabor, 8 M proposals from 3.0 to 1.4 and 0.8 M at lower temperatures end at .1787, with
wide moves at .1773 (one seed, 18 and 21 CPU s); the presets on gabor do not use them yet.

Samples that are stored block by block made proposals 1.4 times as fast; asking for columns before
the draws (prefetching) gained nothing. The columns take 140 to 170 of the 300 CPU seconds of a
certificate by transfer.

On digits, one byte is worth .0035 of certified error, and ten offsets of 14 levels cost 38 of some
300 bits. Features that are never negative need so many levels: a class with more +1 than -1 has
large logits. Strokes minus 40 need about 6 levels. Means of three seeds, 25 M proposals, with CPU
seconds:

| search on digits | certified | CPU s |
|---|---|---|
| strokes, 25 stages of 1 M from 4.5 to 0.4 | .2379 | 7 |
| strokes, 6 stages of 4 M from 4.5 to 0.8 | .2386 | 6 |
| strokes, 2 stages of 12 M from 5.5 and 4.0 to 0.8 | .2550 | 6 |
| strokes minus 37, 25 stages of 1 M from 4.5 to 0.4 | .2278 | 6 |
| strokes in windows of 4 x 4 at steps of 2, as the first row (two seeds) | .2540 | 7 |
| strokes, steps of the offsets of 32 in place of 16 (7 M proposals, against .2478) | .2492 | 2 |

On gabor minus 36, offsets need 13 to 20 levels in place of 40, but two seeds (3 M from 3.0) end at
.1811 in place of .1814: less than starts differ.

Convolutions pay for their filters, about 3.3 bits for a non-zero. The rule for the activation of a
window decides more than the filters do (8 filters of 5 x 5, windows of 4 x 4, 3 epochs, 3 M
proposals from 3.0 to 1.3, one seed):

| activation of a window | certified |
|---|---|
| total of max(0, z), clipped at 127 | .2145 |
| total of abs(z), clipped at 127 (twice the total: .2170) | .2030 |
| root of the total of abs(z) | .2003 |
| root of the total divided by the totals around it | .1926 |
| the same, centred: training behind it is stable, and offsets need fewer levels | .1955 |

More shrinkage of the filters lets some of them die (1.5e-4 a step in place of 5e-5: .1991, 3e-4:
.2012). With clipped totals, and an initial scale of the logits that was too large, eight filters of
5 x 5 ended at .2108, and all of these were worse: six filters .2136, 3 x 3 taps .2126, 7 x 7 taps
.2159, windows of 3 x 3 .2140, trained offsets .2165, ten filters with noise 11 and 8 non-zeros
.2175. What limits the preset is the head: some 180 non-zeros cost 1,300 bits, as on gaussian
features, whose ten filters cost nothing. The 300 bits of filters that were found on the data are
worth .007. Filters of different seeds differ more than searches behind them: the three files of the
table end at .1902, .1956 and .2004, so the best of a few seeds gains .005. The search does not
change filters: a change of one tap changes the activations of nearly all examples, so each count
would have to go through all images again.

The speed of the search is limited by proposals that are accepted. A proposal that is not accepted
reads some 500 examples near the boundary (0.5 to 1 microseconds). Before one is accepted, the
logits of all 60,000 examples and 10 classes are read (1.2 MB, some 60 microseconds), about twice
for each that is accepted. The largest and the second largest logit of each example would halve what
one count reads, but each accepted proposal would have to compute them again, so nothing is gained.
Above temperature 4 one proposal in 60 is accepted. Samples near the boundary are drawn again after
64 to 256 accepted proposals; copying their features was a third of the time, and is a twentieth
since the bytes are transposed in blocks of 64 x 64.
"""


@dataclass(frozen=True)
class Row:
    """One line of the table: a preset on a data set, and the goals for its mean and best."""

    name: str
    data: str
    preset: str
    seeds: int = 5
    mean: float | None = None
    best: float | None = None
    columns: Callable[[Examples, str | None], Examples] | None = None
    certify_one: Callable[[Examples, Row, int, Any], tuple[bytes, Numbers]] | None = None


def transfer(examples: Examples, path: str | None) -> Examples:
    """The columns of the public trunk."""
    from htstats.commands._trunk import columns_of_trunk

    return columns_of_trunk(examples, path)


def random_trunk(examples: Examples, path: str | None) -> Examples:
    """The columns of the trunk when every convolution's weights are replaced by normal numbers."""
    import torch

    from htstats.torch.trunk import Trunk, find_trunk

    state = torch.load(path or find_trunk(), map_location="cpu", weights_only=True)
    generator = torch.Generator().manual_seed(0)
    for name, value in state.items():
        if value.dim() == 4:
            noise = torch.randn(value.shape, generator=generator)
            state[name] = noise * value.std()
    trunk = Trunk(state)
    return replace(examples, x=trunk.columns(examples.x), x_test=trunk.columns(examples.x_test))


def search(examples: Examples, row: Row, seed: int, stages: Any) -> tuple[bytes, Numbers]:
    """The file of a linear head, and its numbers."""
    (one,) = certify(examples, preset=row.preset, seeds=[seed], stages=stages)
    return one.data, numbers_of(one.data, examples)


def search_long(examples: Examples, row: Row, seed: int, stages: Any) -> tuple[bytes, Numbers]:
    """The same by the longer search for transfer."""
    return search(examples, row, seed, stages or LONG_TRANSFER)


def search_network(examples: Examples, row: Row, seed: int, stages: Any) -> tuple[bytes, Numbers]:
    """The file of a network of layers W(t), and its numbers."""
    from htstats.torch import train_compressed

    _, inputs = network_inputs(examples)
    start = train_compressed(inputs, examples.y, hidden=(24,), seed=seed)
    (one,) = certify_networks(examples, [start], **({"stages": stages} if stages else {}))
    return one.data, numbers_of(one.data, examples)


def search_cnn(examples: Examples, row: Row, seed: int, stages: Any) -> tuple[bytes, Numbers]:
    """The file of a network with shared filters, and its numbers."""
    from htstats.torch import Filters, train_compressed

    _, inputs = network_inputs(examples, convolutional=True)
    start = train_compressed(
        inputs, examples.y, hidden=(), filters=[Filters(8)], epochs=4, seed=seed
    )
    (one,) = certify_networks(examples, [start], **({"stages": stages} if stages else {}))
    return one.data, numbers_of(one.data, examples)


def hold_out(examples: Examples, row: Row, seed: int, stages: Any) -> tuple[bytes, Numbers]:
    """A network trained on three quarters of the examples, certified on the others."""
    from htstats.commands._held_out import RECIPES_TRIED
    from htstats.torch.held_out import held_out_part, predict_state, train_held_out

    model = train_held_out(examples.x, examples.y, classes=examples.classes, seed=seed)
    _, rest = held_out_part(model.m, model.seed)
    errors = int((model.predictions != examples.y[rest]).sum())
    bits = format_bits(RECIPES_TRIED)
    predicted = predict_state(model.state, examples.x_test, examples.classes)
    return b"", {
        "bits": 0, "choice_bits": bits, "errors": errors, "m": len(rest),
        "train": errors / len(rest), "test": float((predicted != examples.y_test).mean()),
        "certified": occam_bound(errors, len(rest), bits),
    }  # fmt: skip


def numbers_of(data: bytes, examples: Examples) -> Numbers:
    """What the file proves on the examples."""
    checked = verify(data, examples)
    c = checked.certificate
    return {
        "bits": c.bits, "choice_bits": c.choice_bits, "errors": c.errors, "m": c.m,
        "train": c.train_error, "test": checked.test_error, "certified": c.certified_error,
    }  # fmt: skip


ROWS = (
    Row("fast", "fashion-mnist", "fast", mean=0.187),
    Row("best", "fashion-mnist", "best", mean=0.180, best=0.1755),
    Row("gaussian", "fashion-mnist", "gaussian", mean=0.200),
    Row("fcnn", "fashion-mnist", "fcnn", mean=0.265, best=0.25, certify_one=search_network),
    Row("cnn", "fashion-mnist", "cnn", mean=0.25, certify_one=search_cnn),
    Row("transfer", "fashion-mnist", "transfer", 3, 0.165, 0.1605, transfer),
    Row("transfer-long", "fashion-mnist", "transfer", 1, None, 0.155, transfer, search_long),
    Row("digits", "digits", "fast", mean=0.25, best=0.225),
    Row("held-out", "fashion-mnist", "held-out", 1, mean=0.083, certify_one=hold_out),
    Row("control: pooled pixels", "fashion-mnist", "pixels"),
    Row("control: random trunk", "fashion-mnist", "transfer", 1, columns=random_trunk),
)


def prepare(row: Row, trunk: str | None, cache: Path | None) -> tuple[Examples, float]:
    """The examples of the row, and the CPU seconds of their preparation.

    The folder `cache` keeps columns, with the seconds that it took to compute them.
    """
    start = time.process_time()
    examples = load_examples(row.data)
    if row.columns is None:
        return examples, time.process_time() - start
    path = cache / f"{row.name.replace(': ', '-')}.npz" if cache else None
    if path and path.exists():
        with np.load(path) as kept:
            columns = {name: kept[name] for name in ("x", "x_test")}
            return replace(examples, **columns, source_sha256=examples.sha256), float(kept["s"])
    examples = row.columns(examples, trunk)
    seconds = time.process_time() - start
    if path:
        np.savez(path, x=examples.x, x_test=examples.x_test, s=seconds)
    return examples, seconds


def run_row(
    row: Row,
    seeds: Sequence[int],
    stages: Any,
    examples: Examples,
    prepared: float,
    write: Callable[[list[Numbers]], None],
) -> None:
    """Certify with each seed; after each, keep the file if it is the best, and `write` the row."""
    found: list[Numbers] = []
    for seed in seeds:
        start = time.process_time()
        data, numbers = (row.certify_one or search)(examples, row, seed, stages)
        seconds = time.process_time() - start
        found.append({
            "seed": seed, **numbers, "seconds": round(seconds, 1),
            "preparation": round(prepared, 1),
        })  # fmt: skip
        print(row.name, found[-1], file=sys.stderr, flush=True)
        if stages is None and data and not row.name.startswith("control"):
            keep(row, data, examples, numbers["certified"])
        write(found)


def keep(row: Row, data: bytes, examples: Examples, certified: float) -> None:
    """Write the file unless the existing file is as good."""
    path = FILES / f"{row.name}.htc"
    try:
        before = verify(path.read_bytes(), examples).certificate.certified_error
    except (FileNotFoundError, ValueError):  # a file of an earlier format does not decode
        before = 1.0
    if certified < before:
        path.write_bytes(data)


def write_table(results: dict[str, Any]) -> str:
    """The table in Markdown, from results.json."""
    lines = [
        "# Certified errors",
        "",
        "Written by `make certificate` from results.json. delta is .05; choices are paid. Seconds",
        "are CPU seconds of one seed, then of the preparation of columns. A missed reach is bold.",
        "",
        "| row | seeds | bits of the file | train error | test error | certified: mean | best | "
        "seconds |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, value in PUBLISHED:
        lines.append(f"| {name} | | | | | {value:.3f} | | |")
    for row in ROWS:
        found = results.get(row.name)
        if not found:
            lines.append(f"| {row.name} | not run yet | | | | | | |")
            continue

        def span(key: str, form: str, found: Any = found) -> str:
            values = sorted(f[key] for f in found)
            low, high = form.format(values[0]), form.format(values[-1])
            return low if low == high else f"{low}-{high}"

        certified = [f["certified"] for f in found]
        mean = _goal(fmean(certified), row.mean)
        best = _goal(min(certified), row.best)
        seconds = f"{span('seconds', '{:.0f}')}, {found[0]['preparation']:.0f}"
        lines.append(
            f"| {row.name} | {len(found)} | {span('bits', '{}')} | {span('train', '{:.4f}')} | "
            f"{span('test', '{:.4f}')} | {mean} | {best} | {seconds} |"
        )
    return "\n".join(lines) + "\n" + NOTES


def _goal(value: float, goal: float | None) -> str:
    if goal is None:
        return f"{value:.4f}"
    text = f"{value:.4f} (reach {goal:g})"
    return text if value <= goal else f"**{text}**"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short searches; write nothing")
    parser.add_argument("--rows", nargs="*", help="names of rows to run; default: all")
    parser.add_argument("--seeds", type=int, help="default: as the row says")
    parser.add_argument("--seed", type=int, help="run this seed, and keep the others of the row")
    parser.add_argument("--trunk", help="the weights of efficientnet-lite0")
    parser.add_argument("--cache", type=Path, help="a folder that keeps columns between two calls")
    args = parser.parse_args(argv)
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}

    def write(row: Row, found: list[Numbers]) -> None:
        if RESULTS.exists() and not args.quick:
            results.update(json.loads(RESULTS.read_text()))  # another process may have added rows
        kept = results.get(row.name, []) if args.seed is not None else []
        rest = [one for one in kept if one["seed"] != args.seed]
        results[row.name] = sorted(rest + found, key=lambda one: one["seed"])
        if not args.quick:
            RESULTS.write_text(json.dumps(results, indent=1) + "\n")
            TABLE.write_text(write_table(results))

    for row in ROWS:
        slow = row.columns is not None or row.certify_one is not None
        if (args.rows is not None and row.name not in args.rows) or (args.quick and slow):
            continue
        seeds = range(args.seeds or (1 if args.quick else row.seeds))
        stages = QUICK_STAGES if args.quick else None
        examples, prepared = prepare(row, args.trunk, args.cache)
        run_row(
            row, seeds if args.seed is None else [args.seed], stages, examples, prepared,
            lambda found, row=row: write(row, found),
        )  # fmt: skip
    print(write_table(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
