"""Write a container as a folder of .safetensors shards with an index."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from htstats._common.files import (
    PathLike,
    copy_mode,
    named_errors,
    require_apart,
    sync_folder,
    target_of,
)
from htstats.compression.container._dense import (
    Entry,
    Report,
    dense_bytes,
    dense_dtype,
    header_item,
    header_text,
    piecewise,
    refusal,
    require_room,
    write_safetensors,
)
from htstats.compression.container._read import Container

__all__ = ["SHARD_SIZE", "write_shards"]

# The default of transformers.
SHARD_SIZE = 5_000_000_000

INDEX = "model.safetensors.index.json"


def write_shards(
    container: Container,
    folder: PathLike,
    *,
    shard_size: int = SHARD_SIZE,
    n_threads: int = 1,
    report: Report | None = None,
) -> list[Path]:
    """Write every tensor of a container into shards, with an index that transformers can read.

    Parameters
    ----------
    container : Container
        From `open_container`.
    folder : path
        The output folder. It is created if it is missing; its parent must exist.
    shard_size : int
        Largest size of a shard in bytes, including its header. A larger tensor gets its own shard.
    n_threads, report
        As in `write_dense`.

    Returns
    -------
    list of Path
        The shards, model-00001-of-00002.safetensors and so on, then the index. Tensors keep their
        order; each shard has the checkpoint's own metadata.

    Raises
    ------
    ValueError
        If .safetensors files cannot store a tensor unchanged, if the folder has weights with other
        names, or if an output is the container itself. Nothing is then written.
    OSError
        If a file cannot be written, or the disk has too little room.

    Notes
    -----
    Shards are written to temporary files in the folder. When all are complete, they are renamed,
    the index last, so an error leaves the earlier files unchanged. An older index is removed before
    the first file is renamed, so an index never names shards of two runs. A link with the name of
    an output is replaced, not followed.
    """
    folder, entries = Path(folder), container.entries
    if why := refusal(".safetensors", {name: dense_dtype(e) for name, e in entries.items()}):
        raise ValueError(f"{folder}: {why}")
    shards = split_entries(entries, container.metadata, shard_size)
    paths = [
        folder / f"model-{number:05}-of-{len(shards):05}.safetensors"
        for number in range(1, len(shards) + 1)
    ]
    outputs = [*paths, folder / INDEX]
    require_apart([container.path], outputs)
    made = _make(folder, outputs)
    try:
        require_room(entries.values(), folder, folder)
        _write(container, shards, outputs, n_threads, report)
    except BaseException:
        if made:
            folder.rmdir()
        raise
    return outputs


def split_entries(
    entries: Mapping[str, Entry], metadata: Mapping[str, str], shard_size: int
) -> list[dict[str, Entry]]:
    """The tensors of each shard, in order. No shard is empty, unless it is the only one."""
    shards: list[dict[str, Entry]] = [{}]
    empty = len(header_text({}, metadata)) + 8 + 7  # at most 7 spaces pad the header
    header, data = empty, 0
    for name, entry in entries.items():
        item = len(json.dumps({name: header_item(entry, data)}, separators=(",", ":"))) - 1
        if shards[-1] and header + item + data + dense_bytes(entry) > shard_size:
            shards.append({})
            header, data = empty, 0
        shards[-1][name] = entry
        header, data = header + item, data + dense_bytes(entry)
    return shards


def _make(folder: Path, outputs: list[Path]) -> bool:
    """Make the folder if it is missing, and return whether it was. Other weights are an error."""
    if not folder.is_dir():
        folder.mkdir()  # an error if `folder` is a file, or its parent folder is missing
        return True
    ours = {path.name for path in outputs}
    for name in sorted(os.listdir(folder)):
        if name.endswith((".safetensors", ".safetensors.index.json")) and name not in ours:
            raise ValueError(f"{folder} has weights already, such as {name}: name another folder")
    for path in outputs:
        target_of(path)
    return False


def _write(
    container: Container,
    shards: list[dict[str, Entry]],
    outputs: list[Path],
    n_threads: int,
    report: Report | None,
) -> None:
    pieces = piecewise(n_threads, report)
    *paths, index = outputs
    total = sum(map(dense_bytes, container.entries.values()))
    names = {name: path.name for path, shard in zip(paths, shards, strict=True) for name in shard}
    content = {"metadata": {"total_size": total}, "weight_map": names}
    with tempfile.TemporaryDirectory(prefix=".shards.", dir=index.parent) as beside:
        for path, shard in zip(paths, shards, strict=True):
            with _new_file(Path(beside), path) as file:
                write_safetensors(file, shard, pieces, container.metadata)
        with _new_file(Path(beside), index) as file:
            file.write((json.dumps(content, indent=2) + "\n").encode())
        index.unlink(missing_ok=True)
        for path in outputs:
            os.replace(Path(beside) / path.name, path)
    sync_folder(index.parent)


@contextmanager
def _new_file(beside: Path, path: Path) -> Iterator[BinaryIO]:
    """A temporary file that will replace `path`, with its permissions if it exists."""
    with named_errors(path), open(beside / path.name, "wb") as file:
        copy_mode(path, Path(file.name))
        yield file
        file.flush()
        os.fsync(file.fileno())
