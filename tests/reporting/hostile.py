"""A small run whose texts try to break out of a page, with the calls of a search by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scaling_cli.store import RunFolder
from tests.small_run import small_run

MODELS: dict[str, Mapping[str, Any]] = {"alpha": {"skill": 0.5}, "beta": {"skill": 1.5}}

HOSTILE = (
    "</script><script>document.documentElement.dataset.hacked = 'yes'</script>",
    "<img src=x onerror=\"document.documentElement.dataset.hacked = 'yes'\">",
    "<!-- <script> ]]> & &lt; ' \" `${1}` \\u003c \\",
    "line\u2028separator \x1b[31mred\x1b[0m \x00\x07 \u202egnisrever",
    "x" * 1_000_000,
)


def hostile_run(path: Path) -> RunFolder:
    """The run of `small_run` with a hostile text in every completion, answer and question."""
    folder = small_run(path, MODELS, questions=6, samples=5)
    for key in folder.cells("bank"):
        rows = folder.read_part("bank", key).to_pylist()
        for number, row in enumerate(rows):
            row["text"] = HOSTILE[number % len(HOSTILE)]
        folder.write_part("bank", key, rows)
    for key in folder.cells("candidates"):
        rows = folder.read_part("candidates", key).to_pylist()
        for number, row in enumerate(rows):
            if row["verdict"] == "wrong":
                row["answer"] = HOSTILE[number % 4]
        folder.write_part("candidates", key, rows)
    texts = folder.read_part("texts", "").to_pylist()
    for number, row in enumerate(texts):
        row["text"] = f"Question {number}: {HOSTILE[number % 4]}"
    folder.write_part("texts", "", texts)
    return folder


def sampled_cell(folder: RunFolder) -> str:
    """The cell of the first model that samples."""
    return next(k for k, c in folder.read_manifest().ordered() if c.details["temperature"] > 0)


def write_search(folder: RunFolder, key: str, question_id: str) -> None:
    """Calls of a search of two branches on one question: a step is pruned in each, and the last
    step of every trace that is left ends one of the cell's recorded answers."""
    rows = folder.read_part("candidates", key).to_pylist()
    mine = [row for row in rows if row["question_id"] == question_id][:2]
    kept = [row for row in rows if row["question_id"] != question_id] + mine
    charges = []
    for tree, row in enumerate(mine):
        row |= {"new_tokens": 50 + tree, "rewards": [0.25, 0.5 + tree / 4]}
        charges += [
            call(question_id, f"{tree}/0", None, new_tokens=20),
            call(question_id, f"{tree}/1", None, new_tokens=7),
            call(question_id, f"{tree}/2", f"{tree}/0", new_tokens=30 + tree),
            call(question_id, f"{tree}/s0", f"{tree}/0", role="verifier", new_tokens=1),
            call(question_id, f"{tree}/s1", f"{tree}/2", role="verifier", new_tokens=1),
        ]
    folder.write_part("candidates", key, kept)
    folder.write_part("charges", key, charges)


def call(question_id: str, name: str, parent: str | None, **changes: Any) -> dict[str, Any]:
    """A row of `charges`."""
    return {
        "question_id": question_id,
        "call": f"{question_id}#{name}",
        "role": "policy",
        "parent": None if parent is None else f"{question_id}#{parent}",
        "prompt_tokens": 40,
        "cached_tokens": 10,
        "new_tokens": 5,
        "context": 40,
        "seconds": 0.1,
    } | changes
