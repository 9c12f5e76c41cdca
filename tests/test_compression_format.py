"""docs/format.md says enough: a reader written from it alone reads what htstats writes."""

import hashlib
import struct

import ml_dtypes
import numpy as np
import pytest
from containers import make, rebuilt, records, write
from reference import htz_reader
from scipy import sparse

from htstats import partition
from htstats.cli import main
from htstats.compression.container import ContainerWriter, RecordSizes, open_container
from htstats.compression.matrix import DTYPES, CompressedMatrix
from htstats.weights import open_weights


def assert_same(path):
    """Both readers find the same in a file."""
    found = htz_reader.read(path.read_bytes())
    with open_container(path) as container:
        assert found.options == container.options
        assert (found.metadata, found.tied) == (container.metadata, container.tied)
        of_its_own = [name for name in container if name not in container.tied]
        assert [*found.matrices] == [n for n in container.matrices if n in of_its_own]
        assert [*found.tensors] == [n for n in container.tensors if n in of_its_own]
        for name, first in container.tied.items():
            assert container[name] is container[first]
        for name, stored in container.matrices.items():
            if name in container.tied:
                continue
            other, info = found.matrices[name], stored.info
            for word, value in vars(info).items():
                said = other.fields.get(word) if word == "source_dtype" else other.fields[word]
                assert (tuple(said) if isinstance(said, list) else said) == value, word
            assert other.fields["nnz"] == stored.nnz
            b = stored.sparse()
            rows = np.repeat(np.arange(info.shape[0]), np.diff(b.indptr))
            assert rows.tolist() == other.rows
            assert b.indices.tolist() == other.columns
            assert b.data.tolist() == other.values
        for name, stored in container.tensors.items():
            if name in container.tied:
                continue
            other = found.tensors[name]
            assert (other.fields["dtype"], tuple(other.fields["shape"])) == (
                stored.dtype, stored.shape
            )  # fmt: skip
            assert other.data == b"".join(stored.chunks())
    return found


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("levels", [0, 1, 2, 3, 100])
def test_every_dtype_and_codebook(tmp_path, dtype, levels):
    matrix = make(120, 30, 0.5, dtype)
    if levels:
        rng = np.random.default_rng(levels)
        matrix.sparse.data[:] = rng.choice(matrix.sparse.data[:levels], matrix.nnz)
    found = assert_same(
        write(tmp_path / "a.htz", {"w": matrix}, sizes=RecordSizes(1000), rule="std")
    )
    assert found.matrices["w"].fields["chunks"] == 4


@pytest.mark.parametrize("density", [0, 1e-3, 0.01, 0.1, 0.5, 1])
def test_every_density(tmp_path, density):
    assert_same(write(tmp_path / "a.htz", {"w": make(60, 500, density)}))


def test_gaps_that_escape_and_columns_beyond_32_bits(tmp_path):
    """A gap of 2^31 in a row with many short ones: 32 zeros and 64 bits."""
    cols = 2**31 + 10
    near = np.arange(0, 600, 2)
    indices = np.concatenate([near, [cols - 1]])
    b = sparse.csr_array(
        (np.arange(1, 302, dtype="f4"), indices, np.array([0, 301, 301])), shape=(2, cols)
    )
    law = {**vars(make(2, 2)), "sparse": b, "shape": (2, cols)}
    found = assert_same(write(tmp_path / "a.htz", {"w": CompressedMatrix(**law)}))
    assert found.matrices["w"].columns[-1] == cols - 1


def test_shapes_without_elements_names_and_tensors(tmp_path):
    matrices = {"none": make(0, 5), "n\u00e4\u4e2d \"'\\": make(5, 0), "one": make(1, 1, 1)}
    tensors = {"big": np.arange(3_000_000, dtype="f4"), "nothing": np.empty((0, 3), "i8")}
    assert_same(write(tmp_path / "a.htz", matrices, tensors, text="\u20ac", n=1.5e-300, none=None))


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
@pytest.mark.parametrize("support", ["replaced", "full"])
@pytest.mark.parametrize("keep", ["abs", "upper", "centered"])
@pytest.mark.parametrize("noise", ["paper", "matched", "none"])
def test_the_dense_matrix(tmp_path, dtype, support, keep, noise):
    values = np.random.default_rng(0).standard_t(3, (12, 15)) + 0.1
    values = values.astype(ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype)
    words = {"support": support, "keep": keep, "noise": noise}
    split = partition(values, "quantile:0.8", **words, seed=2**64 - 3, layer=2**32 - 1)
    with ContainerWriter(tmp_path / "a.htz") as writer:
        writer.add_matrix("w", split, source_shape=(2, 6, 3, 5))
        writer.commit()
    found = assert_same(tmp_path / "a.htz").matrices["w"]
    assert htz_reader.dense(found).tobytes() == split.toarray().tobytes()


def test_the_noise_has_the_published_digest():
    g = [htz_reader.gaussian(20240229, 3, i, j) for i in range(64) for j in range(64)]
    digest = hashlib.sha256(struct.pack(f"<{len(g)}d", *g)).hexdigest()
    assert digest in htz_reader.PAGE.read_text()
    assert max(map(abs, g)) > 3


def test_what_the_command_writes(tmp_path):
    """Of a checkpoint with 8-bit floats, which are float16 to the file."""
    from safetensors.numpy import save_file

    rng = np.random.default_rng(1)
    values = rng.standard_t(3, (40, 50))
    arrays = {
        "e4": values.astype(ml_dtypes.float8_e4m3fn),
        "e5": values.astype(ml_dtypes.float8_e5m2),
        "w": values.astype("f4").reshape(4, 10, 50),
        "bias": rng.standard_normal(9).astype(ml_dtypes.float8_e5m2),
    }
    save_file(arrays, tmp_path / "m.safetensors")
    argv = ["compress", str(tmp_path / "m.safetensors"), "-o", str(tmp_path / "m.htz")]
    assert main([*argv, "--threshold", "quantile:0.7"]) == 0
    found = assert_same(tmp_path / "m.htz")
    assert found.options["threshold"] == "quantile:0.7"
    assert found.tensors["bias"].data == arrays["bias"].tobytes()
    kept = {n: set(m.values) for n, m in found.matrices.items()}
    for name in ("e4", "e5"):
        assert found.matrices[name].fields["dtype"] == "float16"
        assert kept[name] <= set(arrays[name].astype("f8").ravel().tolist())
    assert main(["decompress", str(tmp_path / "m.htz"), "-o", str(tmp_path / "d.safetensors")]) == 0
    back = open_weights(tmp_path / "d.safetensors")
    for name, matrix in found.matrices.items():
        assert back.tensors[name].shape == arrays[name].shape
        stored = b"".join(back.tensors[name].chunks())
        if name == "w":
            assert stored == htz_reader.dense(matrix).tobytes()
            continue
        assert back.tensors[name].dtype == matrix.fields["source_dtype"] == arrays[name].dtype.name
        assert stored == htz_reader.float8_bytes(matrix)


def old_version(path):
    """The same file as a writer of version 1 left it."""
    items = [
        (kind, {**fields, "version": 1} if kind == "HEAD" else fields, payload)
        for kind, fields, payload in records(path.read_bytes())
    ]
    path.write_bytes(rebuilt(items))
    return path


def test_files_of_version_1_are_read(tmp_path):
    """It had the same records but META and TIED, and no source_dtype."""
    old = old_version(write(tmp_path / "a.htz", {"w": make()}, {"t": np.arange(4.0)}, rule="std"))
    assert not {"META", "TIED"} & {kind for kind, _, _ in records(old.read_bytes())}
    found = assert_same(old)
    assert (list(found.matrices), list(found.tensors), found.metadata) == (["w"], ["t"], {})


def test_metadata_and_ties(tmp_path):
    said = {"format": "pt", "n\u00e4": '\u4e2d "\\\n', "": ""}
    with ContainerWriter(
        tmp_path / "a.htz", metadata=said, sizes=RecordSizes(tensor_bytes=10)
    ) as writer:
        writer.add_matrix("w", make())
        writer.add_tied("v", "w")
        writer.add_tensor("t", "int64", (4,), [np.arange(4).tobytes()])
        writer.add_tied("u", "t")
        writer.commit()
    found = assert_same(tmp_path / "a.htz")
    assert found.metadata == said
    assert found.tied == {"v": "w", "u": "t"}
    with open_container(tmp_path / "a.htz") as container:
        assert list(container) == ["w", "v", "t", "u"]
        assert list(container.metadata) == list(said)


def test_the_reader_is_strict(tmp_path):
    """A test that cannot fail is a defect: each of these must be noticed by it too."""
    good = write(tmp_path / "a.htz", {"w": make(9, 10)}, {"t": np.arange(4)}).read_bytes()
    htz_reader.read(good)
    for at in range(8, len(good), 7):
        bad = bytearray(good)
        bad[at] ^= 16
        with pytest.raises((AssertionError, ValueError)):
            htz_reader.read(bytes(bad))
    with pytest.raises((AssertionError, struct.error)):
        htz_reader.read(good[:-1])
