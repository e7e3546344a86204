"""What the samples that a run holds of a cell have taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from scaling_cli.laws.cost import CostModel
from scaling_cli.pricing import Pricing
from scaling_cli.running.score import scored
from scaling_cli.searched import charged, question_costs, search_costs, searches
from scaling_cli.store import CellRecord, RunFolder
from scaling_cli.types import Architecture


@dataclass(frozen=True, slots=True)
class Spent:
    """Counts of a cell's graded samples; FLOPs are None where they are not known.

    `scored` counts scores that verifiers gave samples of a bank.
    """

    samples: int
    tokens: int
    verifier_tokens: int
    flops: float | None
    scored: int = 0

    def row(self) -> dict[str, Any]:
        return asdict(self)


def spent(folder: RunFolder, key: str) -> Spent | None:
    """What a cell has taken so far, its verifiers included; None where it has no graded samples.

    Of a search every call counts, pruned branches too, and a question is a sample.
    """
    if not folder.has_part("candidates", key):
        return None
    record = folder.read_manifest().cells.get(key) if folder.manifest_path.exists() else None
    if record is not None and searches(record):
        return _searched(folder, key, record)
    names = ["question_id", "prompt_tokens", "new_tokens", "error"]
    table = folder.read_part("candidates", key, names)
    samples = len(table) - int(np.asarray(table["error"].is_valid()).sum())
    rows = table.to_pydict()
    new = sum(count for count in rows["new_tokens"] if count is not None)
    tokens, flops = _scored(folder, key, record, list(dict.fromkeys(rows["question_id"])))
    drawn = _flops(rows, record)
    both = None if drawn is None or flops is None else drawn + flops
    scorers = record.details.get("scorers", {}) if record else {}
    scores = sum(len(scored(folder, key, scorer)) for scorer in scorers)
    return Spent(samples, new, tokens, both, scores)


def _searched(folder: RunFolder, key: str, record: CellRecord) -> Spent:
    if not folder.has_part("charges", key):
        return Spent(0, 0, 0, None)
    questions = sorted({question for question, _ in folder.recorded(key)})
    costs = search_costs(folder, key, record, questions, Pricing())
    totals = {axis: float(values[:, -1].sum()) for axis, values in costs.items()}
    return Spent(
        samples=len(questions),
        tokens=_whole(totals["tokens"]),
        verifier_tokens=_whole(totals["verifier_tokens"]),
        flops=None if np.isnan(totals["flops"]) else totals["flops"],
    )


def _scored(
    folder: RunFolder, key: str, record: CellRecord | None, questions: Sequence[str]
) -> tuple[int, float | None]:
    """Tokens and FLOPs of the verifiers that scored a bank's samples."""
    tokens, flops = 0.0, 0.0
    for label, facts in (record.details.get("scorers", {}) if record else {}).items():
        part = f"{key}.{label}"
        if record is not None and folder.has_part("charges", part):
            calls = charged(folder, part, record, facts, Pricing())
            totals = question_costs(calls, questions)
            tokens += float(totals["verifier_tokens"].sum())
            flops += float(totals["flops"].sum())
    return _whole(tokens), None if np.isnan(flops) else flops


def _whole(tokens: float) -> int:
    """A count; what is not known in it counts for nothing."""
    return 0 if np.isnan(tokens) else round(tokens)


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
