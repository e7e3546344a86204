"""A small run on the fake engine, for tests of what is made from a run's tables."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scaling_cli.running.prepare import prepare
from scaling_cli.running.progress import Progress
from scaling_cli.running.run import run_cells
from scaling_cli.store import RunFolder
from scaling_cli.sweep import EngineSpec, ModelSpec, Sweep, TaskSpec


def small_run(
    path: Path,
    models: Mapping[str, Mapping[str, Any]],
    *,
    questions: int | Sequence[int] = 10,
    samples: int = 6,
    max_tokens: int = 120,
) -> RunFolder:
    """A run of sums of two levels; `models` maps names to their engine's options."""
    path.mkdir(parents=True, exist_ok=True)
    data = path / "sums.jsonl"
    rows = [
        {"question": f"{i} + {i}?", "answer": str(2 * i), "level": str(i % 2)} for i in range(1, 41)
    ]
    data.write_text("\n".join(map(json.dumps, rows)))
    sweep = Sweep(
        name="r",
        models=tuple(
            ModelSpec(name, engine=EngineSpec("fake", tuple(sorted(options.items()))))
            for name, options in models.items()
        ),
        tasks=(TaskSpec("sums.jsonl", data=data, questions=_choice(questions)),),
        samples=samples,
        max_tokens=(max_tokens,),
    )
    folder = RunFolder.create(path / "r")
    with folder.lock():
        run_cells(prepare(sweep), sweep, folder, Progress())
    return folder


def _choice(questions: int | Sequence[int]) -> int | tuple[int, ...]:
    return questions if isinstance(questions, int) else tuple(questions)
