"""Worked examples for few-shot prompts: from a file, the train split, or a generator."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from scaling_cli.errors import TaskError
from scaling_cli.tasks import TASKS, TaskData, load, own
from scaling_cli.tasks.data import to_data
from scaling_cli.tasks.identity import normalise
from scaling_cli.tasks.prompts import Shot, check_shots
from scaling_cli.tasks.reasoning import load_generated
from scaling_cli.tasks.rows import fingerprint, read_rows

MOST = 64
"""Examples in a prompt: more is a whole data set given by mistake."""


class ShotChoice(Protocol):
    """What of a sweep's task decides its examples."""

    @property
    def name(self) -> str: ...
    @property
    def data(self) -> Path | None: ...
    @property
    def seed(self) -> int: ...
    @property
    def options(self) -> Any: ...
    @property
    def prompt(self) -> str: ...
    @property
    def shots(self) -> int: ...
    @property
    def shots_file(self) -> Path | None: ...
    @property
    def shots_seed(self) -> int: ...


def take_shots(choice: ShotChoice, data: TaskData) -> tuple[Shot, ...]:
    """The examples of a few-shot prompt: never one of the task's questions.

    A file's are taken in its order, or drawn by the seed where it holds more than asked.
    """
    if choice.shots == 0 and choice.shots_file is None:
        return ()
    if choice.prompt != "few-shot":
        raise TaskError(
            f"the prompt style {choice.prompt} takes no worked examples",
            "write `prompt: few-shot`, or leave shots out",
        )
    if choice.shots_file is not None:
        return _from_file(choice, choice.shots_file, data)
    return _enough(_without(_pool(choice, data), data), choice.shots)


def _from_file(choice: ShotChoice, path: Path, data: TaskData) -> tuple[Shot, ...]:
    """Questions with their worked `solution`, or else an answer that is one."""
    shots = _shots(to_data(path.stem, "shots", fingerprint(path), own.items(read_rows(path))))
    count = choice.shots or len(shots)
    if count > MOST:
        raise TaskError(
            f"{path.name} holds {count} worked examples", f"say how many: shots: 1 to {MOST}"
        )
    if count < len(shots):
        left = _without(_drawn(shots, choice.shots_seed), data)
        if count > len(left):
            raise TaskError(
                f"of the {len(shots)} worked examples in {path.name} all but {len(left)} are "
                f"questions asked, and {count} are wanted",
                "take examples from another split",
            )
        return _enough(left, count)
    check_shots(shots, data.questions)
    return _enough(shots, count)


def _pool(choice: ShotChoice, data: TaskData) -> list[Shot]:
    if data.split == "generated":
        # Other numbers of the same generator; more than asked, as some may be questions.
        seed = int(_rank(choice.shots_seed, f"shots/{choice.seed}")[:7], 16)
        size = 4 * choice.shots + 16
        options = dict(choice.options)
        pool = load_generated(choice.name, seed=seed, size=size, options=options)
        return _shots(pool)
    if choice.data is not None or choice.name not in TASKS:
        raise TaskError(
            f"where the worked examples for {choice.name} lie is not said",
            "name them with shots_file: FILE",
        )
    return _drawn(_shots(load(choice.name, split="train")), choice.shots_seed)


def _shots(pool: TaskData) -> list[Shot]:
    pairs = zip(pool.questions, pool.solutions, strict=True)
    return [Shot(q.id, q.text, solution or q.answer) for q, solution in pairs]


def _drawn(shots: Sequence[Shot], seed: int) -> list[Shot]:
    return sorted(shots, key=lambda shot: _rank(seed, shot.id))


def _without(shots: Sequence[Shot], data: TaskData) -> list[Shot]:
    asked = {normalise(question.text) for question in data.questions}
    return [shot for shot in shots if normalise(shot.text) not in asked]


def _enough(shots: Sequence[Shot], count: int) -> tuple[Shot, ...]:
    if count > len(shots):
        raise TaskError(f"{count} worked examples asked, {len(shots)} are there", "ask for fewer")
    return tuple(shots[:count])


def _rank(seed: int, identity: str) -> str:
    return hashlib.sha256(f"{seed}/{identity}".encode()).hexdigest()
