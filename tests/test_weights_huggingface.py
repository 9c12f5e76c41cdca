"""Folders as hubs and trainers leave them: links into a cache, shards, several formats."""

import json
import os

import numpy as np
import pytest
from checkpoints import some_arrays, write_safetensors

from htstats.cli import main
from htstats.weights import files_at, files_of, open_weights

torch = pytest.importorskip("torch")

ARRAYS = some_arrays()
FIRST = {name: ARRAYS[name] for name in ("fc.weight", "fc.bias")}
SECOND = {name: ARRAYS[name] for name in ("conv.weight", "half", "steps")}
MATRICES = ["fc.weight", "conv.weight", "half"]


def write_torch(path, arrays):
    torch.save({name: torch.from_numpy(np.array(a)) for name, a in arrays.items()}, path)
    return path


WRITERS = {".safetensors": write_safetensors, ".bin": write_torch}


def write_shards(folder, kind, index=True):
    """Two shards and their index, as transformers names them."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = "model" if kind == ".safetensors" else "pytorch_model"
    where = {}
    for i, arrays in enumerate((FIRST, SECOND), 1):
        name = f"{stem}-0000{i}-of-00002{kind}"
        WRITERS[kind](folder / name, arrays)
        where |= dict.fromkeys(arrays, name)
    if index:
        text = json.dumps({"metadata": {"total_size": 1}, "weight_map": where})
        (folder / f"{stem}{kind}.index.json").write_text(text)
    return folder


def as_cache(folder, home):
    """The files of a folder as the Hugging Face cache keeps them: blobs, and links to them."""
    model = home / "models--org--name"
    snapshot = model / "snapshots" / "0123abcd"
    snapshot.mkdir(parents=True)
    (model / "blobs").mkdir()
    (model / "refs").mkdir()
    (model / "refs" / "main").write_text("0123abcd")
    for i, path in enumerate(sorted(folder.iterdir())):
        path.rename(model / "blobs" / f"{i:064x}")
        (snapshot / path.name).symlink_to(f"../../blobs/{i:064x}")
    return model, snapshot


def require_all(weights):
    assert list(weights) == MATRICES
    for name, matrix in weights.items():
        array = ARRAYS[name]
        assert np.array_equal(matrix.toarray(), array.reshape(len(array), -1))


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("layout", ["shards", "shards without index", "one file"])
def test_the_cache_is_read(tmp_path, kind, layout):
    folder = tmp_path / "download"
    if layout == "one file":
        folder.mkdir()
        stem = "model" if kind == ".safetensors" else "pytorch_model"
        WRITERS[kind](folder / f"{stem}{kind}", ARRAYS)
    else:
        write_shards(folder, kind, index=layout == "shards")
    (folder / "config.json").write_text("{}")
    model, snapshot = as_cache(folder, tmp_path)
    links = [p for p in snapshot.iterdir() if p.suffix == kind or p.name.endswith("index.json")]
    places = [model, snapshot, *(p for p in links if p.suffix == ".json" or layout == "one file")]
    for place in places:
        weights = open_weights(place)
        require_all(weights)
        assert sorted(files_of(weights)) == sorted(map(str, links))
        assert sorted(files_at(place)) == sorted(map(str, links))
    if layout == "one file":  # what a link leads to, which has no suffix
        require_all(open_weights(os.path.realpath(links[0])))


def test_commands_read_the_cache(tmp_path, capsys):
    model, snapshot = as_cache(write_shards(tmp_path / "d", ".safetensors"), tmp_path)
    out = tmp_path / "a.htz"
    for place in (model, snapshot):
        assert main(["fit", str(place), "--json", "--tensor", "fc.weight"]) == 0
        capsys.readouterr()
        assert main(["compress", str(place), "-o", str(out)]) == 0
        capsys.readouterr()


def test_versions_of_the_cache(tmp_path):
    model, snapshot = as_cache(write_shards(tmp_path / "d", ".safetensors"), tmp_path)
    other = model / "snapshots" / "ffff"
    other.mkdir()
    require_all(open_weights(model))
    (model / "refs" / "main").write_text("abcd")
    with pytest.raises(ValueError, match=r"refs/main names the snapshot 'abcd', not there"):
        open_weights(model)
    for text in ("../../..", "/etc", "", "0123abcd/../ffff"):
        (model / "refs" / "main").write_text(text)
        with pytest.raises(ValueError, match="refs/main names the snapshot"):
            open_weights(model)
    (model / "refs" / "main").unlink()
    with pytest.raises(ValueError, match="2 snapshots and no refs/main: name the folder of one"):
        open_weights(model)
    other.rmdir()
    require_all(open_weights(model))
    assert snapshot.is_dir()


@pytest.mark.parametrize("kind", WRITERS)
def test_links_to_files_anywhere_are_followed(tmp_path, kind):
    folder = write_shards(tmp_path / "in", kind)
    shard = next(folder.glob(f"*00002-of*{kind}"))
    shard.rename(tmp_path / "elsewhere")
    (tmp_path / "second").symlink_to("elsewhere")
    shard.symlink_to(tmp_path / "second")
    require_all(open_weights(folder))


@pytest.mark.parametrize("kind", WRITERS)
def test_a_link_that_leads_nowhere_is_one_line(tmp_path, capsys, kind):
    folder = write_shards(tmp_path / "in", kind)
    shard = next(folder.glob(f"*00002-of*{kind}"))
    shard.unlink()
    shard.symlink_to("../blobs/gone")
    for place in (folder, next(folder.glob("*.json")), shard):
        with pytest.raises(ValueError, match=r"a link to \.\./blobs/gone, which is not there"):
            open_weights(place)
        assert main(["fit", str(place)]) == 2
        out, err = capsys.readouterr()
        assert (out, err.count("\n")) == ("", 1)


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize(
    "name",
    ["../secret.bin", "/etc/passwd", "..", "", "a/../b.bin", "sub/b.bin", "a\\b.bin", "a\0b"],
)
def test_paths_in_an_index_stay_beside_it(tmp_path, kind, name):
    folder = write_shards(tmp_path / "in", kind)
    WRITERS[kind](tmp_path / "secret.bin", SECOND)
    (folder / "sub").mkdir()
    (path,) = folder.glob("*.json")
    index = json.loads(path.read_text())
    index["weight_map"]["half"] = name
    path.write_text(json.dumps(index))
    for place in (folder, path):
        with pytest.raises(ValueError, match="is not the name of a file beside it"):
            open_weights(place)


def test_an_index_that_names_an_index_is_refused(tmp_path):
    path = tmp_path / "model.safetensors.index.json"
    path.write_text(json.dumps({"weight_map": {"a": path.name}}))
    with pytest.raises(ValueError, match="is not the name of a file beside it"):
        open_weights(path)


def test_safetensors_are_preferred_and_that_is_said(tmp_path, capsys):
    folder = write_shards(tmp_path / "both", ".safetensors")
    write_shards(folder, ".bin")
    weights = open_weights(folder)
    require_all(weights)
    assert weights.notes == [
        "safetensors files are read; pytorch_model-00001-of-00002.bin and 1 more is not"
    ]
    assert all(".safetensors" in path for path in weights.files)
    assert main(["fit", str(folder)]) == 0
    assert weights.notes[0] in capsys.readouterr().out
    # an index without its shards is what a download of some files leaves
    for path in folder.glob("*.safetensors"):
        path.unlink()
    require_all(open_weights(folder))


def test_a_folder_of_a_trainer(tmp_path):
    write_safetensors(tmp_path / "model.safetensors", ARRAYS)
    for name in (
        "training_args.bin",
        "optimizer.pt",
        "scheduler.pt",
        "rng_state.pth",
        "rng_state_0.pth",
    ):
        (tmp_path / name).write_bytes(b"nothing that is read")
    weights = open_weights(tmp_path)
    require_all(weights)
    assert weights.notes == []
    (tmp_path / "model.safetensors").rename(tmp_path / "adapter_model.safetensors")
    require_all(open_weights(tmp_path))
    (tmp_path / "adapter_model.safetensors").unlink()
    write_torch(tmp_path / "pytorch_model.bin", ARRAYS)
    require_all(open_weights(tmp_path))


def test_a_folder_of_bin_files_without_index(tmp_path):
    write_torch(tmp_path / "encoder.bin", FIRST)
    write_torch(tmp_path / "vision.bin", SECOND)
    require_all(open_weights(tmp_path))
    write_torch(tmp_path / "vision.bin", ARRAYS)
    with pytest.raises(ValueError, match=r"'fc.weight' is in encoder\.bin and in vision\.bin"):
        open_weights(tmp_path)


@pytest.mark.parametrize("kind", WRITERS)
def test_a_shard_that_is_missing_is_named(tmp_path, kind):
    folder = write_shards(tmp_path / "in", kind, index=False)
    require_all(open_weights(folder))
    shard = next(folder.glob(f"*00001-of*{kind}"))
    shard.unlink()
    with pytest.raises(ValueError, match=f"the shard {shard.name} is missing"):
        open_weights(folder)


def test_roles_are_found_across_shards(tmp_path):
    """An 8-bit weight whose scale is in another shard."""
    write_safetensors(
        tmp_path / "model-00001-of-00002.safetensors",
        {"w.weight": np.full((2, 2), 0x38, np.uint8)},
        {"w.weight": "F8_E4M3"},
    )
    scale = {"w.weight_scale": np.float32([[2], [3]])}
    write_safetensors(tmp_path / "model-00002-of-00002.safetensors", scale)
    weights = open_weights(tmp_path)
    assert weights["w.weight"].toarray().tolist() == [[2, 2], [3, 3]]
    assert list(weights) == ["w.weight"]


SAVED = {
    "a.pt": {},
    "a.pth": {},
    "a.bin": {},
    "a.ckpt": {},
    "a.pth.tar": {},
    "a.tar": {},
    "noname": {},
    "old.pth.tar": {"_use_new_zipfile_serialization": False},
    "old.dat": {"_use_new_zipfile_serialization": False},
    "a.safetensors": {},
}


@pytest.mark.parametrize("name", SAVED)
@pytest.mark.parametrize("nest", ["", "state_dict", "model", "module", "net.module"])
def test_torch_checkpoints_by_content(tmp_path, name, nest):
    state = {key: torch.from_numpy(array.copy()) for key, array in ARRAYS.items()}
    for part in filter(None, reversed(nest.split("."))):
        state = {part: state, "epoch": 3}
    torch.save(state, tmp_path / name, **SAVED[name])
    prefix = f"{nest}." if nest else ""
    weights = open_weights(tmp_path / name)
    assert list(weights) == [prefix + key for key in MATRICES]
    assert np.array_equal(weights[f"{prefix}fc.weight"].toarray(), ARRAYS["fc.weight"])


def test_other_formats_by_content(tmp_path):
    write_safetensors(tmp_path / "a.bin", ARRAYS)
    np.savez(tmp_path / "a.npz", **ARRAYS)
    (tmp_path / "a.npz").rename(tmp_path / "a.pt")
    np.save(tmp_path / "x.npy", ARRAYS["fc.weight"])
    (tmp_path / "x.npy").rename(tmp_path / "x.safetensors")
    for name in ("a.bin", "a.pt"):
        require_all(open_weights(tmp_path / name))
    (matrix,) = open_weights(tmp_path / "x.safetensors").values()
    assert np.array_equal(matrix.toarray(), ARRAYS["fc.weight"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"GGUF" + bytes(30), "a GGUF file, which is not read"),
        (b"\x89HDF\r\n\x1a\n" + bytes(30), "an HDF5 file"),
        (b"\x1f\x8b\x08" + bytes(30), "gunzip"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        (bytes(257) + b"ustar" + bytes(300), "a tar archive"),
        (b"\x80\x02}q\x00.", "a plain pickle, no torch checkpoint"),
    ],
)
@pytest.mark.parametrize("suffix", [".safetensors", ".bin", ".pth.tar", ".ckpt", ""])
def test_formats_that_are_not_read_say_what_to_do(tmp_path, content, message, suffix):
    path = tmp_path / f"model{suffix}"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"model{suffix}: .*{message}"):
        open_weights(path)
