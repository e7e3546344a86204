"""The user's cache of model files, each known by its hash."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

Progress = Callable[[str, int, int], None]
"""Called with what is done, bytes done, bytes in all."""


def cache_folder() -> Path:
    """Where model files lie: $SCALE_CACHE, else the user's cache folder."""
    if named := os.environ.get("SCALE_CACHE"):
        return Path(named).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "scale"


def model_folder(name: str) -> Path:
    """Where the files of one known model lie."""
    return cache_folder() / "models" / name


def hub_file(name: str) -> tuple[str, str, Path] | None:
    """Of `OWNER/NAME/FILE.gguf` the repository, the file, and its folder here; None for others."""
    repository, _, file = name.rpartition("/")
    if repository.count("/") != 1 or not file.endswith(".gguf") or ".." in name:
        return None
    return repository, file, cache_folder() / "hub" / repository


def sha256_of(path: Path, progress: Progress | None = None) -> str:
    """The file's SHA-256, remembered beside it until its size or date changes."""
    stamp = path.stat()
    remembered = path.with_name(path.name + ".sha256")
    known = _read(remembered)
    if known.get("size") == stamp.st_size and known.get("mtime") == stamp.st_mtime_ns:
        return str(known["sha256"])
    digest = _hash(path, stamp.st_size, progress)
    # In a read-only folder the file is hashed again next time.
    with contextlib.suppress(OSError):
        remembered.write_text(
            json.dumps({"size": stamp.st_size, "mtime": stamp.st_mtime_ns, "sha256": digest})
        )
    return digest


def forget_hash(path: Path) -> None:
    """Have the file read whole the next time its hash is asked for."""
    with contextlib.suppress(OSError):
        path.with_name(path.name + ".sha256").unlink()


def _hash(path: Path, size: int, progress: Progress | None) -> str:
    digest = hashlib.sha256()
    done = 0
    with open(path, "rb") as file:
        while block := file.read(1 << 22):
            digest.update(block)
            done += len(block)
            if progress is not None:
                progress(f"checking {path.name}", done, size)
    return digest.hexdigest()


def _read(path: Path) -> dict[str, object]:
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
