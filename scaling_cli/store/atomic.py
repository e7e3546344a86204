"""Replacing a file in one step: a reader, or a kill, sees the old bytes or the new ones."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

from scaling_cli.errors import StoreError

LEFTOVER = ".scale-*.tmp"
"""Temporary files; one that outlives its writer was left by a kill and may be removed."""


def replace_file(path: Path, write: Callable[[IO[bytes]], None]) -> None:
    """Write a temporary file beside `path`, flush it to the disk, and rename it."""
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".scale-", suffix=".tmp", dir=path.parent)
        temporary = Path(name)
        with os.fdopen(handle, "wb") as file:
            write(file)
            file.flush()
            os.fchmod(file.fileno(), 0o644)
            os.fsync(file.fileno())
        os.replace(temporary, path)
        temporary = None
        _flush_folder(path.parent)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink()


def remove_leftovers(folder: Path) -> None:
    """Remove temporary files of writers that were killed. Call it under the lock only."""
    for leftover in [*folder.glob(LEFTOVER), *folder.glob(f"*/{LEFTOVER}")]:
        with contextlib.suppress(OSError):
            leftover.unlink()


def _flush_folder(folder: Path) -> None:
    # Without this a power cut may undo the rename. Some file systems refuse to open a folder.
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _unwritable(path: Path, error: OSError) -> StoreError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT) or "No space left" in str(error):
        return StoreError(
            f"the disk is full: {path} could not be written",
            "nothing recorded was lost; make room and run the same command again",
        )
    reason = os.strerror(error.errno) if error.errno else str(error)
    return StoreError(
        f"{path} could not be written: {reason}",
        "nothing recorded was lost; mend the folder and run the same command again",
    )
