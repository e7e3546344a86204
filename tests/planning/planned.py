"""A small sweep on the fake engine, planned without the command line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from scaling_cli.planning.absent import planned_cells
from scaling_cli.planning.whole import Asked, Whole, make_plan
from scaling_cli.running.prepare import prepare
from scaling_cli.running.progress import Progress
from scaling_cli.running.run import run_cells
from scaling_cli.store import RunFolder
from scaling_cli.sweep import EngineSpec, ModelSpec, Sweep, TaskSpec


def sweep_in(path: Path, *, questions: int = 24, **changes: Any) -> Sweep:
    """Two models on sums, six samples and a greedy answer each."""
    data = path / "sums.jsonl"
    rows = [{"question": f"{i} + {i}?", "answer": str(2 * i)} for i in range(1, 61)]
    data.write_text("\n".join(map(json.dumps, rows)))
    sweep = Sweep(
        name="s",
        models=(ModelSpec("small"), ModelSpec("large")),
        tasks=(TaskSpec("sums.jsonl", data=data, questions=questions),),
        engine=EngineSpec("fake", (("skill", 0.5),)),
        samples=6,
        max_tokens=(120,),
    )
    return replace(sweep, **changes)


def fill(sweep: Sweep, path: Path) -> RunFolder:
    folder = RunFolder.create(path)
    with folder.lock():
        run_cells(prepare(sweep), sweep, folder, Progress())
    return folder


def plan_of(
    sweep: Sweep,
    folder: RunFolder,
    learn_from: Sequence[RunFolder] = (),
    asked: Asked | None = None,
) -> Whole:
    cells, _ = planned_cells(sweep, {})
    return make_plan(cells, sweep, folder, learn_from, asked)
