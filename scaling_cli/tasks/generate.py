"""Run as a program: problems of one reasoning-gym task, asked and answered in JSON.

A process of its own, started with PYTHONHASHSEED=0: some generators walk through sets, so their
problems would differ from one process to the next, and a run could not be resumed. It may also
seed the global generators as nothing else of ours may.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import random
import sys
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any


def generate(order: Mapping[str, Any]) -> dict[str, Any]:
    """The problems ordered, or why there are none."""
    try:
        import reasoning_gym
        from reasoning_gym.factory import DATASETS
    except ImportError:
        return {"missing": True}
    if order["kind"] not in DATASETS:
        return {"known": sorted(DATASETS)}

    def dataset(size: int) -> Any:
        _seed(f"{order['seed']}")
        return reasoning_gym.create_dataset(
            order["kind"], seed=order["seed"], size=size, **order["options"]
        )

    def problem(made: Any, index: int) -> dict[str, Any]:
        _seed(f"{order['seed']}/{index}")
        return _plain(made[index])

    size = order["size"]
    try:
        made, other = dataset(size), dataset(2 * size + 1)
        problems = [problem(made, index) for index in range(size)]
        # Twice the size: where a generator shares its size out in parts, every part moves.
        spots = {0, size // 2, size - 1}
        size_matters = any(problems[i] != problem(other, i) for i in spots)
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}
    return {
        "version": version("reasoning-gym"),
        "problems": problems,
        "size_matters": size_matters,
    }


def _seed(name: str) -> None:
    """Seed the global generators, which some tasks (list_functions) draw from."""
    import numpy as np

    digest = hashlib.sha256(name.encode()).digest()
    random.seed(digest)
    np.random.seed(int.from_bytes(digest[:4], "big"))


def _plain(problem: Mapping[str, Any]) -> dict[str, Any]:
    """What of a problem is used; None for an answer that is no text or number."""
    metadata = problem.get("metadata") or {}
    answer, difficulty = problem["answer"], metadata.get("difficulty")
    solution = metadata.get("answer_cot")
    return {
        "text": str(problem["question"]),
        "answer": str(answer) if isinstance(answer, str | int | float) else None,
        "level": str(difficulty) if isinstance(difficulty, str | int | float) else None,
        "subject": str(metadata.get("source_dataset", "")) or None,
        "solution": solution if isinstance(solution, str) else "",
    }


if __name__ == "__main__":
    with contextlib.redirect_stdout(sys.stderr):
        reply = generate(json.load(sys.stdin))
    json.dump(reply, sys.stdout)
