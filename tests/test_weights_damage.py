"""Damaged files and files of another kind are refused in one line, whatever they claim."""

import os
import pickle
import struct
import zipfile

import numpy as np
import pytest
from checkpoints import (
    damaged,
    header_bytes,
    read_everything,
    safetensors_bytes,
    survives,
    write_all,
)

from htstats.weights import open_weights

torch = pytest.importorskip("torch")

CHECKPOINTS = ["stored.npz", "deflated.npz", "a.safetensors", "zip.pt", "legacy.pth"]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkpoints")
    write_all(folder)
    return folder


class Attack:
    def __reduce__(self):
        return os.mkdir, (self.folder,)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_pickle_that_wants_to_execute_does_not(tmp_path, zipped):
    attack = Attack()
    attack.folder = str(tmp_path / "executed")
    torch.save({"w": torch.ones(2, 2), "x": attack}, tmp_path / "a.pt",
               _use_new_zipfile_serialization=zipped)  # fmt: skip
    with pytest.raises(ValueError, match=r"a\.pt: its pickle asks for posix\.mkdir: .*state_dict"):
        open_weights(tmp_path / "a.pt")
    (tmp_path / "b.pt").write_bytes(pickle.dumps(attack))
    with pytest.raises(ValueError, match=r"b\.pt: a plain pickle"):
        open_weights(tmp_path / "b.pt")
    np.save(tmp_path / "o.npy", np.array([[attack]]))
    with pytest.raises(ValueError, match=r"o\.npy: Python objects .*not executed"):
        open_weights(tmp_path / "o.npy")
    np.savez(tmp_path / "o.npz", bad=np.array([[attack]]), good=np.ones((2, 2)))
    weights = open_weights(tmp_path / "o.npz")
    assert list(weights) == ["good"]
    assert "not executed" in dict(weights.skipped)["bad"]
    torch.save(torch.nn.Linear(2, 2), tmp_path / "module.pt")
    with pytest.raises(ValueError, match=r"asks for torch\.nn\.modules\.linear\.Linear: "):
        open_weights(tmp_path / "module.pt")
    assert not (tmp_path / "executed").exists()
    pickle.loads((tmp_path / "b.pt").read_bytes())  # the attack itself is real
    assert (tmp_path / "executed").exists()


def test_pickles_that_claim_too_much_are_refused(tmp_path):
    torch.save({"w": torch.ones(2, 2)}, tmp_path / "a.pt")
    with zipfile.ZipFile(tmp_path / "a.pt") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    bombs = {
        "a memo index": b"\x80\x02}r\xff\xff\xff\xff.",
        "bytes": b"\x80\x04\x8e" + struct.pack("<Q", 1 << 45) + b".",
        "a bytearray": b"\x80\x05\x96" + struct.pack("<Q", 1 << 45) + b".",
        "a frame": b"\x80\x04\x95" + struct.pack("<Q", 1 << 45) + b"N.",
        "nesting": b"\x80\x02" + b"]" * 5000 + b"a" * 4999 + b".",
    }
    for name, bomb in bombs.items():
        path = tmp_path / "bomb.pt"
        with zipfile.ZipFile(path, "w") as archive:
            for member, content in members.items():
                archive.writestr(member, bomb if member.endswith("data.pkl") else content)
        # the two others are only claims, and nothing needs them
        assert survives(path) == (name in ("a memo index", "a frame"))
    loop = {}
    loop["again"] = loop
    torch.save(loop, tmp_path / "loop.pt")
    assert len(open_weights(tmp_path / "loop.pt")) == 0


@pytest.mark.parametrize("file", ["a.npy", "fortran.npy", *CHECKPOINTS])
def test_truncated_files_are_refused(files, tmp_path, file):
    content = (files / file).read_bytes()
    path = tmp_path / file
    for size in sorted({*range(0, len(content), max(len(content) // 60, 1)), len(content) - 1}):
        path.write_bytes(content[:size])
        with pytest.raises(ValueError, match=file) as caught:
            read_everything(path)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("file", ["a.npy", "fortran.npy", *CHECKPOINTS])
def test_flipped_headers_are_refused_or_harmless(files, tmp_path, file):
    content = (files / file).read_bytes()
    path = tmp_path / file
    places = header_bytes(files / file)
    rng = np.random.default_rng(len(content))
    refused = 0
    for at in rng.choice(places, size=min(len(places), 150), replace=False):
        path.write_bytes(damaged(content, at, int(rng.integers(8))))
        refused += not survives(path)
    assert refused > 10


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dtype": "F99", "shape": None}, "no shape"),
        ({"dtype": "F99", "data_offsets": [0, 20]}, "overlaps"),
        ({"dtype": 5}, "dtype '5'"),
        ({"shape": [2, 3]}, "needs 24 bytes"),
        ({"shape": [-2, -2]}, "no shape"),
        ({"shape": [2.0, 2]}, "no shape"),
        ({"shape": [1 << 63, 1]}, "no shape"),
        ({"shape": [1 << 62, 1 << 62]}, "needs"),
        ({"shape": None}, "no shape"),
        ({"shape": [True, 4]}, "no shape"),
        ({"shape": [1, 5], "data_offsets": [0, 20]}, "overlaps"),
        ({"shape": [1, 2], "data_offsets": [0, 8]}, "gap"),
        ({"data_offsets": [4, 20]}, "gap"),
        ({"data_offsets": [16, 0]}, "ascending"),
        ({"data_offsets": [0]}, "data_offsets"),
        ({"data_offsets": None}, "data_offsets"),
        ({"data_offsets": [0, 1 << 60]}, "needs"),
    ],
)
def test_each_field_of_a_safetensors_header_is_checked(tmp_path, change, message):
    good = {
        "a": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]},
        "b": {"dtype": "F32", "shape": [1, 2], "data_offsets": [16, 24]},
    }
    path = tmp_path / "x.safetensors"
    path.write_bytes(safetensors_bytes(good, bytes(24)))
    assert list(open_weights(path)) == ["a", "b"]
    path.write_bytes(safetensors_bytes(good | {"a": good["a"] | change}, bytes(24)))
    with pytest.raises(ValueError, match=rf"x\.safetensors: .*{message}"):
        open_weights(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00" * 8,
        (1 << 63).to_bytes(8, "little") + b"{}",
        (99_999_999).to_bytes(8, "little") + b"{}",
        safetensors_bytes(b"[]"),
        safetensors_bytes(b"[" * 100_000),
        safetensors_bytes(b'{"a": 1}'),
        safetensors_bytes(b'{"a": ' + b"9" * 5000 + b"}"),
        safetensors_bytes(b'{"a": {}, "a": {}}'),
        safetensors_bytes(b"\xff\xfe{}"),
        safetensors_bytes(b"{}", b"trailing"),
    ],
)
def test_what_is_no_safetensors_file_is_refused(tmp_path, content):
    path = tmp_path / "x.safetensors"
    path.write_bytes(content)
    assert not survives(path)


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".safetensors", ".pt", ".pth", ".bin"])
def test_a_file_that_is_not_what_its_suffix_says(tmp_path, suffix):
    path = tmp_path / f"x{suffix}"
    path.write_bytes(b"<html>404 not found</html>")
    with pytest.raises(ValueError, match=f"x{suffix}: "):
        open_weights(path)


def test_wrong_places(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        open_weights(tmp_path / "absent.npy")
    assert caught.value.filename == str(tmp_path / "absent.npy")
    with pytest.raises(ValueError, match="a directory without"):
        open_weights(tmp_path)
    (tmp_path / "x.dat").write_bytes(b"")
    with pytest.raises(ValueError, match=r"x\.dat: the suffix must be one of"):
        open_weights(tmp_path / "x.dat")
    os.mkfifo(tmp_path / "pipe.npy")
    with pytest.raises(ValueError, match="not a regular file"):
        open_weights(tmp_path / "pipe.npy")
    for bad in (5, None, b"x", ["a"]):
        with pytest.raises(TypeError, match="weights must be a path"):
            open_weights(bad)


def test_a_file_that_shrinks_under_the_reader(tmp_path):
    np.save(tmp_path / "a.npy", np.ones((100, 100)))
    matrix = open_weights(tmp_path / "a.npy")["a"]
    os.truncate(tmp_path / "a.npy", 4000)
    with pytest.raises(ValueError, match=r"a\.npy: truncated"):
        matrix.toarray()


def test_archives_that_claim_too_much(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", w=np.zeros((100, 100)))
    content = bytearray((tmp_path / "a.npz").read_bytes())
    entry = content.index(b"PK\1\2")
    content[entry + 24 : entry + 28] = struct.pack("<I", 0xFFFFFFF0)
    (tmp_path / "b.npz").write_bytes(content)
    with pytest.raises(ValueError, match="more than it can hold"):
        open_weights(tmp_path / "b.npz")


def test_deflated_data_that_are_damaged(tmp_path):
    rng = np.random.default_rng(3)
    np.savez_compressed(tmp_path / "a.npz", w=rng.standard_normal((50, 50)))
    content = (tmp_path / "a.npz").read_bytes()
    (tmp_path / "b.npz").write_bytes(damaged(content, len(content) // 2, 3))
    with pytest.raises(ValueError, match=r"b\.npz: w\.npy: damaged"):
        open_weights(tmp_path / "b.npz")["w"].toarray()


def test_big_endian_and_scripted_checkpoints_are_refused(tmp_path):
    torch.save({"w": torch.ones(2, 2)}, tmp_path / "a.pt")
    with zipfile.ZipFile(tmp_path / "a.pt") as old, zipfile.ZipFile(tmp_path / "b.pt", "w") as new:
        for name in old.namelist():
            content = b"big" if name.endswith("byteorder") else old.read(name)
            new.writestr(name, content)
    with pytest.raises(ValueError, match=r"b\.pt: its numbers are big-endian"):
        open_weights(tmp_path / "b.pt")
    with zipfile.ZipFile(tmp_path / "c.pt", "w") as new:
        new.writestr("c/data.pkl", b"")
        new.writestr("c/constants.pkl", b"")
    with pytest.raises(ValueError, match=r"c\.pt: TorchScript"):
        open_weights(tmp_path / "c.pt")
