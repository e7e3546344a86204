"""Generated problems of reasoning-gym: any of its tasks, from a seed, without a network.

Where many answers are right (countdown, n_queens), the one the task gives is gold and the
others count as wrong.
"""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scaling_cli.errors import TaskError
from scaling_cli.tasks.data import Item, TaskData, to_data

PREFIX = "reasoning-gym/"
DEFAULT_SIZE = 100
PROBED = 8
"""Problems always looked at, so that how answers are read does not depend on the size."""

_NUMBER = re.compile(
    r"\$?-?(?:\d[\d,]*(?:\.\d+)?(?:/\d+)?|\\d?frac\{-?\d+\}\{-?\d+\})\$?", re.ASCII
)


def is_generated(name: str) -> bool:
    """Whether reasoning-gym has a task of this bare name."""
    return re.fullmatch(r"[a-z][a-z0-9_]*", name) is not None and name in _datasets()


def generated_names() -> list[str]:
    """Every task of reasoning-gym as a sweep names it; none where it is not installed."""
    return [f"{PREFIX}{name}" for name in sorted(_datasets())]


def generated_options(name: str) -> dict[str, Any] | None:
    """A generated task's options with their defaults; None where they cannot be told."""
    found = _datasets().get(name.removeprefix(PREFIX))
    if found is None:
        return None
    _, config = found
    return {
        field.name: field.default_factory()
        if field.default_factory is not dataclasses.MISSING
        else field.default
        for field in dataclasses.fields(config)
        if field.name not in ("seed", "size")
    }


def _datasets() -> Mapping[str, Any]:
    """reasoning-gym's own table."""
    try:
        from reasoning_gym.factory import DATASETS
    except ImportError:
        return {}
    known: Mapping[str, Any] = DATASETS
    return known


def load_generated(
    name: str, *, seed: int, size: int | None, options: Mapping[str, Any]
) -> TaskData:
    """`size` problems of the task; problem i is the same whatever the size.

    For the few tasks where it is not (acre), the size stands in the revision.
    """
    count = DEFAULT_SIZE if size is None else size
    if count < 1:
        raise TaskError(f"{name}: a size of {count}", "ask for at least one problem")
    made = max(count, PROBED)
    kind = name.removeprefix(PREFIX)
    reply = _ask(name, {"kind": kind, "seed": seed, "size": made, "options": dict(options)})
    _refuse(name, kind, reply)
    problems: list[dict[str, Any]] = reply["problems"]
    style = _style([problem["answer"] for problem in problems[:PROBED]])
    items = [_item(name, index, problem) for index, problem in enumerate(problems[:count])]
    shown = json.dumps(dict(options), sort_keys=True, default=str)
    digest = hashlib.sha256(shown.encode()).hexdigest()[:8]
    revision = f"reasoning-gym=={reply['version']};seed={seed};options={digest}"
    if reply["size_matters"]:
        revision += f";size={made}"
    return to_data(name, "generated", revision, items, style=style)


def _ask(name: str, order: Mapping[str, Any]) -> dict[str, Any]:
    # -P: the folder of the program holds modules named like those of the standard library.
    program = [sys.executable, "-P", str(Path(__file__).with_name("generate.py"))]
    done = subprocess.run(
        program,
        input=json.dumps(order, default=str),
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        env={**os.environ, "PYTHONHASHSEED": "0", "PYTHONIOENCODING": "utf-8"},
        check=False,
    )
    try:
        reply: dict[str, Any] = json.loads(done.stdout)
    except ValueError as error:
        said = done.stderr.strip().splitlines()
        raise TaskError(
            f"{name} could not be generated: {said[-1] if said else 'no reply'}",
            "check the installation of reasoning-gym",
        ) from error
    return reply


def _refuse(name: str, kind: str, reply: Mapping[str, Any]) -> None:
    """TaskError for a reply without problems."""
    if "missing" in reply:
        raise TaskError(f"the task {name} needs reasoning-gym", "pip install 'scaling-cli[tasks]'")
    if "known" in reply:
        near = difflib.get_close_matches(kind, reply["known"], n=3)
        raise TaskError(
            f"reasoning-gym has no task {kind}", f"near: {', '.join(near) or 'nothing'}"
        )
    if "error" in reply:
        raise TaskError(
            f"{name} refuses its options: {reply['error']}", "see reasoning-gym's README"
        )


def _item(name: str, index: int, problem: Mapping[str, Any]) -> Item:
    if not (problem["answer"] or "").strip():
        raise TaskError(
            f"{name}: problem {index} has no gold answer to compare with",
            "its answers are judged by a program; choose a task whose answer is a text",
        )
    return Item(**problem)


def _style(answers: Sequence[str | None]) -> str:
    numbers = all(_NUMBER.fullmatch((answer or "").strip()) for answer in answers)
    return "math" if numbers else "text"
