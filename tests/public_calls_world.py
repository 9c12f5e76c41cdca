"""The data that public_calls.py passes to functions: small arrays, files, fits and networks.

A property makes its value anew each time; a cached one is shared by all calls, as users share fits
and files among threads.
"""

import itertools
import tempfile
from functools import cached_property
from pathlib import Path

import numpy as np
from checkpoints import write_safetensors

from htstats import TailSketch, fit_power_law, open_container, open_weights, partition
from htstats.alternatives import fit_alternative
from htstats.alternatives.integrals import integral
from htstats.certificate import Certificate, Examples, IntegerNetwork, Layer, Stage
from htstats.compression.container import ContainerWriter, SizeWriter
from htstats.compression.partition.bounds import Bounds
from htstats.compression.partition.plan import SplitOptions, SplitSums
from htstats.compression.partition.split import count_rows
from htstats.report.matrix import Extras, fit_matrix
from htstats.report.tables import describe, finish
from htstats.sketch import FORMATS, sketch_rows
from htstats.sketch.exact_sums import ExactSums
from htstats.weights import UnreadTensor
from htstats.weights.columns import open_column

__all__ = ["World"]


def draw(seed):
    """A generator of random numbers."""
    return np.random.default_rng(seed)


class NumberWorld:
    """Samples, points and laws."""

    @property
    def k(self):
        return np.arange(60.0)

    @property
    def p(self):
        return np.linspace(0.01, 0.99, 60)

    @property
    def levels(self):
        return np.log(self.p)

    @property
    def points(self):
        return np.linspace(-7, 7, 60)

    @property
    def whole(self):
        return np.arange(5)

    @property
    def sample(self):
        return draw(1).pareto(1.5, 200) + 1

    @property
    def signed(self):
        return draw(2).standard_t(2, 200)

    @cached_property
    def fit(self):
        return fit_power_law(self.sample)

    @cached_property
    def law(self):
        return fit_alternative(self.sample, "lognormal", xmin=1.0)

    @property
    def moments_of(self):
        return lambda theta, phi: integral(theta, phi, 0.0, 5.0)

    @property
    def sketch(self):
        return TailSketch("float64").update(self.sample)

    @property
    def half_counts(self):
        return np.bincount(self.matrix.astype(np.float16).view(np.uint16).ravel(),
                           minlength=1 << 16).astype(np.uint64)  # fmt: skip

    @property
    def half_format(self):
        return FORMATS["float16"]

    @cached_property
    def tail_model(self):
        from htstats.theory import TailModel

        return TailModel(1.5, 1.0)

    @property
    def outputs(self):
        return draw(3).standard_normal((20, 4))

    @property
    def labels(self):
        return draw(4).integers(0, 4, 20)


class MatrixWorld:
    """Matrices, their splits, and files of both."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="htstats-calls-")
        self.folder = Path(self._folder.name)
        self._names = itertools.count()

    def output(self, suffix):
        """A new name for a file or folder."""
        return self.folder / f"output{next(self._names)}{suffix}"

    @property
    def matrix(self):
        return draw(5).standard_t(3, (40, 30))

    @property
    def single(self):
        return self.matrix.astype(np.float32)

    @property
    def vector(self):
        return draw(6).standard_normal(30)

    @cached_property
    def split(self):
        return partition(self.matrix, 1.0)

    @property
    def fields(self):
        return {**vars(self.split), "sparse": self.split.sparse.copy()}

    @cached_property
    def checkpoint(self):
        arrays = {"w": self.single, "v": self.single.T.copy(), "b": self.single[0]}
        return write_safetensors(self.folder / "w.safetensors", arrays)

    @cached_property
    def container_file(self):
        with ContainerWriter(self.folder / "w.htz") as writer:
            writer.add_matrix("w", partition(self.single, 1.0))
            writer.add_tensor("b", "float32", (30,), [self.single[0].tobytes()])
            writer.commit()
        return self.folder / "w.htz"

    @cached_property
    def container(self):
        return open_container(self.container_file)

    @cached_property
    def stored(self):
        return self.container.matrices["w"]

    @cached_property
    def weights(self):
        return open_weights(self.checkpoint)

    @cached_property
    def rows(self):
        return self.weights["w"]

    @property
    def size_writer(self):
        return SizeWriter()

    @property
    def sketch_of_rows(self):
        return sketch_rows(self.rows)

    @property
    def sketch_of_matrix(self):
        return TailSketch("float64").update(self.matrix)

    @property
    def bounds(self):
        return Bounds.of("float32", "abs", 1.0, 0.0)

    @property
    def sums(self):
        return ExactSums("float32").update(self.single)

    @property
    def sums_of_kept(self):
        return ExactSums("float32").update(self.single[np.abs(self.single) > 1])

    @property
    def options(self):
        return SplitOptions()

    @property
    def split_sums(self):
        return SplitSums.of_part(SplitOptions(1.0), "float32")

    @property
    def reader(self):
        return None

    @property
    def row_counts(self):
        return count_rows(self.single, self.bounds)

    @cached_property
    def opened(self):
        from htstats.spectral import open_matrix

        return open_matrix(self.matrix)

    @cached_property
    def spectrum(self):
        from htstats.spectral import fit_spectrum

        return fit_spectrum(self.matrix)

    @cached_property
    def eigenvalues(self):
        from htstats.spectral import keep_certain

        return keep_certain(np.linalg.eigvalsh(self.matrix.T @ self.matrix), 1e-12)

    @property
    def gram(self):
        matrix = self.matrix
        return lambda v: matrix.T @ (matrix @ v)

    @cached_property
    def column_file(self):
        path = self.folder / "column.txt"
        path.write_text("\n".join(map(str, self.sample)))
        return str(path)

    @property
    def column(self):
        return open_column(self.column_file)

    @property
    def extras(self):
        return Extras()

    @property
    def row(self):
        row = describe(0, self.rows) | fit_matrix(self.rows, "abs")
        row["stable"] = {"alpha": 1.5, "note": "a note"}
        finish(row)
        return row

    @property
    def unread(self):
        return UnreadTensor("q", "uint8", (3, 4), "it is quantized")


class CertificateWorld:
    """Examples, classifiers and networks."""

    @property
    def classes(self):
        labels = draw(7).integers(0, 4, 120)
        labels[:4] = range(4)
        return labels

    @property
    def features(self):
        x = draw(8).integers(-60, 60, (4, 12))[self.classes] + draw(9).normal(0, 30, (120, 12))
        return np.clip(x, -127, 127).astype(np.int8)

    @property
    def scores(self):
        return draw(10).uniform(-1, 1, (120, 4))

    @property
    def images(self):
        return draw(11).integers(0, 256, (24, 28, 28)).astype(np.uint8)

    @property
    def stage(self):
        return Stage(2000, 4.0)

    @property
    def layers(self):
        rng = draw(12)
        return [
            (rng.standard_normal((5, 12)), np.zeros(5)),
            (rng.standard_normal((4, 5)), np.ones(4)),
        ]

    @cached_property
    def layers_file(self):
        path = self.folder / "layers.npz"
        names = ("0.weight", "0.bias", "2.weight", "2.bias")
        arrays = [array for layer in self.layers for array in layer]
        np.savez(path, **dict(zip(names, arrays, strict=True)))
        return path

    @cached_property
    def network(self):
        rng = draw(13)
        codes = [rng.integers(-1, 2, shape).astype(np.int8) for shape in ((5, 12), (4, 5))]
        layers = [Layer(c, np.zeros(len(c), np.int16), 0, 0, 6 * (len(c) == 5)) for c in codes]
        return IntegerNetwork(tuple(layers), 1, 0)

    @cached_property
    def examples(self):
        return Examples("made", self.features, self.classes)

    @cached_property
    def examples_file(self):
        path = self.folder / "examples.npz"
        np.savez(path, x=self.features, y=self.classes)
        return path

    @cached_property
    def certificate(self):
        return Certificate(7, 1000, 100, 0.0, 0.05, 4, "columns")

    @cached_property
    def message(self):
        from htstats.certificate import certify

        return certify(self.examples, stages=[self.stage])[0].data

    @cached_property
    def decoded(self):
        from htstats.certificate import decode

        return decode(self.message)

    @cached_property
    def digits(self):
        from htstats.datasets import digits

        return digits()


class TorchWorld:
    """Models of torch and what they are measured on."""

    @property
    def model(self):
        import torch

        torch.manual_seed(0)
        return torch.nn.Sequential(torch.nn.Linear(12, 5), torch.nn.ReLU(), torch.nn.Linear(5, 4))

    @property
    def loader(self):
        import torch

        x, y = torch.from_numpy(self.features / 127.0).float(), torch.from_numpy(self.classes)
        return [(x[i : i + 40], y[i : i + 40]) for i in range(0, 120, 40)]

    @property
    def inputs(self):
        return self.features.astype(np.float32)

    @cached_property
    def module_file(self):
        import torch

        path = self.folder / "module.pt"
        torch.jit.script(self.model).save(str(path))
        return path

    @cached_property
    def held_out(self):
        from htstats.torch.held_out import train_held_out

        return train_held_out(self.images, self.classes[:24], epochs=1)

    @property
    def weight_tensor(self):
        import torch

        return torch.from_numpy(self.matrix)

    @property
    def filters(self):
        from htstats.torch import Filters

        return [Filters(2, 3, 1, 1, 6)]

    @cached_property
    def torch_network(self):
        from htstats.torch._network import network_of

        return network_of(self.model)

    @cached_property
    def torch_errors(self):
        from htstats.torch.stability import errors_of

        weights = self.torch_network.weights
        return [errors_of(w, [partition(w.numpy(), 0.1)]) for w in weights]

    @cached_property
    def jacobian_norms(self):
        import torch

        from htstats.torch._jacobians import JacobianNorms

        return JacobianNorms("exact", 4, torch.Generator())


class World(NumberWorld, MatrixWorld, CertificateWorld, TorchWorld):
    """All data of the calls."""
