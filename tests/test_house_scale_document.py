"""The arithmetic of docs/scale.md follows from the rates that its table gives."""

import math
import re
from pathlib import Path

import pytest

TEXT = (Path(__file__).parents[1] / "docs" / "scale.md").read_text()

N = 405e9
BFLOAT16 = 2 * N
TASK = 64 << 20


def measured(what):
    """The two figures of a row of the table of rates: of bfloat16, of float32."""
    row = re.search(rf"\| {what} \| ([\d.]+) \w+(?:/s)? \| ([\d.]+) ", TEXT)
    return float(row[1]), float(row[2])


def times(row):
    cells = re.search(rf"\| {row} \| (.*) \|", TEXT)[1].split("|")
    return [float(cell.replace("s", "")) for cell in cells[1:]]


def shown(value, text):
    """Whether a figure is the value, rounded to the digits that it has."""
    digits = len(text.partition(".")[2])
    return abs(value - float(text)) <= 0.5000001 * 10**-digits


@pytest.mark.parametrize(
    ("row", "storage", "threads"),
    [
        ("NVMe in each machine, 5 GB/s", 5e9, 3),
        ("10-gigabit network storage", 1.25e9, 1),
    ],
)
def test_a_pass_takes_what_the_formula_says(row, storage, threads):
    rate = min(storage, measured("reading and sketching")[0] * 1e9 * threads)
    assert times(row) == [pytest.approx(BFLOAT16 / (m * rate), abs=0.05) for m in (1, 10, 100)]


def test_one_store_is_the_limit_whatever_the_machines():
    rate = measured("reading and sketching")[0] * 1e9
    for m, seconds in zip((1, 10, 100), times("one shared store of 10 GB/s"), strict=True):
        assert seconds == pytest.approx(BFLOAT16 / min(10e9, m * 5 * rate), abs=0.5)


def test_what_moves():
    tasks = BFLOAT16 / TASK
    inner = tasks / 7  # of a tree of fan-in 8: 1/8 + 1/64 + ...
    assert re.search(r"about 12,100 tasks", TEXT)
    assert tasks == pytest.approx(12_100, rel=0.01)
    assert inner == pytest.approx(1_700, rel=0.03)
    sketch, merging = (
        measured("a sketch as it is sent")[0],
        measured("unpacking and merging a sketch")[0],
    )
    moved = re.search(r"would send 13,800 x ([\d.]+) kB = ([\d.]+) GB", TEXT)
    assert float(moved[1]) == sketch
    assert shown(13_800 * sketch * 1e3 / 1e9, moved[2])
    merged = re.search(r"13,800 x ([\d.]+) ms = ([\d.]+) s of one thread", TEXT)
    assert float(merged[1]) == merging
    assert shown(13_800 * merging / 1e3, merged[2])
    client = re.search(r"884 x ([\d.]+) ms = ([\d.]+) s, (\d+) MB", TEXT)
    assert shown(884 * float(client[1]) / 1e3, client[2])
    assert shown(884 * sketch / 1e3, client[3])


def test_what_a_split_sends_to_the_client():
    density = 0.18
    bits = -(density * math.log2(density) + (1 - density) * math.log2(1 - density)) / density
    assert shown(bits, re.search(r"and ([\d.]+) bits of place", TEXT)[1])
    total, each = re.search(r"405e9 x 18 % x ([\d.]+) B = (\d+) GB", TEXT).groups()
    assert shown(2 + bits / 8, total)
    assert float(each) == pytest.approx(N * density * (2 + bits / 8) / 1e9, abs=1)
    seconds = re.search(r"(\d+) GB / 1.25 GB/s = (\d+) s", TEXT)
    assert shown(float(seconds[1]) / 1.25, seconds[2])


MODELS = (6.7e9, 69e9, 405e9)


def extrapolated(row):
    cells = re.search(rf"\| {row} \| (.*) \|", TEXT.partition("| extrapolated")[2])[1].split("|")
    return [float(cell.split()[0]) for cell in cells]


@pytest.mark.parametrize("command", ["fit", "compress", "decompress"])
def test_what_one_machine_takes(command):
    rate = float(re.search(rf"\| `{command}[^|]*` \| ([\d.]+) s \|", TEXT)[1]) / 872e6
    assert extrapolated(f"`{command}`") == [pytest.approx(n * rate, abs=0.5) for n in MODELS]
    reading = [2 * n / 5e9 for n in MODELS]
    assert extrapolated("reading 16-bit weights at 5 GB/s") == pytest.approx(reading, rel=0.02)


def test_what_spectra_take():
    solve, multiply = map(
        float, re.search(r"takes ([\d.]+) s .*\n.* and ([\d.]+) s", TEXT).groups()
    )
    whole = re.search(r"4096 x 4096 \(`--spectrum`\) \| ([\d.]+) s", TEXT)[1]
    assert solve + multiply == pytest.approx(float(whole))

    def seconds(sides):
        short, long = min(sides) / 4096, max(sides) / 4096
        return solve * short**3 + multiply * long * short**2

    layers = {
        32: [(4096, 4096)] * 4 + [(11008, 4096)] * 3,
        80: [(8192, 8192)] * 2 + [(8192, 1024)] * 2 + [(28672, 8192)] * 3,
        126: [(16384, 16384)] * 2 + [(16384, 1024)] * 2 + [(53248, 16384)] * 3,
    }
    hours = [n * sum(map(seconds, shapes)) / 3600 for n, shapes in layers.items()]
    assert extrapolated("eigenvalues of all matrices") == [
        pytest.approx(value, rel=0.07) for value in hours
    ]
