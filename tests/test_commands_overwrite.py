"""No command overwrites a file that it reads, under any of the file's names."""

import os
import stat

import numpy as np
import pytest
from checkpoints import write_safetensors

from htstats._common.files import atomic_write, require_apart, target_of
from htstats.cli import main
from htstats.compression.container import ContainerWriter, open_container, write_dense
from htstats.compression.container._shards import write_shards
from htstats.compression.partition import compress_rows
from htstats.weights import files_of, open_weights

RNG = np.random.default_rng(0)
ARRAYS = {"w": RNG.standard_t(3, (30, 20)).astype("f4"), "b": RNG.standard_normal(5).astype("f4")}


def run(*argv):
    return main([str(a) for a in argv])


def snapshot(folder):
    """Every path below a folder with its content."""
    return {
        path.relative_to(folder): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


def checkpoint(folder, suffix):
    path = folder / f"a{suffix}"
    if suffix == ".safetensors":
        write_safetensors(path, ARRAYS)
    elif suffix == ".npz":
        np.savez(path, **ARRAYS)
    elif suffix == ".npy":
        np.save(path, ARRAYS["w"])
    elif suffix == ".htz":
        write_safetensors(folder / "source.safetensors", ARRAYS)
        assert run("compress", folder / "source.safetensors", "-o", path) == 0
    else:
        torch = pytest.importorskip("torch", reason="pip install 'htstats[torch]'")
        torch.save({name: torch.from_numpy(a) for name, a in ARRAYS.items()}, path)
    return path


def sharded(folder):
    """A folder of two shards and their index."""
    folder.mkdir()
    source = write_safetensors(folder.parent / "whole.safetensors", ARRAYS)
    assert run("compress", source, "-o", folder.parent / "whole.htz") == 0
    argv = ["decompress", folder.parent / "whole.htz", "-o", folder, "--shard-size", "1KB"]
    assert run(*argv) == 0
    return folder


def aliases(path, suffix):
    """Other names of a file: the same, a detour, links relative and absolute, chains, hard ones."""
    folder = path.parent
    (folder / "x").mkdir(exist_ok=True)
    names = {
        "same": path,
        "detour": os.path.join(folder, "x", "..", path.name),
        "dot": os.path.join(folder, ".", "x", "..", ".", path.name),
    }
    for kind in ("relative", "absolute", "chain", "hard", "folder"):
        names[kind] = folder / f"{kind}{suffix}"
    names["relative"].symlink_to(path.name)
    names["absolute"].symlink_to(path.absolute())
    names["chain"].symlink_to(f"relative{suffix}")
    os.link(path, names["hard"])
    (folder / "door").symlink_to(folder, target_is_directory=True)
    names["folder"] = folder / "door" / path.name
    return names


ALIASES = ["same", "detour", "dot", "relative", "absolute", "chain", "hard", "folder"]


def refused(capsys, folder, named, *argv):
    """One line that names all of `named`, exit code 2, and nothing else than before."""
    before = snapshot(folder)
    capsys.readouterr()
    assert run(*argv) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert len(printed.err.splitlines()) == 1
    for name in named:
        assert str(name) in printed.err
    assert snapshot(folder) == before


@pytest.mark.parametrize("kind", ALIASES)
@pytest.mark.parametrize("suffix", [".safetensors", ".npz", ".npy", ".pt", ".bin", ".ckpt"])
def test_compress_onto_its_input(tmp_path, capsys, suffix, kind):
    path = checkpoint(tmp_path, suffix)
    output = aliases(path, suffix)[kind]
    for extra in ([], ["--resume"], ["--tensor", "a" if suffix == ".npy" else "w"]):
        refused(capsys, tmp_path, [path, output], "compress", path, "-o", output, *extra)
    # the other way round: the link is read, the file would be written
    refused(capsys, tmp_path, [path, output], "compress", output, "-o", path)


@pytest.mark.parametrize("detour", ["missing/../{}", "missing/deeper/../../{}", "./missing/../{}"])
def test_a_detour_through_a_folder_that_does_not_exist(tmp_path, monkeypatch, capsys, detour):
    monkeypatch.chdir(tmp_path)
    path = checkpoint(tmp_path, ".pt")
    output = detour.format(path.name)
    refused(capsys, tmp_path, [path, output], "compress", path, "-o", output)
    whole = tmp_path / "whole.htz"
    assert run("compress", path, "-o", whole) == 0
    output = detour.format(whole.name)
    refused(capsys, tmp_path, [whole], "decompress", whole, "-o", output)
    new = detour.format("new.htz")
    refused(capsys, tmp_path, ["missing"], "compress", path, "-o", new)


def test_compress_on_a_cluster_onto_its_input(tmp_path, capsys):
    pytest.importorskip("distributed")
    path = checkpoint(tmp_path, ".safetensors")
    output = aliases(path, ".htz")["hard"]
    refused(capsys, tmp_path, [path, output], "compress", path, "-o", output, "--dask", "local:1")


@pytest.mark.parametrize("named", ["folder", "index"])
@pytest.mark.parametrize("kind", ALIASES)
def test_compress_onto_a_part_of_its_input(tmp_path, capsys, kind, named):
    folder = sharded(tmp_path / "m")
    index = folder / "model.safetensors.index.json"
    assert len(list(folder.glob("*.safetensors"))) == 2
    for part in sorted(folder.iterdir()):
        for link in tmp_path.rglob("*"):
            if link.is_symlink() or link.stem in ("hard", "relative"):
                link.unlink()
        output = aliases(part, ".out")[kind]
        file = folder if named == "folder" else index
        refused(capsys, tmp_path, [part.name, output], "compress", file, "-o", output)
    assert open_weights(folder)["w"].shape == (30, 20)


@pytest.mark.parametrize("detour", ["m", "m/", "x/../m", "door"])
def test_compress_onto_the_input_folder(tmp_path, capsys, detour):
    sharded(tmp_path / "m")
    (tmp_path / "x").mkdir()
    (tmp_path / "door").symlink_to("m", target_is_directory=True)
    output = os.path.join(tmp_path, detour)
    refused(capsys, tmp_path, [tmp_path / "m"], "compress", tmp_path / "m", "-o", output)


@pytest.mark.parametrize("link", ["symbolic", "hard", "copy"])
@pytest.mark.parametrize("extra", [[], ["--resume"]])
def test_the_partial_file_is_no_input(tmp_path, capsys, link, extra):
    """What lies under the partial file's name is the input, or just not ours."""
    path = checkpoint(tmp_path, ".pt")
    partial = tmp_path / "a.htz.partial"
    if link == "symbolic":
        partial.symlink_to(path)
    elif link == "hard":
        os.link(path, partial)
    else:
        partial.write_bytes(path.read_bytes())
    named = [partial] if link == "copy" else [partial, path]
    refused(capsys, tmp_path, named, "compress", path, "-o", tmp_path / "a.htz", *extra)


@pytest.mark.parametrize("extra", [[], ["--resume"]])
def test_another_container_under_the_partial_name_stays(tmp_path, capsys, extra):
    """By a hard link or a symbolic one: it would be written in place."""
    container, source = checkpoint(tmp_path, ".htz"), tmp_path / "source.safetensors"
    partial = tmp_path / "b.htz.partial"
    for link in (os.link, os.symlink):
        link(container, partial)
        refused(capsys, tmp_path, [partial], "compress", source, "-o", tmp_path / "b.htz", *extra)
        partial.unlink()
    os.mkfifo(partial)
    assert run("compress", source, "-o", tmp_path / "b.htz", *extra) == 2
    assert stat.S_ISFIFO(partial.stat().st_mode)


@pytest.mark.parametrize("kind", ["relative", "absolute", "chain", "hard"])
@pytest.mark.parametrize("suffix", [".safetensors", ".npz", ".npy"])
def test_decompress_onto_its_input(tmp_path, capsys, suffix, kind):
    path = checkpoint(tmp_path, ".htz")
    output = aliases(path, suffix)[kind]
    refused(capsys, tmp_path, [path, output], "decompress", path, "-o", output)


@pytest.mark.parametrize("suffix", [".safetensors", ".npz"])
def test_decompress_onto_a_container_by_its_own_name(tmp_path, capsys, suffix):
    path = tmp_path / f"a{suffix}"
    os.rename(checkpoint(tmp_path, ".htz"), path)
    for kind in ALIASES:
        for link in [*tmp_path.glob("door"), *tmp_path.glob("[rach]*")]:
            if link != path:
                link.unlink()
        output = aliases(path, suffix)[kind]
        refused(capsys, tmp_path, [path, output], "decompress", path, "-o", output)


@pytest.mark.parametrize(
    "name", ["model-00001-of-00001.safetensors", "model.safetensors.index.json"]
)
@pytest.mark.parametrize("link", [os.link, os.symlink])
def test_decompress_into_a_folder_onto_its_input(tmp_path, capsys, name, link):
    path = checkpoint(tmp_path, ".htz")
    folder = tmp_path / "out"
    folder.mkdir()
    link(path, folder / name)
    refused(capsys, tmp_path, [path, folder / name], "decompress", path, "-o", folder)
    os.rename(path, tmp_path / "b.htz")
    (folder / name).unlink()
    os.rename(tmp_path / "b.htz", folder / name)
    refused(capsys, tmp_path, [folder / name], "decompress", folder / name, "-o", folder)


def test_two_outputs_that_are_one_file(tmp_path, capsys):
    path = checkpoint(tmp_path, ".htz")
    folder = tmp_path / "out"
    folder.mkdir()
    first, second = (folder / f"model-0000{i}-of-00002.safetensors" for i in (1, 2))
    first.write_bytes(b"old")
    second.symlink_to(first)
    argv = ["decompress", path, "-o", folder, "--shard-size", "1KB"]
    refused(capsys, tmp_path, [first, second], *argv)
    with pytest.raises(ValueError, match="two outputs are the same file"):
        require_apart([], [tmp_path / "new", tmp_path / "out" / ".." / "new"])


@pytest.mark.parametrize("link", [os.link, os.symlink])
def test_a_picture_onto_the_input(tmp_path, capsys, link):
    pytest.importorskip("matplotlib")
    path, folder = checkpoint(tmp_path, ".safetensors"), tmp_path / "pictures"
    folder.mkdir()
    link(path, folder / "w.png")
    refused(capsys, tmp_path, [path, folder / "w.png"], "fit", path, "--plot", folder)


@pytest.mark.parametrize("suffix", [".png", ".csv"])
@pytest.mark.parametrize("link", [os.link, os.symlink])
def test_a_figure_onto_its_data(tmp_path, capsys, monkeypatch, link, suffix):
    pytest.importorskip("matplotlib")
    pytest.importorskip("torch", reason="pip install 'htstats[torch]'")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "data").mkdir()
    (tmp_path / "out").mkdir()
    path = checkpoint(tmp_path / "data", ".safetensors")
    for out in ("out", "data"):
        for name in ("figure1", "figure3", "table1"):
            output = tmp_path / out / f"{name}{suffix}"
            link(path, output)
            argv = ["reproduce", name, "--out", tmp_path / out, "--data", tmp_path / "data"]
            refused(capsys, tmp_path, [path, output], *argv)
            output.unlink()


def test_the_python_writers(tmp_path):
    path = checkpoint(tmp_path, ".safetensors")
    weights = open_weights(path)
    assert files_of(weights) == [str(path)]
    before = snapshot(tmp_path)
    with pytest.raises(ValueError, match="is the input"):
        ContainerWriter(path, inputs=files_of(weights))
    assert snapshot(tmp_path) == before
    with ContainerWriter(path) as writer, pytest.raises(ValueError, match="is the input"):
        compress_rows(writer, "w", weights["w"])
    assert snapshot(tmp_path) == before
    npy = checkpoint(tmp_path, ".npy")
    mapped = open_weights({"w": np.load(npy, mmap_mode="r")[1:]})
    with ContainerWriter(npy) as writer, pytest.raises(ValueError, match="is the input"):
        compress_rows(writer, "w", mapped["w"])
    assert files_of(open_weights(ARRAYS)) == []
    held = checkpoint(tmp_path, ".htz")
    os.link(held, tmp_path / "held.npz")
    before = snapshot(tmp_path)
    with open_container(held) as container:
        with pytest.raises(ValueError, match="is the input"):
            write_dense(container, tmp_path / "held.npz")
        (tmp_path / "shards").mkdir()
        os.link(held, tmp_path / "shards" / "model-00001-of-00001.safetensors")
        with pytest.raises(ValueError, match="is the input"):
            write_shards(container, tmp_path / "shards")
    with pytest.raises(ValueError, match="is the input"):
        with atomic_write(tmp_path / "held.npz", inputs=[held]):
            pass
    assert {k: v for k, v in snapshot(tmp_path).items() if "shards" not in str(k)} == before


def test_the_writers_on_a_cluster(tmp_path):
    distributed = pytest.importorskip("distributed")
    from htstats.distributed import compress_matrices
    from htstats.distributed import compress_rows as compress_there

    path = checkpoint(tmp_path, ".safetensors")
    before = snapshot(tmp_path)
    with distributed.Client(n_workers=1, processes=False, dashboard_address=None) as client:
        with ContainerWriter(path) as writer, pytest.raises(ValueError, match="is the input"):
            compress_there(writer, path, "w", client=client)
        with ContainerWriter(path) as writer, pytest.raises(ValueError, match="is the input"):
            list(compress_matrices(writer, path, {"w": 0}, client=client))
    assert snapshot(tmp_path) == before


# ---- outputs that are no inputs --------------------------------------------------------------


def test_an_old_output_is_replaced_whole_and_keeps_its_permissions(tmp_path):
    path = checkpoint(tmp_path, ".safetensors")
    for mode in (0o600, 0o640, 0o664):
        for command, source, name in [
            ("compress", path, "o.htz"),
            ("decompress", tmp_path / "o.htz", "o.npz"),
            ("decompress", tmp_path / "o.htz", "o.safetensors"),
        ]:
            output = tmp_path / name
            output.unlink(missing_ok=True)
            output.write_bytes(b"old")
            output.chmod(mode)
            assert run(command, source, "-o", output) == 0
            assert stat.S_IMODE(output.stat().st_mode) == mode
            assert output.read_bytes() != b"old"


def test_through_a_link_and_a_dangling_one(tmp_path):
    path = checkpoint(tmp_path, ".safetensors")
    (tmp_path / "deep").mkdir()
    link = tmp_path / "o.htz"
    link.symlink_to(os.path.join("deep", "real.htz"))  # is not there yet
    for _ in range(2):
        assert run("compress", path, "-o", link) == 0
        assert link.is_symlink()
        assert sorted(os.listdir(tmp_path / "deep")) == ["real.htz"]
    link.unlink()
    link.symlink_to(os.path.join("none", "real.htz"))
    assert run("compress", path, "-o", link) == 2


def test_a_failed_run_leaves_the_old_output(tmp_path, capsys):
    source = checkpoint(tmp_path, ".htz")
    folder = tmp_path / "out"
    assert run("decompress", source, "-o", folder, "--shard-size", "1KB") == 0
    assert run("decompress", source, "-o", tmp_path / "o.npz") == 0
    with open_container(source) as container:
        last = container.tensors["b"]._chunks[-1]
    data = bytearray(source.read_bytes())
    data[last.payload_at] ^= 1
    source.write_bytes(data)
    before = snapshot(tmp_path)
    small = ["--shard-size", "1KB"]
    for output, extra in [(folder, small), (tmp_path / "new", small), (tmp_path / "o.npz", [])]:
        assert run("decompress", source, "-o", output, *extra) == 2
        assert "checksum" in capsys.readouterr().err
        assert snapshot(tmp_path) == before


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root writes anywhere")
def test_a_write_protected_output_stays(tmp_path, capsys):
    path = checkpoint(tmp_path, ".safetensors")
    output = tmp_path / "o.htz"
    output.write_bytes(b"mine")
    output.chmod(0o444)
    refused(capsys, tmp_path, [output], "compress", path, "-o", output)


def test_write_protection_is_asked_of_the_system(tmp_path, monkeypatch):
    """As above where the tests run as root: the system's answer is what counts."""
    path = tmp_path / "o.htz"
    path.write_bytes(b"mine")

    def denied(*_):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("htstats._common.files.os.open", denied)
    with pytest.raises(PermissionError):
        target_of(path)


def test_a_folder_in_the_place_of_an_output(tmp_path, capsys):
    path = checkpoint(tmp_path, ".htz")
    (tmp_path / "o.htz").mkdir()
    refused(capsys, tmp_path, ["o.htz"], "compress", tmp_path / "source.safetensors", "-o",
            tmp_path / "o.htz")  # fmt: skip
    (tmp_path / "out" / "model-00001-of-00001.safetensors").mkdir(parents=True)
    refused(capsys, tmp_path, ["model-0"], "decompress", path, "-o", tmp_path / "out")
    (tmp_path / "file").write_text("")
    refused(capsys, tmp_path, ["file"], "decompress", path, "-o", tmp_path / "file")


def test_demo_refuses_before_it_trains(tmp_path, capsys):
    pytest.importorskip("sklearn")
    pytest.importorskip("torch", reason="pip install 'htstats[torch]'")
    endless = ["demo", "--epochs", "1000000000", "--save"]
    refused(capsys, tmp_path, [tmp_path], *endless, tmp_path)
    refused(capsys, tmp_path, ["none"], *endless, tmp_path / "none" / "a.pt")
