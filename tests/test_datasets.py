"""The bundled data: every sample once, no statistic of the training set in it."""

import gzip
import sys
import types
from pathlib import Path

import numpy as np
import pytest

load_digits = pytest.importorskip("sklearn.datasets").load_digits

from htstats.datasets import digits, fashion_mnist  # noqa: E402


def test_the_split_is_a_partition_of_the_bundle():
    data = digits(held_out=100, seed=3)
    assert data.x_train.dtype == np.float32
    pixels = np.concatenate([data.x_test, data.x_train]) * 8 + 8
    rows = np.column_stack([pixels, np.concatenate([data.y_test, data.y_train])]).astype(int)
    bundle = load_digits()
    source = np.column_stack([bundle.data, bundle.target]).astype(int)
    assert sorted(map(tuple, rows)) == sorted(map(tuple, source))
    assert len(data.y_test) == 100


def test_preprocessing_is_blind_to_the_split():
    few, many = digits(held_out=10), digits(held_out=900)
    assert np.array_equal(few.x_test, many.x_test[:10])
    assert not np.array_equal(digits(seed=1).x_test, digits(seed=2).x_test)


@pytest.mark.parametrize("held_out", [0, 1797])
def test_both_parts_have_samples(held_out):
    with pytest.raises(ValueError, match="held_out"):
        digits(held_out=held_out)


SIZES = {"train": 6, "t10k": 4}


def idx(values):
    values = np.asarray(values, np.uint8)
    return (
        bytes([0, 0, 8, values.ndim])
        + b"".join(int(n).to_bytes(4, "big") for n in values.shape)
        + values.tobytes()
    )


@pytest.fixture
def small_fashion(monkeypatch, tmp_path):
    """Six and four images in place of 60,000 and 10,000, and the bytes of the four files."""
    monkeypatch.setattr("htstats.datasets.FASHION_SIZES", SIZES)
    monkeypatch.setattr("htstats.datasets.DEBIAN", tmp_path / "debian")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    rng = np.random.default_rng(0)
    files = {}
    for part, n in SIZES.items():
        files[f"{part}-images-idx3-ubyte"] = idx(rng.integers(0, 256, (n, 28, 28)))
        files[f"{part}-labels-idx1-ubyte"] = idx(rng.integers(0, 10, n))
    return files


def put(folder, files, compress=False):
    folder.mkdir(parents=True)
    for name, content in files.items():
        path = folder / (f"{name}.gz" if compress else name)
        path.write_bytes(gzip.compress(content) if compress else content)
    return folder


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("inside", ["", "FashionMNIST/raw", "fashion-mnist"])
def test_fashion_mnist_is_read_where_it_lies(small_fashion, tmp_path, compress, inside):
    put(tmp_path / "data" / inside, small_fashion, compress)
    data = fashion_mnist(tmp_path / "data")
    pixels = np.frombuffer(small_fashion["train-images-idx3-ubyte"], np.uint8, offset=16)
    expected = pixels.astype(np.float32).reshape(6, 784) / np.float32(127.5) - 1
    assert data.x_train.dtype == np.float32
    assert np.array_equal(data.x_train, expected)
    labels = np.frombuffer(small_fashion["t10k-labels-idx1-ubyte"], np.uint8, offset=8)
    assert np.array_equal(data.y_test, labels)
    assert data.x_test.shape == (4, 784)


def test_debians_folder_comes_before_the_cache(small_fashion, tmp_path):
    with pytest.raises(FileNotFoundError, match="apt-get install dataset-fashion-mnist"):
        fashion_mnist()
    put(tmp_path / "home" / ".cache" / "htstats", small_fashion)
    assert fashion_mnist().x_test.shape == (4, 784)
    other = {name: content[:-1] + b"\x01" for name, content in small_fashion.items()}
    put(tmp_path / "debian", other, compress=True)
    assert fashion_mnist().y_test[-1] == 1


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda b: b[:-1], "must have 4720 bytes, and has 4719"),
        (lambda b: b + b"\0", "must have 4720 bytes, and has more"),
        (lambda b: b"\0\0\x08\x01" + b[4:], "must begin as an IDX file of shape"),
        (lambda b: b[:7] + b"\x05" + b[8:], "must begin as an IDX file of shape"),
        (lambda b: b"", "must begin as an IDX file"),
    ],
)
def test_damaged_images_are_refused(small_fashion, tmp_path, damage, message):
    name = "train-images-idx3-ubyte"
    small_fashion[name] = damage(small_fashion[name])
    put(tmp_path / "data", small_fashion)
    with pytest.raises(ValueError, match=message):
        fashion_mnist(tmp_path / "data")


@pytest.mark.parametrize("cut", [5, 40])
def test_damaged_compression_is_refused(small_fashion, tmp_path, cut):
    folder = put(tmp_path / "data", small_fashion, compress=True)
    path = folder / "t10k-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(ValueError, match="is damaged"):
        fashion_mnist(folder)
    path.write_bytes(b"no gzip at all")
    with pytest.raises(ValueError, match="is damaged"):
        fashion_mnist(folder)


def test_a_label_above_nine_is_refused(small_fashion, tmp_path):
    small_fashion["t10k-labels-idx1-ubyte"] = idx([1, 2, 10, 3])
    with pytest.raises(ValueError, match="has the label 10, above 9"):
        fashion_mnist(put(tmp_path / "data", small_fashion))


def test_it_is_downloaded_only_when_that_is_asked_for(small_fashion, tmp_path, monkeypatch):
    def torchvision(root, download):
        assert download
        put(Path(root) / "FashionMNIST" / "raw", small_fashion)

    module = types.ModuleType("torchvision.datasets")
    module.FashionMNIST = torchvision
    monkeypatch.setitem(sys.modules, "torchvision", types.ModuleType("torchvision"))
    monkeypatch.setitem(sys.modules, "torchvision.datasets", module)
    with pytest.raises(FileNotFoundError, match="download=True"):
        fashion_mnist()
    assert fashion_mnist(download=True).x_train.shape == (6, 784)


def test_without_torchvision_the_download_says_what_else_helps(small_fashion, monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision.datasets", None)
    with pytest.raises(ImportError, match="needs torchvision; apt-get install"):
        fashion_mnist(download=True)
