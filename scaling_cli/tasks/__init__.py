"""The table of tasks, and the questions of each."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scaling_cli.errors import TaskError
from scaling_cli.tasks import gsm8k, math500, own
from scaling_cli.tasks.data import Item, TaskData, to_data
from scaling_cli.tasks.hub import read_hub
from scaling_cli.tasks.reasoning import (
    PREFIX,
    generated_names,
    generated_options,
    is_generated,
    load_generated,
)
from scaling_cli.tasks.rows import Row, check_columns, fingerprint, read_rows
from scaling_cli.tasks.select import select

__all__ = [
    "TASKS",
    "TaskData",
    "TaskKind",
    "generated_names",
    "is_task_name",
    "load",
    "options_of",
    "select",
]


@dataclass(frozen=True, slots=True)
class TaskKind:
    """A known data set: what it is, where it lies, how one of its rows is read.

    `columns` are those it must have.
    """

    name: str
    summary: str
    hub: str
    config: str | None
    columns: tuple[str, ...]
    licence: str
    item: Callable[[Row], Item]
    style: str = "math"


TASKS: dict[str, TaskKind] = {
    "gsm8k": TaskKind(
        "gsm8k", "grade-school word problems, whole-number answers", gsm8k.HUB, gsm8k.CONFIG,
        ("question", "answer"), "MIT", gsm8k.item,
    ),
    "math500": TaskKind(
        "math500", "500 competition problems in five levels", math500.HUB, math500.CONFIG,
        ("problem", "answer", "level", "subject"), "MIT", math500.item,
    ),
}  # fmt: skip

FILES = (".jsonl", ".parquet")

GENERATED = "gsm_symbolic"
"""The generated task that needs no prefix: GSM8K-style templates with fresh numbers."""


def is_task_name(name: str) -> bool:
    """Whether `load` may know it: a known task, a generated one, or a file of questions."""
    if name in TASKS or name == GENERATED or name.endswith(FILES):
        return True
    if name.startswith(PREFIX):
        # Where reasoning-gym is not installed, loading says so.
        names = generated_names()
        return not names or name in names
    return is_generated(name)


def options_of(name: str) -> Mapping[str, Any] | None:
    """A task's options with their defaults, none for questions of a file; None: not known."""
    return {} if name in TASKS or name.endswith(FILES) else generated_options(name)


def load(
    name: str,
    *,
    data: Path | None = None,
    split: str = "test",
    seed: int = 0,
    size: int | None = None,
    options: Mapping[str, Any] | None = None,
) -> TaskData:
    """A task's questions; raises TaskError with the remedy where they cannot be had."""
    if name in TASKS:
        return _known(TASKS[name], data, split)
    if data is not None or name.endswith(FILES):
        return _own(name, data or Path(name), split)
    if name == GENERATED or name.startswith(PREFIX) or is_generated(name):
        return load_generated(name, seed=seed, size=size, options=options or {})
    near = difflib.get_close_matches(name, [*TASKS, GENERATED], n=1)
    raise TaskError(
        f"there is no task {name}" + (f"; did you mean {near[0]}?" if near else ""),
        f"known: {', '.join(TASKS)}, {GENERATED}, {PREFIX}NAME, or a .jsonl or .parquet file",
    )


def _known(kind: TaskKind, data: Path | None, split: str) -> TaskData:
    if data is not None:
        rows, revision = read_rows(data), fingerprint(data)
    else:
        rows, revision = read_hub(kind.hub, kind.config, split)
    for row in rows[:1]:
        check_columns(row, kind.columns)
    return to_data(kind.name, split, revision, map(kind.item, rows), style=kind.style)


def _own(name: str, path: Path, split: str) -> TaskData:
    file = Path(name)
    task = file.stem if file.suffix in FILES else name
    return to_data(task, split, fingerprint(path), own.items(read_rows(path)))
