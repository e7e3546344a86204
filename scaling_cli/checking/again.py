"""A run sampled again: the same sweep under fresh seeds, beside the run it is to confirm."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from scaling_cli.checking.baseline_file import body_of
from scaling_cli.checking.pairs import NotComparable
from scaling_cli.checking.printable import visible
from scaling_cli.checking.snapshot import Snapshot
from scaling_cli.errors import SweepError
from scaling_cli.store import RunFolder
from scaling_cli.sweep import Sweep

LONGEST_NAME = 60


@contextmanager
def recorded_sweep(folder: RunFolder, data: Mapping[str, Path]) -> Iterator[Path]:
    """A sweep file that says what the run says of itself; `data` maps tasks to files, since of
    an absolute path a run keeps the last name only."""
    import yaml

    sweep = dict(folder.read_manifest().sweep)
    if "models" not in sweep or "tasks" not in sweep:
        raise NotComparable(
            f"{visible(folder.path)} was not sampled here, so it cannot be sampled again",
            "check it without --confirm",
        )
    given = {task: str(file.absolute()) for task, file in data.items()}
    sweep["tasks"] = [
        {**task, "data": given[task["name"]]} if task["name"] in given else task
        for task in sweep["tasks"]
    ]
    with tempfile.TemporaryDirectory() as made:
        file = Path(made) / "recorded.yaml"
        file.write_text(yaml.safe_dump(sweep))
        yield file


def files_of(options: Sequence[str]) -> dict[str, Path]:
    """`TASK=FILE` read."""
    pairs = [option.partition("=") for option in options]
    for task, mark, file in pairs:
        if not mark or not Path(file).is_file():
            raise SweepError(f"--data {task}{mark}{file} names no file", "write --data TASK=FILE")
    return {task: Path(file) for task, _, file in pairs}


def afresh(sweep: Sweep, run: Snapshot, folder: RunFolder) -> tuple[Sweep, Path]:
    """The sweep under seeds that no earlier draw had, and the folder it goes into.

    Both follow from what was sampled the first time: asked again about the same samples, an
    interrupted confirmation goes on and a finished one stands; other samples are confirmed
    by others.
    """
    digest = hashlib.sha256(f"{folder.name}\n{body_of(run)}".encode())
    seeds = tuple(
        int.from_bytes(hashlib.sha256(digest.digest() + bytes([i % 256])).digest()[:4], "big") >> 1
        for i in range(len(sweep.seeds))
    )
    name = f"{folder.name[:LONGEST_NAME]}-confirm-{digest.hexdigest()[:6]}"
    return replace(sweep, name=name, seeds=seeds), folder.path.resolve().parent / name
