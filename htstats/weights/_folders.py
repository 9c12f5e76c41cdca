"""Open folders of weights: shards with their index, and models in the Hugging Face cache.

A snapshot in the Hugging Face cache is a folder of links into `../../blobs`. Links are followed
without restriction, because the person who created the link could also have put the file itself
into the folder. File names in an index must not contain a path, because an index is usually
downloaded.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, NamedTuple

from htstats._common.messages import quote_text
from htstats.weights._formats import INDEX, PICKLE_SUFFIXES, open_file, require_file
from htstats.weights._raw import RawTensor, UnreadTensor
from htstats.weights._safetensors import MOST_HEADER, parse_json
from htstats.weights._tensors import Weights

__all__ = ["folder_files", "open_folder", "open_index", "read_index_metadata"]

# Usual file names of complete models, the likeliest first.
USUAL = ("model", "pytorch_model", "diffusion_pytorch_model", "adapter_model", "consolidated")

# Files without weights that training writes next to the weights.
NO_WEIGHTS = re.compile(
    r"(training_args|optimizer|scheduler|scaler|sampler|rng_state|random_states)(_\d+)?\.\w+"
)

SHARD = re.compile(r"(.+)-(\d+)-of-(\d+)(\.[\w.]+)")


class FolderPlan(NamedTuple):
    """The files to read in a folder, and notes about the other files."""

    shard_index: str | None
    files: list[str]  # names in the folder
    notes: list[str]


def open_folder(path: str) -> Weights:
    """Open the tensors of a folder: the shards that its index names, or its single file.

    Raises
    ------
    ValueError
        If there is neither, or if the choice is ambiguous.
    """
    folder = _snapshot(path)
    plan = _plan(folder, path)
    if plan.shard_index:
        weights = open_index(os.path.join(folder, plan.shard_index))
    elif len(plan.files) == 1:
        weights = _open_part(Path(folder), plan.files[0], path)
    else:
        parts = {name: _open_part(Path(folder), name, path) for name in plan.files}
        weights = _join(path, parts)
    weights.notes += plan.notes
    return weights


def open_index(path: str) -> Weights:
    """Open the tensors that an index names, each from the shard that the index gives for it."""
    require_file(path)
    size = os.path.getsize(path)
    if size > MOST_HEADER:
        raise ValueError(f"{path}: an index of {size} bytes is longer than {MOST_HEADER}")
    where = _weight_map(path)
    folder = Path(path).parent
    shards = {name: _open_part(folder, name, path) for name in dict.fromkeys(where.values())}
    tensors: list[RawTensor] = []
    unread: list[UnreadTensor] = []
    for name, shard in where.items():
        if name in shards[shard].tensors:
            tensors.append(shards[shard].tensors[name])
        elif name in shards[shard].unread:
            unread.append(shards[shard].unread[name])
        else:
            raise ValueError(f"{path}: {name!r} is not in {quote_text(shard)}, where it should be")
    skipped = [
        (name, f"in {shard}, but not in the index for it")
        for shard, found in shards.items()
        for name in (*found.tensors, *found.unread)
        if where.get(name) != shard
    ]
    weights = Weights(path, tensors, skipped, unread)
    weights.files += [str(folder / name) for name in shards]
    return weights


def folder_files(path: str | os.PathLike[str]) -> list[str]:
    """The files that `open_weights` reads for a path. For a folder: its index and shards.

    Raises
    ------
    OSError, ValueError
        As `open_weights` does.
    """
    path = os.fspath(path)
    if os.path.isdir(path):
        folder = _snapshot(path)
        plan = _plan(folder, path)
        if not plan.shard_index:
            return [os.path.join(folder, name) for name in plan.files]
        path = os.path.join(folder, plan.shard_index)
    if not path.lower().endswith(INDEX):
        return [path]
    shards = dict.fromkeys(_weight_map(path).values())
    return [path, *(str(Path(path).parent / _plain(name, path)) for name in shards)]


def read_index_metadata(path: str) -> dict[str, Any]:
    """The metadata of an index of shards, except the map of tensors and their total size."""
    found = _read_index(path).get("metadata")
    metadata = dict(found) if isinstance(found, dict) else {}
    metadata.pop("total_size", None)
    return metadata


def _read_index(path: str) -> dict[str, Any]:
    with open(path, "rb") as file:
        return parse_json(file.read(), path)


def _weight_map(path: str) -> dict[str, str]:
    where = _read_index(path).get("weight_map")
    if not isinstance(where, dict) or not all(isinstance(v, str) for v in where.values()):
        raise ValueError(f"{path}: weight_map must map tensors to files")
    return where


def _join(path: str, parts: dict[str, Weights]) -> Weights:
    """Join the tensors of several files that form one checkpoint."""
    owners: dict[str, str] = {}
    for file, weights in parts.items():
        for name in (*weights.tensors, *weights.unread):
            if name in owners:
                raise ValueError(
                    f"{path}: {name!r} is in {owners[name]} and in {file}: name the file that is "
                    "meant"
                )
            owners[name] = file
    # `Weights` finds skipped and unread tensors of all files again: keep only the other entries
    plain = [
        (name, why)
        for weights in parts.values()
        for name, why in weights.skipped
        if name not in weights.tensors and name not in weights.unread
    ]
    joined = Weights(
        path,
        [raw for weights in parts.values() for raw in weights.tensors.values()],
        plain,
        [
            raw
            for weights in parts.values()
            for raw in weights.unread.values()
            if raw.name not in weights.tensors
        ],
    )
    joined.files = [file for weights in parts.values() for file in weights.files]
    return joined


def _snapshot(path: str) -> str:
    """The folder itself, or for a model in the Hugging Face cache the snapshot in use.

    Raises
    ------
    ValueError
        If there are several snapshots and nothing tells which is in use.
    """
    snapshots = Path(path) / "snapshots"
    if not snapshots.is_dir():
        return path
    main = Path(path) / "refs" / "main"
    if main.is_file() and main.stat().st_size < 1000:
        name = main.read_text(errors="replace").strip()
        if _is_plain(name) and (snapshots / name).is_dir():
            return str(snapshots / name)
        raise ValueError(f"{path}: refs/main names the snapshot {quote_text(name)!r}, not there")
    found = sorted(folder.name for folder in snapshots.iterdir() if folder.is_dir())
    if len(found) == 1:
        return str(snapshots / found[0])
    which = f"{len(found)} snapshots" if found else "no snapshot"
    raise ValueError(f"{path}: {which} and no refs/main: name the folder of one of them")


def _plan(folder: str, path: str) -> FolderPlan:
    """Choose the files of a folder to read. Safetensors files are preferred to pickles."""
    names = sorted(os.listdir(folder))
    safe = [n for n in names if n.endswith(".safetensors") and not NO_WEIGHTS.fullmatch(n)]
    pickles = [n for n in names if _is_pickle_of_weights(n)]
    for files, kind in ((safe, ".safetensors"), (pickles, "")):
        if pickles and not files:
            continue  # an index whose shards were not downloaded
        indexes = [
            name
            for name in names
            if name.endswith(kind + INDEX) and (kind or not name.endswith(".safetensors" + INDEX))
        ]
        index, chosen = _choose(indexes, files, path)
        if index or chosen:
            notes = []
            if kind and pickles:
                more = f" and {len(pickles) - 1} more" if len(pickles) > 1 else ""
                notes = [f"safetensors files are read; {pickles[0]}{more} is not"]
            return FolderPlan(index, chosen, notes)
    raise ValueError(
        f"{path}: a directory without model.safetensors{INDEX} or a .safetensors file, and "
        "without torch's checkpoints"
    )


def _is_pickle_of_weights(name: str) -> bool:
    """Whether the name of a file in a folder is that of a pickle with weights."""
    if NO_WEIGHTS.fullmatch(name) or not name.endswith(PICKLE_SUFFIXES):
        return False
    return name.endswith(".bin") or name.partition(".")[0] in USUAL or bool(SHARD.fullmatch(name))


def _choose(indexes: list[str], files: list[str], path: str) -> tuple[str | None, list[str]]:
    """Choose an index, or files: a file with a usual name, all shards, or the only file."""
    if len(indexes) > 1:
        usual = [name for name in indexes if name.partition(".")[0] in USUAL[:2]]
        if len(usual) != 1:
            raise ValueError(
                f"{path}: a directory with several indexes, {indexes[0]} and {indexes[1]}: name "
                "one of them"
            )
        indexes = usual
    if indexes:
        return indexes[0], []
    whole = [name for name in files if name.partition(".")[0] in USUAL and name.count(".") == 1]
    if len(whole) == 1:
        return None, whole
    shards = [match for match in map(SHARD.fullmatch, files) if match]
    if len({(match[1], match[3], match[4]) for match in shards}) == 1:
        _require_complete(shards, path)
        return None, [match[0] for match in shards]
    if len(files) <= 1:
        return None, files
    if all(name.endswith(".bin") for name in files):
        return None, files
    raise ValueError(
        f"{path}: a directory with several checkpoints, {files[0]} and {files[1]}: name one of them"
    )


def _require_complete(shards: list[re.Match[str]], path: str) -> None:
    """Raise ValueError if the names of the shards show that others are missing."""
    stem, first, count, suffix = shards[0].groups()
    have = {int(match[2]) for match in shards}
    # some tools number shards from 0
    missing = [i for i in range(min(have | {1}), min(int(count), 10**5)) if i not in have]
    if missing or len(have) < int(count):
        number = f"{missing[0] if missing else int(count):0{len(first)}d}"
        raise ValueError(f"{path}: the shard {stem}-{number}-of-{count}{suffix} is missing")


def _open_part(folder: Path, name: str, path: str) -> Weights:
    """Open a file of the folder; follow it if it is a link."""
    inside = folder / _plain(name, path)
    require_file(str(inside))
    if not inside.exists():
        raise ValueError(f"{path}: the shard {name} is missing")
    return open_file(str(inside))


def _plain(name: str, path: str) -> str:
    if not _is_plain(name):
        raise ValueError(f"{path}: {name[:80]!r} is not the name of a file beside it")
    return name


def _is_plain(name: str) -> bool:
    return (
        os.path.basename(name) == name
        and name not in ("", ".", "..")
        and not ("\\" in name or "\0" in name or name.endswith(INDEX))
    )
