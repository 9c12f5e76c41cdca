"""Write files so that they appear either complete or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

__all__ = [
    "FileMark",
    "PathLike",
    "atomic_write",
    "copy_mode",
    "named_errors",
    "publish",
    "require_apart",
    "sync_folder",
    "target_of",
]

PathLike = str | os.PathLike[str]


class FileMark(NamedTuple):
    """What a pickled reader of a file holds: with it, another process opens the same file.

    Descriptors are numbers of one process; in another one they belong to other files.
    """

    path: str
    size: int
    changed: int  # the time of the last change, in ns

    @classmethod
    def of(cls, path: PathLike, handle: int) -> FileMark:
        """The mark of an open file."""
        found = os.fstat(handle)
        return cls(os.path.abspath(path), found.st_size, found.st_mtime_ns)

    def require_same(self, handle: int) -> None:
        """Raise ValueError if the file is no longer the one that was marked."""
        if FileMark.of(self.path, handle) != self:
            raise ValueError(f"{self.path}: the file has changed since its reader was pickled")


def require_apart(inputs: Iterable[PathLike], outputs: Iterable[PathLike]) -> None:
    """Refuse outputs that are one of the inputs, or each other, before anything is written.

    Different names of the same file count as one file: other spellings of the path, symbolic links
    and hard links. All code that writes files calls this function.

    Parameters
    ----------
    inputs : paths
        Every file that is read, and every folder given as an input.
    outputs : paths
        Every file that will be written, whether or not it exists.

    Raises
    ------
    ValueError
        If two of these are the same file and at least one is an output; the message names both.
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

    The path is resolved as in `target_of`. A path through a folder that does not exist (x/../a.pt)
    is therefore the same as the path of the file that would be written.
    """
    try:
        real = os.path.realpath(path)
        found = os.stat(real)
    except OSError:  # the file does not exist: its path identifies it
        return real
    except ValueError:  # not a valid path, such as one with a NUL
        return os.fspath(path)
    return found.st_dev, found.st_ino


def target_of(path: PathLike) -> Path:
    """The regular file, existing or not, that writing to `path` would replace.

    Links are followed, as they are when a file is opened for writing.

    Raises
    ------
    OSError
        If it is a directory, a device or a write-protected file, or if its folder does not exist.
    """
    given = os.path.dirname(os.fspath(path)) or os.curdir
    if not os.path.isdir(given):  # realpath does not report a missing folder in missing/..
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
    """Refuse a write-protected file, because a rename would replace it."""
    try:
        os.close(os.open(target, os.O_WRONLY))
    except PermissionError:
        raise
    except OSError:  # for a read-only disk, a later step gives a better message
        pass


@contextlib.contextmanager
def atomic_write(path: PathLike, *, inputs: Iterable[PathLike] = ()) -> Iterator[BinaryIO]:
    """Open a file that replaces `path` when the `with` block ends. After an error it is removed.

    `inputs` are the files that are read; see `require_apart`.
    """
    require_apart(inputs, [path])
    target = target_of(path)
    created = _create_beside(target)
    temporary = Path(created.name)
    try:
        with named_errors(target), created as file:
            copy_mode(target, temporary)
            yield file
            publish(file, temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _create_beside(target: Path) -> BinaryIO:
    """Create a temporary file in the folder of `target`, with the permissions of a new file."""
    while True:
        with contextlib.suppress(FileExistsError):
            # the name is new, so that no link of another user is followed
            return open(target.parent / f".{target.name}.{secrets.token_hex(4)}.tmp", "xb")


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
    """Add the file's name to errors without a file name, such as the error for a full disk."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno is not None:
            raise OSError(error.errno, os.strerror(error.errno), str(path)) from error
        raise


def copy_mode(target: Path, created: Path) -> None:
    """Give a new file the permissions of the file that it will replace, if there is one.

    A file that replaces none keeps the permissions with which the system created it. The umask is
    never read: that would change it for a moment, in all threads.
    """
    with contextlib.suppress(FileNotFoundError):
        os.chmod(created, stat.S_IMODE(target.stat().st_mode))
