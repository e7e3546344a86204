"""One writer per results folder: a lock that dies with the process that holds it."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scaling_cli.errors import StoreError

_held: set[int] = set()


def _forget_in_child() -> None:
    # A forked worker shares the open file and would keep the lock of a parent killed with
    # `kill -9`; closing the copy leaves the parent's lock in place.
    for handle in _held:
        with contextlib.suppress(OSError):
            os.close(handle)
    _held.clear()


os.register_at_fork(after_in_child=_forget_in_child)


@contextmanager
def hold(path: Path, command: str | None = None) -> Iterator[None]:
    """Hold the lock at `path`; a second holder gets a `StoreError` that names the first.

    The kernel drops the lock with the process, so what a killed holder left in the file is
    only a note. The file itself stays: removing it would let two writers in.
    """
    handle = _open(path)
    try:
        _acquire(handle, path)
        _held.add(handle)
        _note(handle, command or _command())
        yield
    finally:
        # In a forked child the number may by now belong to another file.
        if handle in _held:
            _held.discard(handle)
            with contextlib.suppress(OSError):
                os.ftruncate(handle, 0)
            os.close(handle)


def holder(path: Path) -> str | None:
    """Who holds the lock at `path`, without taking it; None where nobody does."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return None  # never locked, or not ours to see
    try:
        # There is no asking: a shared lock is taken and dropped at once.
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        taken = error.errno in (errno.EWOULDBLOCK, errno.EACCES)
        return _describe(os.pread(handle, 4096, 0)) if taken else None
    finally:
        os.close(handle)
    return None


def _open(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise StoreError(
            f"{path.parent} cannot be locked: {os.strerror(error.errno or 0)}",
            "choose a results folder you may write to",
        ) from error


def _acquire(handle: int, path: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.pread(handle, 4096, 0)
        os.close(handle)
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            raise StoreError(
                f"{path.parent} is held by {_describe(holder)}",
                "wait for it to end, stop it, or choose another results folder",
            ) from error
        raise StoreError(
            f"{path.parent} cannot be locked: {os.strerror(error.errno or 0)}",
            "keep results on a file system that supports flock",
        ) from error


def _note(handle: int, command: str) -> None:
    since = datetime.now(UTC).isoformat(timespec="seconds")
    note = {"pid": os.getpid(), "host": socket.gethostname(), "since": since, "command": command}
    # The note is a courtesy: on a full disk the lock itself still holds.
    with contextlib.suppress(OSError):
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps(note).encode(), 0)


def _describe(content: bytes) -> str:
    try:
        note: dict[str, Any] = json.loads(content)
        who = f"process {int(note['pid'])} on {note['host']} since {note['since']}"
        return f"{who} ({note['command']})"
    except (ValueError, KeyError, TypeError):
        return "another process"


def _command() -> str:
    # Only the program and its subcommand: arguments may hold paths or secrets.
    return " ".join([Path(sys.argv[0] or "python").name, *sys.argv[1:2]])
