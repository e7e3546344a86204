"""What the samples that a run holds of a cell have taken."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from scaling_cli.laws.cost import CostModel
from scaling_cli.store import CellRecord, RunFolder
from scaling_cli.types import Architecture


@dataclass(frozen=True, slots=True)
class Spent:
    """Counts of a cell's graded samples; FLOPs are None where they are not known."""

    samples: int
    tokens: int
    verifier_tokens: int
    flops: float | None

    def row(self) -> dict[str, Any]:
        return asdict(self)


def spent(folder: RunFolder, key: str) -> Spent | None:
    """What a cell has taken so far; None where it has no graded samples.

    Tokens are those of its charges where it has some: a search pays for what it prunes.
    """
    if not folder.has_part("candidates", key):
        return None
    names = ["question_id", "prompt_tokens", "new_tokens", "error"]
    table = folder.read_part("candidates", key, names)
    samples = len(table) - int(np.asarray(table["error"].is_valid()).sum())
    new = [count for count in table["new_tokens"].to_pylist() if count is not None]
    if folder.has_part("charges", key):
        return Spent(samples, *_charged(folder, key), flops=None)
    record = folder.read_manifest().cells.get(key) if folder.manifest_path.exists() else None
    return Spent(samples, sum(new), 0, _flops(table.to_pydict(), record))


def _charged(folder: RunFolder, key: str) -> tuple[int, int]:
    """New tokens of the policy; prompt and new tokens of the verifier."""
    table = folder.read_part("charges", key, ["role", "prompt_tokens", "new_tokens"]).to_pydict()
    rows = zip(table["role"], table["prompt_tokens"], table["new_tokens"], strict=True)
    policy = verifier = 0
    for role, prompt, new in rows:
        if role == "policy":
            policy += new or 0
        else:
            verifier += (prompt or 0) + (new or 0)
    return policy, verifier


def _flops(table: dict[str, list[Any]], record: CellRecord | None) -> float | None:
    """One prompt a question and every sample's decode."""
    facts = None if record is None else record.details.get("architecture")
    if facts is None:
        return None
    model = CostModel(Architecture.from_facts(facts))
    rows = zip(table["question_id"], table["prompt_tokens"], table["new_tokens"], strict=True)
    counts = [(q, prompt, new) for q, prompt, new in rows if new is not None]
    if any(prompt is None for _, prompt, _ in counts):
        return None
    prompts = {question: prompt for question, prompt, _ in counts}
    read = float(model.prefill([*prompts.values()]).sum()) if prompts else 0.0
    new = np.array([count for *_, count in counts], np.float64)
    context = np.array([prompt for _, prompt, _ in counts], np.float64)
    return read + float(model.decode(new, context=context).sum())
