"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

__all__ = ["atomic_write", "publish", "target_of"]


def target_of(path: str | os.PathLike[str]) -> Path:
    """The regular file, present or not, that writing to `path` would replace.

    Links are followed, as opening for writing does.

    Raises
    ------
    OSError
        If it is a directory or a device, or its folder is missing.
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not target.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(target.parent))
    if target.exists() and not stat.S_ISREG(target.stat().st_mode):
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return target


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A file to write to that takes the place of `path` at the end; on an error nothing is left."""
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
    """Bring a finished temporary file to the disk, then into the place of `target`."""
    file.flush()
    os.fsync(file.fileno())
    os.replace(temporary, target)
    # the rename itself is durable once the folder is; some systems cannot sync folders
    with contextlib.suppress(OSError):
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextlib.contextmanager
def named_errors(path: Path) -> Iterator[None]:
    """A full disk is reported by a number alone: say which file it was."""
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
