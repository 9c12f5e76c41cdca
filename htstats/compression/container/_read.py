"""Open a container. Only the heads of its records are read at first, payloads when needed."""

from __future__ import annotations

import copyreg
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Self

from htstats._common.files import FileMark, named_errors
from htstats.compression.container._entries import StoredMatrix, StoredTensor, Tie
from htstats.compression.container._log import Log
from htstats.compression.container._records import SIGNATURE, Record, read_payload

__all__ = ["Container", "is_container", "open_container"]


class Container:
    """An open `.htz` file: matrices and unchanged tensors by name, read lazily.

    `open_container` creates it. `entries` has the order of the checkpoint; iteration yields names.
    Tied tensors are one entry under several names: `tied` maps each later name to the first one.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import numpy as np
    >>> from htstats.compression.container import ContainerWriter, open_container
    >>> from htstats.compression.partition import partition
    >>> W = np.float32([[0.1, -3, 0.2], [2, 0, -0.1]])
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "w.htz"
    >>> with ContainerWriter(path) as writer:
    ...     writer.add_matrix("W", partition(W, 1.0))
    ...     writer.commit()
    >>> with open_container(path) as container:
    ...     container.matrices["W"].sparse().toarray()
    array([[ 0., -3.,  0.],
           [ 2.,  0.,  0.]], dtype=float32)
    """

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path = path
        self._file = file
        self.options: dict[str, Any] = {}
        self.entries: dict[str, StoredMatrix | StoredTensor] = {}
        self.tied: dict[str, str] = {}
        self._metadata: tuple[Record, ...] = ()
        with named_errors(path):
            self._index()

    @property
    def matrices(self) -> dict[str, StoredMatrix]:
        """The compressed matrices by name."""
        return {n: e for n, e in self.entries.items() if isinstance(e, StoredMatrix)}

    @property
    def tensors(self) -> dict[str, StoredTensor]:
        """The unchanged tensors by name."""
        return {n: e for n, e in self.entries.items() if isinstance(e, StoredTensor)}

    @property
    def metadata(self) -> dict[str, str]:
        """The metadata of the checkpoint, such as {"format": "pt"}; empty if there are none.

        Raises
        ------
        ValueError
            If it is damaged.
        """
        if not self._metadata:
            return {}
        text = b"".join(read_payload(self._file, record) for record in self._metadata)
        where = self._metadata[0].meta.where
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            raise ValueError(f"{where}: the metadata is not JSON") from None
        if not isinstance(found, dict) or not all(isinstance(v, str) for v in found.values()):
            raise ValueError(f"{where}: the metadata must map text to text")
        return found

    def verify(self) -> None:
        """Read and check everything.

        Raises
        ------
        ValueError
            If a checksum or a record's content is wrong.
        """
        _ = self.metadata
        for name, entry in self.entries.items():
            if name in self.tied:
                continue
            if isinstance(entry, StoredTensor):
                for _ in entry.chunks():
                    pass
            else:
                for _ in entry._rows(0, entry.info.shape[0]):
                    pass

    def close(self) -> None:
        """Close the file. Data that were already read stay valid."""
        self._file.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return open_again, (FileMark.of(self.path, self._file.fileno()),)

    def __getitem__(self, name: str) -> StoredMatrix | StoredTensor:
        return self.entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return (
            f"Container({str(self.path)!r}, {len(self.matrices)} matrices, "
            f"{len(self.tensors)} carried tensors)"
        )

    def _index(self) -> None:
        size = os.fstat(self._file.fileno()).st_size
        log = Log(self._file, size, str(self.path))
        self.options = log.head()
        while (entry := log.entry()) is not None:
            name = entry.info.name if isinstance(entry, StoredMatrix) else entry.name
            if name in self.entries:
                raise ValueError(f"{self.path}: two entries are named {name!r}")
            if isinstance(entry, Tie):
                self.tied[name], entry = entry.tied_to, self._tied_entry(entry)
            self.entries[name] = entry
        self._metadata = log.metadata
        log.finish()

    def _tied_entry(self, tie: Tie) -> StoredMatrix | StoredTensor:
        """The entry that a name is tied to."""
        if tie.tied_to not in self.entries or tie.tied_to in self.tied:
            raise ValueError(
                f"{self.path}: {tie.name!r} is tied to {tie.tied_to!r}, which is no entry before it"
            )
        return self.entries[tie.tied_to]


def open_container(path: str | os.PathLike[str]) -> Container:
    """Open a `.htz` file; only its records' heads are read.

    Parameters
    ----------
    path : path
        A file that `htstats compress` or `ContainerWriter` wrote.

    Returns
    -------
    Container
        A context manager. Its `matrices` and `tensors` are read lazily.

    Raises
    ------
    ValueError
        If the file is not a container, has a newer version, or is damaged. Damage inside a payload
        is detected when the payload is read; `Container.verify` reads everything.
    OSError
        If the file cannot be read.
    """
    path = Path(path)
    file = path.open("rb")
    try:
        return Container(path, file)
    except BaseException:
        file.close()
        raise


def open_again(mark: FileMark) -> Container:
    """The container of a pickled one, from the same file."""
    container = open_container(mark.path)
    try:
        mark.require_same(container._file.fileno())
    except BaseException:
        container.close()
        raise
    return container


def _entry_of(mark: FileMark, name: str) -> StoredMatrix | StoredTensor:
    """The entry of a pickled one, from the same file."""
    return open_again(mark)[name]


def _reduce_entry(entry: StoredMatrix | StoredTensor) -> tuple[Any, ...]:
    name = entry.info.name if isinstance(entry, StoredMatrix) else entry.name
    return _entry_of, (FileMark.of(entry._file.name, entry._file.fileno()), name)


# registered here, because the entries do not know how a container is opened
copyreg.pickle(StoredMatrix, _reduce_entry)
copyreg.pickle(StoredTensor, _reduce_entry)


def is_container(path: str | os.PathLike[str]) -> bool:
    """Whether a file begins with the signature of `.htz` files."""
    with open(path, "rb") as file:
        return file.read(len(SIGNATURE)) == SIGNATURE
