"""No damaged byte of a `.htz` file passes unnoticed, and no claimed size allocates memory."""

import numpy as np
import pytest
from containers import HOSTILE, make, rebuilt, records, write
from hypothesis import given, settings
from hypothesis import strategies as st

from htstats.compression.container import RecordSizes, open_container
from htstats.compression.container._records import SIGNATURE

# ---- damage ----------------------------------------------------------------------------------


@pytest.fixture
def damaged(tmp_path):
    """A small file, and a function that says what reading all of some bytes raises."""
    matrices, tensors = {"w": make(9, 10)}, {"b": np.arange(9, dtype="f4")}
    path = write(tmp_path / "a.htz", matrices, tensors, sizes=RecordSizes(30), seed=1)
    good = path.read_bytes()

    def read(data):
        path.write_bytes(data)
        with open_container(path) as opened:
            opened.verify()

    read(good)
    return good, read


def test_every_flipped_bit_is_an_error(damaged):
    good, read = damaged
    for at in range(len(good)):
        for bit in range(8):
            bad = bytearray(good)
            bad[at] ^= 1 << bit
            with pytest.raises(ValueError, match=r"a\.htz"):
                read(bytes(bad))


def test_every_cut_and_any_extra_byte_is_an_error(damaged):
    good, read = damaged
    for n in range(len(good)):
        with pytest.raises(ValueError, match=r"a\.htz"):
            read(good[:n])
    with pytest.raises(ValueError, match="1 bytes follow"):
        read(good + b"\0")


def test_every_forged_field_is_an_error_or_harmless(damaged):
    """Checksums are made right: only the checks on the fields stand between them and a crash."""
    good, read = damaged
    original = list(records(good))
    assert rebuilt(original) == good
    refused = tried = 0
    for number, (kind, fields, payload) in enumerate(original):
        for key, old in fields.items():
            for value in HOSTILE:
                forged = {**fields, key: value}
                if kind == "DONE":
                    forged = {"forged": {key: value}}
                items = list(original)
                items[number] = (kind, forged, payload)
                tried += 1
                try:
                    read(rebuilt(items))
                except ValueError:
                    refused += 1
                else:  # free text, numbers of the law, and what was there before
                    free = {"name", "rule", "writer", "options", "mean", "std", "threshold",
                            "seed", "layer", "dtype", "source_shape", "shape",
                            "version"}  # fmt: skip
                    assert value == old or key in free, (kind, key, value)
            without = {k: v for k, v in fields.items() if k != key}
            items = list(original)
            items[number] = (kind, without, payload)
            if key != "writer" and kind != "DONE":
                with pytest.raises(ValueError, match=r"a\.htz"):
                    read(rebuilt(items))
    assert refused > 0.7 * tried


def test_forged_order_and_names(damaged):
    good, read = damaged
    items = list(records(good))
    kinds = [kind for kind, _, _ in items]
    assert kinds == ["HEAD", "ROWS", "ROWS", "ROWS", "MATX", "DATA", "TENS", "DONE"]
    for order in ([0, 2, 1, 3, 4, 5, 6, 7], [0, 1, 2, 4, 5, 6, 7], [1, 0, 2, 3, 4, 5, 6, 7],
                  [0, 1, 2, 3, 4, 1, 2, 3, 4, 5, 6, 7], [0, 1, 2, 3, 4, 5, 7], [0, 1, 2, 3, 4, 5],
                  [0, 1, 2, 3, 5, 4, 6, 7], [0, 0, 1, 2, 3, 4, 5, 6, 7], []):  # fmt: skip
        with pytest.raises(ValueError, match=r"a\.htz"):
            read(rebuilt([items[i] for i in order]))
    newer = [("HEAD", {**items[0][1], "version": 3}, b""), *items[1:]]
    with pytest.raises(ValueError, match="newer"):
        read(rebuilt(newer))
    deep = ("HEAD", items[0][1] | {"options": 1}, b"")
    data = rebuilt([deep, *items[1:]]).replace(b"", b"")
    with pytest.raises(ValueError, match="options"):
        read(data)


def test_claimed_sizes_allocate_nothing(damaged, monkeypatch):
    good, read = damaged
    items = list(records(good))
    original, largest = np.empty, []

    def watched(shape, *args, **options):
        largest.append(int(np.prod(shape, dtype=object)))
        return original(shape, *args, **options)

    monkeypatch.setattr(np, "empty", watched)
    for key, value in [("nnz", 2**40), ("rows", [0, 2**32]), ("gap_bytes", 2**40)]:
        forged = [*items[:1], ("ROWS", {**items[1][1], key: value}, items[1][2]), *items[2:]]
        if key == "rows":
            matrix = {**items[4][1], "shape": [2**32, 0], "source_shape": [0], "chunks": 1}
            forged = [items[0], forged[1], ("MATX", matrix, b""), items[-1]]
        with pytest.raises(ValueError, match=r"a\.htz"):
            read(rebuilt(forged))
    assert max(largest, default=0) < 1000


@settings(max_examples=300)
@given(st.binary(max_size=200))
def test_noise_is_no_container(data):
    import tempfile

    with tempfile.NamedTemporaryFile(suffix=".htz") as file:
        file.write(SIGNATURE + data)
        file.flush()
        with pytest.raises(ValueError, match=r"\.htz"):
            open_container(file.name)
