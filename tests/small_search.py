"""Small searches on the fake engine, for tests of what is made of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from scaling_cli.cli.sweeps import read_sweep
from scaling_cli.running.prepare import prepare
from scaling_cli.running.progress import Progress
from scaling_cli.running.run import run_cells
from scaling_cli.store import RunFolder

SWEEP: dict[str, Any] = {
    "engine": {"name": "fake", "steps": 3, "mean_tokens": 40, "skill": 0.3},
    "models": ["small"],
    "samples": 8,
    "max_tokens": 120,
    "verifiers": ["confidence", "oracle"],
    "strategies": [
        "sampling",
        {"name": "beam", "n": [2, 4], "m": 2, "verifiers": ["confidence"]},
        {"name": "rebase", "n": 4},
    ],
}


def small_search(path: Path, name: str = "s", *, questions: int = 16, **keys: Any) -> RunFolder:
    """A run of sampling, beam and REBASE on sums; `keys` override the sweep's."""
    path.mkdir(parents=True, exist_ok=True)
    (path / "sums.jsonl").write_text(
        "\n".join(
            json.dumps({"question": f"{i} + {i}?", "answer": str(2 * i)}) for i in range(1, 31)
        )
    )
    file = path / f"{name}.yaml"
    tasks = [{"name": "sums.jsonl", "data": str(path / "sums.jsonl")}]
    # JSON is YAML.
    file.write_text(json.dumps({**SWEEP, "tasks": tasks, "questions": questions, **keys}))
    sweep = read_sweep(file)
    folder = RunFolder.create(path / "results" / name)
    with folder.lock():
        run_cells(prepare(sweep), sweep, folder, Progress())
    return folder
