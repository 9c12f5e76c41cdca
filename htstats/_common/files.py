"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

__all__ = [
    "PathLike",
    "atomic_write",
    "mode_of",
    "named_errors",
    "publish",
    "require_apart",
    "sync_folder",
    "target_of",
]

PathLike = str | os.PathLike[str]


def require_apart(inputs: Iterable[PathLike], outputs: Iterable[PathLike]) -> None:
    """Refuse outputs that are one of the inputs, or each other, before anything is written.

    The same file counts as one by whatever name: another spelling of the path, a symbolic link, a
    hard link. This is the one place that decides it; everything that writes asks here.

    Parameters
    ----------
    inputs : paths
        Every file that is read, and every folder that was named as an input.
    outputs : paths
        Every file that will be written, present or not.

    Raises
    ------
    ValueError
        If two of them are the same file and at least one is an output; the message names both.
    """
    taken = {_identity(path): path for path in reversed([*inputs])}
    written: dict[object, PathLike] = {}
    for path in outputs:
        key = _identity(path)
        if key in taken:
            raise ValueError(
                f"the output {os.fspath(path)} is the input {os.fspath(taken[key])}, which is "
                "never overwritten: name another output"
            )
        if key in written:
            first, second = os.fspath(written[key]), os.fspath(path)
            raise ValueError(f"two outputs are the same file: {first} and {second}")
        written[key] = path


def _identity(path: PathLike) -> object:
    """A key that is equal for two names of the same file.

    The path is resolved as `target_of` resolves it, so that a detour through a folder that does not
    exist (x/../a.pt) counts as the file that would be written.
    """
    try:
        real = os.path.realpath(path)
        found = os.stat(real)
    except OSError:  # the file does not exist: its path identifies it
        return real
    except ValueError:  # no path at all, such as one with a NUL
        return os.fspath(path)
    return found.st_dev, found.st_ino


def target_of(path: PathLike) -> Path:
    """The regular file, present or not, that writing to `path` would replace.

    Links are followed, as opening for writing does.

    Raises
    ------
    OSError
        If it is a directory, a device or a file that may not be written, or its folder is missing.
    """
    given = os.path.dirname(os.fspath(path)) or os.curdir
    if not os.path.isdir(given):  # realpath would pass over missing/..
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), given)
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not target.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(target.parent))
    if target.exists() and not stat.S_ISREG(target.stat().st_mode):
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    if target.exists():
        _require_permission(target)
    return target


def _require_permission(target: Path) -> None:
    """Refuse a write-protected file: a rename would replace it nevertheless."""
    try:
        os.close(os.open(target, os.O_WRONLY))
    except PermissionError:
        raise
    except OSError:  # a read-only disk has a message of its own
        pass


@contextlib.contextmanager
def atomic_write(path: PathLike, *, inputs: Iterable[PathLike] = ()) -> Iterator[BinaryIO]:
    """A file that replaces `path` when the block ends; after an error nothing is left of it.

    `inputs` are the files that are read: see `require_apart`.
    """
    require_apart(inputs, [path])
    target = target_of(path)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
    temporary = Path(name)
    try:
        with named_errors(target), os.fdopen(handle, "wb") as file:
            os.chmod(temporary, mode_of(target))
            yield file
            publish(file, temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def publish(file: BinaryIO, temporary: Path, target: Path) -> None:
    """Sync a finished temporary file, then rename it to `target`."""
    file.flush()
    os.fsync(file.fileno())
    os.replace(temporary, target)
    sync_folder(target.parent)


def sync_folder(path: Path) -> None:
    """Sync a folder, so that the renames in it are durable."""
    with contextlib.suppress(OSError):  # some systems cannot sync folders
        folder = os.open(path, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextlib.contextmanager
def named_errors(path: Path) -> Iterator[None]:
    """Add the file's name to errors that have none, such as that of a full disk."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno is not None:
            raise OSError(error.errno, os.strerror(error.errno), str(path)) from error
        raise


def mode_of(target: Path) -> int:
    """The permissions of the file to be replaced, or those of a new one."""
    if target.exists():
        return stat.S_IMODE(target.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
